/**
 * Hot path. A window store in two levels: a table from key bytes to a short array of that key's windows in order of their starts, and a slot for each
 * window. What is retained is resident. Expiry is strict, for reads and writes alike: a window whose start is not above the store's own stream time
 * less its retention isn't there; the store's time is the greatest start ever put (Kafka Streams' rule for stores in memory). Windows are listed by
 * start, then key bytes.
 */
import { compareBytes, concatBytes, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Headers } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { Windowed } from '../model/window.ts'
import { ByteTable } from './byte-table.ts'
import type { KeyRange } from './engine.ts'
import { typed, type StoreParts } from './key-value-store.ts'
import type { RowsBuilder } from './rows-builder.ts'
import { limited, rowsOf, scanOf } from './scan.ts'
import { rowBytes, SlotStore, type SlotKeys } from './slot-store.ts'
import type { KeyRangeOptions, Scan, ScanOptions, Stamp, TimeRange, WindowSlots, WindowStore, WindowStoreSpec } from './store-spec.ts'
import type { StoreLog } from './task-state.ts'

/** Start of a window, 8 bytes, and sequence, 4: what follows the key in changelogs (Kafka Streams' WindowKeySchema). */
const SUFFIX = 12
const SEGMENT_BYTES = 6
const SMALLEST_SEGMENT_MS = 60_000

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
  /** Greatest start ever put, in ms. */
  #streamTime = -1
  readonly #segmentMs: number
  readonly #segments: Map<number, Set<number>> = new Map()
  #droppedTo = -1
  readonly #suffix: Uint8Array = new Uint8Array(SUFFIX)
  #scratch: Uint8Array = new Uint8Array(256)

  constructor(parts: StoreParts, spec: WindowStoreSpec<unknown, unknown>) {
    this.#parts = parts
    this.#spec = spec
    const { store, record, log, everyWrite } = parts
    this.#segmentMs = Math.max(Math.floor(spec.retentionMs / 2), SMALLEST_SEGMENT_MS)
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
        const slot = this.#isExpired(start) ? EXPIRED : this.#locate(key, start)
        return slot === EXPIRED ? undefined : this.#slots.value(slot)
      },
      put: (key, value, start, stamp) => this.#put({ key, value, start }, stamp),
      fetch: (key, time, options) => this.#fetch(key, time, options),
      fetchAll: (options) => this.#fetchAll(options),
    }
  }

  find(key: K, start: number): number {
    this.#coder.take(key)
    const found = this.#located(start)
    return found === EXPIRED ? this.#add(start) : found
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
    if (this.#isExpired(start)) {
      this.#parts.expired()
      return
    }
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
    const { prefix } = this.#parts
    const id = this.#keyIds[slot]!
    into.startKey()
    into.addToKey(prefix, 0, prefix.length)
    into.addToKey(segmentBytes(this.#segmentOf(this.#starts[slot]!)), 0, SEGMENT_BYTES)
    into.addToKey(this.#keys.bytes, this.#keys.keyAt(id), this.#keys.keyLength(id))
    into.addToKey(this.#suffixOf(this.#starts[slot]!), 0, SUFFIX)
  }

  logKey(slot: number, into: StoreLog): void {
    const id = this.#keyIds[slot]!
    const length = this.#keys.keyLength(id)
    if (length + SUFFIX > this.#scratch.length) this.#scratch = new Uint8Array(2 * (length + SUFFIX))
    const at = this.#keys.keyAt(id)
    const { bytes } = this.#keys
    for (let i = 0; i < length; i++) this.#scratch[i] = bytes[at + i]!
    this.#scratch.set(this.#suffixOf(this.#starts[slot]!), length)
    into.key(this.#scratch, 0, length + SUFFIX)
  }

  free(slot: number): void {
    const id = this.#keyIds[slot]!
    const windows = this.#windows[id]!
    const at = windows.indexOf(slot)
    if (at < 0) return
    windows.splice(at, 1)
    this.#segments.get(this.#segmentOf(this.#starts[slot]!))?.delete(slot)
    this.#free.push(slot)
    if (windows.length === 0) this.#keys.remove(id)
  }

  /** Rolls back to what has landed. */
  rollBack(): void {
    this.#slots.rollBack()
  }

  /** Ranges of the engine whose windows are all expired, once each; their resident entries go with them. */
  expiredRanges(): readonly KeyRange[] {
    const last = this.#segmentOf(Math.max(0, this.#streamTime - this.#spec.retentionMs + 1)) - 1
    if (last <= this.#droppedTo) return []
    const { prefix } = this.#parts
    const range: KeyRange = {
      from: concatBytes(prefix, segmentBytes(this.#droppedTo + 1)),
      to: concatBytes(prefix, segmentBytes(last + 1)),
    }
    for (const [segment, slots] of this.#segments) {
      if (segment > last) continue
      for (const slot of slots) this.#drop(slot)
      if (slots.size === 0) this.#segments.delete(segment)
    }
    this.#droppedTo = last
    return [range]
  }

  /** Takes rows of the changelog: key, start and sequence, with values as they were written. */
  restore(rows: PackedRows, timestampOf: (row: number) => number): void {
    for (let i = 0; i < rows.count; i++) {
      const at = rows.keyAt[i]!
      const length = rows.keyLength[i]! - SUFFIX
      if (length < 0) continue
      const start = readInt64(rows.bytes, at + length)
      if (start > this.#streamTime) this.#streamTime = start
      if (this.#isExpired(start)) continue
      this.#coder.take(this.#read(this.#parts.store.key, rows.bytes, at, length))
      const known = this.#located(start)
      if (known !== EXPIRED) {
        this.#slots.forget(known)
        this.free(known)
      }
      if (rows.valueLength[i]! < 0) continue
      const value = this.#read(this.#parts.store.value, rows.bytes, rows.valueAt[i]!, rows.valueLength[i]!)
      this.#slots.add(this.#addSlot(start), { value: typed<V>(value), timestamp: timestampOf(i), known: true })
    }
  }

  /** Every retained window by start, then key bytes, with its row as the engine would hold it. */
  dump(plain: boolean): readonly { readonly key: Uint8Array; readonly start: number; readonly end: number; readonly value: Uint8Array }[] {
    return this.#rowsIn({}, {}).map(({ bytes, start, value, timestamp }) => {
      return { key: bytes, ...this.#windowAt(start), value: rowBytes({ serde: this.#parts.store.value, plain }, value, timestamp) }
    })
  }

  #put(
    { key, value, start }: { readonly key: K; readonly value: V | null; readonly start: number },
    stamp: Partial<Stamp> | undefined,
  ): void {
    this.set(this.find(key, start), value, stamp?.timestamp ?? this.#parts.record.timestamp, stamp?.headers)
  }

  #fetch(key: K, time: TimeRange, options: ScanOptions = {}): Scan<[number, V]> {
    this.#coder.take(key)
    const id = this.#keyId()
    const slots = id < 0 ? [] : this.#windows[id]!
    const rows = slots.flatMap((slot): [number, V][] => {
      const start = this.#starts[slot]!
      const value = this.value(slot)
      return value === undefined || !within(start, time) ? [] : [[start, value]]
    })
    return scanOf(limited(rowsOf(options.reverse === true ? rows.reverse() : rows), options.limit), this.#parts.store.name)
  }

  #fetchAll(options: KeyRangeOptions<K> & { readonly time?: TimeRange } = {}): Scan<[Windowed<K>, V]> {
    const rows = this.#rowsIn(options, options.time ?? {}).map(({ key, start, value }): [Windowed<K>, V] => [
      { key, window: this.#windowAt(start) },
      value,
    ])
    return scanOf(limited(rowsOf(options.reverse === true ? rows.reverse() : rows), options.limit), this.#parts.store.name)
  }

  #rowsIn({ from, to }: KeyRangeOptions<K>, time: TimeRange): Row<K, V>[] {
    const first = from === undefined ? undefined : this.#bytesOf(from)
    const last = to === undefined ? undefined : this.#bytesOf(to)
    const rows: Row<K, V>[] = []
    for (let id = 0; id < this.#keys.end; id++) {
      if (!this.#keys.has(id)) continue
      const at = this.#keys.keyAt(id)
      const bytes = this.#keys.bytes.slice(at, at + this.#keys.keyLength(id))
      if ((first !== undefined && compareBytes(bytes, first) < 0) || (last !== undefined && compareBytes(bytes, last) > 0)) continue
      const key = this.#decodeKey(id)
      for (const slot of this.#windows[id]!) {
        const start = this.#starts[slot]!
        const value = this.value(slot)
        if (value !== undefined && within(start, time)) rows.push({ key, bytes, start, value, timestamp: this.timestamp(slot) })
      }
    }
    return rows.sort((a, b) => a.start - b.start || compareBytes(a.bytes, b.bytes))
  }

  #bytesOf(key: K): Uint8Array {
    this.#coder.take(key)
    return this.#coder.bytes.slice(this.#coder.at, this.#coder.at + this.#coder.length)
  }

  #isExpired(start: number): boolean {
    return start <= this.#streamTime - this.#spec.retentionMs
  }

  #locate(key: K, start: number): number {
    this.#coder.take(key)
    return this.#located(start)
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

  /** A slot for the coder's key and a start, absent so far. */
  #add(start: number): number {
    const slot = this.#addSlot(start)
    this.#slots.add(slot, { value: undefined, timestamp: -1, known: false })
    return slot
  }

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
    const segment = this.#segmentOf(start)
    const members = this.#segments.get(segment)
    if (members === undefined) this.#segments.set(segment, new Set([slot]))
    else members.add(slot)
    return slot
  }

  #drop(slot: number): void {
    if (!this.#slots.isLanded(slot)) return
    this.#slots.forget(slot)
    this.free(slot)
  }

  #segmentOf(start: number): number {
    return Math.floor(start / this.#segmentMs)
  }

  #suffixOf(start: number): Uint8Array {
    writeInt64(this.#suffix, 0, start)
    writeInt32(this.#suffix, 8, 0)
    return this.#suffix
  }

  #windowAt(start: number): { readonly start: number; readonly end: number } {
    return { start, end: Math.min(start + this.#spec.sizeMs, Number.MAX_SAFE_INTEGER) }
  }

  #decodeKey(id: number): K {
    return typed<K>(this.#read(this.#parts.store.key, this.#keys.bytes, this.#keys.keyAt(id), this.#keys.keyLength(id)))
  }

  #read(serde: StoreParts['store']['key'], bytes: Uint8Array, at: number, length: number): unknown {
    return serde.read === undefined ? serde.deserialize(bytes.slice(at, at + length)) : serde.read(bytes, at, length)
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

function segmentBytes(segment: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeInt64(bytes, 0, segment)
  return bytes.subarray(2)
}
