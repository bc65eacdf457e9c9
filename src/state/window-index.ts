/**
 * Hot path. Where the windows or sessions of a store are: a table from key bytes to a short array of that key's slots in order of their times (a window's
 * start, a session's end), and columns that say of each slot whose it is. What stands beside the time tells slots of one key and time apart, in keys of
 * the changelog and the engine too: a session's start; of windows a sequence number, where duplicates are kept. It knows nothing of values or of what is
 * expired: the store above it decides.
 */
import { ByteTable } from './byte-table.ts'
import type { KeyRange } from './engine.ts'
import type { RowsBuilder } from './rows-builder.ts'
import type { StoreLog } from './task-state.ts'
import type { KeySpan, WindowLayout } from './window-layout.ts'
import { WindowSegments } from './window-segments.ts'

/** A key's bytes with their hash. */
export interface HashedSpan extends KeySpan {
  readonly hash: number
}

/** Stands for a slot that isn't there. */
export const NO_SLOT = -1

const NO_SLOTS: readonly number[] = []

/** How slots of one key and time are listed: as they arrived, or by what stands beside the time, upwards or downwards. */
export type BesideOrder = 'arrival' | 'up' | 'down'

/** The slots of a window or session store by key, time and what stands beside it. */
export class WindowIndex {
  readonly keys: ByteTable = new ByteTable()
  readonly #layout: WindowLayout
  readonly #order: BesideOrder
  readonly #segments: WindowSegments
  /** By key id: the key's slots in order of their times. */
  readonly #windows: number[][] = []
  /** By slot. */
  #keyIds: Int32Array = new Int32Array(64)
  #times: Float64Array = new Float64Array(64)
  #besides: Float64Array = new Float64Array(64)
  readonly #free: number[] = []
  #end = 0

  constructor(layout: WindowLayout, order: BesideOrder = 'arrival') {
    this.#layout = layout
    this.#order = order
    this.#segments = new WindowSegments(layout)
  }

  /** The slots of a key, in order of their times. Live: valid until the next change. */
  of({ bytes, at, length, hash }: HashedSpan): readonly number[] {
    const id = this.keys.find(bytes, at, length, hash)
    return id < 0 ? NO_SLOTS : this.#windows[id]!
  }

  /** The slots of a key by its id. */
  ofId(id: number): readonly number[] {
    return this.#windows[id]!
  }

  /** Time of a slot, in ms. */
  time(slot: number): number {
    return this.#times[slot]!
  }

  /** What stands beside the time of a slot. */
  beside(slot: number): number {
    return this.#besides[slot]!
  }

  /** Id of a slot's key. */
  keyId(slot: number): number {
    return this.#keyIds[slot]!
  }

  /** The slot of a key, time and what stands beside it; `NO_SLOT` when there is none. */
  find(key: HashedSpan, time: number, beside: number): number {
    const slots = this.of(key)
    for (let i = slots.length - 1; i >= 0; i--) {
      const slot = slots[i]!
      const found = this.#times[slot]!
      if (found === time && this.#besides[slot] === beside) return slot
      if (found < time) return NO_SLOT
    }
    return NO_SLOT
  }

  /** A slot for a key, time and what stands beside it. */
  add(key: HashedSpan, time: number, beside: number): number {
    const { bytes, at, length, hash } = key
    let id = this.keys.find(bytes, at, length, hash)
    if (id < 0) {
      id = this.keys.add(bytes, at, length, hash)
      this.#windows[id] = []
    }
    const slot = this.#free.pop() ?? this.#end++
    if (slot >= this.#times.length) this.#grow()
    this.#keyIds[slot] = id
    this.#times[slot] = time
    this.#besides[slot] = beside
    const slots = this.#windows[id]!
    let place = slots.length
    while (place > 0 && this.#isBehind(slots[place - 1]!, time, beside)) place--
    slots.splice(place, 0, slot)
    this.#segments.add(slot, time)
    return slot
  }

  /** Takes a slot out; its number may be used again. */
  remove(slot: number): void {
    const id = this.#keyIds[slot]!
    const slots = this.#windows[id]!
    const at = slots.indexOf(slot)
    if (at < 0) return
    slots.splice(at, 1)
    this.#segments.remove(slot, this.#times[slot]!)
    this.#free.push(slot)
    if (slots.length === 0) this.keys.remove(id)
  }

  /** Takes everything out. */
  clear(): void {
    this.keys.clear()
    this.#segments.clear()
    this.#free.length = 0
    this.#end = 0
  }

  /** As `WindowSegments.visit`. */
  visit(from: number, to: number, f: (slot: number) => void): void {
    this.#segments.visit(from, to, f)
  }

  /** As `WindowSegments.expired`. */
  expired(time: number, drop: (slot: number) => void): KeyRange | undefined {
    return this.#segments.expired(time, drop)
  }

  /** Starts a row with the engine key of a slot. */
  rowKey(slot: number, into: RowsBuilder): void {
    this.#layout.rowKey(this.#spanOf(slot), this.#times[slot]!, this.#besides[slot]!, into)
  }

  /** Writes the changelog key of a slot. */
  logKey(slot: number, into: StoreLog): void {
    this.writeKey(this.#spanOf(slot), this.#times[slot]!, this.#besides[slot]!, into)
  }

  /** Writes the changelog key of a row that has no slot. */
  writeKey(key: KeySpan, time: number, beside: number, into: StoreLog): void {
    into.key(this.#layout.changelogKey(key, time, beside), 0, key.length + this.#layout.suffixBytes)
  }

  #isBehind(slot: number, time: number, beside: number): boolean {
    const own = this.#times[slot]!
    if (own !== time || this.#order === 'arrival') return own > time
    return this.#order === 'up' ? this.#besides[slot]! > beside : this.#besides[slot]! < beside
  }

  #spanOf(slot: number): KeySpan {
    const id = this.#keyIds[slot]!
    return { bytes: this.keys.bytes, at: this.keys.keyAt(id), length: this.keys.keyLength(id) }
  }

  #grow(): void {
    this.#times = grown(this.#times)
    this.#besides = grown(this.#besides)
    const keyIds = new Int32Array(2 * this.#keyIds.length)
    keyIds.set(this.#keyIds)
    this.#keyIds = keyIds
  }
}

function grown(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * column.length)
  larger.set(column)
  return larger
}
