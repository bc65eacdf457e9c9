/**
 * A coder for any message of Kafka's protocol, driven by Kafka's own definitions (`schema/`, from the kafka-clients 4.3.1 jar, Apache License 2.0). It is
 * slow, generic and shares no code with `src/wire`: the oracle that each hand-written codec is held against. Flexible versions only.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'

/** A value of a message: an object by field name. */
export type Struct = { [name: string]: unknown }

/** A field, as the definitions have it. */
interface Field {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly fields?: readonly Field[]
}

interface Definition {
  readonly apiKey: number
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly Field[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly Field[] }[]
}

/** How a message is written amiss, to see that readers cope. */
export interface Amiss {
  /** Ends every struct with tagged fields that nobody knows. */
  readonly unknownTags?: boolean
  /** The length or count that is replaced by a huge one, by its number in the message. */
  readonly hugeLength?: number
}

const HUGE = 0x7f_ff_ff_f0

/** A message of one version. */
export class Schema {
  readonly apiKey: number
  readonly #fields: readonly Field[]
  readonly #structs: ReadonlyMap<string, readonly Field[]>
  readonly #version: number

  /** `name`: `FetchRequest`, say. */
  constructor(name: string, version: number) {
    const text = readFileSync(join(import.meta.dirname, 'schema', `${name}.json`), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '')
    const { apiKey, validVersions, flexibleVersions, fields, commonStructs = [] } = JSON.parse(text) as Definition
    if (!within(validVersions, version) || !within(flexibleVersions, version)) throw new Error(`${name} has no flexible version ${version}`)
    this.apiKey = apiKey
    this.#version = version
    this.#fields = fields
    this.#structs = new Map(commonStructs.map((struct) => [struct.name, struct.fields]))
  }

  /** The bytes of a value. */
  encode(value: Struct, amiss: Amiss = {}): Uint8Array {
    const out = new Out(amiss)
    this.#writeStruct(out, this.#fields, value)
    return Uint8Array.from(out.bytes)
  }

  /** How many lengths and counts the bytes of a value have. */
  lengths(value: Struct): number {
    const out = new Out({})
    this.#writeStruct(out, this.#fields, value)
    return out.lengths
  }

  /** The value that bytes stand for; throws when they don't end with it. */
  decode(bytes: Uint8Array): Struct {
    const input = new In(bytes)
    const value = this.#readStruct(input, this.#fields)
    if (input.at !== bytes.length) throw new Error(`${bytes.length - input.at} bytes behind the message`)
    return value
  }

  /** The value with every field that it leaves out at its default; throws for fields that the version doesn't have. */
  complete(value: Struct): Struct {
    return this.#completed(this.#fields, value)
  }

  /** Any value. */
  any(): fc.Arbitrary<Struct> {
    return this.#anyStruct(this.#fields)
  }

  #present(fields: readonly Field[]): readonly Field[] {
    return fields.filter(({ versions }) => within(versions, this.#version))
  }

  #isTagged({ taggedVersions }: Field): boolean {
    return taggedVersions !== undefined && within(taggedVersions, this.#version)
  }

  #isNullable({ nullableVersions }: Field): boolean {
    return nullableVersions !== undefined && within(nullableVersions, this.#version)
  }

  #fieldsOf({ type, fields }: Field): readonly Field[] {
    const found = fields ?? this.#structs.get(type.replace('[]', ''))
    if (found === undefined) throw new Error(`nobody knows the type ${type}`)
    return found
  }

