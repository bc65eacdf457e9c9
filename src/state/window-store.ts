/**
 * Hot path. A window store in two levels: a table from key bytes to a short array of that key's windows in order of their starts, and a slot for each
 * window. What is retained is resident: opened over an engine that has rows, the store loads them. Expiry is strict, for reads and writes alike: a
 * window whose start is not above the store's own stream time less its retention isn't there; the store's time is the greatest start ever put (Kafka
 * Streams' rule for stores in memory). Windows are listed by start, then key bytes.
 */
import { compareBytes, readInt64 } from '../base/bytes.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Headers } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { Windowed } from '../model/window.ts'
import { ByteTable } from './byte-table.ts'
import type { KeyRange } from './engine.ts'
import { isIn, keyBounds, withPrefix } from './key-range.ts'
import type { StoreParts } from './key-value-store.ts'
import type { RowsBuilder } from './rows-builder.ts'
import { limited, rowsOf, scanOf } from './scan.ts'
import { decoded, readRow, rowBytes } from './row-values.ts'
import { SlotStore, type SlotKeys } from './slot-store.ts'
import { nullKey, storeClosed } from './store-errors.ts'
import { WINDOW_SUFFIX, WindowLayout } from './window-layout.ts'
import { WindowSegments } from './window-segments.ts'
import type { KeyRangeOptions, Scan, ScanOptions, TimeRange, WindowSlots, WindowStore, WindowStoreSpec } from './store-spec.ts'
import type { StoreLog } from './task-state.ts'

const NOTHING = new Uint8Array(0)
const LOAD_PAGE = { rows: 10_000, bytes: 1 << 20 }

/** A slot that stands for a window which isn't kept: writes to it vanish. */
const EXPIRED = -1

interface Row<K, V> {
  readonly key: K
  readonly bytes: Uint8Array
  readonly start: number
  readonly value: V
  readonly timestamp: number
}

/** A window store of one task. */
export class WindowCache<K, V> implements WindowSlots<K, V>, SlotKeys {
  readonly #parts: StoreParts
  readonly #spec: WindowStoreSpec<unknown, unknown>
  readonly #keys: ByteTable = new ByteTable()
  /** By key id: the key's slots in order of their starts. */
  readonly #windows: number[][] = []
  readonly #slots: SlotStore<V>
  readonly #coder: KeyCoder
  /** By slot: its key's id and its start. */
  #keyIds: Int32Array = new Int32Array(64)
  #starts: Float64Array = new Float64Array(64)
  readonly #free: number[] = []
  #end = 0
  /** Greatest start ever put, in ms; as of the last flush; and as of the last landing. */
  #streamTime = -1
  #flushedTime = -1
  #landedTime = -1
  readonly #layout: WindowLayout
  readonly #segments: WindowSegments
  #closed = false

