/** Scans of a key-value store: its rows in a range, merged from what is resident and what the engine holds. */
import { chain } from '../base/maybe-promise.ts'
import type { ByteTable } from './byte-table.ts'
import type { Engine } from './engine.ts'
import { keyBounds, withPrefix } from './key-range.ts'
import { mergedRows, residentRows, type KeyedRow } from './merged-rows.ts'
import { limited } from './scan.ts'
import type { KeyRangeOptions, RowSource } from './store-spec.ts'

/** What is scanned, and how its bytes are read. */
export interface ScanParts<K, V> {
  readonly table: ByteTable
  /** Undefined: everything is resident. */
  readonly engine: Engine | undefined
  /** Bytes before the key in the engine's rows. */
  readonly prefix: Uint8Array
  resident(slot: number): V | undefined
  bytesOf(key: K): Uint8Array
  key(bytes: Uint8Array): K
  value(bytes: Uint8Array, at: number, length: number): V | undefined
}

/** The rows of a range as they are now. */
export function keyValueRows<K, V>(parts: ScanParts<K, V>, options: KeyRangeOptions<K>): RowSource<[K, V]> {
  const { table, engine, prefix } = parts
  const bounds = keyBounds(options, (key: K) => parts.bytesOf(key))
  const reverse = options.reverse === true
  const rows = residentRows(table, bounds, (slot) => parts.resident(slot))
  const merged = mergedRows<V>({
    resident: reverse ? rows.reverse() : rows,
    cursor: engine?.cursor({ ...withPrefix(bounds, prefix), reverse }),
    reverse,
    prefix: prefix.length,
    value: (bytes, at, length) => parts.value(bytes, at, length),
  })
  const source = limited(merged, options.limit)
  const decode = (row: KeyedRow<V> | undefined): [K, V] | undefined => (row === undefined ? undefined : [parts.key(row.key), row.value])
  return { next: () => chain(source.next(), decode), close: () => source.close() }
}
