/**
 * Record headers: an ordered list of pairs, duplicates kept, as Kafka has them. On the wire and in batches they are one encoded block (varint
 * count, then per header name length, name, value length or −1, value; Kafka record format v2), which is parsed only when someone looks.
 */
import { readVarint, varintSize, writeVarint, type Cursor } from '../base/bytes.ts'
import { ClusterError, ProductionError } from '../base/errors.ts'
import { decodeText, utf8 } from '../base/text.ts'

/** Headers of a record: pairs of a name and its bytes (or null), in order, duplicates kept. Immutable. */
export type Headers = readonly (readonly [name: string, value: Uint8Array | null])[]

/** No headers. */
export const noHeaders: Headers = Object.freeze([])

/** The value of the last header of that name; `undefined` when there is none, null when it has no bytes. */
export function header(headers: Headers, name: string): Uint8Array | null | undefined {
  return headers.findLast(([found]) => found === name)?.[1]
}

/** Headers as one block: varint count, then the entries. */
export function encodeHeaders(headers: Headers): Uint8Array {
  const parts = headers.map(([name, value]) => {
    if (typeof name !== 'string' || (value !== null && !(value instanceof Uint8Array))) throw unwritable(name, value)
    return { name: utf8(name), value }
  })
  let size = varintSize(headers.length)
  for (const { name, value } of parts) {
    size += varintSize(name.length) + name.length + varintSize(value === null ? -1 : value.length) + (value?.length ?? 0)
  }
  const bytes = new Uint8Array(size)
  let at = writeVarint(bytes, 0, headers.length)
  for (const { name, value } of parts) {
    at = writeVarint(bytes, at, name.length)
    bytes.set(name, at)
    at = writeVarint(bytes, at + name.length, value === null ? -1 : value.length)
    if (value !== null) bytes.set(value, at)
    at += value?.length ?? 0
  }
  return bytes
}

/** The headers of a block of `length` bytes at `at`. Values are copies, so they may be kept. Throws `RECORD_CORRUPT`. */
export function decodeHeaders(bytes: Uint8Array, at: number, length: number): Headers {
  const cursor: Cursor = { bytes, at, end: at + length }
  const count = readVarint(cursor)
  if (count === 0 && cursor.at === cursor.end) return noHeaders
  if (count < 0 || count > length) throw corrupt()
  const headers: (readonly [string, Uint8Array | null])[] = []
  for (let i = 0; i < count; i++) {
    const name = take(cursor, readVarint(cursor))
    if (name === null) throw corrupt()
    headers.push([decodeText(name, 0, name.length), take(cursor, readVarint(cursor))])
  }
  if (cursor.at !== cursor.end) throw corrupt()
  return headers
}

function take(cursor: Cursor, length: number): Uint8Array | null {
  if (length === -1) return null
  if (length < 0 || cursor.at + length > cursor.end) throw corrupt()
  cursor.at += length
  return cursor.bytes.slice(cursor.at - length, cursor.at)
}

function unwritable(name: unknown, value: unknown): ProductionError {
  const what = typeof name === 'string' ? `header '${name.slice(0, 64)}' is a ${typeof value}` : `a header's name is ${String(name)}`
  return new ProductionError('RECORD_INVALID', `${what}: headers are pairs of a text and bytes (or null)`)
}

function corrupt(): ClusterError {
  return new ClusterError(
    'RECORD_CORRUPT',
    'the headers of a record are cut off or garbled: the topic holds bytes that no Kafka client writes',
  )
}
