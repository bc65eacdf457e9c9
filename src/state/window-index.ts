/**
 * Hot path. Where the windows of a store are: a table from key bytes to a short array of that key's slots in order of their starts, rows of one start
 * in order of arrival, and columns that say of each slot whose it is. Only a store that keeps duplicates has several rows of one key and start: a
 * sequence number tells them apart, in keys of the changelog and the engine too. It knows nothing of values or time: the store above it decides.
 */
import type { PackedRows } from '../base/packed-rows.ts'
import { ByteTable } from './byte-table.ts'
import type { KeyRange } from './engine.ts'
import type { RowsBuilder } from './rows-builder.ts'
import type { StoreLog } from './task-state.ts'
import { readSuffix, WINDOW_SUFFIX, type KeySpan, type WindowLayout } from './window-layout.ts'
import { WindowSegments } from './window-segments.ts'

/** A key's bytes with their hash. */
export interface HashedSpan extends KeySpan {
  readonly hash: number
}

/** Stands for a slot that isn't there. */
export const NO_SLOT = -1

const NO_SLOTS: readonly number[] = []

/** The slots of a window store by key, start and sequence. */
export class WindowIndex {
  readonly keys: ByteTable = new ByteTable()
  readonly #layout: WindowLayout
  readonly #segments: WindowSegments
  /** By key id: the key's slots in order of their starts. */
  readonly #windows: number[][] = []
  /** By slot. */
  #keyIds: Int32Array = new Int32Array(64)
  #starts: Float64Array = new Float64Array(64)
  #sequences: Int32Array = new Int32Array(64)
  readonly #free: number[] = []
  #end = 0

  constructor(layout: WindowLayout) {
    this.#layout = layout
    this.#segments = new WindowSegments(layout)
  }

  /** The slots of a key, in order of their starts. Live: valid until the next change. */
  of({ bytes, at, length, hash }: HashedSpan): readonly number[] {
    const id = this.keys.find(bytes, at, length, hash)
    return id < 0 ? NO_SLOTS : this.#windows[id]!
  }

  /** The slots of a key by its id. */
  ofId(id: number): readonly number[] {
    return this.#windows[id]!
  }

  /** Start of a slot's window, in ms. */
  start(slot: number): number {
    return this.#starts[slot]!
  }

  /** Id of a slot's key. */
  keyId(slot: number): number {
    return this.#keyIds[slot]!
  }

  /** The slot of a key, start and sequence; `NO_SLOT` when there is none. */
  find(key: HashedSpan, start: number, sequence: number): number {
    const slots = this.of(key)
    for (let i = slots.length - 1; i >= 0; i--) {
      const slot = slots[i]!
      const found = this.#starts[slot]!
      if (found === start && this.#sequences[slot] === sequence) return slot
      if (found < start) return NO_SLOT
    }
    return NO_SLOT
  }

  /** A slot for a key and start, behind those of the same start. */
  add(key: HashedSpan, start: number, sequence: number): number {
    const { bytes, at, length, hash } = key
    let id = this.keys.find(bytes, at, length, hash)
    if (id < 0) {
      id = this.keys.add(bytes, at, length, hash)
      this.#windows[id] = []
    }
    const slot = this.#free.pop() ?? this.#end++
    if (slot >= this.#starts.length) this.#grow()
    this.#keyIds[slot] = id
    this.#starts[slot] = start
    this.#sequences[slot] = sequence
    const slots = this.#windows[id]!
    let place = slots.length
    while (place > 0 && this.#starts[slots[place - 1]!]! > start) place--
    slots.splice(place, 0, slot)
    this.#segments.add(slot, start)
    return slot
  }

  /** Takes a slot out; its number may be used again. */
  remove(slot: number): void {
    const id = this.#keyIds[slot]!
    const slots = this.#windows[id]!
    const at = slots.indexOf(slot)
    if (at < 0) return
    slots.splice(at, 1)
    this.#segments.remove(slot, this.#starts[slot]!)
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

  /** As `WindowSegments.expired`. */
  expired(start: number, drop: (slot: number) => void): KeyRange | undefined {
    return this.#segments.expired(start, drop)
  }

  /** Starts a row with the engine key of a slot. */
  rowKey(slot: number, into: RowsBuilder): void {
    this.#layout.rowKey(this.#spanOf(slot), this.#starts[slot]!, this.#sequences[slot]!, into)
  }

  /** Writes the changelog key of a slot. */
  logKey(slot: number, into: StoreLog): void {
    this.writeKey(this.#spanOf(slot), this.#starts[slot]!, this.#sequences[slot]!, into)
  }

  /** Writes the changelog key of a row that has no slot. */
  writeKey(key: KeySpan, start: number, sequence: number, into: StoreLog): void {
    into.key(this.#layout.changelogKey(key, start, sequence), 0, key.length + WINDOW_SUFFIX)
  }

  /** Starts a row with the engine key for a key of the changelog. */
  restoredKey(rows: PackedRows, row: number, into: RowsBuilder): void {
    const key = { bytes: rows.bytes, at: rows.keyAt[row]!, length: rows.keyLength[row]! - WINDOW_SUFFIX }
    const { start, sequence } = readSuffix(rows.bytes, key.at + key.length)
    this.#layout.rowKey(key, start, sequence, into)
  }

  #spanOf(slot: number): KeySpan {
    const id = this.#keyIds[slot]!
    return { bytes: this.keys.bytes, at: this.keys.keyAt(id), length: this.keys.keyLength(id) }
  }

  #grow(): void {
    const starts = new Float64Array(2 * this.#starts.length)
    starts.set(this.#starts)
    this.#starts = starts
    this.#keyIds = grown(this.#keyIds)
    this.#sequences = grown(this.#sequences)
  }
}

function grown(column: Int32Array): Int32Array {
  const larger = new Int32Array(2 * column.length)
  larger.set(column)
  return larger
}
