/**
 * JSON, UTF-8: exactly what `JSON.parse` and `JSON.stringify` make of it. With a schema (any Standard Schema: zod, valibot, arktype) values are
 * typed and checked; `strict` refuses what JSON would change in silence (undefined, NaN, −0, integers beyond 2^53).
 */
import { SerdeError } from '../base/errors.ts'
import { decodeText, encodeText, utf8 } from '../base/text.ts'
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
export type SchemaResult<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly { readonly message: string }[] }

/** How JSON is read and written. */
export interface JsonOptions {
  /** True: refuse what JSON can't hold, instead of changing it. */
  readonly strict?: boolean
  /** When a schema is asked: of what is read (default), written, both, or never. */
  readonly validate?: 'in' | 'out' | 'both' | 'off'
}

/** A serde of JSON. */
export function json<T>(options?: JsonOptions): Serde<T>
/** A serde of JSON that a schema types and checks. */
export function json<T>(schema: StandardSchema<T>, options?: JsonOptions): Serde<T>
export function json<T>(first?: StandardSchema<T> | JsonOptions, second?: JsonOptions): Serde<T> {
  const schema = first !== undefined && '~standard' in first ? first : undefined
  const options = (schema === undefined ? (first as JsonOptions | undefined) : second) ?? {}
  const validate = schema === undefined ? 'off' : (options.validate ?? 'in')
  const checkIn = schema !== undefined && (validate === 'in' || validate === 'both') ? schema : undefined
  const checkOut = schema !== undefined && (validate === 'out' || validate === 'both') ? schema : undefined
  const toText = (value: T): string => {
    if (options.strict === true) refuseLossy(value, '$')
    return textOf(checkOut === undefined ? value : checked(checkOut, value, 'SERDE_ENCODE'))
  }
  const read = (bytes: Uint8Array, at: number, length: number): T => {
    const value = parse<T>(bytes, at, length)
    return checkIn === undefined ? value : checked(checkIn, value, 'SERDE_DECODE')
  }
  return {
    serialize: (value) => utf8(toText(value)),
    deserialize: (bytes) => read(bytes, 0, bytes.length),
    read,
    write: (value, into, at) => encodeText(toText(value), into, at),
  }
}

function parse<T>(bytes: Uint8Array, at: number, length: number): T {
  try {
    const value: T = JSON.parse(decodeText(bytes, at, at + length))
    return value
  } catch (error) {
    throw undecodable('JSON', bytes.subarray(at, at + length), error instanceof Error ? error.message : String(error), error)
  }
}

function textOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw new SerdeError('SERDE_ENCODE', `a value can't be written as JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  if (text === undefined) throw unencodable('JSON', value, 'give a value that JSON.stringify answers a text for, or null for a tombstone')
  return text
}

function checked<T>(schema: StandardSchema<T>, value: unknown, code: 'SERDE_DECODE' | 'SERDE_ENCODE'): T {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    throw new SerdeError(code, `the schema (${schema['~standard'].vendor}) validates asynchronously: give one that answers at once`)
  }
  if (result.issues === undefined) return result.value
  throw new SerdeError(code, `the schema refuses a value: ${result.issues.map(({ message }) => message).join('; ')}`)
}

/** Throws `SERDE_LOSSY` at the first part that JSON would change. */
function refuseLossy(value: unknown, path: string): void {
  const lossy = (why: string): SerdeError => new SerdeError('SERDE_LOSSY', `${path} is ${Object.is(value, -0) ? '-0' : String(value)}, which JSON ${why}`)
  if (value === undefined) throw lossy('leaves out')
  if (typeof value === 'function' || typeof value === 'symbol') throw new SerdeError('SERDE_LOSSY', `${path} is a ${typeof value}, which JSON leaves out`)
  if (typeof value === 'number' && !Number.isFinite(value)) throw lossy('writes as null')
  if (Object.is(value, -0)) throw lossy('writes as 0')
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw lossy('readers may not keep exactly (beyond 2^53)')
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) for (const [index, item] of value.entries()) refuseLossy(item, `${path}[${index}]`)
  else for (const [name, item] of Object.entries(value)) refuseLossy(item, `${path}.${name}`)
}
