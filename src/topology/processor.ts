/** The Processor API: what a user's processor looks like, and what it may use. */
import type { Headers } from '../model/headers.ts'
import type { StreamRecord } from '../model/record.ts'
import type { TaskId } from '../model/task-id.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Cancellable, Schedule } from './operator.ts'

/** Processes the records of one task. */
export interface Processor<K, V, KOut, VOut> {
  /** Called once, before the first record; records and punctuations wait for the promise it may answer. */
  init?(context: ProcessorContext<KOut, VOut>): void | Promise<void>
  /** Called for each record. `forward` works until the promise it returned has settled. */
  process(record: StreamRecord<K, V>): void | Promise<void>
  /** Called when the task closes. */
  close?(): void
}

/** A processor whose records keep their key. */
export interface FixedKeyProcessor<K, V, VOut> {
  /** Called once, before the first record; records and punctuations wait for the promise it may answer. */
  init?(context: FixedKeyProcessorContext<K, VOut>): void | Promise<void>
  /** Called for each record. `forward` works until the promise it returned has settled. */
  process(record: FixedKeyRecord<K, V>): void | Promise<void>
  /** Called when the task closes. */
  close?(): void
}

/** A record whose key stays: a `StreamRecord` without `withKey`. */
export interface FixedKeyRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch, at least 0. */
  readonly timestamp: number
  readonly headers: Headers
  /** The same record with another value. */
  withValue<V2>(value: V2): FixedKeyRecord<K, V2>
  /** The same record at another time, in milliseconds since the epoch. */
  withTimestamp(timestamp: number): FixedKeyRecord<K, V>
  /** The same record with other headers. */
  withHeaders(headers: Headers): FixedKeyRecord<K, V>
}

/** What any processor may use. */
export interface ProcessingContext {
  /** A store that is connected to this step. Throws `STORE_NOT_CONNECTED`. */
  store<S>(spec: StoreSpec<S>): S
  /** Calls `f` with the current time every so many milliseconds of stream time or wall clock. Throws `CONFIG_RANGE` when that is less than 1. */
  schedule(when: Schedule, f: (timestamp: number) => void | Promise<void>): Cancellable
  /** The greatest timestamp the task has seen, in ms; −1 before the first. */
  streamTime(): number
  /** The wall clock, in ms since the epoch. */
  now(): number
  /** Asks for a commit as soon as the record in hand is done. */
  commit(): void
  readonly taskId: TaskId
  readonly applicationId: string
  /** Where the record in hand comes from; undefined in a punctuation. */
  readonly metadata: { readonly topic: string; readonly partition: number; readonly offset: number } | undefined
  /** Headers of the record in hand; none in a punctuation. */
  readonly headers: Headers
}

/** What a processor may use. */
export interface ProcessorContext<KOut, VOut> extends ProcessingContext {
  /** Hands a record to all children, or to the one of that name; a promise when something below has to wait. Throws `UNKNOWN_CHILD`, `CONTEXT_CLOSED`. */
  forward(record: StreamRecord<KOut, VOut>, child?: string): void | Promise<void>
}

/** What a processor that keeps its keys may use. */
export interface FixedKeyProcessorContext<K, VOut> extends ProcessingContext {
  /** As `ProcessorContext.forward`. Throws `PROCESSOR_RESULT` when the key isn't that of the record in hand; a punctuation has none, and may forward any. */
  forward(record: FixedKeyRecord<K, VOut>, child?: string): void | Promise<void>
}
