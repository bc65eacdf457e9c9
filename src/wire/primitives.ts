/**
 * The fields of Kafka's requests and responses (kafka.apache.org/protocol, flexible versions): a reader and a writer. The reader checks
 * every length and count against the bytes that are left before anything is made of them; a count of n items claims at least n bytes. Byte
 * fields are views of the frame, not copies. 64-bit integers are numbers (`base/bytes`).
 */
import {
  readInt16,
  readInt32,
  readInt64,
  readUvarint,
  readVarint,
  uvarintSize,
  writeInt16,
  writeInt32,
  writeInt64,
  writeUvarint,
  writeVarint,
  type Cursor,
} from '../base/bytes.ts'
import { ClusterError } from '../base/errors.ts'
import { decodeText, encodeText, utf8Length } from '../base/text.ts'

/** Reads the fields of one message in order. Each method throws `RECORD_CORRUPT` when the message ends before the field does. */
export class Reader {
  readonly #cursor: Cursor

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.#cursor = { bytes, at, end }
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#cursor.at
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#cursor.end - this.#cursor.at
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return (this.#cursor.bytes[this.#take(1)]! << 24) >> 24
  }

  int16(): number {
    return readInt16(this.#cursor.bytes, this.#take(2))
  }

  /** An unsigned 16-bit integer: ports. */
  uint16(): number {
    return this.int16() & 0xffff
  }

  int32(): number {
    return readInt32(this.#cursor.bytes, this.#take(4))
  }

  /** A 64-bit integer as a number: exact within ±2^53. */
  int64(): number {
    return readInt64(this.#cursor.bytes, this.#take(8))
  }

  /** A 64-bit floating point number. */
  float64(): number {
    const at = this.#take(8)
    const { bytes } = this.#cursor
    return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0)
  }

  uvarint(): number {
    return readUvarint(this.#cursor)
  }

  varint(): number {
    return readVarint(this.#cursor)
  }

  /** Sixteen bytes, as 32 hex digits with hyphens. */
  uuid(): string {
    const { bytes } = this.#cursor
    const at = this.#take(16)
    const hex = Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  /** A compact string. */
  string(): string {
    return required(this.nullableString(), 'string')
  }

  /** A compact nullable string. */
  nullableString(): string | null {
    return this.#text(this.uvarint() - 1)
  }

  /** A string with a 16-bit length: what non-flexible versions and the client id have. */
  shortString(): string | null {
    return this.#text(this.int16())
  }

  /** Compact bytes: a view of the frame. */
  bytes(): Uint8Array {
    return required(this.nullableBytes(), 'bytes')
  }

  /** Compact nullable bytes (record batches are such): a view of the frame. */
  nullableBytes(): Uint8Array | null {
    return this.#view(this.uvarint() - 1)
  }

  /** Bytes with a 32-bit length: a view of the frame. */
  longBytes(): Uint8Array | null {
    return this.#view(this.int32())
  }

  /** A compact array; null counts as empty. */
  array<T>(item: (reader: Reader) => T): T[] {
    return this.nullableArray(item) ?? []
  }

  /** A compact nullable array. */
  nullableArray<T>(item: (reader: Reader) => T): T[] | null {
    return this.#items(this.uvarint() - 1, item)
  }

  /** An array with a 32-bit count. */
  longArray<T>(item: (reader: Reader) => T): T[] | null {
    return this.#items(this.int32(), item)
  }

  /** A compact array of structs: `item` reads the fields, tagged ones are skipped. Null counts as empty. */
  structs<T>(item: (reader: Reader) => T): T[] {
    return this.array(() => {
      const value = item(this)
      this.tags()
      return value
    })
  }

  /** Skips the tagged fields that end a struct. */
  tags(): void {
    this.taggedFields(() => undefined)
  }

  /** Reads the tagged fields that end a struct: `field` gets the number and a reader of just that field; what it leaves is skipped. */
  taggedFields(field: (tag: number, reader: Reader) => void): void {
    for (let left = this.uvarint(); left > 0; left--) {
      const tag = this.uvarint()
      const size = this.uvarint()
      const at = this.#take(size)
      field(tag, new Reader(this.#cursor.bytes, at, at + size))
    }
  }

  /** Passes over `length` bytes. */
  skip(length: number): void {
    this.#take(length)
  }

  #items<T>(count: number, item: (reader: Reader) => T): T[] | null {
    if (count < 0) return null
    if (count > this.left) throw corrupt(`an array claims ${count} items`, this.#cursor)
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(item(this))
    return items
  }

  #text(length: number): string | null {
    if (length < 0) return null
    const at = this.#take(length)
    return decodeText(this.#cursor.bytes, at, at + length)
  }

  #view(length: number): Uint8Array | null {
    if (length < 0) return null
    const at = this.#take(length)
    return this.#cursor.bytes.subarray(at, at + length)
  }

  #take(length: number): number {
    const { at, end } = this.#cursor
    if (length < 0 || length > end - at) throw corrupt(`a field claims ${length} bytes`, this.#cursor)
    this.#cursor.at = at + length
    return at
  }
}

/**
 * Writes the fields of one message in order. What it answers is a list of pieces: bytes given to `records` are put in as they are, not
 * copied, so that a batch goes from its writer to the socket untouched.
 */
export class Writer {
  #bytes: Uint8Array
  #at = 0
  #pieces: Uint8Array[] = []

  constructor(initialBytes = 256) {
    this.#bytes = new Uint8Array(initialBytes)
  }

  /** The message so far, as pieces to be sent one after the other. The writer starts anew. */
  finish(): Uint8Array[] {
    this.#cut()
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int8(value: number): this {
    const at = this.#room(1)
    this.#bytes[at] = value
    return this
  }

  int16(value: number): this {
    const at = this.#room(2)
    writeInt16(this.#bytes, at, value)
    return this
  }

  int32(value: number): this {
    const at = this.#room(4)
    writeInt32(this.#bytes, at, value)
    return this
  }

  /** A 64-bit integer, exact within ±2^53. */
  int64(value: number): this {
    const at = this.#room(8)
    writeInt64(this.#bytes, at, value)
    return this
  }

  /** A 64-bit floating point number. */
  float64(value: number): this {
    const at = this.#room(8)
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).setFloat64(0, value)
    return this
  }

  uvarint(value: number): this {
    const at = this.#room(uvarintSize(value))
    writeUvarint(this.#bytes, at, value)
    return this
  }

  varint(value: number): this {
    const at = this.#room(5)
    this.#at = writeVarint(this.#bytes, at, value)
    return this
  }

  /** Sixteen bytes from 32 hex digits, hyphens allowed. */
  uuid(text: string): this {
    const hex = text.replaceAll('-', '')
    for (let i = 0; i < 32; i += 2) this.int8(Number.parseInt(hex.slice(i, i + 2), 16))
    return this
  }

  /** A compact string, null allowed. */
  string(text: string | null): this {
    if (text === null) return this.uvarint(0)
    const length = utf8Length(text)
    this.uvarint(length + 1)
    const at = this.#room(length)
    encodeText(text, this.#bytes, at)
    return this
  }

  /** A string with a 16-bit length, null allowed. */
  shortString(text: string | null): this {
    if (text === null) return this.int16(-1)
    const length = utf8Length(text)
    this.int16(length)
    const at = this.#room(length)
    encodeText(text, this.#bytes, at)
    return this
  }

  /** Compact bytes, null allowed: copied. */
  bytes(value: Uint8Array | null): this {
    if (value === null) return this.uvarint(0)
    return this.uvarint(value.length + 1).raw(value)
  }

  /** Compact bytes, not copied: they become a piece of their own and must not change before they are sent. */
  records(value: Uint8Array): this {
    this.uvarint(value.length + 1)
    this.#cut()
    this.#pieces.push(value)
    return this
  }

  /** Bytes with a 32-bit length: copied. */
  longBytes(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1)
    return this.int32(value.length).raw(value)
  }

  /** Bytes without a length: copied. */
  raw(value: Uint8Array): this {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** A compact array, null allowed. */
  array<T>(items: readonly T[] | null, item: (value: T, writer: this) => void): this {
    this.uvarint(items === null ? 0 : items.length + 1)
    for (const value of items ?? []) item(value, this)
    return this
  }

  /** A compact array of structs without tagged fields, null allowed. */
  structs<T>(items: readonly T[] | null, item: (value: T, writer: this) => void): this {
    return this.array(items, (value) => {
      item(value, this)
      this.tags()
    })
  }

  /** An array with a 32-bit count, null allowed. */
  longArray<T>(items: readonly T[] | null, item: (value: T, writer: this) => void): this {
    this.int32(items === null ? -1 : items.length)
    for (const value of items ?? []) item(value, this)
    return this
  }

  /** Ends a struct that has no tagged fields. */
  tags(): this {
    return this.uvarint(0)
  }

  /** Puts what was written since the last piece among the pieces, and goes on behind it in the same buffer. */
  #cut(): void {
    if (this.#at > 0) this.#pieces.push(this.#bytes.subarray(0, this.#at))
    this.#bytes = this.#bytes.subarray(this.#at)
    this.#at = 0
  }

  /** Where the next `length` bytes go. It may exchange the buffer: take the position first. */
  #room(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(256, 2 * (at + length)))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
    }
    this.#at = at + length
    return at
  }
}

function required<T>(value: T | null, what: string): T {
  if (value === null) throw new ClusterError('RECORD_CORRUPT', `a message has null where ${what} must stand`)
  return value
}

function corrupt(what: string, { at, end }: Cursor): ClusterError {
  return new ClusterError('RECORD_CORRUPT', `${what}, and the message has ${end - at} bytes left at ${at}`)
}
