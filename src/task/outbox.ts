/**
 * What a task writes: sink, repartition and changelog records go from here straight into the open batches of their partitions. It counts what
 * is in flight for its task, so that no position is committed before what it caused is acknowledged.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2, partitionOf } from '../base/murmur2.ts'
import { encodeHeaders } from '../model/headers.ts'
import type { ChangelogWriter, StoreLog } from '../state/task-state.ts'
import type { ResolvedStore } from '../state/store-spec.ts'
import type { DeadLetterRecord } from '../topology/error-decision.ts'
import type { Emit, NodeName, SinkSpec } from '../topology/operator.ts'
import type { InFlight, PartitionWriter } from '../wire/partition-writer.ts'
import { found, sinkEmit, validPartition, type SinkTask, type Target } from './sink-writer.ts'
import type { TaskPorts } from './task-ports.ts'

/** What an outbox belongs to. */
export type OutboxTask = Omit<SinkTask, 'target' | 'lookUp'> & { readonly partition: number }

/** Writes the records of one task. */
export class Outbox implements ChangelogWriter {
  /** Records appended and not yet acknowledged. */
  readonly inFlight: InFlight = { count: 0 }
  readonly #task: OutboxTask
  readonly #ports: TaskPorts
  readonly #targets: Map<string, Target> = new Map()

  constructor(task: OutboxTask, ports: TaskPorts) {
    this.#task = task
    this.#ports = ports
  }

  /** The end of a path: what writes records as a sink says. */
  sink(sink: SinkSpec, node: NodeName): Emit<unknown, unknown> {
    return sinkEmit(sink, node, { ...this.#task, target: (topic) => this.#target(topic), lookUp: (topic) => this.#ports.lookUp(topic) })
  }

  /** The changelog of a store; undefined when it has none of its own. */
  open({ changelog }: ResolvedStore): StoreLog | undefined {
    if (changelog === undefined || changelog.source) return undefined
    return this.#ports.writer({ topic: `${this.#task.applicationId}-${changelog.topic}`, partition: this.#task.partition }, this.inFlight)
  }

  /** Writes a dead letter; without a partition the key's hash chooses one. Throws a `ClusterError` when there is no such topic. */
  bury(topic: string, { key, value, timestamp, headers }: DeadLetterRecord, partition: number | undefined): MaybePromise<void> {
    const looked = this.#target(topic) === undefined ? this.#ports.lookUp(topic) : undefined
    return chain(looked, () => {
      const target = found(this.#target(topic), topic)
      const chosen = partition ?? (key === null ? 0 : partitionOf(murmur2(key), target.partitions))
      target.writer(validPartition(chosen, target)).append(key, value, timestamp, headers.length === 0 ? undefined : encodeHeaders(headers))
    })
  }

  #target(topic: string): Target | undefined {
    const known = this.#targets.get(topic)
    if (known !== undefined) return known
    const partitions = this.#ports.partitions(topic)
    if (partitions === undefined) return undefined
    const writers = Array.from<PartitionWriter | undefined>({ length: partitions })
    const made: Target = {
      topic,
      partitions,
      writer: (partition) => (writers[partition] ??= this.#ports.writer({ topic, partition }, this.inFlight)),
    }
    this.#targets.set(topic, made)
    return made
  }
}
