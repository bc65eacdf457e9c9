/**
 * JSON, UTF-8: exactly what `JSON.parse` and `JSON.stringify` make of it. With a schema (any Standard Schema: zod, valibot, arktype) values are
 * typed and checked; `strict` refuses what JSON would change in silence (undefined, NaN, −0, integers beyond 2^53, maps and sets).
 */
import { SerdeError } from '../base/errors.ts'
import { decodeText, encodeText, utf8 } from '../base/text.ts'
import { JsonReader } from './json-reader.ts'
import { JsonWriter, NOT_PLAIN } from './json-writer.ts'
import type { Serde } from './serde.ts'
import { undecodable, unencodable } from './serde-error.ts'

/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
  }
}

/** What a schema answers. */
export type SchemaResult<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

/** One thing a schema refuses: what, and where in the value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** How JSON is read and written. */
export interface JsonOptions {
  /** True: refuse what JSON can't hold, instead of changing it; integers beyond 2^53 are refused in what is read, too. */
  readonly strict?: boolean
  /** When a schema is asked: of what is read (default), written, both, or never. */
  readonly validate?: 'in' | 'out' | 'both' | 'off'
}

/** A serde of JSON. Throws `SERDE_DECODE`, `SERDE_ENCODE`, and `SERDE_LOSSY` where `strict` is set. */
export function json<T>(options?: JsonOptions): Serde<T>
/** A serde of JSON that a schema types and checks. The schema must answer at once. */
export function json<T>(schema: StandardSchema<T>, options?: JsonOptions): Serde<T>
export function json<T>(first: StandardSchema<T> | JsonOptions = {}, second: JsonOptions = {}): Serde<T> {
  const schema = '~standard' in first ? first : undefined
  const { strict = false, validate = 'in' } = '~standard' in first ? second : first
  const checkIn = validate === 'in' || validate === 'both' ? schema : undefined
  const checkOut = validate === 'out' || validate === 'both' ? schema : undefined
  const toText = (value: T): string => {
    const shaped = checkOut === undefined ? value : checked(checkOut, value, 'SERDE_ENCODE')
    // Before the walk: it refuses what has no end.
    const text = textOf(shaped)
    if (strict) refuseLossy(shaped, 'serialization')
    return text
  }
  const reader = new JsonReader()
  const writer = new JsonWriter()
  const read = (bytes: Uint8Array, at: number, length: number): T => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON is what its reader says it is
    const value = (reader.read(bytes, at, at + length) ?? parsed(reader, bytes, at, at + length)) as T
    if (strict) refuseLossy(value, 'deserialization')
    return checkIn === undefined ? value : checked(checkIn, value, 'SERDE_DECODE')
  }
  return {
    serialize: (value) => utf8(toText(value)),
    deserialize: (bytes) => read(bytes, 0, bytes.length),
    read,
    write: (value, into, at) => {
      const written = checkOut === undefined && !strict ? writer.write(value, into, at) : NOT_PLAIN
      return written === NOT_PLAIN ? encodeText(toText(value), into, at) : written
    },
    // A schema may leave fields out or fill them in.
    passThrough: schema === undefined,
  }
}

function parsed(reader: JsonReader, bytes: Uint8Array, at: number, end: number): unknown {
  let value: unknown
  try {
    value = JSON.parse(decodeText(bytes, at, end))
  } catch (error) {
    throw undecodable('JSON', bytes.subarray(at, end), error instanceof Error ? error.message : String(error), error)
  }
  reader.learn(bytes, at, end)
  return value
}

function textOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SerdeError('SERDE_ENCODE', `a value can't be written as JSON, give one that can: ${why}`, { cause: error })
  }
  if (text === undefined) throw unencodable('JSON', value, 'give a value that JSON.stringify answers a text for, or null for a tombstone')
  return text
}

function checked<T>(schema: StandardSchema<T>, value: unknown, code: 'SERDE_DECODE' | 'SERDE_ENCODE'): T {
  const { validate, vendor } = schema['~standard']
  const result = validate(value)
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new SerdeError(code, `the schema (${vendor}) validates asynchronously: give one that answers at once`)
  }
  if (result.issues === undefined) return result.value
  const { issues } = result
  throw new SerdeError(code, `the schema (${vendor}) refuses a value: ${issues.map(issueText).join('; ')}`, { cause: issues })
}

function issueText({ message, path = [] }: SchemaIssue): string {
  const steps = path.map((step) => String(typeof step === 'object' ? step.key : step))
  return steps.length === 0 ? message : `${steps.join('.')}: ${message}`
}

type Direction = 'serialization' | 'deserialization'

/** Throws `SERDE_LOSSY` at a part that JSON changes. The value has an end. A stack of its own, because values may be deeper than calls can be. */
function refuseLossy(value: unknown, direction: Direction): void {
  const parts: { readonly value: unknown; readonly path: string }[] = [{ value, path: '$' }]
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const { path } = part
    const change = changeOf(part.value, direction)
    if (change !== undefined) {
      throw new SerdeError('SERDE_LOSSY', `${path} is ${shown(part.value)}, which JSON ${change}: write it as text, or leave strict out`, {
        phase: direction,
      })
    }
    for (const [name, inside] of insides(part.value)) parts.push({ value: inside, path: `${path}.${name}` })
  }
}

function changeOf(value: unknown, direction: Direction): string | undefined {
  if (typeof value === 'number') return changeOfNumber(value, direction)
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return 'leaves out'
  return value instanceof Map || value instanceof Set ? 'writes as {}' : undefined
}

function changeOfNumber(value: number, direction: Direction): string | undefined {
  if (!Number.isFinite(value)) return 'has no number for'
  if (Object.is(value, -0)) return direction === 'serialization' ? 'writes as 0' : undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? 'may not keep exactly, being beyond 2^53' : undefined
}

function insides(value: unknown): readonly [name: string, inside: unknown][] {
  if (typeof value !== 'object' || value === null) return []
  if ('toJSON' in value && typeof value.toJSON === 'function') return []
  return Array.isArray(value) ? Array.from(value, (item: unknown, index) => [String(index), item]) : Object.entries(value)
}

function shown(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'number' || value === undefined) return String(value)
  return value instanceof Map ? 'a Map' : value instanceof Set ? 'a Set' : `a ${typeof value}`
}
