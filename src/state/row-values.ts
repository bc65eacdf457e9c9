/**
 * A store's values as bytes: in the engine 8 bytes of time (ms, big-endian) stand before them, except in plain stores; in stores with headers their block
 * stands first, behind its length (a zig-zag varint), and no headers are a block of no bytes (Kafka Streams' ValueTimestampHeadersSerializer).
 */
import { concatBytes, readInt64, readVarint, varintSize, writeInt64, writeVarint, type Cursor } from '../base/bytes.ts'
import { SerdeError } from '../base/errors.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { decodeHeaders, encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import type { AnySerde } from '../model/serde.ts'
import { RowsBuilder } from './rows-builder.ts'
import type { ResolvedStore } from './store-spec.ts'

/** How many bytes the time before a value has. */
export const TIME_BYTES = 8

const NOTHING = new Uint8Array(0)

/** A value as it is in a row of the engine. */
export interface RowValue<V> {
  readonly value: V
  /** In ms; −1 in plain stores. */
  readonly timestamp: number
  readonly headers?: Headers
}

/** Whether the values of a store have times of their own. */
export function keepsTime({ spec }: ResolvedStore): boolean {
  return spec.kind !== 'session' && spec.format !== 'plain'
}

/** Sound because a store's serdes read what they wrote, and the store's types are its serdes'. */
export function typed<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as T
}

/** What a serde reads there. */
export function decoded<T>(serde: AnySerde, bytes: Uint8Array, at: number, length: number): T {
  return typed<T>(serde.read === undefined ? serde.deserialize(bytes.slice(at, at + length)) : serde.read(bytes, at, length))
}

/** The value of a row of the engine. Throws a `SerdeError` with the store when its serde doesn't read it. */
export function readRow<V>(store: ResolvedStore, bytes: Uint8Array, at: number, length: number): RowValue<V> {
  const { spec } = store
  const end = at + length
  const timed = keepsTime(store)
  if (spec.format !== 'headers') {
    const from = timed ? at + TIME_BYTES : at
    return { value: stored<V>(store, bytes, from, end - from), timestamp: timed ? readInt64(bytes, at) : -1 }
  }
  const cursor: Cursor = { bytes, at, end }
  const block = readVarint(cursor)
  const headers = block === 0 ? noHeaders : decodeHeaders(bytes, cursor.at, block)
  const time = cursor.at + block
  const from = timed ? time + TIME_BYTES : time
  return { value: stored<V>(store, bytes, from, end - from), timestamp: timed ? readInt64(bytes, time) : -1, headers }
}

function stored<V>(store: ResolvedStore, bytes: Uint8Array, at: number, length: number): V {
  try {
    return decoded<V>(store.value, bytes, at, length)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new SerdeError(
      'SERDE_DECODE',
      `store ${store.name} holds a value that its serde can't read: ${why}. If the type of its values has changed, give the store another name`,
      { cause: error, context: { store: store.name } },
    )
  }
}

/** What stands before the value in a row: the headers, where the store keeps them, and the time, where it keeps that. */
export function rowPrefix(store: ResolvedStore, timestamp: number, headers: Headers): Uint8Array {
  const time = keepsTime(store) ? timeBytes(timestamp) : NOTHING
  if (store.spec.format !== 'headers') return time
  const block = headers.length === 0 ? NOTHING : encodeHeaders(headers)
  const length = new Uint8Array(varintSize(block.length))
  writeVarint(length, 0, block.length)
  return concatBytes(length, block, time)
}

/** Rows with a block of headers each, as they are restored from. */
export interface HeadedRows extends PackedRows {
  /** Where the block of each row's headers is; −1: it has none. Left out: none has. */
  readonly headersAt?: Int32Array
  readonly headersLength?: Int32Array
}

/** The headers of a restored row, where its store keeps them. */
export function restoredHeaders({ spec }: ResolvedStore, rows: HeadedRows, row: number): Headers {
  const { headersAt, headersLength, bytes } = rows
  if (spec.format !== 'headers' || headersAt === undefined || headersLength === undefined || headersAt[row]! < 0) return noHeaders
  return decodeHeaders(bytes, headersAt[row]!, headersLength[row]!)
}

/** A value as a row of the engine has it. */
export function rowBytes<V>(store: ResolvedStore, { value, timestamp, headers = noHeaders }: RowValue<V>): Uint8Array {
  const rows = new RowsBuilder()
  rows.startKey()
  rows.written(store.value, value, rowPrefix(store, timestamp, headers))
  return rows.bytes.slice(0, rows.byteLength)
}

function timeBytes(timestamp: number): Uint8Array {
  const time = new Uint8Array(TIME_BYTES)
  writeInt64(time, 0, timestamp)
  return time
}
