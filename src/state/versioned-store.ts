/**
 * A versioned store: for each key its newest value, and what it was before, as far back as `historyMs` of the store's own stream time. Keys are resident
 * with their whole history or not at all; a miss reads the key's rows from the engine, unless the store was made empty and never let one go. Values are
 * kept as bytes, so no version shares an object with another one or with a user. Every put is logged in order, rejected ones too where every write is:
 * replaying them gives the same store. Versions go by segments of time, as Kafka Streams' do: when the segment their end falls into is behind the history;
 * a key's are looked through when it is written, and some more at each flush. Those of keys that aren't resident stay until they are read.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { StoreParts } from './key-value-store.ts'
import type { HashedRows } from './row-keys.ts'
import { decoded } from './row-values.ts'
import { RowsBuilder } from './rows-builder.ts'
import { rowsOf, limited, scanOf } from './scan.ts'
import { nullKey, storeClosed } from './store-errors.ts'
import type { Scan, ScanOptions, TimeRange, Versioned, VersionedKeyValueStore, VersionedSlots, VersionedStoreSpec } from './store-spec.ts'
import type { TaskStore } from './task-store.ts'
import { VersionLayout } from './version-layout.ts'
import { versionAt, versionSegmentMs, type Version } from './version-list.ts'
import { VersionTable } from './version-table.ts'

const NOTHING = new Uint8Array(0)
const LOAD_PAGE = { rows: 1_000, bytes: 1 << 18 }
/** Keys that each flush looks through for versions that are over. */
const SWEPT = 1_000

interface Put {
  readonly slot: number
  readonly from: number
  readonly bytes: Uint8Array | null
}

/** A versioned store of one task. A slot is a key's number. */
export class VersionedCache<K, V> implements TaskStore, VersionedSlots<K, V> {
  readonly #parts: StoreParts
  readonly #historyMs: number
  readonly #segmentMs: number
  readonly #table: VersionTable
  readonly #coder: KeyCoder
  readonly #layout: VersionLayout
  /** Greatest version ever put, in ms; as of the last flush; and as of the last landing. */
  #streamTime = -1
  #flushedTime = -1
  #landedTime = -1
  /** By slot: the times of versions that changed since the last flush. */
  readonly #changed: Map<number, Set<number>> = new Map()
  /** What the next flush logs, in order. */
  #puts: Put[] = []
  #pending: RowsBuilder = new RowsBuilder()
  readonly #pendingSlots: Set<number> = new Set()
  /** True while a miss means absent. */
  #complete = true
  #sweeper = 0
  #closed = false
  written: number | undefined = undefined

  constructor(parts: StoreParts, spec: VersionedStoreSpec<unknown, unknown>) {
    this.#parts = parts
    this.#historyMs = spec.historyMs
    this.#segmentMs = spec.segmentMs ?? versionSegmentMs(spec.historyMs)
    this.#layout = new VersionLayout(parts.prefix)
    const { store, record } = parts
    this.#table = new VersionTable(store.key.unhashedBytes ?? 0)
    const topic = store.changelog?.topic ?? store.name
    this.#coder = new KeyCoder({ serde: store.key, record, topic, isSourceSerde: () => store.readBySourceKey })
  }

