/** A store's values as bytes: in the engine 8 bytes of time (ms, big-endian) stand before them, except in plain stores. */
import { readInt64, writeInt64 } from '../base/bytes.ts'
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

/** The value of a row of the engine. Throws what the serde throws. */
export function readRow<V>({ spec, value }: ResolvedStore, bytes: Uint8Array, at: number, length: number): RowValue<V> {
  if (spec.format === 'plain') return { value: decoded<V>(value, bytes, at, length), timestamp: -1 }
  return { value: decoded<V>(value, bytes, at + TIME_BYTES, length - TIME_BYTES), timestamp: readInt64(bytes, at) }
}

/** A value as a row of the engine has it. */
export function rowBytes({ spec, value: serde }: ResolvedStore, value: unknown, timestamp: number): Uint8Array {
  const rows = new RowsBuilder()
  const time = new Uint8Array(TIME_BYTES)
  writeInt64(time, 0, timestamp)
  rows.startKey()
  rows.written(serde, value, spec.format === 'plain' ? NOTHING : time)
  return rows.bytes.slice(0, rows.byteLength)
}
