/**
 * Hot path. A key-value store: live values by key bytes, above an engine. A store that was made empty and has never let an entry go is complete: a
 * miss means absent and reads nothing. Otherwise a miss reads the engine, and what was read becomes resident. A read that was on its way while
 * entries left is made again: its key may have come, been changed, landed and left meanwhile. Entries leave by the clock algorithm: a hand goes round,
 * and one that was used since the hand came by last stays for another round. Where entries have a time to live, none is found that is past it.
 */
import { StoreUnavailableError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Headers } from '../model/headers.ts'
import { KeyCoder } from '../model/key-coder.ts'
import type { SourceRecord } from '../model/record.ts'
import { ByteTable } from './byte-table.ts'
import { EntryBound } from './entry-bound.ts'
import type { Engine } from './engine.ts'
import { keyValueFace } from './key-value-face.ts'
import { keyValueRows } from './key-value-scan.ts'
import { scanOf } from './scan.ts'
import type { HashedKey, HashedRows } from './row-keys.ts'
import { ResidentRows } from './resident-rows.ts'
import { RowsBuilder } from './rows-builder.ts'
import { decoded, rowBytes } from './row-values.ts'
import { SlotStore, type SlotKeys } from './slot-store.ts'
import { nullKey, storeClosed } from './store-errors.ts'
import type { Entry, KeyRangeOptions, KeyValueStore, ResolvedStore, RowSource, Scan, Slots, Stamp } from './store-spec.ts'
import type { RestoreRows } from './restored-rows.ts'
import type { StoreLog } from './task-state.ts'
import { TimeToLive } from './time-to-live.ts'

/** What a store is made of. */
export interface StoreParts {
  readonly store: ResolvedStore
  /** Two bytes before every row key in the engine. */
  readonly prefix: Uint8Array
  readonly engine: Engine
  /** The engine it is taken to be kept by, where parity depends on it. */
  readonly engineName: string
  readonly record: SourceRecord
  readonly log: StoreLog | undefined
  readonly everyWrite: boolean
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity: boolean
  /** Told of a row that came too late to be kept. */
  expired(): void
}

/** The headers that a write is stamped with, where its store keeps them: what user code says, else those of the record in hand. */
export function stampedHeaders({ record, store }: StoreParts, stamp: Partial<Stamp> | undefined): Headers | undefined {
  return store.spec.format === 'headers' ? (stamp?.headers ?? record.headers) : undefined
}

/** A key-value store of one task. */
export class KeyValueCache<K, V> implements Slots<K, V>, SlotKeys {
  readonly #parts: StoreParts
  readonly #resident: ResidentRows<V>
  /** What is looked at on every call, of the resident rows. */
  readonly #table: ByteTable
  readonly #slots: SlotStore<V>
  readonly #coder: KeyCoder
  /** In a store of at most so many entries, which is always resident as a whole. */
  readonly #bound: EntryBound | undefined
  /** In a store whose entries have a time to live. */
  readonly life: TimeToLive | undefined
  /** Where the hand stands that chooses which entries leave. */
  #hand = 0
  #closed = false
  /** Made once: a read makes no closure. */
  readonly #valueOf = (slot: number): V | undefined => this.value(slot)
  readonly #entryOf = (slot: number): Entry<V> | undefined => {
    const value = this.value(slot)
    return value === undefined ? undefined : { value, timestamp: this.#slots.timestamp(slot), headers: this.#slots.headers(slot) }
  }

