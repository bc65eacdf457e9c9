/**
 * Hot path. What window and session stores share: where their entries are (`window-index`), and a slot for each. What is retained is resident: opened
 * over an engine that has rows, the store loads them. Expiry is strict, for reads and writes alike: an entry whose time (a window's start, a session's
 * end) is not above the store's own stream time less its retention isn't there; the store's time is the greatest one ever put (Kafka Streams' rule for
 * stores in memory); where a step hands on windows when they close, those that it hasn't handed on yet stay. In parity mode a store of the engine
 * `rocksdb` is Kafka Streams' persistent one: it takes writes to segments that are alive, and lists by segment, then key bytes.
 */
import { compareBytes } from '../base/bytes.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Headers } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { Window } from '../model/window.ts'
import type { KeyRange } from './engine.ts'
import { isIn, withPrefix } from './key-range.ts'
import type { StoreParts } from './key-value-store.ts'
import type { RowsBuilder } from './rows-builder.ts'
import { decoded, readRow, restoredHeaders, rowBytes, type HeadedRows, type RowValue } from './row-values.ts'
import { SlotStore, type SlotKeys } from './slot-store.ts'
import { nullKey, storeClosed } from './store-errors.ts'
import type { AppendedRow, ResolvedStore } from './store-spec.ts'
import type { StoreLog } from './task-state.ts'
import { NO_SLOT, WindowIndex, type BesideOrder } from './window-index.ts'
import { WINDOW_SUFFIX, WindowLayout, type RowSpan, type TimeSuffix } from './window-layout.ts'

const NOTHING = new Uint8Array(0)
const LOAD_PAGE = { rows: 10_000, bytes: 1 << 20 }
const EVERYTHING: KeyRange = { from: NOTHING }

/** What tells window stores from session stores. */
export interface TimedOptions {
  readonly suffix: TimeSuffix
  readonly retentionMs: number
  readonly order: BesideOrder
  /** Told of what stands beside the time of each entry that is read from engine or changelog. */
  readonly loaded?: (beside: number) => void
}

/** An entry as it is listed. */
interface TimedRow {
  readonly slot: number
  readonly bytes: Uint8Array
  readonly time: number
  readonly beside: number
}

/** An entry as bytes: its key, its window, and its row as the engine would hold it. */
export interface TimedDump {
  readonly key: Uint8Array
  readonly window: Window
  readonly value: Uint8Array
}

/** The entries of one window or session store of a task. */
export class TimedSlots<V> implements SlotKeys {
  /** Flush, landing and roll-back. */
  readonly slots: SlotStore<V>
  readonly #parts: StoreParts
  readonly #options: TimedOptions
  readonly #index: WindowIndex
  readonly #coder: KeyCoder
  /** Greatest time ever put, in ms; as of the last flush; and as of the last landing. */
  #streamTime = -1
  #flushedTime = -1
  #landedTime = -1
  /** From which time on entries stay whatever their age, as of now and of the last flush. */
  #held: (() => number) | undefined = undefined
  #flushedHeld = Infinity
  readonly #layout: WindowLayout
  readonly #persistent: boolean
  /** True: Kafka Streams' store that is in order of times. */
  #timeFirst = false
  #closed = false

