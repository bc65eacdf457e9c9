/** Committed positions of a group: each commit carries the proof of who commits, each read waits for positions that are still being decided. */
import { ClusterError, TaskMigratedError } from '../base/errors.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { TopicOf } from '../wire/api/api.ts'
import { OFFSET_COMMIT, OFFSET_FETCH } from '../wire/api/commit.ts'
import { LIST_OFFSETS } from '../wire/api/list-offsets.ts'
import { wireError } from '../wire/error-table.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster } from './cluster.ts'

/** Who commits: a member of a generation. */
export interface GroupFence {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
}

/** A position: the next offset to process, with metadata. */
export interface OffsetAndMetadata {
  readonly tp: TopicPartition
  readonly offset: number
  readonly metadata: string | null
}

/** Reads and writes positions. */
export class GroupOffsets {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Commits positions. Throws a `TaskMigratedError` when the fence is not the group's any more. */
  async commit(positions: readonly OffsetAndMetadata[], fence: GroupFence): Promise<void> {
    const { groupId, generation, memberId, instanceId } = fence
    const topics = byTopic(positions, ({ tp, offset, metadata }) => ({ partition: tp.partition, offset, leaderEpoch: -1, metadata }))
    await this.#cluster.retried(async () => {
      const lane = await this.#cluster.coordinator(groupId, 'call')
      const answer = await lane.request(OFFSET_COMMIT, { groupId, generationId: generation, memberId, groupInstanceId: instanceId, topics })
      for (const { partitions } of answer.topics) for (const { errorCode } of partitions) this.#check(errorCode, groupId)
    }, `committing positions of ${groupId}`)
  }

  /** The committed positions; those that have none are left out. */
  async committed(groupId: string, tps: readonly TopicPartition[]): Promise<readonly OffsetAndMetadata[]> {
    if (tps.length === 0) return []
    const topics = byTopic(
      tps.map((tp) => ({ tp })),
      ({ tp }) => tp.partition,
    )
    return this.#cluster.retried(async () => {
      const lane = await this.#cluster.coordinator(groupId, 'call')
      const answer = await lane.request(OFFSET_FETCH, { groupId, topics, requireStable: true })
      if (answer.errorCode !== 0) this.#check(answer.errorCode, groupId)
      return answer.topics.flatMap(({ topic, partitions }) =>
        partitions.flatMap(({ partition, offset, metadata, errorCode }) => {
          if (errorCode !== 0) this.#check(errorCode, groupId)
          return offset < 0 ? [] : [{ tp: { topic, partition }, offset, metadata }]
        }),
      )
    }, `reading positions of ${groupId}`)
  }

  /** For each partition the offset at a time: −1 the end, −2 the start, else the first record at or after it in ms, −1 where there is none. */
  async at(
    tps: readonly TopicPartition[],
    timestamp: number,
  ): Promise<readonly { readonly tp: TopicPartition; readonly offset: number }[]> {
    return this.#cluster.retried(async () => {
      try {
        const byNode = await this.#cluster.byLeader(tps.map((tp) => ({ tp })))
        const found = await Promise.all([...byNode].map(([node, led]) => this.#atNode(node, led, timestamp)))
        return found.flat()
      } catch (error) {
        // Another broker may lead by now.
        if (error instanceof ClusterError && error.retriable) await this.#cluster.refresh([...new Set(tps.map(({ topic }) => topic))])
        throw error
      }
    }, 'asking for offsets')
  }

  async #atNode(
    node: number,
    led: readonly { readonly tp: TopicPartition }[],
    timestamp: number,
  ): Promise<{ readonly tp: TopicPartition; readonly offset: number }[]> {
    const topics = byTopic(led, ({ tp }) => ({
      partition: tp.partition,
      currentLeaderEpoch: this.#cluster.leader(tp)?.epoch ?? -1,
      timestamp,
    }))
    const lane = await this.#cluster.lane(node, 'call')
    const answer = await lane.request(LIST_OFFSETS, { isolation: 'read_uncommitted', topics })
    return answer.topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset, errorCode }) => {
        if (errorCode !== 0) throw brokerError(errorCode, 'fetch', `asking for offsets of ${topic}[${partition}]`, { topic, partition })
        return { tp: { topic, partition }, offset }
      }),
    )
  }

  #check(errorCode: number, groupId: string): void {
    if (errorCode === 0) return
    const { action, name } = wireError(errorCode, 'fetch')
    if (action === 'fenced') throw new TaskMigratedError(`group ${groupId} has moved on: the broker answered ${name}`)
    if (action === 'refresh') this.#cluster.forgetCoordinator(groupId)
    throw brokerError(errorCode, 'fetch', `positions of group ${groupId}`)
  }
}

/** Groups items by their partition's topic. */
export function byTopic<T extends { readonly tp: TopicPartition }, P>(items: readonly T[], partitionOf: (item: T) => P): TopicOf<P>[] {
  const topics = new Map<string, P[]>()
  for (const item of items) {
    const known = topics.get(item.tp.topic)
    if (known === undefined) topics.set(item.tp.topic, [partitionOf(item)])
    else known.push(partitionOf(item))
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