  constructor(parts: StoreParts) {
    this.#parts = parts
    const { store, record, log, everyWrite } = parts
    this.#slots = new SlotStore<V>({ store, record, log, everyWrite, keys: this })
    const { spec } = store
    const silent = parts.parity && spec.format !== 'plain'
    this.#bound =
      spec.kind === 'keyValue' && spec.maxEntries !== undefined ? new EntryBound(spec.maxEntries, this.#slots, silent) : undefined
    const isMortal = spec.kind === 'keyValue' && spec.ttlMs !== undefined && spec.format !== 'plain'
    this.life = isMortal ? new TimeToLive(spec.ttlMs, parts.prefix, parts.engine) : undefined
    this.#resident = new ResidentRows<V>(parts, this.#slots, this.life)
    this.#table = this.#resident.table
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
  face(): KeyValueStore<K, V> {
    return keyValueFace<K, V>({
      get: (key) => this.#get(key),
      entry: (key) => this.#entry(key),
      put: (key, value, stamp) => this.#put(key, value, stamp),
      range: (options) => this.range(options),
      size: () => {
        this.#mustBeOpen()
        return this.#slots.live
      },
    })
  }

  find(key: K): MaybePromise<number> {
    const coder = this.#taken(key)
    const slot = this.#table.find(coder.bytes, coder.at, coder.length, coder.hash)
    if (slot < 0) return this.#resident.complete ? this.#add() : this.#resident.load(this.#copiedKey(), (loaded) => loaded)
    this.#used(slot)
    return slot
  }

  value(slot: number): V | undefined {
    return this.life?.isOver(this.#slots.timestamp(slot)) === true ? undefined : this.#slots.value(slot)
  }

  timestamp(slot: number): number {
    return this.#slots.timestamp(slot)
  }

  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void {
    this.#bound?.write(slot, value === null || value === undefined)
    if (value !== null && value !== undefined) this.life?.observe(timestamp)
    this.#slots.set(slot, value, timestamp, headers)
  }

  prior(slot: number): V | undefined {
    return this.#slots.prior(slot)
  }

  key(slot: number): K {
    const at = this.#table.keyAt(slot)
    return this.#decodeKey(this.#table.bytes, at, this.#table.keyLength(slot))
  }

  onFlush(emit: (slot: number) => MaybePromise<void>): void {
    this.#slots.onFlush(emit)
  }

  /** Reads the memory that looking up these hashes will need. */
  touch(hashes: Int32Array, from: number, to: number): void {
    if (this.#parts.store.readBySourceKey) this.#table.touch(hashes, from, to)
  }

  /** Some rows are in the engine only, from now on: a miss has to look there. A store of at most so many entries takes them all in. */
  incomplete(): MaybePromise<void> {
    this.#resident.complete = false
    return this.#bound === undefined ? undefined : this.#resident.loadAll(this.#bound)
  }

  /** Reads the keys of these rows that aren't resident, in one go, so that looking them up needn't wait. */
  prefetch(rows: HashedRows, from: number, to: number): MaybePromise<void> {
    const { engine, store } = this.#parts
    if (this.#resident.complete || !engine.persistent || !store.readBySourceKey) return undefined
    return this.#resident.loadMany(this.#resident.missing(rows, from, to))
  }

  /** Lets clean entries go until at most `most` are left; answers how many are. */
  evict(most: number): number {
    if (this.#bound !== undefined) return this.#table.count
    for (let steps = 2 * this.#table.end; steps > 0 && this.#table.count > most; steps--) {
      const slot = this.#hand
      this.#hand = slot + 1 < this.#table.end ? slot + 1 : 0
      if (!this.#table.has(slot) || !this.#slots.mayLeave(slot)) continue
      this.#slots.forget(slot)
      this.free(slot)
      this.#resident.complete = false
    }
    return this.#table.count
  }

  /** Entries that are resident. */
  get resident(): number {
    return this.#table.count
  }

  rowKey(slot: number, into: RowsBuilder): void {
    const { prefix } = this.#parts
    if (this.life !== undefined && this.#slots.value(slot) !== undefined)
      this.life.written(slot, { time: this.#slots.timestamp(slot), key: this.#keyBytes(slot) })
    into.startKey()
    into.addToKey(prefix, 0, prefix.length)
    into.addToKey(this.#table.bytes, this.#table.keyAt(slot), this.#table.keyLength(slot))
  }

  logKey(slot: number, into: StoreLog): void {
    into.key(this.#table.bytes, this.#table.keyAt(slot), this.#table.keyLength(slot))
  }

  free(slot: number): void {
    this.#resident.free(slot)
  }

  /** Takes over what an engine with content has; the store had seen `streamTime`, in ms, when it was written last. */
  load(streamTime: number): MaybePromise<void> {
    this.life?.resume(streamTime)
    return this.incomplete()
  }

  /** The greatest time ever put, in ms, as of the last flush, where it is needed; −1: none. */
  get flushedTime(): number {
    return this.life?.flushedTime ?? -1
  }

  /** Deletes what is past its time to live, before a flush. */
  expire(): MaybePromise<void> {
    return this.life === undefined ? undefined : this.#resident.expire(this.life, (slot) => this.#bound?.write(slot, true))
  }

  /** Rows of the changelog go to the engine, past what is resident: what has landed is read again. */
  restoring(rows: RestoreRows, into: RowsBuilder): void {
    this.#resident.forget(rows)
    this.life?.restored(rows, into)
  }

  /** What was flushed has landed. */
  landed(): void {
    this.#slots.landed()
    this.life?.landed()
  }

  /** The faces refuse from now on. */
  close(): void {
    this.#closed = true
  }

  /** Rolls back to what the engine holds. */
  rollBack(): MaybePromise<void> {
    this.life?.rollBack()
    if (this.#bound === undefined) this.#slots.rollBack()
    else {
      this.#slots.clear()
      this.#table.clear()
      this.#bound.clear()
    }
    return this.incomplete()
  }

  /** Everything that was restored is in the engine. */
  restored(): MaybePromise<void> {
    return this.#resident.complete ? undefined : this.incomplete()
  }

  /** The rows of a range. */
  range(options?: KeyRangeOptions<K>): Scan<[K, V]> {
    this.#mustBeOpen()
    return scanOf(this.rows(options), this.#parts.store.name)
  }

  /** The rows of a range, merged from what is resident and what the engine holds. */
  rows(options: KeyRangeOptions<K> = {}): RowSource<[K, V]> {
    const { prefix, engine } = this.#parts
    return keyValueRows<K, V>(
      {
        table: this.#table,
        engine: this.#resident.complete ? undefined : engine,
        prefix,
        resident: this.#valueOf,
        bytesOf: (key) => this.#bytesOf(key),
        key: (bytes) => this.#decodeKey(bytes, 0, bytes.length),
        value: (bytes, at, length) => {
          const { value, timestamp } = this.#resident.decode(bytes, at, length)
          return this.life?.isOver(timestamp) === true ? undefined : value
        },
      },
      options,
    )
  }

  /** Every row as the engine would hold it, in order of keys. */
  dump(): readonly { readonly key: Uint8Array; readonly value: Uint8Array }[] {
    const rows: { readonly key: Uint8Array; readonly value: Uint8Array }[] = []
    for (const [key] of this.range()) {
      const slot = this.find(key)
      if (typeof slot !== 'number') throw new StoreUnavailableError('STORE_ASYNC_SCAN', 'a dump needs an engine that answers at once')
      rows.push({ key: this.#bytesOf(key), value: rowBytes(this.#parts.store, this.#slots.entry(slot)) })
    }
    return rows
  }

  #get(key: K): MaybePromise<V | undefined> {
    return this.#read(key, this.#valueOf)
  }

  #entry(key: K): MaybePromise<Entry<V> | undefined> {
    return this.#read(key, this.#entryOf)
  }

  /** What `answer` makes of the key's slot, in the turn in which it is resident: in the next one it may have left. */
  #read<R>(key: K, answer: (slot: number) => R): MaybePromise<R | undefined> {
    this.#mustBeOpen()
    const coder = this.#taken(key)
    const slot = this.#table.find(coder.bytes, coder.at, coder.length, coder.hash)
    if (slot < 0) return this.#resident.complete ? undefined : this.#resident.load(this.#copiedKey(), answer)
    this.#used(slot)
    return answer(slot)
  }

  #put(key: K, value: V | null, stamp: Partial<Stamp> | undefined): void {
    this.#mustBeOpen()
    const coder = this.#taken(key)
    const found = this.#table.find(coder.bytes, coder.at, coder.length, coder.hash)
    const slot = found >= 0 ? found : this.#add()
    this.set(slot, value, stamp?.timestamp ?? this.#parts.record.timestamp, stampedHeaders(this.#parts, stamp))
  }

  #used(slot: number): void {
    this.#slots.used(slot)
    this.#bound?.used(slot)
  }

  /** The coder with this key in it. */
  #taken(key: K): KeyCoder {
    this.#coder.take(key)
    if (this.#coder.length < 0) throw nullKey(this.#parts.store.name)
    return this.#coder
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeClosed(this.#parts.store.name)
  }

  /** A slot for the key in the coder, absent so far. */
  #add(): number {
    const coder = this.#coder
    const slot = this.#table.add(coder.bytes, coder.at, coder.length, coder.hash)
    this.#slots.add(slot, { value: undefined, timestamp: -1, known: !this.#resident.complete })
    return slot
  }

  /** The key in the coder, which others use while a read is on its way. */
  #copiedKey(): HashedKey {
    const { bytes, at, length, hash } = this.#coder
    return { key: bytes.slice(at, at + length), hash }
  }

  #keyBytes(slot: number): Uint8Array {
    const at = this.#table.keyAt(slot)
    return this.#table.bytes.slice(at, at + this.#table.keyLength(slot))
  }

  #decodeKey(bytes: Uint8Array, at: number, length: number): K {
    return decoded<K>(this.#parts.store.key, bytes, at, length)
  }

  #bytesOf(key: K): Uint8Array {
    const { bytes, at, length } = this.#taken(key)
    return bytes.slice(at, at + length)
  }
}