  constructor(parts: StoreParts, options: TimedOptions) {
    this.#parts = parts
    this.#options = options
    const { store, record, log, everyWrite } = parts
    this.#layout = new WindowLayout(parts.prefix, options.retentionMs, options.suffix)
    this.#index = new WindowIndex(this.#layout, options.order)
    this.#persistent = store.parity === true && parts.engineName === 'rocksdb'
    this.slots = new SlotStore<V>({ store, record, log, everyWrite, keys: this })
    this.#coder = new KeyCoder({
      serde: store.key,
      record,
      topic: store.changelog?.topic ?? store.name,
      isSourceSerde: () => store.readBySourceKey,
    })
  }

  /** Takes a key, for what is asked next. Throws `SERDE_ENCODE` for null. */
  take(key: unknown): void {
    this.#coder.take(key)
    if (this.#coder.length < 0) throw nullKey(this.#parts.store.name)
  }

  /** The bytes of a key. */
  bytesOf(key: unknown): Uint8Array {
    this.take(key)
    return this.#coder.bytes.slice(this.#coder.at, this.#coder.at + this.#coder.length)
  }

  /** The slots of the key taken last, in order of their times, expired ones too. */
  entries(): readonly number[] {
    return this.#index.of(this.#coder)
  }

  /** The slot of the key taken last, a time and what stands beside it, or `NO_SLOT`. */
  located(time: number, beside: number): number {
    return this.#index.find(this.#coder, time, beside)
  }

  /** The same; a new slot without a value where there is none. */
  found(time: number, beside: number): number {
    const known = this.#index.find(this.#coder, time, beside)
    return known === NO_SLOT ? this.#addSlot(time, beside) : known
  }

  /** The time of a slot, by which it expires. */
  time(slot: number): number {
    return this.#index.time(slot)
  }

  /** What stands beside the time of a slot. */
  beside(slot: number): number {
    return this.#index.beside(slot)
  }

  /** The live value. */
  value(slot: number): V | undefined {
    return this.#index.time(slot) < this.firstTime ? undefined : this.slots.value(slot)
  }

  /** The least time that isn't expired for who reads, in ms. Kafka Streams' record cache knows of no expiry. */
  get firstTime(): number {
    return this.#isCached ? -Infinity : this.#keptFrom()
  }

  #keptFrom(streamTime: number = this.#streamTime): number {
    return Math.min(streamTime - this.#options.retentionMs + 1, this.#held?.() ?? Infinity)
  }

  get #isCached(): boolean {
    return this.slots.waits && this.#parts.store.parity === true
  }

  /** The store below Kafka Streams' cache has forgotten what is expired. */
  isForgotten(slot: number): boolean {
    return this.#isCached && this.#index.time(slot) <= this.#flushedTime - this.#options.retentionMs
  }

  /** A step hands on what has closed: entries whose time is what `held` answers, in ms, or later stay until then. */
  closes(held: (() => number) | undefined): void {
    this.#timeFirst = this.#persistent
    this.#held = held
  }

  /** Writes the slots with times between these, both inclusive, into `into`, in order of time, then key bytes; answers how many. */
  ended(from: number, to: number, into: number[]): number {
    const rows: TimedRow[] = []
    this.#index.visit(Math.max(from, 0), to, (slot) => {
      const time = this.#index.time(slot)
      if (time >= from && time <= to && this.value(slot) !== undefined) rows.push(this.#row(slot))
    })
    this.#sort(rows, this.#timeFirst)
    for (const [i, { slot }] of rows.entries()) into[i] = slot
    return rows.length
  }

  /** Writes a slot; null deletes. What came too late is counted, and in parity mode told to the changelog all the same. */
  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void {
    const isLate = this.observe(this.#index.time(slot))
    // The cache holds back what the store below would have refused, and a delete of nothing altogether.
    if (isLate && (value !== null || !this.#isCached)) this.#parts.expired()
    if (!isLate || this.#isCached) return this.slots.set(slot, value, timestamp, headers)
    if (this.#parts.store.parity === true) this.slots.logOnly(value, { timestamp, headers }, (log) => this.#index.logKey(slot, log))
  }

  /** Adds a row of the key taken last. Kafka Streams tells its changelog of rows that it doesn't keep, too; its persistent store never sees a null. */
  append(value: V | null, beside: number, { start, timestamp, headers }: AppendedRow): void {
    const late = value === null && this.#persistent ? false : this.observe(start)
    if (late) this.#parts.expired()
    if (!late && value !== null) this.slots.set(this.#addSlot(start, beside), value, timestamp, headers)
    else this.slots.logOnly(value, { timestamp, headers }, (log) => this.#index.writeKey(this.#coder, start, beside, log))
  }

  /** The key of a slot. */
  key<K>(slot: number): K {
    const { keys } = this.#index
    const id = this.#index.keyId(slot)
    return decoded<K>(this.#parts.store.key, keys.bytes, keys.keyAt(id), keys.keyLength(id))
  }

  /** The slots of keys in a range that `isWanted` lets through, as they are listed. */
  listed(range: KeyRange, isWanted: (slot: number) => boolean): number[] {
    return this.#rows(range, isWanted).map(({ slot }) => slot)
  }

  /** Every retained entry as it is listed. */
  dump(windowOf: (slot: number) => Window): TimedDump[] {
    const { store } = this.#parts
    const { spec } = store
    // On RocksDB, Kafka Streams' join stores hold the value alone, whatever they write to their changelogs.
    const isAlone = this.#persistent && spec.kind === 'window' && spec.duplicates === true
    const listed: ResolvedStore = isAlone ? { ...store, spec: { ...spec, format: 'plain' } } : store
    return this.#rows(EVERYTHING, () => true).map(({ slot, bytes }) => {
      const row = { value: this.slots.value(slot), timestamp: this.slots.timestamp(slot), headers: this.slots.headers(slot) }
      return { key: bytes, window: windowOf(slot), value: rowBytes(listed, row) }
    })
  }

  /** Throws `STORE_CLOSED` when the task was closed. */
  mustBeOpen(): void {
    if (this.#closed) throw storeClosed(this.#parts.store.name)
  }

  /** Reads the memory that looking up these hashes will need. */
  touch(hashes: Int32Array, from: number, to: number): void {
    if (this.#parts.store.readBySourceKey) this.#index.keys.touch(hashes, from, to)
  }

  rowKey(slot: number, into: RowsBuilder): void {
    this.#index.rowKey(slot, into)
  }

  logKey(slot: number, into: StoreLog): void {
    this.#index.logKey(slot, into)
  }

  free(slot: number): void {
    this.#index.remove(slot)
  }

  /** Rolls back to what has landed, which is read again. */
  rollBack(): MaybePromise<void> {
    this.slots.clear()
    this.#index.clear()
    this.#streamTime = this.#landedTime
    return this.load(this.#landedTime)
  }

  /** All writes so far were flushed: they land next. */
  flushed(): void {
    this.#flushedTime = this.#streamTime
    if (this.#held !== undefined) this.#flushedHeld = this.#held()
  }

  /** What was flushed has landed. */
  landed(): void {
    this.slots.landed()
    this.#landedTime = this.#flushedTime
  }

  /** Ranges of the engine whose entries are all expired as of the last flush; their resident entries go with them. */
  expiredRanges(): readonly KeyRange[] {
    const first = Math.min(this.#flushedTime - this.#options.retentionMs + 1, this.#flushedHeld)
    const range = this.#index.expired(first, (slot) => this.#drop(slot))
    return range === undefined ? [] : [range]
  }

  /** Greatest time ever put, in ms, as of the last flush; −1: none. */
  get flushedTime(): number {
    return this.#flushedTime
  }

  /** The faces refuse from now on. */
  close(): void {
    this.#closed = true
  }

  /** Makes resident what the engine has; `streamTime` is what the store had seen then. */
  load(streamTime: number): MaybePromise<void> {
    this.#observeLanded(streamTime)
    const { engine, prefix } = this.#parts
    const cursor = engine.cursor(withPrefix(EVERYTHING, prefix))
    const readOn = (page: PackedRows): MaybePromise<void> => {
      if (page.count === 0) return cursor.close()
      this.#loadPage(page)
      return chain(cursor.next(LOAD_PAGE), readOn)
    }
    return chain(cursor.next(LOAD_PAGE), readOn)
  }

  /** Takes a row of the changelog, whose value is as it was written, and starts the engine's row of it; false: it isn't kept. */
  restore(rows: HeadedRows, row: number, timestamp: number, into: RowsBuilder): boolean {
    const span = this.#layout.readChangelogKey(rows.bytes, rows.keyAt[row]!, rows.keyLength[row]!)
    if (span === undefined) return false
    this.#observeLanded(span.time)
    if (span.time < this.firstTime) return false
    this.#takeBytes(rows.bytes, span)
    const known = this.located(span.time, span.beside)
    if (known !== NO_SLOT) {
      this.slots.forget(known)
      this.free(known)
    }
    if (rows.valueLength[row]! >= 0) {
      const value = decoded<V>(this.#parts.store.value, rows.bytes, rows.valueAt[row]!, rows.valueLength[row]!)
      this.#addLanded(span, { value, timestamp, headers: restoredHeaders(this.#parts.store, rows, row) })
    }
    this.#layout.rowKey({ bytes: rows.bytes, at: span.at, length: span.length }, span.time, span.beside, into)
    return true
  }

  #rows(range: KeyRange, isWanted: (slot: number) => boolean): TimedRow[] {
    const rows: TimedRow[] = []
    const { keys } = this.#index
    for (let id = 0; id < keys.end; id++) {
      if (!keys.has(id)) continue
      const at = keys.keyAt(id)
      const bytes = keys.bytes.slice(at, at + keys.keyLength(id))
      if (!isIn(bytes, range)) continue
      for (const slot of this.#index.ofId(id)) {
        const isLive = this.#index.time(slot) >= this.#keptFrom() && this.slots.value(slot) !== undefined
        if (isLive && isWanted(slot)) rows.push(this.#row(slot, bytes))
      }
    }
    // A persistent session store is listed by its keys, whatever else it is in order of.
    return this.#sort(rows, this.#timeFirst && this.#options.suffix === WINDOW_SUFFIX)
  }

  #row(slot: number, bytes: Uint8Array = this.#keyBytes(slot)): TimedRow {
    return { slot, bytes, time: this.#index.time(slot), beside: this.#index.beside(slot) }
  }

  #keyBytes(slot: number): Uint8Array {
    const { keys } = this.#index
    const id = this.#index.keyId(slot)
    return keys.bytes.slice(keys.keyAt(id), keys.keyAt(id) + keys.keyLength(id))
  }

  #sort(rows: TimedRow[], timeFirst: boolean): TimedRow[] {
    if (timeFirst) return rows.sort((a, b) => a.time - b.time || a.beside - b.beside || compareBytes(a.bytes, b.bytes))
    if (this.#persistent) return rows.sort((a, b) => this.#bySegments(a, b))
    const beside = this.#options.order === 'down' ? -1 : 1
    return rows.sort((a, b) => a.time - b.time || compareBytes(a.bytes, b.bytes) || beside * (a.beside - b.beside))
  }

  #bySegments(a: TimedRow, b: TimedRow): number {
    const keyOf = ({ bytes, time, beside }: TimedRow): Uint8Array => {
      const key = this.#layout.changelogKey({ bytes, at: 0, length: bytes.length }, time, beside)
      return key.slice(0, bytes.length + this.#layout.suffixBytes)
    }
    return this.#layout.segmentOf(a.time) - this.#layout.segmentOf(b.time) || compareBytes(keyOf(a), keyOf(b))
  }

  #observeLanded(time: number): void {
    this.#streamTime = Math.max(this.#streamTime, time)
    this.#flushedTime = this.#streamTime
    this.#landedTime = this.#streamTime
  }

  #loadPage(page: PackedRows): void {
    const { store } = this.#parts
    for (let i = 0; i < page.count; i++) {
      const span = this.#layout.readRowKey(page.bytes, page.keyAt[i]!, page.keyLength[i]!)
      this.#observeLanded(span.time)
      if (span.time < this.firstTime) continue
      this.#takeBytes(page.bytes, span)
      this.#addLanded(span, readRow<V>(store, page.bytes, page.valueAt[i]!, page.valueLength[i]!))
    }
  }

  /** Takes a key that is bytes already. */
  #takeBytes(bytes: Uint8Array, { at, length }: RowSpan): void {
    const hash = murmur2(bytes, at, at + length - (this.#parts.store.key.unhashedBytes ?? 0))
    Object.assign(this.#coder, { bytes, at, length, hash })
  }

  /** Takes note of a time; true when its entry isn't kept. Kafka Streams' persistent stores keep what belongs to a segment that is alive. */
  observe(time: number): boolean {
    const latest = Math.max(time, this.#streamTime)
    if (!this.#isCached) this.#streamTime = latest
    const first = this.#keptFrom(latest)
    return this.#persistent ? this.#layout.segmentOf(time) < this.#layout.segmentOf(first - 1) : time < first
  }

  told(slot: number): void {
    this.#streamTime = Math.max(this.#streamTime, this.#index.time(slot))
  }

  /** A slot for the coder's key. */
  #addSlot(time: number, beside: number): number {
    const slot = this.#index.add(this.#coder, time, beside)
    this.slots.add(slot, { value: undefined, timestamp: -1, known: false })
    return slot
  }

  /** A slot for the coder's key with a row that is in the engine. */
  #addLanded({ time, beside }: RowSpan, row: RowValue<V>): void {
    this.#options.loaded?.(beside)
    this.slots.add(this.#index.add(this.#coder, time, beside), { ...row, known: true })
  }

  #drop(slot: number): void {
    if (!this.slots.isLanded(slot)) return
    this.slots.forget(slot)
    this.free(slot)
  }
}
