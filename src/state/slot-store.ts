/**
 * Hot path. What key-value and window stores share: live values in slots, the order of their last writes, and the way of a write from a slot to the
 * changelog and, after the commit, to the engine. A slot is a number; a hit makes no object and no promise. Laws: an entry leaves only when it is
 * clean and landed; a flush gives the same serialised bytes to changelog and engine; the engine never holds a write whose commit isn't known.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { writeInt64 } from '../base/bytes.ts'
import { encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import type { SourceRecord } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import { keepsTime, rowPrefix, TIME_BYTES, type RowValue } from './row-values.ts'
import { RowsBuilder } from './rows-builder.ts'
import type { AppendedRow, ResolvedStore } from './store-spec.ts'
import type { StoreLog } from './task-state.ts'
import { WriteLog } from './write-log.ts'

/** The slot was written since the last flush. */
const DIRTY = 1
/** It was flushed, and its bytes are not in the engine yet. */
const PENDING = 2
/** Its key is in the changelog or the engine: a delete has to be told. */
const KNOWN = 4
/** It was used since it was last asked whether it may leave. */
const USED = 8
/** Its delete isn't told to the changelog. */
const SILENT = 16
/** Its delete isn't told to the step's children. */
const QUIET = 32

const NOTHING = new Uint8Array(0)

/** How the keys of a store are written: the parts that differ between kinds of stores. */
export interface SlotKeys {
  /** Starts the row key of a slot in the engine. */
  rowKey(slot: number, into: RowsBuilder): void
  /** Writes the slot's key to its changelog record. */
  logKey(slot: number, into: StoreLog): void
  /** The slot's entry is gone for good: its number may be used again. */
  free(slot: number): void
  /** True where nobody outside knows of the slot any more, so that its delete needn't be told. */
  isForgotten?(slot: number): boolean
  /** A flush tells of the slot: the store below Kafka Streams' cache hears of it only then. */
  told?(slot: number): void
}

/** What a slot store is made of. */
export interface SlotStoreOptions {
  readonly store: ResolvedStore
  readonly record: SourceRecord
  readonly log: StoreLog | undefined
  /** One changelog record a write, at the write; where changes wait for the flush, so do their records. */
  readonly everyWrite: boolean
  readonly keys: SlotKeys
}

/** What a slot is taken into use with. */
export interface SlotEntry<V> {
  readonly value: V | undefined
  readonly timestamp: number
  readonly headers?: Headers
  /** True: its key is in the changelog or the engine. */
  readonly known: boolean
}

/** Values in slots. */
export class SlotStore<V> {
  /** Entries that have a value. */
  live = 0
  readonly #store: ResolvedStore
  readonly #record: SourceRecord
  readonly #log: StoreLog | undefined
  readonly #everyWrite: boolean
  readonly #keys: SlotKeys
  readonly #serde: AnySerde
  readonly #plain: boolean
  readonly #values: (V | undefined)[] = []
  readonly #priors: (V | undefined)[] = []
  readonly #keepsHeaders: boolean
  /** By slot, in stores that keep them. */
  readonly #headers: (Headers | undefined)[] = []
  #times: Float64Array = new Float64Array(64)
  #flags: Uint8Array = new Uint8Array(64)
  readonly #writes: WriteLog = new WriteLog()
  #pending: RowsBuilder = new RowsBuilder()
  #pendingSlots: number[] = []
  #emit: ((slot: number) => MaybePromise<void>) | undefined = undefined
  readonly #time: Uint8Array = new Uint8Array(TIME_BYTES)

  constructor({ store, record, log, everyWrite, keys }: SlotStoreOptions) {
    this.#store = store
    this.#record = record
    this.#log = log
    this.#everyWrite = everyWrite
    this.#keys = keys
    this.#serde = store.value
    this.#plain = !keepsTime(store)
    this.#keepsHeaders = store.spec.format === 'headers'
  }

