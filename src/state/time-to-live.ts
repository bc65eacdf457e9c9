/**
 * The time to live of a store's entries. An entry's time is over when the store's stream time, the greatest timestamp ever put, has passed the entry's own
 * and `ttlMs`: from then on no read finds it. So that it also goes from engine and changelog, the engine has rows in order of time, `0000 'T' number u16
 * time i64 key`: every key that it has stands among them at least once, at a time that isn't behind the one it was written with when it came. A key that
 * is found there with a later time is moved there, not before: a key that is written often costs one row. At each flush what is due is read from there,
 * up to `MOST` keys, and deleted like anything else.
 */
import { readInt64, writeInt64 } from '../base/bytes.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Engine, KeyRange } from './engine.ts'
import { withPrefix } from './key-range.ts'
import { RowsBuilder } from './rows-builder.ts'
import type { RestoreRows } from './restored-rows.ts'

/** How many entries one flush may delete. */
const MOST = 10_000
const PAGE = { rows: 512, bytes: 1 << 20 }
const TIME_BYTES = 8
const NOTHING = new Uint8Array(0)

/** A key at a time, in ms, as the engine has it. */
export interface TimedKey {
  readonly time: number
  readonly key: Uint8Array
}

/** The rows in order of time of the store whose rows have this prefix. */
export function timeRows(prefix: Uint8Array): KeyRange {
  return withPrefix({ from: NOTHING }, headOf(prefix))
}

/** The time to live of one store of a task. */
export class TimeToLive {
  readonly #ttlMs: number
  readonly #engine: Engine
  readonly #head: Uint8Array
  /** Greatest time ever put, in ms; as of the last flush; and as of the last landing. */
  #time = -1
  #flushedTime = -1
  #landedTime = -1
  /** No row of the engine has a lower time. */
  #earliest = 0
  /** By slot: 1 where its key has a row. */
  #hasRow: Uint8Array = new Uint8Array(64)
  #pending: RowsBuilder = new RowsBuilder()
  /** The least time of the rows that land next. */
  #pendingEarliest = Infinity

  constructor(ttlMs: number, prefix: Uint8Array, engine: Engine) {
    this.#ttlMs = ttlMs
    this.#engine = engine
    this.#head = headOf(prefix)
  }

  /** Greatest time ever put, in ms, as of the last flush; −1: none. */
  get flushedTime(): number {
    return this.#flushedTime
  }

  /** Takes note of the time of a value that is put. */
  observe(timestamp: number): void {
    if (timestamp > this.#time) this.#time = timestamp
  }

  /** Takes over what the store had seen when it was written last. */
  resume(time: number): void {
    this.observe(time)
    this.flushed()
    this.#landedTime = this.#flushedTime
  }

  /** Whether the time of an entry is over. */
  isOver(timestamp: number): boolean {
    return timestamp + this.#ttlMs < this.#time
  }

  /** A slot's key is in the engine, and so has a row. */
  found(slot: number): void {
    if (slot >= this.#hasRow.length) {
      const larger = new Uint8Array(Math.max(2 * this.#hasRow.length, slot + 1))
      larger.set(this.#hasRow)
      this.#hasRow = larger
    }
    this.#hasRow[slot] = 1
  }

  /** A slot was given up. */
  free(slot: number): void {
    this.#hasRow[slot] = 0
  }

  /** A slot's value goes to the engine: its key gets a row if it may have none. */
  written(slot: number, { time, key }: TimedKey): void {
    if (this.#hasRow[slot] === 1) return
    this.found(slot)
    this.#add(time, key)
  }

  /** Values that are restored go to the engine, with the other rows of their batch. */
  restored(rows: RestoreRows, into: RowsBuilder): void {
    for (let row = 0; row < rows.count; row++) {
      if (rows.keyLength[row]! < 0 || rows.valueLength[row]! < 0) continue
      const time = rows.baseTimestamp + rows.timestampDelta[row]!
      const at = rows.keyAt[row]!
      this.#row(time, rows.bytes.subarray(at, at + rows.keyLength[row]!), into)
      into.value(NOTHING, 0, 0)
      this.#earliest = Math.min(this.#earliest, time)
      this.resume(time)
    }
  }

  /** The rows that are due, the first ones in order of time. */
  due(): MaybePromise<readonly TimedKey[]> {
    if (!this.isOver(this.#earliest)) return []
    const cursor = this.#engine.cursor(withPrefix({ from: NOTHING }, this.#head))
    const found: TimedKey[] = []
    const readOn = (page: PackedRows): MaybePromise<readonly TimedKey[]> => {
      for (let i = 0; i < page.count; i++) {
        const at = page.keyAt[i]! + this.#head.length
        const time = readInt64(page.bytes, at)
        if (!this.isOver(time) || found.length === MOST) return this.#end(found, time, cursor)
        found.push({ time, key: page.bytes.slice(at + TIME_BYTES, page.keyAt[i]! + page.keyLength[i]!) })
      }
      return page.count === 0 ? this.#end(found, Infinity, cursor) : chain(cursor.next(PAGE), readOn)
    }
    return chain(cursor.next(PAGE), readOn)
  }

  /** A row has done its duty. */
  drop({ time, key }: TimedKey): void {
    this.#row(time, key, this.#pending)
    this.#pending.value(NOTHING, 0, -1)
  }

  /** Its entry has a later time: so has its row, from now on. */
  move(row: TimedKey, time: number): void {
    this.drop(row)
    this.#add(time, row.key)
  }

  /** It is looked at again with the next flush. */
  leave({ time }: TimedKey): void {
    this.#earliest = Math.min(this.#earliest, time)
  }

  /** All writes so far were flushed: they land next. */
  flushed(): void {
    this.#flushedTime = this.#time
  }

  /** What changes in the engine with the last flush. */
  pendingRows(): PackedRows {
    return this.#pending.rows()
  }

  /** What was flushed has landed. */
  landed(): void {
    this.#earliest = Math.min(this.#earliest, this.#pendingEarliest)
    this.#landedTime = this.#flushedTime
    this.#forget()
  }

  /** Forgets everything that hasn't landed. */
  rollBack(): void {
    this.#time = this.#landedTime
    this.#flushedTime = this.#landedTime
    this.#earliest = 0
    this.#forget()
  }

  /** Adds a row that lands next. */
  #add(time: number, key: Uint8Array): void {
    this.#row(time, key, this.#pending)
    this.#pending.value(NOTHING, 0, 0)
    this.#pendingEarliest = Math.min(this.#pendingEarliest, time)
  }

  #forget(): void {
    this.#pending = new RowsBuilder()
    this.#pendingEarliest = Infinity
  }

  #end(found: readonly TimedKey[], earliest: number, cursor: { close(): void }): readonly TimedKey[] {
    cursor.close()
    this.#earliest = earliest
    return found
  }

  #row(time: number, key: Uint8Array, into: RowsBuilder): void {
    const bytes = new Uint8Array(TIME_BYTES)
    writeInt64(bytes, 0, Math.max(0, time))
    into.startKey()
    into.addToKey(this.#head, 0, this.#head.length)
    into.addToKey(bytes, 0, TIME_BYTES)
    into.addToKey(key, 0, key.length)
  }
}

function headOf(prefix: Uint8Array): Uint8Array {
  return new Uint8Array([0, 0, 0x54, ...prefix])
}