  #writeStruct(out: Out, fields: readonly Field[], value: Struct): void {
    const present = this.#present(fields)
    for (const field of present) if (!this.#isTagged(field)) this.#write(out, field, value[field.name])
    const tagged = present
      .filter((field) => this.#isTagged(field) && value[field.name] !== undefined)
      .sort((a, b) => a.tag! - b.tag!)
      .map((field) => {
        const inner = out.inner()
        this.#write(inner, field, value[field.name])
        return { tag: field.tag!, bytes: inner.bytes }
      })
    if (out.amiss.unknownTags === true) tagged.push({ tag: 5000, bytes: [] }, { tag: 70_000, bytes: [1, 2, 3] })
    out.uvarint(tagged.length)
    for (const { tag, bytes } of tagged) {
      out.uvarint(tag)
      out.uvarint(bytes.length)
      for (const byte of bytes) out.bytes.push(byte)
    }
  }

  #write(out: Out, field: Field, value: unknown): void {
    const { type } = field
    if (type.startsWith('[]')) {
      const items = value as unknown[] | null
      out.length(items === null ? 0 : items.length + 1)
      for (const item of items ?? []) this.#write(out, { ...field, type: type.slice(2), nullableVersions: 'none' }, item)
    } else if (type in WRITE) WRITE[type]!(out, value)
    else {
      if (this.#isNullable(field)) out.int(value === null ? -1 : 1, 1)
      if (value !== null) this.#writeStruct(out, this.#fieldsOf(field), value as Struct)
    }
  }

  #readStruct(input: In, fields: readonly Field[]): Struct {
    const present = this.#present(fields)
    const value: Struct = {}
    for (const field of present) if (!this.#isTagged(field)) value[field.name] = this.#read(input, field)
    for (let left = input.uvarint(); left > 0; left--) {
      const tag = input.uvarint()
      const bytes = input.take(input.uvarint())
      const field = present.find((candidate) => candidate.tag === tag && this.#isTagged(candidate))
      if (field !== undefined) value[field.name] = this.#read(new In(bytes), field)
    }
    return value
  }

  #read(input: In, field: Field): unknown {
    const { type } = field
    if (type.startsWith('[]')) {
      const count = input.uvarint() - 1
      if (count < 0) return null
      return Array.from({ length: count }, () => this.#read(input, { ...field, type: type.slice(2), nullableVersions: 'none' }))
    }
    if (type in READ) return READ[type]!(input)
    if (this.#isNullable(field) && input.int(1) < 0) return null
    return this.#readStruct(input, this.#fieldsOf(field))
  }

  #completed(fields: readonly Field[], value: Struct): Struct {
    const present = this.#present(fields)
    const unknown = Object.keys(value).filter((name) => !present.some((field) => field.name === name))
    if (unknown.length > 0) throw new Error(`version ${this.#version} has no ${unknown.join(', ')}`)
    return Object.fromEntries(
      present.flatMap((field) => {
        const given = value[field.name]
        if (given === undefined) return this.#isTagged(field) ? [] : [[field.name, this.#default(field)]]
        return [[field.name, this.#completedField(field, given)]]
      }),
    )
  }

  #completedField(field: Field, value: unknown): unknown {
    const bare = field.type.replace('[]', '')
    if (value === null || bare in WRITE) return value
    if (Array.isArray(value)) return value.map((item) => this.#completed(this.#fieldsOf(field), item as Struct))
    return this.#completed(this.#fieldsOf(field), value as Struct)
  }

  #default({ type, default: given }: Field): unknown {
    if (given === 'null') return null
    if (type.startsWith('[]')) return []
    if (type === 'string') return given ?? ''
    if (type === 'bool') return String(given).toLowerCase() === 'true'
    if (type === 'uuid') return NO_UUID
    if (type === 'bytes' || type === 'records') return new Uint8Array(0)
    return Number(given ?? 0)
  }

  #anyStruct(fields: readonly Field[]): fc.Arbitrary<Struct> {
    const present = this.#present(fields)
    const arbitraries = Object.fromEntries(present.map((field) => [field.name, this.#any(field)]))
    return fc.record(arbitraries, { requiredKeys: present.filter((field) => !this.#isTagged(field)).map(({ name }) => name) })
  }

  #any(field: Field): fc.Arbitrary<unknown> {
    const { type } = field
    const bare = type.replace('[]', '')
    const one = ANY[bare] ?? this.#anyStruct(this.#fieldsOf(field))
    const value = type.startsWith('[]') ? fc.array(one, { maxLength: 3 }) : one
    return this.#isNullable(field) ? fc.option(value) : value
  }
}

/** True for a version within a range: `3`, `3-5`, `3+` or `none`. */
function within(range: string, version: number): boolean {
  const [, from, plus, to] = /^(\d+)(\+?)(?:-(\d+))?$/.exec(range) ?? []
  if (from === undefined) return false
  return version >= Number(from) && (plus === '+' || version <= Number(to ?? from))
}

class Out {
  readonly bytes: number[] = []
  readonly amiss: Amiss
  lengths = 0

  constructor(amiss: Amiss) {
    this.amiss = amiss
  }

  /** For a tagged field, whose own bytes are counted before. */
  inner(): Out {
    return new Out({ unknownTags: this.amiss.unknownTags === true })
  }

  int(value: number, size: number): void {
    for (let shift = BigInt(8 * (size - 1)); shift >= 0n; shift -= 8n) this.bytes.push(Number((BigInt(value) >> shift) & 0xffn))
  }

  uvarint(value: number): void {
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.bytes.push((left % 0x80) + 0x80)
    this.bytes.push(left)
  }

  /** A length or a count. */
  length(value: number): void {
    this.uvarint(this.amiss.hugeLength === this.lengths ? HUGE : value)
    this.lengths++
  }

  blob(value: Uint8Array | null): void {
    this.length(value === null ? 0 : value.length + 1)
    for (const byte of value ?? []) this.bytes.push(byte)
  }
}

class In {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(size: number): Uint8Array {
    if (this.at + size > this.#bytes.length) throw new Error('the message ends early')
    this.at += size
    return this.#bytes.slice(this.at - size, this.at)
  }

  int(size: number, unsigned = false): number {
    const value = this.take(size).reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n)
    return Number(unsigned ? value : BigInt.asIntN(8 * size, value))
  }

  uvarint(): number {
    for (let value = 0, weight = 1; ; weight *= 0x80) {
      const byte = this.int(1, true)
      value += (byte % 0x80) * weight
      if (byte < 0x80) return value
    }
  }

  blob(): Uint8Array | null {
    const length = this.uvarint() - 1
    return length < 0 ? null : this.take(length)
  }
}

const NO_UUID = '00000000-0000-0000-0000-000000000000'
const bits = (size: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (size - 1)), max: 2 ** (size - 1) - 1 })
const text = fc.string({ unit: 'binary', maxLength: 20 })
const blob = fc.uint8Array({ maxLength: 40 })

const ANY: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: bits(8),
  int16: bits(16),
  uint16: fc.nat(65_535),
  int32: bits(32),
  int64: fc.maxSafeInteger(),
  float64: fc.double(),
  string: text,
  uuid: fc.uuid(),
  bytes: blob,
  records: blob,
}

const WRITE: Readonly<Record<string, (out: Out, value: unknown) => void>> = {
  bool: (out, value) => out.int(value === true ? 1 : 0, 1),
  int8: (out, value) => out.int(value as number, 1),
  int16: (out, value) => out.int(value as number, 2),
  uint16: (out, value) => out.int(value as number, 2),
  int32: (out, value) => out.int(value as number, 4),
  int64: (out, value) => out.int(value as number, 8),
  string: (out, value) => out.blob(value === null ? null : new TextEncoder().encode(value as string)),
  uuid: (out, value) => {
    for (const pair of (value as string).replaceAll('-', '').match(/../g)!) out.bytes.push(Number.parseInt(pair, 16))
  },
  bytes: (out, value) => out.blob(value as Uint8Array | null),
  records: (out, value) => out.blob(value as Uint8Array | null),
}

const READ: Readonly<Record<string, (input: In) => unknown>> = {
  bool: (input) => input.int(1) !== 0,
  int8: (input) => input.int(1),
  int16: (input) => input.int(2),
  uint16: (input) => input.int(2, true),
  int32: (input) => input.int(4),
  int64: (input) => input.int(8),
  string: (input) => {
    const bytes = input.blob()
    return bytes === null ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  },
  uuid: (input) => {
    const hex = Buffer.from(input.take(16)).toString('hex')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  },
  bytes: (input) => input.blob(),
  records: (input) => input.blob(),
}
