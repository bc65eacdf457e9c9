/** Builds packed rows: bytes are copied into one growing buffer, positions and lengths into columns. */
import { writeInt64 } from '../base/bytes.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { AnySerde } from '../model/serde.ts'

const FIRST_BYTES = 256
const FIRST_ROWS = 16
const TIME_BYTES = 8

/** Packed rows under construction: a key, then a value, row by row. */
export class RowsBuilder {
  #bytes: Uint8Array
  #at = 0
  #count = 0
  #keyAt: Int32Array
  #keyLength: Int32Array
  #valueAt: Int32Array
  #valueLength: Int32Array

  /** Empty, with room for so much; it grows where that is not enough. */
  constructor({ bytes, rows }: { readonly bytes: number; readonly rows: number } = { bytes: FIRST_BYTES, rows: FIRST_ROWS }) {
    this.#bytes = new Uint8Array(bytes)
    this.#keyAt = new Int32Array(rows)
    this.#keyLength = new Int32Array(rows)
    this.#valueAt = new Int32Array(rows)
    this.#valueLength = new Int32Array(rows)
  }

  /** Rows so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes so far. */
  get byteLength(): number {
    return this.#at
  }

  /** The key of the next row, in parts: each call adds to it until the value is given. */
  key(bytes: Uint8Array, at: number, length: number): void {
    this.startKey()
    this.addToKey(bytes, at, length)
  }

  /** Begins the key of the next row. */
  startKey(): void {
    if (this.#count === this.#keyAt.length) this.#moreRows()
    this.#keyAt[this.#count] = this.#at
    this.#keyLength[this.#count] = 0
  }

  /** Adds bytes to the key of the next row. */
  addToKey(bytes: Uint8Array, at: number, length: number): void {
    this.#copy(bytes, at, length)
    this.#keyLength[this.#count]! += length
  }

  /** The value of the row, which is then complete; a length of −1 is no value. */
  value(bytes: Uint8Array, at: number, length: number): void {
    this.#valueAt[this.#count] = this.#at
    this.#valueLength[this.#count] = length
    if (length > 0) this.#copy(bytes, at, length)
    this.#count++
  }

  /** The value of the row, in two parts. */
  prefixedValue(prefix: Uint8Array, bytes: Uint8Array, at: number, length: number): void {
    this.#valueAt[this.#count] = this.#at
    this.#valueLength[this.#count] = prefix.length + length
    this.#copy(prefix, 0, prefix.length)
    this.#copy(bytes, at, length)
    this.#count++
  }

  /** The value of the row behind a time in ms, which takes 8 bytes. */
  timedValue(timestamp: number, bytes: Uint8Array, at: number, length: number): void {
    this.#valueAt[this.#count] = this.#at
    this.#valueLength[this.#count] = TIME_BYTES + length
    if (this.#at + TIME_BYTES > this.#bytes.length) this.#moreBytes(TIME_BYTES)
    writeInt64(this.#bytes, this.#at, timestamp)
    this.#at += TIME_BYTES
    this.#copy(bytes, at, length)
    this.#count++
  }

  /** The value of the row, written by its serde behind a prefix; answers where its bytes are. */
  written(serde: AnySerde, value: unknown, prefix: Uint8Array): { readonly at: number; readonly length: number } {
    const start = this.#at
    if (prefix.length > 0) this.#copy(prefix, 0, prefix.length)
    const at = this.#at
    if (serde.write === undefined) {
      const bytes = serde.serialize(value)
      this.#copy(bytes, 0, bytes.length)
    } else {
      let length = serde.write(value, this.#bytes, this.#at)
      while (length < 0) {
        this.#moreBytes(this.#bytes.length)
        length = serde.write(value, this.#bytes, this.#at)
      }
      this.#at += length
    }
    this.#valueAt[this.#count] = start
    this.#valueLength[this.#count] = this.#at - start
    this.#count++
    return { at, length: this.#at - at }
  }

  /** The buffer that positions point into; replaced when it grows. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** The rows; the builder must not be used any more. */
  rows(): PackedRows {
    return {
      bytes: this.#bytes,
      count: this.#count,
      keyAt: this.#keyAt,
      keyLength: this.#keyLength,
      valueAt: this.#valueAt,
      valueLength: this.#valueLength,
    }
  }

  #copy(bytes: Uint8Array, at: number, length: number): void {
    if (this.#at + length > this.#bytes.length) this.#moreBytes(length)
    if (length > 48) this.#bytes.set(bytes.subarray(at, at + length), this.#at)
    else for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = bytes[at + i]!
    this.#at += length
  }

  #moreBytes(length: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
  }

  #moreRows(): void {
    const grown = (array: Int32Array): Int32Array => {
      const larger = new Int32Array(2 * array.length)
      larger.set(array)
      return larger
    }
    this.#keyAt = grown(this.#keyAt)
    this.#keyLength = grown(this.#keyLength)
    this.#valueAt = grown(this.#valueAt)
    this.#valueLength = grown(this.#valueLength)
  }
}
