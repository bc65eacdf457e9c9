/** The Processor API: what a user's processor looks like, and what it may use. */
import type { Headers } from '../model/headers.ts'
import type { StreamRecord } from '../model/record.ts'
import type { TaskId } from '../model/task-id.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Cancellable, Schedule } from '../topology/operator.ts'

/** Processes the records of one task. */
export interface Processor<K, V, KOut, VOut> {
  /** Called once, before the first record. */
  init?(context: ProcessorContext<KOut, VOut>): void | Promise<void>
  /** Called for each record. `forward` works until the promise it returned has settled. */
  process(record: StreamRecord<K, V>): void | Promise<void>
  /** Called when the task closes. */
  close?(): void
}

/** A processor whose records keep their key. */
export type FixedKeyProcessor<K, V, VOut> = Processor<K, V, K, VOut>

/** What a processor may use. */
export interface ProcessorContext<KOut, VOut> {
  /** Hands a record to all children, or to the one of that name; a promise when something below has to wait. */
  forward(record: StreamRecord<KOut, VOut>, child?: string): void | Promise<void>
  /** A store that is connected to this step. Throws `STORE_NOT_CONNECTED`. */
  store<S>(spec: StoreSpec<S>): S
  /** Calls `f` with the current time every so many milliseconds of stream time or wall clock. */
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
  /** Headers of the record in hand. */
  readonly headers: Headers
}
