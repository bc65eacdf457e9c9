/**
 * Hot path. A window store: values by key and start of window, over `timed-slots`. Windows are listed by start, then key bytes, rows of one key and start
 * in order of arrival (only a store that keeps duplicates has several). What is retained is resident, so everything answers at once.
 */
import type { Headers } from '../model/headers.ts'
import type { Window, Windowed } from '../model/window.ts'
import { keyBounds } from './key-range.ts'
import { stampedHeaders, type StoreParts } from './key-value-store.ts'
import { scanOfRows } from './scan.ts'
import type {
  AppendedRow,
  KeyRangeOptions,
  Matches,
  Scan,
  ScanOptions,
  TimeRange,
  WindowRows,
  WindowSlots,
  WindowStore,
  WindowStoreSpec,
} from './store-spec.ts'
import { TimedSlots, type TimedDump } from './timed-slots.ts'
import { NO_SLOT } from './window-index.ts'
import { WINDOW_SUFFIX } from './window-layout.ts'

/** Numbers of rows begin anew behind it. */
const LAST_SEQUENCE = 0x7fff_ffff

/** The number of a window where duplicates aren't kept. */
const ONLY = 0

/** A window store of one task. */
export class WindowCache<K, V> implements WindowSlots<K, V>, WindowRows<K, V> {
  readonly timed: TimedSlots<V>
  readonly #parts: StoreParts
  readonly #sizeMs: number
  readonly #keepsDuplicates: boolean
  /** The number of the last row of a store that keeps duplicates. */
  #sequence = ONLY

  constructor(parts: StoreParts, { sizeMs, retentionMs, duplicates }: WindowStoreSpec<unknown, unknown>) {
    this.#parts = parts
    this.#sizeMs = sizeMs
    this.#keepsDuplicates = duplicates === true
    const loaded = (sequence: number): void => {
      this.#sequence = Math.max(this.#sequence, sequence)
    }
    this.timed = new TimedSlots<V>(parts, { suffix: WINDOW_SUFFIX, retentionMs, order: 'arrival', loaded })
  }

  /** The face that user code holds. */
  face(): WindowStore<K, V> {
    return {
      get: (key, start) => {
        this.timed.mustBeOpen()
        this.timed.take(key)
        // Where duplicates are kept no row is the one of a key and start.
        const slot = this.#keepsDuplicates ? NO_SLOT : this.timed.located(start, ONLY)
        return slot === NO_SLOT ? undefined : this.timed.value(slot)
      },
      put: (key, value, start, stamp) => {
        this.timed.mustBeOpen()
        const timestamp = stamp?.timestamp ?? this.#parts.record.timestamp
        const headers = stampedHeaders(this.#parts, stamp)
        if (this.#keepsDuplicates) this.append(key, value, { start, timestamp, headers })
        else this.set(this.find(key, start), value, timestamp, headers)
      },
      fetch: (key, time, options) => this.#fetch(key, time, options),
      fetchAll: (options) => this.#fetchAll(options),
    }
  }

  find(key: K, start: number): number {
    this.timed.take(key)
    return this.timed.found(start, ONLY)
  }

  live(key: K, { from = 0, to = Infinity }: TimeRange, into: number[]): number {
    this.timed.take(key)
    let count = 0
    for (const slot of this.timed.entries()) {
      const start = this.timed.time(slot)
      if (start >= from && start <= to && this.timed.value(slot) !== undefined) into[count++] = slot
    }
    return count
  }

  append(key: K, value: V | null, row: AppendedRow): void {
    this.timed.take(key)
    this.#sequence = (this.#sequence + 1) & LAST_SEQUENCE
    this.timed.append(value, this.#sequence, row)
  }

  matches(key: K, from: number, to: number, into: Matches<V>): void {
    this.timed.take(key)
    into.count = 0
    const slots = this.timed.entries()
    const least = Math.max(from, this.timed.firstTime)
    let at = slots.length
    while (at > 0 && this.timed.time(slots[at - 1]!) >= least) at--
    for (; at < slots.length; at++) {
      const slot = slots[at]!
      const start = this.timed.time(slot)
      if (start > to) return
      into.starts[into.count] = start
      into.values[into.count++] = this.timed.slots.value(slot)
    }
  }

  observe(time: number): void {
    this.timed.observe(time)
  }

  start(slot: number): number {
    return this.timed.time(slot)
  }

  end(slot: number): number {
    return Math.min(this.timed.time(slot) + this.#sizeMs, Number.MAX_SAFE_INTEGER)
  }

  value(slot: number): V | undefined {
    return this.timed.value(slot)
  }

  timestamp(slot: number): number {
    return this.timed.slots.timestamp(slot)
  }

  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void {
    this.timed.set(slot, value, timestamp, headers)
  }

  closes(held: (() => number) | undefined): void {
    this.timed.closes(held)
  }

  ended(from: number, to: number, into: number[]): number {
    return this.timed.ended(from, to, into)
  }

  prior(slot: number): V | undefined {
    return this.timed.slots.prior(slot)
  }

  key(slot: number): Windowed<K> {
    return { key: this.timed.key(slot), window: this.#windowOf(slot) }
  }

  onFlush(emit: Parameters<WindowSlots<K, V>['onFlush']>[0]): void {
    this.timed.slots.onFlush(emit)
  }

  /** Every retained window as it is listed, as bytes. */
  dump(): TimedDump[] {
    return this.timed.dump((slot) => this.#windowOf(slot))
  }

  #fetch(key: K, time: TimeRange, options: ScanOptions = {}): Scan<[number, V]> {
    this.timed.mustBeOpen()
    const slots: number[] = []
    const count = this.live(key, time, slots)
    const rows = slots.slice(0, count).map((slot): [number, V] => [this.timed.time(slot), this.timed.value(slot)!])
    return scanOfRows(rows, options, this.#parts.store.name)
  }

  #fetchAll(options: KeyRangeOptions<K> & { readonly time?: TimeRange } = {}): Scan<[Windowed<K>, V]> {
    this.timed.mustBeOpen()
    const { from = 0, to = Infinity } = options.time ?? {}
    const bounds = keyBounds(options, (key: K) => this.timed.bytesOf(key))
    const slots = this.timed.listed(bounds, (slot) => this.timed.time(slot) >= from && this.timed.time(slot) <= to)
    const rows = slots.map((slot): [Windowed<K>, V] => [this.key(slot), this.timed.value(slot)!])
    return scanOfRows(rows, options, this.#parts.store.name)
  }

  #windowOf(slot: number): Window {
    return { start: this.start(slot), end: this.end(slot) }
  }
}
