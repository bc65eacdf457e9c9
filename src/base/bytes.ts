/**
 * Hot path. Bytes: their order, hex, and the integers of Kafka's formats. Sixty-four bit integers are plain numbers here (two 32-bit halves
 * in a double; `BigInt` costs 26 ns an addition): exact within ±2^53, rounded beyond, and clamped to the int64 range when written, so that
 * `Long.MAX_VALUE` survives. Readers of varints take a cursor and check every byte against its end. Writers trust the caller to have room.
 */
import { ClusterError } from './errors.ts'

/** A position in a range of bytes: readers move `at` forward, never past `end`. */
export interface Cursor {
  readonly bytes: Uint8Array
  at: number
  readonly end: number
}

const HIGH = 0x1_0000_0000

/** Unsigned lexicographic order, a prefix before what it begins: below zero when `a` comes first. The order of every store and range. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return compareRange(a, b, 0, b.length)
}

/** `compareBytes(a, b[at, end))` without a view. */
export function compareRange(a: Uint8Array, b: Uint8Array, at: number, end: number): number {
  const length = Math.min(a.length, end - at)
  for (let i = 0; i < length; i++) {
    const order = a[i]! - b[at + i]!
    if (order !== 0) return order
  }
  return a.length - (end - at)
}

/** Whether both are the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return equalRange(a, b, 0, b.length)
}

/** Whether `a` is `b[at, end)`. */
export function equalRange(a: Uint8Array, b: Uint8Array, at: number, end: number): boolean {
  if (a.length !== end - at) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[at + i]) return false
  return true
}

/** A new array with the parts one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Lower-case hex of the first `limit` bytes. */
export function toHex(bytes: Uint8Array, limit: number = bytes.length): string {
  let text = ''
  for (let i = 0; i < bytes.length && i < limit; i++) text += bytes[i]!.toString(16).padStart(2, '0')
  return text
}

/** The bytes of a hex text, of either case. Throws a `RangeError` on anything else. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new RangeError(`not hex: ${text.slice(0, 64)}`)
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** A big-endian int16. */
export function readInt16(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16)) >> 16
}

/** Writes a big-endian int16. */
export function writeInt16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8
  into[at + 1] = value
}

/** A big-endian int32. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** Writes a big-endian int32 (or uint32: the low 32 bits of `value`). */
export function writeInt32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

/** A big-endian int64 as a number: exact within ±2^53, else the nearest double. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * HIGH + (readInt32(bytes, at + 4) >>> 0)
}

/** Writes an integer as a big-endian int64, clamped to its range. */
export function writeInt64(into: Uint8Array, at: number, value: number): void {
  writeInt32(into, at, highHalf(value))
  writeInt32(into, at + 4, lowHalf(value))
}

/** How many bytes `writeVarint` takes for this int32: 1 to 5. */
export function varintSize(value: number): number {
  return uvarintSize((value << 1) ^ (value >> 31))
}

/** Writes an int32 as a zig-zag varint (protobuf's sint32); answers the position behind it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  return writeUvarint(into, at, (value << 1) ^ (value >> 31))
}

/** How many bytes `writeUvarint` takes for this uint32: 1 to 5. */
export function uvarintSize(value: number): number {
  if (value >>> 7 === 0) return 1
  if (value >>> 14 === 0) return 2
  return ((38 - Math.clz32(value)) / 7) | 0
}

/** Writes a uint32 (the low 32 bits of `value`) as an unsigned varint; answers the position behind it. */
export function writeUvarint(into: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  for (; rest >>> 7 !== 0; rest >>>= 7) into[to++] = rest | 0x80
  into[to++] = rest
  return to
}

/** Reads a zig-zag varint. Throws `RECORD_CORRUPT` when it has more than 5 bytes, more than 32 bits, or reaches past the end. */
export function readVarint(cursor: Cursor): number {
  const value = readUvarint(cursor)
  return (value >>> 1) ^ -(value & 1)
}

/** Reads an unsigned varint, below 2^32. Throws `RECORD_CORRUPT` as `readVarint` does. */
export function readUvarint(cursor: Cursor): number {
  const { bytes, end } = cursor
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    if (cursor.at >= end) throw corrupt('a varint reaches past the end', cursor.at)
    const byte = bytes[cursor.at++]!
    if (shift === 28 && byte > 0x0f) break
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value >>> 0
  }
  throw corrupt('a varint is longer than 32 bits', cursor.at)
}

/** How many bytes `writeVarlong` takes for this int64: 1 to 10. */
export function varlongSize(value: number): number {
  const high = highHalf(value)
  const low = lowHalf(value)
  const sign = high >> 31
  const zigHigh = ((high << 1) | (low >>> 31)) ^ sign
  if (zigHigh === 0) return uvarintSize((low << 1) ^ sign)
  return ((32 - Math.clz32(zigHigh) + 38) / 7) | 0
}

/** Writes an int64 as a zig-zag varlong (protobuf's sint64); answers the position behind it. */
export function writeVarlong(into: Uint8Array, at: number, value: number): number {
  let high = highHalf(value)
  let low = lowHalf(value)
  const sign = high >> 31
  high = ((high << 1) | (low >>> 31)) ^ sign
  low = (low << 1) ^ sign
  let to = at
  while (high !== 0) {
    into[to++] = (low & 0x7f) | 0x80
    low = (low >>> 7) | (high << 25)
    high >>>= 7
  }
  return writeUvarint(into, to, low)
}

/**
 * Reads a zig-zag varlong as a number: exact within ±2^53, else the nearest double. Throws `RECORD_CORRUPT` when it is longer than 10 bytes
 * or 64 bits.
 */
export function readVarlong(cursor: Cursor): number {
  const { bytes, end } = cursor
  let low = 0
  let high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (cursor.at >= end) throw corrupt('a varlong reaches past the end', cursor.at)
    const byte = bytes[cursor.at++]!
    if (shift === 63 && byte > 1) break
    if (shift < 32) low |= (byte & 0x7f) << shift
    if (shift > 31) high |= (byte & 0x7f) << (shift - 32)
    else if (shift === 28) high = (byte & 0x7f) >>> 4
    if (byte < 0x80) return unzigzag(low, high)
  }
  throw corrupt('a varlong is longer than 64 bits', cursor.at)
}

function unzigzag(low: number, high: number): number {
  const sign = -(low & 1)
  return ((high >>> 1) ^ sign) * HIGH + ((((low >>> 1) | (high << 31)) ^ sign) >>> 0)
}

function highHalf(value: number): number {
  if (value >= 0x7fff_ffff_ffff_fc00) return 0x7fff_ffff
  return value < -0x8000_0000_0000_0000 ? -0x8000_0000 : Math.floor(value / HIGH)
}

function lowHalf(value: number): number {
  if (value >= 0x7fff_ffff_ffff_fc00) return -1
  return value < -0x8000_0000_0000_0000 ? 0 : value | 0
}

function corrupt(what: string, at: number): ClusterError {
  return new ClusterError('RECORD_CORRUPT', `${what}, at byte ${at}`)
}
