/**
 * What a task needs from whoever runs it: writers for the partitions it writes to, partition counts, a wall clock, and a decision about bad
 * records. A stream thread hands in its producer's; the test driver its own; the task is the same.
 */
import type { RecordError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { OnError } from '../topology/error-decision.ts'
import type { DropReason, NodeName } from '../topology/operator.ts'
import type { InFlight, PartitionWriter } from '../wire/partition-writer.ts'

/** What a task asks of its surroundings. */
export interface TaskPorts {
  /** Wall clock, in milliseconds since the epoch. */
  now(): number
  /** The writer of a partition, kept by the task; `sent` counts what is in flight for it. */
  writer(to: TopicPartition, sent: InFlight): PartitionWriter
  /** How many partitions a topic has; undefined: not known yet. */
  partitions(topic: string): number | undefined
  /** Looks a topic up whose partitions aren't known; rejects with a `ClusterError` when there is none. */
  lookUp(topic: string): Promise<void>
  /** True when everything written to the partition so far has been handed to the task. */
  caughtUp(from: TopicPartition): boolean
  /** When everything written to the partition was last known to have been handed to the task, in ms of the monotonic clock; undefined: it has not, or nobody knows. */
  emptyAt(from: TopicPartition): number | undefined
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number
  /** Asked about each record that failed at a step which has no `onError` of its own. */
  readonly onError: OnError
  /** Told what was decided about a record that failed, unless the task fails. */
  onDecided(error: RecordError, decision: 'skip' | 'dead-letter' | 'retry'): void
  /** Waits before a step runs again; where nothing waits, it answers at once. */
  pause(ms: number): MaybePromise<void>
  /** Calls `f` once after so many ms of the wall clock; the answer cancels it. */
  after(ms: number, f: () => void): () => void
  /** Told when a record that was deferred can go on: the task is to process. */
  onReady?(): void
  /** Chance, in [0, 1). */
  random(): number
  /** For how long one record is tried again, in ms. */
  readonly patienceMs: number
  /** Writes a line for a person to read. */
  print(line: string): void
  /** Told of a record that is more than a year ahead of those before it: times are milliseconds since the epoch. */
  onJump?(at: TopicPartition & { readonly offset: number }, times: { readonly from: number; readonly to: number }): void
  /** Told of each dropped record. */
  onDropped(reason: DropReason, node: NodeName, at: TopicPartition & { readonly offset: number }): void
}