  /** The face that user code holds. */
  face(): VersionedKeyValueStore<K, V> {
    return {
      get: (key, asOf) => this.#read(key, (slot) => (asOf === undefined ? this.#newest(slot) : this.at(slot, asOf))),
      put: (key, value, version) => this.#write(key, (slot) => this.putAt(slot, value, version)),
      delete: (key, version) =>
        this.#write(key, (slot) => {
          const before = this.#isTooOld(version) ? undefined : this.at(slot, version)
          this.putAt(slot, null, version)
          return before
        }),
      history: (key, time, options) => this.#history(key, time, options),
    }
  }

  find(key: K): MaybePromise<number> {
    return this.#write(key, (slot) => slot)
  }

  value(slot: number): V | undefined {
    const bytes = this.#table.list(slot).at(-1)?.bytes
    return bytes === undefined || bytes === null ? undefined : this.#decoded(bytes)
  }

  timestamp(slot: number): number {
    return this.#table.list(slot).at(-1)?.from ?? -1
  }

  set(slot: number, value: V | null, timestamp: number): void {
    this.written = this.putAt(slot, value, timestamp)
  }

  putAt(slot: number, value: V | null, version: number): number | undefined {
    // Plain JavaScript may say undefined where it means null.
    const bytes = value === null || value === undefined ? null : this.#parts.store.value.serialize(value).slice()
    const { everyWrite, log } = this.#parts
    const isTooOld = this.#isTooOld(version)
    if (log !== undefined && (everyWrite || !isTooOld)) {
      const put = { slot, from: version, bytes }
      if (everyWrite) this.#log(put)
      else this.#puts.push(put)
    }
    if (isTooOld) {
      this.#parts.expired()
      return undefined
    }
    return this.#put(slot, version, bytes)
  }

  at(slot: number, asOf: number): Versioned<V> | undefined {
    const list = this.#table.list(slot)
    const index = versionAt(list, asOf)
    // Too far back nothing is answered but what holds until today.
    return this.#isTooOld(asOf) && index !== list.length - 1 ? undefined : this.#versioned(list, index)
  }

  /** Kept by its own stores only: a versioned store tells every update at once. */
  prior(): undefined {
    return undefined
  }

  onFlush(): void {
    // Nothing waits for a flush.
  }

  key(slot: number): K {
    const { bytes, at, length } = this.#table.key(slot)
    return decoded<K>(this.#parts.store.key, bytes, at, length)
  }

  get isDirty(): boolean {
    return this.#changed.size > 0
  }

  get unlanded(): number {
    return this.#changed.size + this.#pending.count
  }

  get live(): number {
    return this.#table.versions
  }

  get flushedTime(): number {
    return this.#flushedTime
  }

  /** Keys and versions that are resident. */
  get resident(): number {
    return this.#table.size
  }

  flush(): void {
    for (let left = Math.min(SWEPT, this.#table.end); left > 0; left--) {
      this.#sweeper = this.#sweeper + 1 < this.#table.end ? this.#sweeper + 1 : 0
      if (this.#table.has(this.#sweeper)) this.#expire(this.#sweeper)
    }
    for (const put of this.#puts) this.#log(put)
    this.#puts = []
    for (const slot of this.#changed.keys()) {
      this.#writeRows(slot, this.#pending)
      this.#pendingSlots.add(slot)
    }
    this.#changed.clear()
    this.#flushedTime = this.#streamTime
  }

  pendingRows(): RowsBuilder | undefined {
    return this.#pending.count === 0 ? undefined : this.#pending
  }

  landed(): void {
    for (const slot of this.#pendingSlots) if (this.#table.list(slot).length === 0 && !this.#changed.has(slot)) this.#table.forget(slot)
    this.#pendingSlots.clear()
    this.#pending = new RowsBuilder()
    this.#landedTime = this.#flushedTime
  }

  rollBack(): void {
    this.#table.clear()
    this.#changed.clear()
    this.#puts = []
    this.#pending = new RowsBuilder()
    this.#pendingSlots.clear()
    this.load(this.#landedTime)
  }

  load(streamTime: number): void {
    this.#complete = false
    this.#observed(streamTime)
  }

  /** Lets keys go until at most so many rows are resident: clean ones that weren't used since the hand came by. */
  evict(most: number): void {
    const any = this.#table.evict(most, (slot) => !this.#changed.has(slot) && !this.#pendingSlots.has(slot))
    if (any) this.#complete = false
  }

  touch(hashes: Int32Array, from: number, to: number): void {
    if (this.#parts.store.readBySourceKey) this.#table.touch(hashes, from, to)
  }

  /** Reads the keys of these rows that aren't resident, so that looking them up needn't wait. */
  prefetch(rows: HashedRows, from: number, to: number): MaybePromise<void> {
    const { engine, store } = this.#parts
    return engine.persistent && store.readBySourceKey ? this.makeResident(rows, from, to) : undefined
  }

  /** Makes the keys of these rows resident. */
  makeResident(rows: PackedRows, from: number, to: number): MaybePromise<void> {
    if (this.#complete) return undefined
    const waiting: Promise<number>[] = []
    for (let row = from; row < to; row++) {
      const at = rows.keyAt[row]!
      const length = rows.keyLength[row]!
      if (length < 0) continue
      if (this.#table.find(rows.bytes, at, length) >= 0) continue
      const loading = this.#load(rows.bytes.slice(at, at + length), (loaded) => loaded)
      if (loading instanceof Promise) waiting.push(loading)
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined)
  }

  /** Takes a row of the changelog, whose key is resident. */
  restore(rows: PackedRows, row: number, timestamp: number, into: RowsBuilder): void {
    if (this.#isTooOld(timestamp)) return
    const at = rows.keyAt[row]!
    const length = rows.keyLength[row]!
    const known = this.#table.find(rows.bytes, at, length)
    const slot = known >= 0 ? known : this.#table.add(rows.bytes.slice(at, at + length))
    const valueAt = rows.valueAt[row]!
    const valueLength = rows.valueLength[row]!
    this.#put(slot, timestamp, valueLength < 0 ? null : rows.bytes.slice(valueAt, valueAt + valueLength))
    this.#writeRows(slot, into)
    this.#changed.delete(slot)
    this.#observed(this.#streamTime)
  }

  /** Every value that is still held, by key bytes, oldest first; `to` is null for the newest. */
  dump(): readonly { readonly key: Uint8Array; readonly from: number; readonly to: number | null; readonly value: Uint8Array }[] {
    return this.#table.sorted().flatMap(({ key, list }) =>
      list.flatMap(({ from, bytes }, i) => {
        const to = list[i + 1]?.from ?? null
        return bytes === null || (to !== null && this.#isOver(to)) ? [] : [{ key, from, to, value: bytes }]
      }),
    )
  }

  close(): void {
    this.#closed = true
  }

  #put(slot: number, from: number, bytes: Uint8Array | null): number {
    if (from > this.#streamTime) this.#streamTime = from
    this.#expire(slot)
    return this.#table.put(slot, { from, bytes }, this.#changes(slot))
  }

  #expire(slot: number): void {
    this.#table.expire(slot, (end) => this.#isOver(end), this.#changes(slot))
  }

  #changes(slot: number): (from: number) => void {
    return (from) => {
      const times = this.#changed.get(slot)
      if (times === undefined) this.#changed.set(slot, new Set([from]))
      else times.add(from)
    }
  }

  #writeRows(slot: number, into: RowsBuilder): void {
    const list = this.#table.list(slot)
    const key = this.#table.key(slot)
    for (const from of this.#changed.get(slot) ?? []) {
      const version = list[versionAt(list, from)]
      this.#layout.write(key, from, version?.from === from ? version : undefined, into)
    }
  }

  #log({ slot, from, bytes }: Put): void {
    const log = this.#parts.log!
    log.begin(from)
    const key = this.#table.key(slot)
    log.key(key.bytes, key.at, key.length)
    log.value(bytes ?? NOTHING, 0, bytes?.length ?? -1)
    log.end(undefined)
  }

  #observed(time: number): void {
    this.#streamTime = time
    this.#flushedTime = time
    this.#landedTime = time
  }

  #isTooOld(time: number): boolean {
    return time < this.#streamTime - this.#historyMs
  }

  /** Whether what ended then is forgotten: its segment is behind that of the history's begin. */
  #isOver(end: number): boolean {
    return Math.floor(end / this.#segmentMs) < Math.trunc((this.#streamTime - this.#historyMs) / this.#segmentMs)
  }

  #newest(slot: number): Versioned<V> | undefined {
    const list = this.#table.list(slot)
    return this.#versioned(list, list.length - 1)
  }

  #versioned(list: readonly Version[], index: number): Versioned<V> | undefined {
    const found = list[index]
    if (found === undefined || found.bytes === null) return undefined
    return { value: this.#decoded(found.bytes), validFrom: found.from, validTo: list[index + 1]?.from ?? Number.POSITIVE_INFINITY }
  }

  #history(key: K, { from = 0, to = Number.POSITIVE_INFINITY }: TimeRange, options: ScanOptions = {}): Scan<Versioned<V>> {
    const found = this.#read(key, (slot) => {
      const list = this.#table.list(slot)
      const rows = list.map((_, i) => this.#versioned(list, i)).filter((row) => row !== undefined)
      const held = rows.filter(({ validFrom, validTo }) => validFrom <= to && validTo > from && !this.#isTooOld(validTo - 1))
      return rowsOf(options.reverse === true ? held.reverse() : held)
    })
    const source = { next: () => chain(found, (rows) => rows?.next()), close: () => undefined }
    return scanOf(limited(source, options.limit), this.#parts.store.name)
  }

  /** What `answer` makes of the key's slot, in the turn in which it is resident; undefined: it has none. */
  #read<R>(key: K, answer: (slot: number) => R): MaybePromise<R | undefined> {
    const slot = this.#found(key)
    return slot < 0 && this.#complete ? undefined : this.#located(slot, answer)
  }

  /** The same for a key that is added if it is absent. */
  #write<R>(key: K, answer: (slot: number) => R): MaybePromise<R> {
    return this.#located(this.#found(key), answer)
  }

  /** The slot of a key, which the coder holds from now on. */
  #found(key: K): number {
    if (this.#closed) throw storeClosed(this.#parts.store.name)
    this.#coder.take(key)
    const { bytes, at, length } = this.#coder
    if (length < 0) throw nullKey(this.#parts.store.name)
    return this.#table.find(bytes, at, length)
  }

  #located<R>(slot: number, answer: (slot: number) => R): MaybePromise<R> {
    if (slot >= 0) return answer(slot)
    const { bytes, at, length } = this.#coder
    const key = bytes.slice(at, at + length)
    return this.#complete ? answer(this.#table.add(key)) : this.#load(key, answer)
  }

  /** Makes a key resident with its rows in the engine. While they are read it may come, change, land and leave: then they are read again. */
  #load<R>(key: Uint8Array, answer: (slot: number) => R): MaybePromise<R> {
    const cursor = this.#parts.engine.cursor(this.#layout.range(key))
    const { departures } = this.#table
    const found: Version[] = []
    const readOn = (page: PackedRows): MaybePromise<R> => {
      found.push(...this.#layout.read(page, key))
      if (page.count > 0) return chain(cursor.next(LOAD_PAGE), readOn)
      cursor.close()
      const known = this.#table.find(key, 0, key.length)
      if (known >= 0) return answer(known)
      return departures === this.#table.departures ? answer(this.#table.add(key, found.reverse())) : this.#load(key, answer)
    }
    return chain(cursor.next(LOAD_PAGE), readOn)
  }

  #decoded(bytes: Uint8Array): V {
    return decoded<V>(this.#parts.store.value, bytes, 0, bytes.length)
  }
}
