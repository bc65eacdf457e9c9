/**
 * Rows of a scan, merged from what is resident (newest, as noted when the scan was made) and what the engine's cursor holds: a resident entry hides
 * the engine's row of its key, a deleted one too.
 */
import { compareBytes } from '../base/bytes.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { ByteTable } from './byte-table.ts'
import type { Cursor, KeyRange } from './engine.ts'
import { RowsBuilder } from './rows-builder.ts'
import type { RowSource } from './store-spec.ts'

/** A row by the bytes of its key. */
export interface KeyedRow<V> {
  readonly key: Uint8Array
  readonly value: V
}

/** What is merged. */
export interface MergeOptions<V> {
  /** In the order of the scan; without a value: deleted. */
  readonly resident: readonly KeyedRow<V | undefined>[]
  /** Undefined: everything is resident. */
  readonly cursor: Cursor | undefined
  readonly reverse: boolean
  /** Bytes before the key in the engine's rows. */
  readonly prefix: number
  /** Undefined: the row's time is over. */
  value(bytes: Uint8Array, at: number, length: number): V | undefined
}

const NO_ROWS: PackedRows = new RowsBuilder().rows()
const PAGE = { rows: 256, bytes: 256 * 1024 }

/** Resident rows of a range as they are now, in order of their keys; deleted ones have no value. */
export function residentRows<V>(table: ByteTable, range: KeyRange, value: (slot: number) => V | undefined): KeyedRow<V | undefined>[] {
  const { bytes } = table
  return table.inOrder(range).map((slot) => {
    const at = table.keyAt(slot)
    return { key: bytes.slice(at, at + table.keyLength(slot)), value: value(slot) }
  })
}

/** The merged rows, in order. */
export function mergedRows<V>(options: MergeOptions<V>): RowSource<KeyedRow<V>> {
  const { resident, cursor, reverse, prefix } = options
  const hidden = cursor === undefined ? new Set<string>() : new Set(resident.map(({ key }) => key.join(',')))
  let at = 0
  let page: PackedRows = NO_ROWS
  let ended = false
  let index = 0

  const engineRow = (): MaybePromise<KeyedRow<V> | undefined> => {
    const rows = page
    for (; index < rows.count; index++) {
      const start = rows.keyAt[index]! + prefix
      const key = rows.bytes.slice(start, rows.keyAt[index]! + rows.keyLength[index]!)
      if (hidden.has(key.join(','))) continue
      const value = options.value(rows.bytes, rows.valueAt[index]!, rows.valueLength[index]!)
      if (value !== undefined) return { key, value }
    }
    if (ended || cursor === undefined) return undefined
    return chain(cursor.next(PAGE), (more) => {
      page = more
      index = 0
      ended = more.count === 0
      return engineRow()
    })
  }
  const next = (): MaybePromise<KeyedRow<V> | undefined> =>
    chain(engineRow(), (stored) => {
      while (at < resident.length) {
        const own = resident[at]!
        const order = stored === undefined ? -1 : compareBytes(own.key, stored.key) * (reverse ? -1 : 1)
        if (order > 0) break
        at++
        if (own.value !== undefined) return { key: own.key, value: own.value }
      }
      if (stored !== undefined) index++
      return stored
    })
  return { next, close: () => cursor?.close() }
}
