/**
 * A store's values as bytes: in the engine 8 bytes of time (ms, big-endian) stand before them, except in plain stores; in stores with headers their block
 * stands first, behind its length (a zig-zag varint), and no headers are a block of no bytes (Kafka Streams' ValueTimestampHeadersSerializer).
 */
import { concatBytes, readInt64, readVarint, varintSize, writeInt64, writeVarint, type Cursor } from '../base/bytes.ts'
import { SerdeError } from '../base/errors.ts'
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
  if (!keepsTime(store)) return { value: stored<V>(store, bytes, at, length), timestamp: -1 }
  if (spec.format !== 'headers') {
    return { value: stored<V>(store, bytes, at + TIME_BYTES, length - TIME_BYTES), timestamp: readInt64(bytes, at) }
  }
  const cursor: Cursor = { bytes, at, end: at + length }
  const block = readVarint(cursor)
  const headers = block === 0 ? noHeaders : decodeHeaders(bytes, cursor.at, block)
  const time = cursor.at + block
  const from = time + TIME_BYTES
  return { value: stored<V>(store, bytes, from, at + length - from), timestamp: readInt64(bytes, time), headers }
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

/** What stands before the value in a row of a store with headers. */
export function headedPrefix(headers: Headers, timestamp: number): Uint8Array {
  const block = headers.length === 0 ? NOTHING : encodeHeaders(headers)
  const length = new Uint8Array(varintSize(block.length))
  writeVarint(length, 0, block.length)
  return concatBytes(length, block, timeBytes(timestamp))
}

/** A value as a row of the engine has it. */
export function rowBytes<V>(store: ResolvedStore, { value, timestamp, headers = noHeaders }: RowValue<V>): Uint8Array {
  const { spec, value: serde } = store
  const rows = new RowsBuilder()
  rows.startKey()
  rows.written(
    serde,
    value,
    !keepsTime(store) ? NOTHING : spec.format === 'headers' ? headedPrefix(headers, timestamp) : timeBytes(timestamp),
  )
  return rows.bytes.slice(0, rows.byteLength)
}

function timeBytes(timestamp: number): Uint8Array {
  const time = new Uint8Array(TIME_BYTES)
  writeInt64(time, 0, timestamp)
  return time
}
