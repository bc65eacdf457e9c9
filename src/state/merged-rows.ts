/**
 * Rows of a scan, merged from what is resident (newest, as noted when the scan was made) and what the engine's cursor holds: a resident entry hides
 * the engine's row of its key, a deleted one too.
 */
import { compareBytes } from '../base/bytes.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Cursor } from './engine.ts'
import type { RowSource } from './scan.ts'

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
  value(bytes: Uint8Array, at: number, length: number): V
}

const PAGE = { rows: 256, bytes: 256 * 1024 }

/** The merged rows, in order. */
export function mergedRows<V>(options: MergeOptions<V>): RowSource<KeyedRow<V>> {
  const { resident, cursor, reverse, prefix } = options
  const hidden = cursor === undefined ? new Set<string>() : new Set(resident.map(({ key }) => key.join(',')))
  let at = 0
  let page: PackedRows | undefined = undefined
  let index = 0
  let ended = cursor === undefined

  const engineRow = (): MaybePromise<KeyedRow<V> | undefined> => {
    while (!ended) {
      if (page === undefined || index >= page.count) {
        const more = cursor!.next(PAGE)
        if (more instanceof Promise) return more.then((rows) => (take(rows), engineRow()))
        take(more)
        continue
      }
      const rows: PackedRows = page
      const i = index
      const start = rows.keyAt[i]! + prefix
      const key = rows.bytes.slice(start, rows.keyAt[i]! + rows.keyLength[i]!)
      if (!hidden.has(key.join(','))) return { key, value: options.value(rows.bytes, rows.valueAt[i]!, rows.valueLength[i]!) }
      index++
    }
    return undefined
  }
  const take = (rows: PackedRows): void => {
    page = rows
    index = 0
    if (rows.count === 0) ended = true
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
