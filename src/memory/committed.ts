/** The committed positions of groups, by topic and partition. */
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { CommittedOffset } from '../wire/api/commit.ts'

/** A position as it was committed. */
export type Committed = Pick<CommittedOffset, 'offset' | 'leaderEpoch' | 'metadata'>

/** Positions of all groups. */
export class CommittedOffsets {
  readonly #groups: Map<string, Map<string, Committed & { readonly topic: string }>> = new Map()

  /** The position of a group; undefined: it has committed none. */
  get(group: string, tp: TopicPartition): Committed | undefined {
    return this.#groups.get(group)?.get(partitionKey(tp))
  }

  /** Commits a position. */
  set(group: string, tp: TopicPartition, { offset, leaderEpoch, metadata }: Committed): void {
    let positions = this.#groups.get(group)
    if (positions === undefined) {
      positions = new Map()
      this.#groups.set(group, positions)
    }
    positions.set(partitionKey(tp), { offset, leaderEpoch, metadata, topic: tp.topic })
  }

  /** Forgets the positions in a topic. */
  deleteTopic(topic: string): void {
    for (const positions of this.#groups.values()) {
      for (const [key, position] of positions) if (position.topic === topic) positions.delete(key)
    }
  }
}
