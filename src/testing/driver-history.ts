/**
 * What was done to a test driver, call by call, and a fingerprint of every record that its tasks wrote. Both are what a driver is put back by: a topology
 * is a machine that answers the same to the same records and times, so its state is its calls. Doing them again gives everything back that a copy would
 * have to be told of: rows, buffers and times of stores, schedules, what operators and processors keep in variables of their own. The fingerprints say
 * whether it did. Bytes are kept in one array, up to a limit: 30 ns a record, and nothing for the garbage collector to look at.
 */
import { readInt32 } from '../base/bytes.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { StoreName } from '../state/store-spec.ts'
import { readLogged, type LoggedBatch } from './driver-log.ts'

/** What a test does to a driver. */
export type DriverCall =
  | { readonly kind: 'send'; readonly batch: LoggedBatch }
  | { readonly kind: 'advance'; readonly ms: number }
  | ({ readonly kind: 'store' } & StoreCall)

/** A test's own call of a store's method. */
export interface StoreCall {
  readonly store: StoreName
  readonly partition: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** A point in a history: how many calls were made, and how many records were written, before it. */
export interface HistoryMark {
  readonly calls: number
  readonly written: number
}

type Entry =
  | { readonly tp: TopicPartition; readonly at: number; readonly length: number; readonly hasHeaders: boolean }
  | Exclude<DriverCall, { kind: 'send' }>

const NOTHING = new Uint8Array(0)
/** Where the checksum stands in a batch. */
const CRC_AT = 17

/** The calls of one driver since it was made. */
export class DriverHistory {
  readonly #limit: number
  readonly #calls: Entry[] = []
  readonly #failed: Set<number> = new Set()
  #bytes: Uint8Array = new Uint8Array(1024)
  #length = 0
  #fingerprints: Int32Array = new Int32Array(64)
  #written = 0
  #isFull = false
  #hasEnded = false

  /** `limit`: how many bytes of records it keeps. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** True when something was done that can't be done again. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Something is done that can't be done again. */
  end(): void {
    this.#hasEnded = true
  }

  /** The present; undefined when there was more than it keeps, or something that can't be done again. */
  get now(): HistoryMark | undefined {
    return this.#isFull || this.#hasEnded ? undefined : { calls: this.#calls.length, written: this.#written }
  }

  /** Keeps a call before it is made; answers its number. */
  add(call: DriverCall): number {
    const number = this.#calls.length
    if (this.#isFull) return number
    if (call.kind !== 'send') this.#calls.push(call)
    else {
      const { tp, bytes, hasHeaders } = call.batch
      if (this.#length + bytes.length > this.#limit) this.#isFull = true
      else this.#calls.push({ tp, at: this.#keep(bytes), length: bytes.length, hasHeaders })
    }
    return number
  }

  /** A call, to be made again. */
  call(number: number): DriverCall {
    const entry = this.#calls[number]!
    if ('kind' in entry) return entry
    // A copy: the log writes an offset into it.
    const { tp, at, length, hasHeaders } = entry
    return { kind: 'send', batch: { tp, bytes: this.#bytes.slice(at, at + length), hasHeaders } }
  }

  /** The call threw, or its promise was rejected. */
  fail(number: number): void {
    this.#failed.add(number)
  }

  /** Whether a call failed. */
  hasFailed(number: number): boolean {
    return this.#failed.has(number)
  }

  /** Takes note of a record that a task wrote. */
  wrote(batch: LoggedBatch): void {
    if (this.#isFull) return
    if (this.#written === this.#fingerprints.length) this.#fingerprints = grown(this.#fingerprints, new Int32Array(2 * this.#written))
    this.#fingerprints[this.#written++] = fingerprint(batch)
  }

  /** How many records tasks wrote. */
  get written(): number {
    return this.#written
  }

  /** Whether the record of that number is this one, as far as can be told. */
  isWritten(number: number, batch: LoggedBatch): boolean {
    return number < this.#written && this.#fingerprints[number] === fingerprint(batch)
  }

  #keep(bytes: Uint8Array): number {
    const at = this.#length
    if (at + bytes.length > this.#bytes.length) {
      this.#bytes = grown(this.#bytes, new Uint8Array(Math.max(2 * this.#bytes.length, at + bytes.length)))
    }
    this.#bytes.set(bytes, at)
    this.#length += bytes.length
    return at
  }
}

/** The checksum of its bytes, mixed with where it is. Headers are left out: those of a dead letter tell where in the program it was sent. */
function fingerprint(batch: LoggedBatch): number {
  const { tp, bytes, hasHeaders } = batch
  return (hasHeaders ? withoutHeaders(batch) : readInt32(bytes, CRC_AT)) ^ (tp.partition + 31 * tp.topic.length)
}

function withoutHeaders(batch: LoggedBatch): number {
  const { key, value, timestamp } = readLogged(batch)
  return murmur2(key ?? NOTHING) ^ (31 * murmur2(value ?? NOTHING)) ^ (timestamp | 0)
}

function grown<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}
