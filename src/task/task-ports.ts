/**
 * What a task needs from whoever runs it: writers for the partitions it writes to, partition counts, a wall clock, and a decision about bad
 * records. A stream thread hands in its producer's; the test driver its own; the task is the same.
 */
import type { RecordError } from '../base/errors.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { DropReason, NodeName } from '../topology/operator.ts'
import type { InFlight, PartitionWriter } from '../wire/partition-writer.ts'

/** What to do about a record that failed: `fail` stops the task before it, `skip` drops it and goes on. */
export type ErrorDecision = 'fail' | 'skip'

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
  /** Asked about each record that failed. */
  onError(error: RecordError): ErrorDecision
  /** Writes a line for a person to read. */
  print(line: string): void
  /** Told of a record that is more than a year ahead of those before it: times are milliseconds since the epoch. */
  onJump?(at: TopicPartition & { readonly offset: number }, times: { readonly from: number; readonly to: number }): void
  /** Told of each dropped record. */
  onDropped(reason: DropReason, node: NodeName, at: TopicPartition & { readonly offset: number }): void
}