  constructor(parts: StoreParts, spec: WindowStoreSpec<unknown, unknown>) {
    this.#parts = parts
    this.#spec = spec
    const { store, record, log, everyWrite } = parts
    this.#layout = new WindowLayout(parts.prefix, spec.retentionMs)
    this.#segments = new WindowSegments(this.#layout)
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
        const slot = this.#isExpired(start) ? EXPIRED : this.#located(start)
        return slot === EXPIRED ? undefined : this.#slots.value(slot)
      },
      put: (key, value, start, stamp) => {
        this.#mustBeOpen()
        this.set(this.find(key, start), value, stamp?.timestamp ?? this.#parts.record.timestamp, stamp?.headers)
      },
      fetch: (key, time, options) => this.#fetch(key, time, options),
      fetchAll: (options) => this.#fetchAll(options),
    }
  }

  find(key: K, start: number): number {
    this.#take(key)
    const found = this.#located(start)
    if (found !== EXPIRED) return found
    const slot = this.#addSlot(start)
    this.#slots.add(slot, { value: undefined, timestamp: -1, known: false })
    return slot
  }

  value(slot: number): V | undefined {
    return this.#isExpired(this.#starts[slot]!) ? undefined : this.#slots.value(slot)
  }

  timestamp(slot: number): number {
    return this.#slots.timestamp(slot)
  }

  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void {
    const start = this.#starts[slot]!
    if (start > this.#streamTime) this.#streamTime = start
    if (this.#isExpired(start)) return this.#parts.expired()
    this.#slots.set(slot, value, timestamp, headers)
  }

  prior(slot: number): V | undefined {
    return this.#slots.prior(slot)
  }

  key(slot: number): Windowed<K> {
    const start = this.#starts[slot]!
    return { key: this.#decodeKey(this.#keyIds[slot]!), window: this.#windowAt(start) }
  }

  onFlush(emit: Parameters<WindowSlots<K, V>['onFlush']>[0]): void {
    this.#slots.onFlush(emit)
  }

  /** Reads the memory that looking up these hashes will need. */
  touch(hashes: Int32Array, from: number, to: number): void {
    if (this.#parts.store.readBySourceKey) this.#keys.touch(hashes, from, to)
  }

  rowKey(slot: number, into: RowsBuilder): void {
    const id = this.#keyIds[slot]!
    const { bytes } = this.#keys
    this.#layout.rowKey({ bytes, at: this.#keys.keyAt(id), length: this.#keys.keyLength(id) }, this.#starts[slot]!, into)
  }

  logKey(slot: number, into: StoreLog): void {
    const id = this.#keyIds[slot]!
    const length = this.#keys.keyLength(id)
    const key = { bytes: this.#keys.bytes, at: this.#keys.keyAt(id), length }
    into.key(this.#layout.changelogKey(key, this.#starts[slot]!), 0, length + WINDOW_SUFFIX)
  }

  free(slot: number): void {
    const id = this.#keyIds[slot]!
    const windows = this.#windows[id]!
    const at = windows.indexOf(slot)
    if (at < 0) return
    windows.splice(at, 1)
    this.#segments.remove(slot, this.#starts[slot]!)
    this.#free.push(slot)
    if (windows.length === 0) this.#keys.remove(id)
  }

  /** Rolls back to what has landed, which is read again. */
  rollBack(): MaybePromise<void> {
    this.#slots.clear()
    this.#keys.clear()
    this.#segments.clear()
    this.#free.length = 0
    this.#end = 0
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
    const range = this.#segments.expired(this.#flushedTime - this.#spec.retentionMs + 1, (slot) => this.#drop(slot))
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
      const { at, length, start } = this.#layout.readRowKey(page.bytes, page.keyAt[i]!, page.keyLength[i]!)
      this.#observeLanded(start)
      if (this.#isExpired(start)) continue
      this.#takeBytes(page.bytes, at, length)
      const row = readRow<V>(store, page.bytes, page.valueAt[i]!, page.valueLength[i]!)
      this.#slots.add(this.#addSlot(start), { ...row, known: true })
    }
  }

  /** Takes a row of the changelog, whose value is as it was written; answers the start of its window, or undefined where it isn't kept. */
  restore(rows: PackedRows, row: number, timestamp: number): number | undefined {
    const { store } = this.#parts
    const at = rows.keyAt[row]!
    const length = rows.keyLength[row]! - WINDOW_SUFFIX
    if (length < 0) return undefined
    const start = readInt64(rows.bytes, at + length)
    this.#observeLanded(start)
    if (this.#isExpired(start)) return undefined
    this.#takeBytes(rows.bytes, at, length)
    const known = this.#located(start)
    if (known !== EXPIRED) {
      this.#slots.forget(known)
      this.free(known)
    }
    if (rows.valueLength[row]! >= 0) {
      const value = decoded<V>(store.value, rows.bytes, rows.valueAt[row]!, rows.valueLength[row]!)
      this.#slots.add(this.#addSlot(start), { value, timestamp, known: true })
    }
    return start
  }

  /** Starts a row of the engine for a changelog key with that start. */
  restoredKey(rows: PackedRows, row: number, start: number, into: RowsBuilder): void {
    this.#layout.rowKey({ bytes: rows.bytes, at: rows.keyAt[row]!, length: rows.keyLength[row]! - WINDOW_SUFFIX }, start, into)
  }

  /** Every retained window by start, then key bytes, with its row as the engine would hold it. */
  dump(): readonly { readonly key: Uint8Array; readonly start: number; readonly end: number; readonly value: Uint8Array }[] {
    return this.#rowsIn({}, {}).map(({ bytes, start, value, timestamp }) => {
      return { key: bytes, ...this.#windowAt(start), value: rowBytes(this.#parts.store, value, timestamp) }
    })
  }

  #fetch(key: K, time: TimeRange, options: ScanOptions = {}): Scan<[number, V]> {
    this.#mustBeOpen()
    this.#take(key)
    const id = this.#keyId()
    const slots = id < 0 ? [] : this.#windows[id]!
    const rows: [number, V][] = []
    for (const slot of slots) {
      const value = this.value(slot)
      if (value !== undefined && within(this.#starts[slot]!, time)) rows.push([this.#starts[slot]!, value])
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
    for (let id = 0; id < this.#keys.end; id++) {
      if (!this.#keys.has(id)) continue
      const at = this.#keys.keyAt(id)
      const bytes = this.#keys.bytes.slice(at, at + this.#keys.keyLength(id))
      if (!isIn(bytes, range)) continue
      const key = this.#decodeKey(id)
      for (const slot of this.#windows[id]!) {
        const start = this.#starts[slot]!
        const value = this.value(slot)
        if (value !== undefined && within(start, time)) rows.push({ key, bytes, start, value, timestamp: this.timestamp(slot) })
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

  /** The slot of the coder's key and a start. */
  #located(start: number): number {
    const id = this.#keyId()
    if (id < 0) return EXPIRED
    const slots = this.#windows[id]!
    for (let i = slots.length - 1; i >= 0; i--) {
      const found = this.#starts[slots[i]!]!
      if (found === start) return slots[i]!
      if (found < start) return EXPIRED
    }
    return EXPIRED
  }

  #keyId(): number {
    const { bytes, at, length, hash } = this.#coder
    return this.#keys.find(bytes, at, length, hash)
  }

  /** A slot for the coder's key and a start. */
  #addSlot(start: number): number {
    const { bytes, at, length, hash } = this.#coder
    let id = this.#keyId()
    if (id < 0) {
      id = this.#keys.add(bytes, at, length, hash)
      this.#windows[id] = []
    }
    const slot = this.#free.pop() ?? this.#end++
    if (slot >= this.#starts.length) this.#grow()
    this.#keyIds[slot] = id
    this.#starts[slot] = start
    const slots = this.#windows[id]!
    let place = slots.length
    while (place > 0 && this.#starts[slots[place - 1]!]! > start) place--
    slots.splice(place, 0, slot)
    this.#segments.add(slot, start)
    return slot
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
    return decoded<K>(this.#parts.store.key, this.#keys.bytes, this.#keys.keyAt(id), this.#keys.keyLength(id))
  }

  #grow(): void {
    const starts = new Float64Array(2 * this.#starts.length)
    starts.set(this.#starts)
    this.#starts = starts
    const keyIds = new Int32Array(2 * this.#keyIds.length)
    keyIds.set(this.#keyIds)
    this.#keyIds = keyIds
  }
}

function within(start: number, { from, to }: TimeRange): boolean {
  return (from === undefined || start >= from) && (to === undefined || start <= to)
}
