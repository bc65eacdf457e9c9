/**
 * Rows of a changelog on their way into the engine. Changelogs are full of small batches, and a write costs some hundred microseconds besides its rows,
 * so they are gathered up to a quarter of a mebibyte and written with one mark. The buffer has its size from the start: growing would copy it again.
 * An engine on disk takes rows that are near each other faster (RocksDB by some 20 % of all that a restore costs), so it gets them nearly sorted.
 */
import type { PackedRows } from '../base/packed-rows.ts'
import type { Cache } from './caches.ts'
import type { Engine } from './engine.ts'
import { KeyValueCache } from './key-value-store.ts'
import { keepsTime, restoredHeaders, rowPrefix, type HeadedRows } from './row-values.ts'
import { RowsBuilder } from './rows-builder.ts'
import type { ResolvedStore } from './store-spec.ts'
import { TimedSlots } from './timed-slots.ts'
import type { VersionedCache } from './versioned-store.ts'

/** Rows of a changelog, with their times in ms. */
export interface RestoreRows extends HeadedRows {
  readonly baseTimestamp: number
  readonly timestampDelta: Float64Array
}

/** The store that rows are for. */
export interface RestoredStore {
  readonly store: ResolvedStore
  readonly cache: Exclude<Cache, VersionedCache<unknown, unknown>>
  /** What its keys begin with in the engine. */
  readonly prefix: Uint8Array
}

const FULL_BYTES = 1 << 18
const FULL_ROWS = 4_096
/** What the rows that fill it mostly need beyond that. */
const SPARE_BYTES = 1 << 16

/** Rows that are gathered for one write. */
export class GatheredRows {
  readonly #rows: RowsBuilder = new RowsBuilder({ bytes: FULL_BYTES + SPARE_BYTES, rows: FULL_ROWS })
  readonly #sorts: boolean
  #nextOffset = 0

  /** For an engine that is `persistent`, or not. */
  constructor({ persistent }: Pick<Engine, 'persistent'>) {
    this.#sorts = persistent
  }

  /** True: they are to be written. */
  get isFull(): boolean {
    return this.#rows.byteLength >= FULL_BYTES || this.#rows.count >= FULL_ROWS
  }

  /** One behind the offset of the last one. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  /** Adds rows; `nextOffset` is one behind the last of them. Those without a key, and those that a store of windows no longer takes, are passed over. */
  add({ store, cache, prefix }: RestoredStore, rows: RestoreRows, nextOffset: number): void {
    this.#nextOffset = nextOffset
    if (cache instanceof KeyValueCache) cache.restoring(rows, this.#rows)
    for (let row = 0; row < rows.count; row++) {
      if (rows.keyLength[row]! < 0) continue
      const timestamp = rows.baseTimestamp + rows.timestampDelta[row]!
      if (cache instanceof KeyValueCache) {
        this.#rows.startKey()
        this.#rows.addToKey(prefix, 0, prefix.length)
        this.#rows.addToKey(rows.bytes, rows.keyAt[row]!, rows.keyLength[row]!)
      } else if (cache instanceof TimedSlots) {
        if (!cache.restore(rows, row, timestamp, this.#rows)) continue
      } else {
        cache.restore(rows, row, timestamp, this.#rows)
        continue
      }
      this.#value(store, rows, row)
    }
  }

  /** The rows, with what `mark` writes behind them. */
  sealed(mark: (into: RowsBuilder) => void): PackedRows {
    const count = this.#rows.count
    mark(this.#rows)
    return this.#sorts ? nearlySorted(this.#rows.rows(), count) : this.#rows.rows()
  }

  #value(store: ResolvedStore, rows: RestoreRows, row: number): void {
    const at = rows.valueAt[row]!
    const length = rows.valueLength[row]!
    const timestamp = rows.baseTimestamp + rows.timestampDelta[row]!
    if (length < 0) this.#rows.value(rows.bytes, at, length)
    else if (store.spec.format === 'headers')
      this.#rows.prefixedValue(rowPrefix(store, timestamp, restoredHeaders(store, rows, row)), rows.bytes, at, length)
    else if (keepsTime(store)) this.#rows.timedValue(timestamp, rows.bytes, at, length)
    else this.#rows.value(rows.bytes, at, length)
  }
}

const PREFIX_BYTES = 4

/** The first rows in order of the four bytes behind what all their keys begin with. Those alike in them keep their order, so the last one of a key is still the last. */
function nearlySorted(rows: PackedRows, sorted: number): PackedRows {
  const { bytes, count, keyAt, keyLength, valueAt, valueLength } = rows
  const shared = sharedPrefix({ ...rows, count: sorted })
  // Place and prefix in one number, which a typed array sorts by itself: 32 bits, and less than 2^21 places.
  const order = new Float64Array(sorted)
  for (let row = 0; row < sorted; row++) {
    const from = keyAt[row]! + shared
    const end = keyAt[row]! + keyLength[row]!
    let prefix = 0
    for (let at = from; at < from + PREFIX_BYTES; at++) prefix = prefix * 256 + (at < end ? bytes[at]! : 0)
    order[row] = prefix * sorted + row
  }
  order.sort()
  const moved = (column: Int32Array): Int32Array => {
    const into = column.slice(0, count)
    for (let row = 0; row < sorted; row++) into[row] = column[order[row]! % sorted]!
    return into
  }
  return { bytes, count, keyAt: moved(keyAt), keyLength: moved(keyLength), valueAt: moved(valueAt), valueLength: moved(valueLength) }
}

/** How many bytes all keys begin with alike. */
function sharedPrefix({ bytes, count, keyAt, keyLength }: PackedRows): number {
  const first = keyAt[0]!
  let shared = count === 0 ? 0 : keyLength[0]!
  for (let row = 1; row < count; row++) {
    shared = Math.min(shared, keyLength[row]!)
    let at = 0
    while (at < shared && bytes[keyAt[row]! + at] === bytes[first + at]) at++
    shared = at
  }
  return shared
}