  /** Takes a slot into use, with what the engine holds; `known`: its key is there. */
  add(slot: number, entry: SlotEntry<V>): void {
    if (slot >= this.#times.length) this.#grow(slot)
    this.#values[slot] = entry.value
    this.#times[slot] = entry.timestamp
    this.#flags[slot] = entry.known ? KNOWN | USED : USED
    if (this.#store.keepsPrior) this.#priors[slot] = entry.value
    if (this.#keepsHeaders) this.#headers[slot] = entry.headers
    if (entry.value !== undefined) this.live++
  }

  /** The live value. */
  value(slot: number): V | undefined {
    return this.#values[slot]
  }

  /** The entry's time in ms; −1 in plain stores. */
  timestamp(slot: number): number {
    return this.#plain ? -1 : this.#times[slot]!
  }

  /** The entry's headers; none in stores that don't keep them. */
  headers(slot: number): Headers {
    return this.#headers[slot] ?? noHeaders
  }

  /** What a slot holds. */
  entry(slot: number): RowValue<V | undefined> {
    return { value: this.#values[slot], timestamp: this.timestamp(slot), headers: this.headers(slot) }
  }

  /** The value as of the last flush. */
  prior(slot: number): V | undefined {
    return this.#priors[slot]
  }

  /** True where changes wait for the flush to be told of. */
  get waits(): boolean {
    return this.#emit !== undefined
  }

  /** Called at each flush for every slot that was written. */
  onFlush(emit: (slot: number) => MaybePromise<void>): void {
    this.#emit = emit
  }

  /** Writes a slot; null deletes. */
  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void {
    const before = this.#values[slot]
    // Plain JavaScript may say undefined where it means null.
    if (value === null || value === undefined) {
      if (before !== undefined) this.live--
      this.#values[slot] = undefined
    } else {
      if (before === undefined) this.live++
      this.#values[slot] = value
    }
    this.#times[slot] = timestamp
    if (this.#keepsHeaders) this.#headers[slot] = this.#values[slot] === undefined ? this.#record.headers : headers
    this.#flags[slot] = (this.#flags[slot]! & ~(SILENT | QUIET)) | DIRTY | USED
    this.#writes.append(slot)
    if (this.#everyWrite && this.#emit === undefined && this.#log !== undefined) this.#writeLog(slot, this.#log)
  }

  /** Tells the changelog of a row that isn't kept, where it hears of every write. */
  logOnly(value: V | null, { timestamp, headers }: Pick<AppendedRow, 'timestamp' | 'headers'>, writeKey: (log: StoreLog) => void): void {
    const log = this.#log
    if (!this.#everyWrite || log === undefined) return
    log.begin(value === null || this.#plain ? this.#record.timestamp : timestamp)
    writeKey(log)
    if (value === null) log.value(NOTHING, 0, -1)
    else log.written(this.#serde, value)
    log.end(this.#keepsHeaders ? block(value === null ? this.#record.headers : (headers ?? noHeaders)) : undefined)
  }

  /** Deletes an entry that has to make room; `silent`: the changelog isn't told. */
  dismiss(slot: number, silent: boolean): void {
    if (!silent) return this.set(slot, null, this.#record.timestamp, undefined)
    if (this.#values[slot] !== undefined) this.live--
    this.#values[slot] = undefined
    this.#flags[slot]! |= DIRTY | SILENT
    this.#writes.append(slot)
  }

  /** Deletes an entry whose time is over: engine and changelog are told, the steps below aren't. */
  expire(slot: number): void {
    if (this.#values[slot] !== undefined) this.live--
    this.#values[slot] = undefined
    this.#flags[slot]! |= DIRTY | QUIET
    this.#writes.append(slot)
    if (this.#everyWrite && this.#emit === undefined && this.#log !== undefined) this.#writeLog(slot, this.#log)
  }

  /** Takes note that a slot was used. */
  used(slot: number): void {
    this.#flags[slot]! |= USED
  }

  /** Whether the entry is clean and landed. */
  isLanded(slot: number): boolean {
    return (this.#flags[slot]! & (DIRTY | PENDING)) === 0
  }

  /** Whether the entry may leave: clean, landed, and not used since this was asked last. */
  mayLeave(slot: number): boolean {
    const flags = this.#flags[slot]!
    this.#flags[slot] = flags & ~USED
    return (flags & (DIRTY | PENDING | USED)) === 0
  }

  /** Forgets an entry that may leave. */
  forget(slot: number): void {
    if (this.#values[slot] !== undefined) this.live--
    this.#values[slot] = undefined
    if (this.#store.keepsPrior) this.#priors[slot] = undefined
    if (this.#keepsHeaders) this.#headers[slot] = undefined
    this.#flags[slot] = 0
  }

  /** True when something was written since the last flush. */
  get isDirty(): boolean {
    return this.#writes.count > 0
  }

  /** Entries that were written and aren't in the engine yet. */
  get unlanded(): number {
    return this.#writes.count + this.#pendingSlots.length
  }

  /** Emits what waits for the commit, then turns dirty entries into changelog records and rows for the engine. */
  flush(): MaybePromise<void> {
    if (this.#writes.count === 0) return undefined
    const emit = this.#emit
    if (emit === undefined) return this.#serialise()
    // What is emitted may come back as a write to this store.
    this.#writes.held = true
    return chain(this.#emitFrom(0, emit), () => this.#serialise())
  }

  /** The rows of the last flush, for the engine; undefined: none. */
  pendingRows(): RowsBuilder | undefined {
    return this.#pending.count === 0 ? undefined : this.#pending
  }

  /** The rows of the last flush are in the engine. */
  landed(): void {
    for (const slot of this.#pendingSlots) {
      this.#flags[slot]! &= ~PENDING
      if (this.#values[slot] === undefined && (this.#flags[slot]! & DIRTY) === 0) {
        this.#flags[slot] = 0
        this.#keys.free(slot)
      }
    }
    this.#pendingSlots = []
    this.#pending = new RowsBuilder()
  }

  /** Forgets every write that hasn't landed: what is read next is what the engine holds. */
  rollBack(): void {
    const lost = new Set(this.#pendingSlots)
    for (let i = 0; i < this.#writes.length; i++) {
      const slot = this.#writes.at(i)
      if (slot >= 0) lost.add(slot)
    }
    this.#writes.clear()
    this.#pendingSlots = []
    this.#pending = new RowsBuilder()
    for (const slot of lost) {
      this.forget(slot)
      this.#keys.free(slot)
    }
  }

  /** Forgets everything, landed or not. */
  clear(): void {
    this.#writes.clear()
    this.#pendingSlots = []
    this.#pending = new RowsBuilder()
    this.#values.length = 0
    this.#priors.length = 0
    this.#headers.length = 0
    this.#flags.fill(0)
    this.live = 0
  }

  #emitFrom(from: number, emit: (slot: number) => MaybePromise<void>): MaybePromise<void> {
    for (let i = from; i < this.#writes.length; i++) {
      const slot = this.#writes.at(i)
      const isQuiet = slot < 0 || (this.#flags[slot]! & QUIET) !== 0 || this.#isUnheardOf(slot)
      const waiting = isQuiet ? undefined : emit(slot)
      if (waiting instanceof Promise) return waiting.then(() => this.#emitFrom(i + 1, emit))
    }
    return undefined
  }

  #serialise(): void {
    for (let i = 0; i < this.#writes.length; i++) {
      const slot = this.#writes.at(i)
      if (slot < 0) continue
      const flags = this.#flags[slot]!
      const unknown = this.#isUnheardOf(slot)
      this.#flags[slot] = (flags & ~DIRTY) | PENDING | (unknown ? 0 : KNOWN)
      this.#pendingSlots.push(slot)
      if (!unknown) {
        this.#toRow(slot)
        this.#keys.told?.(slot)
      }
      if (this.#store.keepsPrior) this.#priors[slot] = this.#values[slot]
    }
    this.#writes.clear()
  }

  /** Deleted before anybody outside knew of it: there is nothing to tell. */
  #isUnheardOf(slot: number): boolean {
    if (this.#values[slot] !== undefined) return false
    return (this.#flags[slot]! & (KNOWN | PENDING)) === 0 || this.#keys.isForgotten?.(slot) === true
  }

  /** One serialisation: the row of the engine, and the same bytes in the changelog. */
  #toRow(slot: number): void {
    const rows = this.#pending
    this.#keys.rowKey(slot, rows)
    const value = this.#values[slot]
    const isTold = (this.#everyWrite && this.#emit === undefined) || (this.#flags[slot]! & SILENT) !== 0
    const log = isTold ? undefined : this.#log
    log?.begin(this.#logTime(slot))
    if (log !== undefined) this.#keys.logKey(slot, log)
    if (value === undefined) {
      rows.value(NOTHING, 0, -1)
      log?.value(NOTHING, 0, -1)
    } else {
      const { at, length } = rows.written(this.#serde, value, this.#prefix(slot))
      log?.value(rows.bytes, at, length)
    }
    log?.end(this.#loggedHeaders(slot))
  }

  /** What stands before a slot's value in its row. */
  #prefix(slot: number): Uint8Array {
    if (this.#keepsHeaders) return rowPrefix(this.#store, this.#times[slot]!, this.headers(slot))
    if (this.#plain) return NOTHING
    writeInt64(this.#time, 0, this.#times[slot]!)
    return this.#time
  }

  /** The headers of a changelog record: the entry's own, of a tombstone those of the record that caused it. */
  #loggedHeaders(slot: number): Uint8Array | undefined {
    if (!this.#keepsHeaders) return undefined
    return block(this.headers(slot))
  }

  /** The time of a changelog record, in ms: the row's; of a delete, and in a plain store, the record's in hand, but of what waited that of its own. */
  #logTime(slot: number): number {
    const isRecords = this.#plain || (this.#values[slot] === undefined && this.#emit === undefined)
    return isRecords ? this.#record.timestamp : this.#times[slot]!
  }

  #writeLog(slot: number, log: StoreLog): void {
    const value = this.#values[slot]
    log.begin(this.#logTime(slot))
    this.#keys.logKey(slot, log)
    if (value === undefined) log.value(NOTHING, 0, -1)
    else log.written(this.#serde, value)
    log.end(this.#loggedHeaders(slot))
    this.#flags[slot]! |= KNOWN
  }

  #grow(slot: number): void {
    const size = Math.max(2 * this.#times.length, slot + 1)
    const times = new Float64Array(size)
    times.set(this.#times)
    this.#times = times
    const flags = new Uint8Array(size)
    flags.set(this.#flags)
    this.#flags = flags
  }
}

/** Headers as a changelog record has them; undefined: none. */
function block(headers: Headers): Uint8Array | undefined {
  return headers.length === 0 ? undefined : encodeHeaders(headers)
}
