/**
 * Which rows of a key-value store are resident, and how others come from the engine: one that is looked up, or many in one go. A read that was on its way
 * while rows left is made again, or forgotten where nobody waits for it: its key may have come, been changed, landed and left meanwhile.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { ByteTable } from './byte-table.ts'
import type { EntryBound } from './entry-bound.ts'
import type { StoreParts } from './key-value-store.ts'
import { readAll } from './read-all.ts'
import { rowKeys, type HashedKey, type HashedRows } from './row-keys.ts'
import { readRow, type RowValue } from './row-values.ts'
import type { SlotStore } from './slot-store.ts'
import type { TimedKey, TimeToLive } from './time-to-live.ts'

/** The resident rows of one key-value store. */
export class ResidentRows<V> {
  readonly table: ByteTable = new ByteTable()
  readonly slots: SlotStore<V>
  /** In a store whose entries have a time to live. */
  readonly life: TimeToLive | undefined
  /** True while a miss means absent. */
  complete = true
  /** How many rows have left. */
  departures = 0
  readonly #parts: StoreParts

  constructor(parts: StoreParts, slots: SlotStore<V>, life: TimeToLive | undefined) {
    this.#parts = parts
    this.slots = slots
    this.life = life
  }

  /** The hash that a key of this store is found by. */
  hashOf(bytes: Uint8Array, at: number, length: number): number {
    return murmur2(bytes, at, at + length - (this.#parts.store.key.unhashedBytes ?? 0))
  }

  /** Makes a key resident with the engine's row of it; answers what `answer` makes of its slot. */
  load<R>(wanted: HashedKey, answer: (slot: number) => R): MaybePromise<R> {
    const { prefix, engine } = this.#parts
    const { departures } = this
    return chain(engine.getMany(rowKeys(prefix, [wanted])), (found): MaybePromise<R> =>
      departures === this.departures ? answer(this.#resident(wanted, found, 0)) : this.load(wanted, answer),
    )
  }

  /** Makes keys resident, unless others leave meanwhile. */
  loadMany(wanted: readonly HashedKey[]): MaybePromise<void> {
    const { engine, prefix } = this.#parts
    if (wanted.length === 0) return undefined
    const { departures } = this
    return chain(engine.getMany(rowKeys(prefix, wanted)), (found) => {
      if (departures !== this.departures) return
      for (const [i, key] of wanted.entries()) this.#resident(key, found, i)
    })
  }

  /** The keys of these rows that aren't resident. */
  missing(rows: HashedRows, from: number, to: number): readonly HashedKey[] {
    const { key } = this.#parts.store
    const missing: HashedKey[] = []
    for (let row = from; row < to; row++) {
      const at = rows.keyAt[row]!
      const length = rows.keyLength[row]!
      const hash = key.unhashedBytes === undefined ? rows.keyHash[row]! : this.hashOf(rows.bytes, at, length)
      if (length < 0 || this.table.find(rows.bytes, at, length, hash) >= 0) continue
      missing.push({ key: rows.bytes.slice(at, at + length), hash })
    }
    return missing
  }

  /** Everything becomes resident, the oldest first, as far as there is room. */
  loadAll(bound: EntryBound): MaybePromise<void> {
    const { engine, prefix } = this.#parts
    const rows: (RowValue<V> & { readonly key: Uint8Array })[] = []
    const loading = readAll(engine, prefix, (key, { bytes, valueAt, valueLength }, row) => {
      rows.push({ key, ...this.decode(bytes, valueAt[row]!, valueLength[row]!) })
    })
    return chain(loading, () => {
      this.complete = true
      for (const { key, ...row } of rows.sort((a, b) => a.timestamp - b.timestamp))
        bound.write(this.#addKnown({ key, hash: this.hashOf(key, 0, key.length) }, row), false)
    })
  }

  /** Forgets the rows whose newer ones go to the engine past them. */
  forget(rows: PackedRows): void {
    this.complete = false
    this.departures++
    for (let row = 0; row < rows.count && this.table.count > 0; row++) {
      const at = rows.keyAt[row]!
      const length = rows.keyLength[row]!
      const slot = length < 0 ? -1 : this.table.find(rows.bytes, at, length, this.hashOf(rows.bytes, at, length))
      if (slot < 0 || !this.slots.isLanded(slot)) continue
      this.slots.forget(slot)
      this.free(slot)
    }
  }

  /** A slot is given up. */
  free(slot: number): void {
    if (!this.table.has(slot)) return
    this.table.remove(slot)
    this.life?.free(slot)
    this.departures++
  }

  /** A row of the engine. */
  decode(bytes: Uint8Array, at: number, length: number): RowValue<V> {
    return readRow<V>(this.#parts.store, bytes, at, length)
  }

  /** Deletes what is past its time to live, before a flush; `dismissed` is told of each slot. */
  expire(life: TimeToLive, dismissed: (slot: number) => void): MaybePromise<void> {
    return chain(life.due(), (rows) => {
      const keys = rows.map(({ key }) => ({ key, hash: this.hashOf(key, 0, key.length) }))
      const slotOf = ({ key, hash }: HashedKey): number => this.table.find(key, 0, key.length, hash)
      const missing = this.complete ? [] : keys.filter((key) => slotOf(key) < 0)
      return chain(this.loadMany(missing), () => {
        for (const [i, row] of rows.entries()) this.#expireRow(life, { row, slot: slotOf(keys[i]!) }, dismissed)
      })
    })
  }

  #expireRow(life: TimeToLive, { row, slot }: { row: TimedKey; slot: number }, dismissed: (slot: number) => void): void {
    if (slot < 0) return this.complete ? life.drop(row) : life.leave(row)
    const isThere = this.slots.value(slot) !== undefined
    const timestamp = this.slots.timestamp(slot)
    if (isThere && !life.isOver(timestamp)) return life.move(row, timestamp)
    // What was written since and isn't told of yet has its turn first.
    if (isThere && !this.slots.isLanded(slot)) return life.leave(row)
    life.drop(row)
    life.free(slot)
    if (!isThere) return
    dismissed(slot)
    this.slots.expire(slot)
  }

  /** The slot of a key that was read. While it was on its way the key may have come by another way, which is newer. */
  #resident({ key, hash }: HashedKey, found: PackedRows, row: number): number {
    const known = this.table.find(key, 0, key.length, hash)
    if (known >= 0) return known
    const length = found.valueLength[row]!
    if (length >= 0) return this.#addKnown({ key, hash }, this.decode(found.bytes, found.valueAt[row]!, length))
    const slot = this.table.add(key, 0, key.length, hash)
    this.slots.add(slot, { value: undefined, timestamp: -1, known: false })
    return slot
  }

  /** A slot for a key with a row that is in the engine. */
  #addKnown({ key, hash }: HashedKey, row: RowValue<V>): number {
    const slot = this.table.add(key, 0, key.length, hash)
    this.slots.add(slot, { ...row, known: true })
    this.life?.found(slot)
    return slot
  }
}
