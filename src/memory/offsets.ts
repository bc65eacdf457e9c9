/** The committed positions of all groups. */
import { partitionKey } from '../model/topic.ts'
import type { CommittedOffset, OffsetCommitRequest, OffsetFetchRequest, OffsetFetchResponse } from '../wire/api/commit.ts'
import { CODE } from './codes.ts'

type Committed = Pick<CommittedOffset, 'offset' | 'leaderEpoch' | 'metadata'>

/** Positions by group, topic and partition. */
export class GroupOffsets {
  readonly #groups: Map<string, Map<string, Committed>> = new Map()

  /** Takes positions whose fence was checked. */
  commit({ groupId, topics }: OffsetCommitRequest): void {
    const positions = this.#groups.get(groupId) ?? new Map<string, Committed>()
    this.#groups.set(groupId, positions)
    for (const { topic, partitions } of topics) {
      for (const { partition, offset, leaderEpoch, metadata } of partitions) positions.set(partitionKey({ topic, partition }), { offset, leaderEpoch, metadata })
    }
  }

  /** OffsetFetch. */
  fetch({ groupId, topics }: OffsetFetchRequest): OffsetFetchResponse {
    const positions = this.#groups.get(groupId)
    return {
      errorCode: CODE.NONE,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((partition) => {
          const found = positions?.get(partitionKey({ topic, partition })) ?? { offset: -1, leaderEpoch: -1, metadata: null }
          return { partition, ...found, errorCode: CODE.NONE }
        }),
      })),
    }
  }
}
