/**
 * Hot path. A window store: where its windows are (`window-index`), and a slot for each, or for each row where duplicates are kept. What is retained is resident: opened over an engine that has rows, the store loads them. Expiry is strict, for reads and writes alike: a
 * window whose start is not above the store's own stream time less its retention isn't there; the store's time is the greatest start ever put (Kafka
 * Streams' rule for stores in memory). Windows are listed by start, then key bytes.
 */
import { compareBytes } from '../base/bytes.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Headers } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { Windowed } from '../model/window.ts'
import type { KeyRange } from './engine.ts'
import { isIn, keyBounds, withPrefix } from './key-range.ts'
import type { StoreParts } from './key-value-store.ts'
import type { RowsBuilder } from './rows-builder.ts'
import { limited, rowsOf, scanOf } from './scan.ts'
import { decoded, readRow, rowBytes, type RowValue } from './row-values.ts'
import { SlotStore, type SlotKeys } from './slot-store.ts'
import { nullKey, storeClosed } from './store-errors.ts'
import { NO_SLOT, WindowIndex } from './window-index.ts'
import { readSuffix, WINDOW_SUFFIX, WindowLayout } from './window-layout.ts'
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
import type { StoreLog } from './task-state.ts'

const NOTHING = new Uint8Array(0)
const LOAD_PAGE = { rows: 10_000, bytes: 1 << 20 }

/** Numbers of rows begin anew behind it. */
const LAST_SEQUENCE = 0x7fff_ffff

interface Row<K, V> {
  readonly key: K
  readonly bytes: Uint8Array
  readonly start: number
  readonly value: V
  readonly timestamp: number
  readonly headers: Headers
}

/** A window store of one task. */
export class WindowCache<K, V> implements WindowSlots<K, V>, WindowRows<K, V>, SlotKeys {
  readonly #parts: StoreParts
  readonly #spec: WindowStoreSpec<unknown, unknown>
  readonly #index: WindowIndex
  readonly #slots: SlotStore<V>
  readonly #coder: KeyCoder
  /** The number of the last row of a store that keeps duplicates; 0 in others. */
  #sequence = 0
  /** Greatest start ever put, in ms; as of the last flush; and as of the last landing. */
  #streamTime = -1
  #flushedTime = -1
  #landedTime = -1
  readonly #layout: WindowLayout
  readonly #keepsDuplicates: boolean
  #closed = false

