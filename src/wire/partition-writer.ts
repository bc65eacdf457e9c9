/**
 * Where records for one partition go: synchronously into its open batch. The plain face is `append`; the staged one (`begin`, a key, a value,
 * `end`) writes from the middle of another buffer or by a serde's own `write`, so that a record costs no view and no copy of its own.
 */

/** The part of a serde that writes: `write` answers the bytes written, −1 for "give me more room"; without it `serialize` is used. */
export interface WriteFace<T> {
  serialize(value: T): Uint8Array
  write?(value: T, into: Uint8Array, at: number): number
}

/** Appends records to the open batch of one partition. Timestamps are milliseconds since the epoch; headers are an encoded block (varint count, entries). */
export interface PartitionWriter {
  append(key: Uint8Array | null, value: Uint8Array | null, timestamp: number, headers: Uint8Array | undefined): void
  /** Starts a record; exactly one key, one value and `end` must follow. */
  begin(timestamp: number): void
  /** The key: `length` bytes at `at`; a length of −1 is null. */
  key(bytes: Uint8Array, at: number, length: number): void
  /** The value: `length` bytes at `at`; a length of −1 is null. */
  value(bytes: Uint8Array, at: number, length: number): void
  /** The value, written by its serde. */
  written<T>(serde: WriteFace<T>, value: T): void
  /** Ends the record with its headers. */
  end(headers: Uint8Array | undefined): void
}

/** How many records of one task are appended and not yet acknowledged: +1 at append, −1 at the acknowledgement. Positions are committed only at 0. */
export interface InFlight {
  count: number
}
