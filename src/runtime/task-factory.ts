/** What a task of a plan is: its sub-topology, its partitions, the positions where they go on, and the task made of them. */
import { ClusterError } from '../base/errors.ts'
import type { TaskId } from '../model/task-id.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { GroupOffsets, OffsetAndMetadata } from '../kafka/offsets.ts'
import type { Engine } from '../state/engine.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { TaskState } from '../state/task-state.ts'
import { StreamTask } from '../task/stream-task.ts'
import type { TaskPorts } from '../task/task-ports.ts'
import type { SourceNode, StartFrom } from '../topology/node.ts'
import { reads } from '../topology/patterns.ts'
import type { Subtopology } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { EARLIEST, LATEST } from '../wire/api/list-offsets.ts'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'
import { decodeTimes, type CommittedTimes } from './partition-time.ts'

/** As Kafka Streams looks for closed windows and for results without a partner. */
const SCAN_INTERVAL_MS = 1000

/** A partition that a task reads, by the source that reads it. */
export interface TaskInput {
  readonly tp: TopicPartition
  readonly source: SourceNode
}

/** The partitions that a task of a sub-topology reads: its own of each topic that has so many. */
export function taskInputs(
  subtopology: Subtopology,
  partition: number,
  world: { readonly applicationId: string; readonly counts: ReadonlyMap<string, number> },
): readonly TaskInput[] {
  return subtopology.sources.flatMap((source) =>
    source.topics.flatMap((topic) => {
      if (partition >= (world.counts.get(topic) ?? 0)) return []
      return [{ tp: { topic: source.internal ? `${world.applicationId}-${topic}` : topic, partition }, source }]
    }),
  )
}

/** The sub-topology that a task runs. Throws `TOPOLOGY_MISMATCH` when there is none. */
export function subtopologyOf(id: TaskId, topology: Topology, applicationId: string): Subtopology {
  const found = topology.subtopologies.find((candidate) => id.startsWith(`${candidate.id}_`))
  if (found !== undefined) return found
  throw new ClusterError(
    'TOPOLOGY_MISMATCH',
    `the group assigned task ${id}, which this topology doesn't have: all instances of ${applicationId} must run the same topology`,
  )
}

/** What a task is made with. */
export interface TaskParts {
  readonly topology: Topology
  readonly subtopology: Subtopology
  readonly config: Config
  readonly ports: TaskPorts
  readonly engine: Engine
  /** The number of each store in an engine that may have content. */
  readonly numbers?: ReadonlyMap<StoreName, number>
  /** The stores that all tasks read. */
  readonly globals?: TaskState | undefined
}

/** Makes one task. */
export function makeTask(id: TaskId, { topology, subtopology, config, ports, engine, numbers, globals }: TaskParts): StreamTask {
  return new StreamTask({
    applicationId: config.applicationId,
    topology,
    subtopology,
    partition: Number(id.slice(id.indexOf('_') + 1)),
    engine,
    ports,
    cacheBytes: config.cacheBytes,
    scanIntervalMs: SCAN_INTERVAL_MS,
    uncommittedBytes: config.statestoreUncommittedMaxBytes,
    everyWrite: false,
    ...(numbers === undefined ? {} : { numbers }),
    ...(globals === undefined ? {} : { globals }),
  })
}

/** Where each partition goes on: at its committed position, else where its source begins. */
export async function startPositions(
  inputs: readonly TaskInput[],
  world: { readonly offsets: GroupOffsets; readonly groupId: string; readonly now: () => number },
): Promise<ReadonlyMap<string, OffsetAndMetadata>> {
  const { offsets, groupId } = world
  const committed = await offsets.committed(
    groupId,
    inputs.map(({ tp }) => tp),
  )
  const positions = new Map(committed.map((position) => [partitionKey(position.tp), position]))
  for (const { tp, source } of inputs) {
    if (positions.has(partitionKey(tp))) continue
    positions.set(partitionKey(tp), { tp, offset: await beginning(tp, source.startFrom, world), metadata: null })
  }
  return positions
}

/** The first offset of a partition for a group that has none. */
export async function beginning(
  tp: TopicPartition,
  startFrom: StartFrom,
  { offsets, now }: { readonly offsets: GroupOffsets; readonly now: () => number },
): Promise<number> {
  if (startFrom === 'none') {
    throw new ClusterError(
      'BROKER_ERROR',
      `${tp.topic}[${tp.partition}] has no committed position and its source says startFrom: 'none': commit one, or say 'earliest' or 'latest'`,
      { context: tp },
    )
  }
  const time = startFrom === 'earliest' ? EARLIEST : startFrom === 'latest' ? LATEST : now() - startFrom
  const [found] = await offsets.at([tp], time)
  if (found !== undefined && found.offset >= 0) return found.offset
  const [end] = await offsets.at([tp], LATEST)
  return end?.offset ?? 0
}

/** Where to go on when a position is outside the log: where a new leader's log parted from what was read, else where the source begins. */
export async function positionInLog(
  tp: TopicPartition,
  partedAt: number | undefined,
  world: { readonly topology: Topology; readonly logger: Logger; readonly offsets: GroupOffsets; readonly now: () => number },
): Promise<number> {
  const source = world.topology.subtopologies.flatMap(({ sources }) => sources).find((candidate) => reads(candidate, tp.topic))
  const offset = partedAt ?? (await beginning(tp, source?.startFrom ?? 'earliest', world))
  const why = partedAt === undefined ? 'records were deleted before they were processed' : 'a new leader lacks records that were processed'
  world.logger.warn({ ...tp, offset }, `a position was outside the log: ${why}`)
  return offset
}

/** The times that were committed with a position. */
export function committedTimes(position: OffsetAndMetadata | undefined): CommittedTimes {
  return decodeTimes(position?.metadata)
}