  constructor(parts: StoreParts, spec: WindowStoreSpec<unknown, unknown>) {
    this.#parts = parts
    this.#spec = spec
    this.#keepsDuplicates = spec.duplicates === true
    const { store, record, log, everyWrite } = parts
    this.#layout = new WindowLayout(parts.prefix, spec.retentionMs)
    this.#index = new WindowIndex(this.#layout)
    this.#slots = new SlotStore<V>({ store, record, log, everyWrite, keys: this })
    this.#coder = new KeyCoder({
      serde: store.key,
      record,
      topic: store.changelog?.topic ?? store.name,
      isSourceSerde: () => store.readBySourceKey,
    })
  }

  /** Flush, landing and roll-back. */
  get slots(): SlotStore<V> {
    return this.#slots
  }

  /** The face that user code holds. */
  face(): WindowStore<K, V> {
    return {
      get: (key, start) => {
        this.#mustBeOpen()
        this.#take(key)
        // Where duplicates are kept no row is the one of a key and start.
        const slot = this.#isExpired(start) || this.#keepsDuplicates ? NO_SLOT : this.#index.find(this.#coder, start, 0)
        return slot === NO_SLOT ? undefined : this.#slots.value(slot)
      },
      put: (key, value, start, stamp) => {
        this.#mustBeOpen()
        const timestamp = stamp?.timestamp ?? this.#parts.record.timestamp
        if (this.#keepsDuplicates) this.append(key, value, { start, timestamp, headers: stamp?.headers })
        else this.set(this.find(key, start), value, timestamp, stamp?.headers)
      },
      fetch: (key, time, options) => this.#fetch(key, time, options),
      fetchAll: (options) => this.#fetchAll(options),
    }
  }

  find(key: K, start: number): number {
    this.#take(key)
    const found = this.#index.find(this.#coder, start, 0)
    return found === NO_SLOT ? this.#addSlot(start, 0) : found
  }

  value(slot: number): V | undefined {
    return this.#isExpired(this.#index.start(slot)) ? undefined : this.#slots.value(slot)
  }

  timestamp(slot: number): number {
    return this.#slots.timestamp(slot)
  }

  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void {
    if (this.#observe(this.#index.start(slot))) return this.#parts.expired()
    this.#slots.set(slot, value, timestamp, headers)
  }

  append(key: K, value: V | null, { start, timestamp, headers }: AppendedRow): void {
    this.#take(key)
    this.#sequence = (this.#sequence + 1) & LAST_SEQUENCE
    const late = this.#observe(start)
    if (late) this.#parts.expired()
    if (!late && value !== null) this.#slots.set(this.#addSlot(start, this.#sequence), value, timestamp, headers)
    // Kafka Streams tells its changelog of rows that it doesn't keep, too.
    else this.#slots.logOnly(value, { timestamp, headers }, (log) => this.#index.writeKey(this.#coder, start, this.#sequence, log))
  }

  matches(key: K, from: number, to: number, into: Matches<V>): void {
    this.#take(key)
    into.count = 0
    const slots = this.#index.of(this.#coder)
    const least = Math.max(from, this.#streamTime - this.#spec.retentionMs + 1)
    let at = slots.length
    while (at > 0 && this.#index.start(slots[at - 1]!) >= least) at--
    for (; at < slots.length; at++) {
      const slot = slots[at]!
      const start = this.#index.start(slot)
      if (start > to) return
      into.starts[into.count] = start
      into.values[into.count++] = this.#slots.value(slot)
    }
  }

  prior(slot: number): V | undefined {
    return this.#slots.prior(slot)
  }

  key(slot: number): Windowed<K> {
    return { key: this.#decodeKey(this.#index.keyId(slot)), window: this.#windowAt(this.#index.start(slot)) }
  }

  onFlush(emit: Parameters<WindowSlots<K, V>['onFlush']>[0]): void {
    this.#slots.onFlush(emit)
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
    this.#slots.clear()
    this.#index.clear()
    this.#streamTime = this.#landedTime
    return this.load(this.#landedTime)
  }

  /** All writes so far were flushed: they land next. */
  flushed(): void {
    this.#flushedTime = this.#streamTime
  }

  /** What was flushed has landed. */
  landed(): void {
    this.#slots.landed()
    this.#landedTime = this.#flushedTime
  }

  /** Ranges of the engine whose windows are all expired as of the last flush; their resident entries go with them. */
  expiredRanges(): readonly KeyRange[] {
    const range = this.#index.expired(this.#flushedTime - this.#spec.retentionMs + 1, (slot) => this.#drop(slot))
    return range === undefined ? [] : [range]
  }

  /** Greatest start ever put, in ms, as of the last flush; −1: none. */
  get flushedTime(): number {
    return this.#flushedTime
  }

  /** The face refuses from now on. */
  close(): void {
    this.#closed = true
  }

  /** Makes resident what the engine has; `streamTime` is what the store had seen then. */
  load(streamTime: number): MaybePromise<void> {
    this.#observeLanded(streamTime)
    const { engine, prefix } = this.#parts
    const cursor = engine.cursor(withPrefix({ from: NOTHING }, prefix))
    const readOn = (page: PackedRows): MaybePromise<void> => {
      if (page.count === 0) return cursor.close()
      this.#loadPage(page)
      return chain(cursor.next(LOAD_PAGE), readOn)
    }
    return chain(cursor.next(LOAD_PAGE), readOn)
  }

  #observeLanded(start: number): void {
    this.#streamTime = Math.max(this.#streamTime, start)
    this.#flushedTime = this.#streamTime
    this.#landedTime = this.#streamTime
  }

  #loadPage(page: PackedRows): void {
    const { store } = this.#parts
    for (let i = 0; i < page.count; i++) {
      const { at, length, start, sequence } = this.#layout.readRowKey(page.bytes, page.keyAt[i]!, page.keyLength[i]!)
      this.#observeLanded(start)
      if (this.#isExpired(start)) continue
      this.#takeBytes(page.bytes, at, length)
      const row = readRow<V>(store, page.bytes, page.valueAt[i]!, page.valueLength[i]!)
      this.#addLanded(start, sequence, row)
    }
  }

  /** Takes a row of the changelog, whose value is as it was written; false where its window isn't kept. */
  restore(rows: PackedRows, row: number, timestamp: number): boolean {
    const { store } = this.#parts
    const at = rows.keyAt[row]!
    const length = rows.keyLength[row]! - WINDOW_SUFFIX
    if (length < 0) return false
    const { start, sequence } = readSuffix(rows.bytes, at + length)
    this.#observeLanded(start)
    if (this.#isExpired(start)) return false
    this.#takeBytes(rows.bytes, at, length)
    const known = this.#index.find(this.#coder, start, sequence)
    if (known !== NO_SLOT) {
      this.#slots.forget(known)
      this.free(known)
    }
    if (rows.valueLength[row]! >= 0) {
      const value = decoded<V>(store.value, rows.bytes, rows.valueAt[row]!, rows.valueLength[row]!)
      this.#addLanded(start, sequence, { value, timestamp })
    }
    return true
  }

  /** Starts a row of the engine for a key of the changelog. */
  restoredKey(rows: PackedRows, row: number, into: RowsBuilder): void {
    this.#index.restoredKey(rows, row, into)
  }

  /** Every retained window by start, then key bytes, with its row as the engine would hold it. */
  dump(): readonly { readonly key: Uint8Array; readonly start: number; readonly end: number; readonly value: Uint8Array }[] {
    return this.#rowsIn({}, {}).map(({ bytes, start, ...row }) => {
      return { key: bytes, ...this.#windowAt(start), value: rowBytes(this.#parts.store, row) }
    })
  }

  #fetch(key: K, time: TimeRange, options: ScanOptions = {}): Scan<[number, V]> {
    this.#mustBeOpen()
    this.#take(key)
    const rows: [number, V][] = []
    for (const slot of this.#index.of(this.#coder)) {
      const value = this.value(slot)
      const start = this.#index.start(slot)
      if (value !== undefined && within(start, time)) rows.push([start, value])
    }
    return scanOf(limited(rowsOf(options.reverse === true ? rows.reverse() : rows), options.limit), this.#parts.store.name)
  }

  #fetchAll(options: KeyRangeOptions<K> & { readonly time?: TimeRange } = {}): Scan<[Windowed<K>, V]> {
    this.#mustBeOpen()
    const rows = this.#rowsIn(options, options.time ?? {}).map(({ key, start, value }): [Windowed<K>, V] => [
      { key, window: this.#windowAt(start) },
      value,
    ])
    return scanOf(limited(rowsOf(options.reverse === true ? rows.reverse() : rows), options.limit), this.#parts.store.name)
  }

  #rowsIn(options: KeyRangeOptions<K>, time: TimeRange): Row<K, V>[] {
    const range = keyBounds(options, (key: K) => this.#bytesOf(key))
    const rows: Row<K, V>[] = []
    const { keys } = this.#index
    for (let id = 0; id < keys.end; id++) {
      if (!keys.has(id)) continue
      const at = keys.keyAt(id)
      const bytes = keys.bytes.slice(at, at + keys.keyLength(id))
      if (!isIn(bytes, range)) continue
      const key = this.#decodeKey(id)
      for (const slot of this.#index.ofId(id)) {
        const start = this.#index.start(slot)
        const value = this.value(slot)
        if (value === undefined || !within(start, time)) continue
        rows.push({ key, bytes, start, value, timestamp: this.timestamp(slot), headers: this.#slots.headers(slot) })
      }
    }
    return rows.sort((a, b) => a.start - b.start || compareBytes(a.bytes, b.bytes))
  }

  #take(key: K): void {
    this.#coder.take(key)
    if (this.#coder.length < 0) throw nullKey(this.#parts.store.name)
  }

  /** Takes a key that is bytes already. */
  #takeBytes(bytes: Uint8Array, at: number, length: number): void {
    const hash = murmur2(bytes, at, at + length - (this.#parts.store.key.unhashedBytes ?? 0))
    Object.assign(this.#coder, { bytes, at, length, hash })
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeClosed(this.#parts.store.name)
  }

  #bytesOf(key: K): Uint8Array {
    this.#take(key)
    return this.#coder.bytes.slice(this.#coder.at, this.#coder.at + this.#coder.length)
  }

  #isExpired(start: number): boolean {
    return start <= this.#streamTime - this.#spec.retentionMs
  }

  /** Takes note of a start; true when its window isn't kept. */
  #observe(start: number): boolean {
    if (start > this.#streamTime) this.#streamTime = start
    return this.#isExpired(start)
  }

  /** A slot for the coder's key and a start. */
  #addSlot(start: number, sequence: number): number {
    const slot = this.#index.add(this.#coder, start, sequence)
    this.#slots.add(slot, { value: undefined, timestamp: -1, known: false })
    return slot
  }

  /** A slot for the coder's key with a row that is in the engine. New rows come behind its number. */
  #addLanded(start: number, sequence: number, row: RowValue<V>): void {
    this.#sequence = Math.max(this.#sequence, sequence)
    this.#slots.add(this.#index.add(this.#coder, start, sequence), { ...row, known: true })
  }

  #drop(slot: number): void {
    if (!this.#slots.isLanded(slot)) return
    this.#slots.forget(slot)
    this.free(slot)
  }

  #windowAt(start: number): { readonly start: number; readonly end: number } {
    return { start, end: Math.min(start + this.#spec.sizeMs, Number.MAX_SAFE_INTEGER) }
  }

  #decodeKey(id: number): K {
    const { keys } = this.#index
    return decoded<K>(this.#parts.store.key, keys.bytes, keys.keyAt(id), keys.keyLength(id))
  }
}

function within(start: number, { from, to }: TimeRange): boolean {
  return (from === undefined || start >= from) && (to === undefined || start <= to)
}
