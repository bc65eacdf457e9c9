/**
 * How values become bytes. The two plain methods are the contract; `read` and `write` are fast faces over a position in a larger buffer and
 * must agree with them (a property test proves it for each built-in). A serde never sees null: null is Kafka's own and stays outside.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { Headers } from './headers.ts'

/** Where a value comes from or goes to. */
export interface SerdeContext {
  readonly topic: string
  readonly side: 'key' | 'value'
  readonly headers: Headers
}

/** Turns values into bytes and back. Throws a `SerdeError` on what it refuses. */
export interface Serde<T> {
  /** The bytes of a value. */
  serialize(value: T, context?: SerdeContext): Uint8Array
  /** The value of these bytes. */
  deserialize(bytes: Uint8Array, context?: SerdeContext): T
  /** Reads `length` bytes at `at` without making a view of them. */
  read?(bytes: Uint8Array, at: number, length: number): T
  /** Writes at `at` and answers how many bytes; −1: there is not enough room. */
  write?(value: T, into: Uint8Array, at: number): number
  /**
   * True when a value has one form of bytes, and values of one `===` one form: a key that was read may then be handed on as the bytes it was read
   * from. Left out where bytes may be read that are never written (JSON with spaces, a UUID in upper case).
   */
  readonly canonical?: boolean
  /**
   * True when the bytes that a value was read from may stand for it: a value that no user code saw or changed is then passed on as these bytes,
   * unserialised. Left out by serdes that leave something out, fill something in or migrate something when they read; implied by `canonical`.
   */
  readonly passThrough?: boolean
  /** True when values keep pointing into the bytes they were read from. */
  readonly borrows?: boolean
  /** How many bytes every value has, where that is fixed: lists leave the lengths out then, as Java's do. */
  readonly fixedBytes?: number
  /** How many bytes at the end of a key don't decide its partition: 8 for time-windowed keys, 16 for session keys. */
  readonly unhashedBytes?: number
  /** Called once per batch before it is decoded, for what has to be fetched first. */
  prepare?(batch: PackedRows): MaybePromise<void>
}

/** Keys or values of any type: what is left of a serde where types are forgotten. */
export type AnySerde = Serde<unknown>
