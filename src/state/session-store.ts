/**
 * A session store: values by key and session, over `timed-slots`. Sessions are kept by their ends, listed by end, then key bytes, then start downwards
 * (Kafka Streams' order in memory), and expire by their ends. Values have no time of their own. By default a session lasts one millisecond longer
 * than Kafka Streams keeps it: one that a record can still extend is never forgotten.
 */
import type { Headers } from '../model/headers.ts'
import type { Window, Windowed } from '../model/window.ts'
import { keyBounds } from './key-range.ts'
import { stampedHeaders, type StoreParts } from './key-value-store.ts'
import { scanOfRows } from './scan.ts'
import type {
  KeyRangeOptions,
  PlacedSlots,
  Scan,
  ScanOptions,
  SessionRange,
  SessionStore,
  SessionStoreSpec,
  TimeRange,
} from './store-spec.ts'
import { TimedSlots, type TimedDump } from './timed-slots.ts'
import { NO_SLOT } from './window-index.ts'
import { SESSION_SUFFIX } from './window-layout.ts'

/** A session store of one task. */
export class SessionCache<K, V> implements PlacedSlots<K, V> {
  readonly timed: TimedSlots<V>
  readonly #parts: StoreParts

  constructor(parts: StoreParts, { retentionMs }: SessionStoreSpec<unknown, unknown>) {
    this.#parts = parts
    const parity = parts.store.parity === true
    this.timed = new TimedSlots<V>(parts, {
      suffix: SESSION_SUFFIX,
      retentionMs: parity ? retentionMs : retentionMs + 1,
      order: parity && parts.engineName === 'rocksdb' ? 'up' : 'down',
    })
  }

  /** The face that user code holds. */
  face(): SessionStore<K, V> {
    return {
      get: ({ key, window }) => {
        this.timed.mustBeOpen()
        this.timed.take(key)
        const slot = this.timed.located(window.end, window.start)
        return slot === NO_SLOT ? undefined : this.timed.value(slot)
      },
      put: ({ key, window }, value, stamp) => {
        this.timed.mustBeOpen()
        const slot = this.find(key, window.start, window.end)
        const timestamp = stamp?.timestamp ?? this.#parts.record.timestamp
        const headers = stampedHeaders(this.#parts, stamp)
        this.set(slot, value, timestamp, headers)
      },
      fetch: (key, range = {}) => this.#fetch(key, range),
      find: (options = {}) => this.#find(options),
    }
  }

  find(key: K, start: number, end: number): number {
    this.timed.take(key)
    return this.timed.found(end, start)
  }

  live(key: K, { from = 0, to = Infinity }: TimeRange, into: number[]): number {
    this.timed.take(key)
    let count = 0
    for (const slot of this.timed.entries())
      if (this.#overlaps(slot, from, to) && this.timed.value(slot) !== undefined) into[count++] = slot
    return count
  }

  start(slot: number): number {
    return this.timed.beside(slot)
  }

  end(slot: number): number {
    return this.timed.time(slot)
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

  onFlush(emit: Parameters<PlacedSlots<K, V>['onFlush']>[0]): void {
    this.timed.slots.onFlush(emit)
  }

  /** Every retained session as it is listed, as bytes. */
  dump(): TimedDump[] {
    return this.timed.dump((slot) => this.#windowOf(slot))
  }

  #fetch(key: K, { earliestEnd = 0, latestStart = Infinity, ...options }: SessionRange & ScanOptions): Scan<[Windowed<K>, V]> {
    this.timed.mustBeOpen()
    const slots: number[] = []
    const count = this.live(key, { from: earliestEnd, to: latestStart }, slots)
    return this.#scan(slots.slice(0, count), options)
  }

  #find({ earliestEnd = 0, latestStart = Infinity, ...options }: KeyRangeOptions<K> & SessionRange): Scan<[Windowed<K>, V]> {
    this.timed.mustBeOpen()
    const bounds = keyBounds(options, (key: K) => this.timed.bytesOf(key))
    return this.#scan(
      this.timed.listed(bounds, (slot) => this.#overlaps(slot, earliestEnd, latestStart)),
      options,
    )
  }

  #scan(slots: readonly number[], options: ScanOptions): Scan<[Windowed<K>, V]> {
    const rows = slots.map((slot): [Windowed<K>, V] => [this.key(slot), this.timed.value(slot)!])
    return scanOfRows(rows, options, this.#parts.store.name)
  }

  #windowOf(slot: number): Window {
    return { start: this.start(slot), end: this.end(slot) }
  }

  #overlaps(slot: number, earliestEnd: number, latestStart: number): boolean {
    return this.timed.time(slot) >= earliestEnd && this.timed.beside(slot) <= latestStart
  }
}
