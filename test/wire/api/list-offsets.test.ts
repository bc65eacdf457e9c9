import * as fc from 'fast-check'
import { LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH } from '../../../src/wire/api/list-offsets.ts'
import { checkApi, int32, int64, topicsOf } from './check-api.ts'

interface Listed {
  ThrottleTimeMs: number
  Topics: {
    Name: string
    Partitions: { PartitionIndex: number; ErrorCode: number; Timestamp: number; Offset: number; LeaderEpoch: number }[]
  }[]
}

checkApi(LIST_OFFSETS, {
  request: fc.record({
    isolation: fc.constantFrom('read_uncommitted' as const, 'read_committed' as const),
    topics: topicsOf(fc.record({ partition: int32, currentLeaderEpoch: int32, timestamp: int64 })),
  }),
  asked: ({ isolation, topics }) => ({
    ReplicaId: -1,
    IsolationLevel: isolation === 'read_committed' ? 1 : 0,
    Topics: topics.map(({ topic, partitions }) => ({
      Name: topic,
      Partitions: partitions.map(({ partition, currentLeaderEpoch, timestamp }) => ({
        PartitionIndex: partition,
        CurrentLeaderEpoch: currentLeaderEpoch,
        Timestamp: timestamp,
      })),
    })),
  }),
  answered: ({ ThrottleTimeMs, Topics }: Listed) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(({ Name, Partitions }) => ({
      topic: Name,
      partitions: Partitions.map((found) => ({
        partition: found.PartitionIndex,
        errorCode: found.ErrorCode,
        timestamp: found.Timestamp,
        offset: found.Offset,
        leaderEpoch: found.LeaderEpoch,
      })),
    })),
  }),
})

interface Ended {
  ThrottleTimeMs: number
  Topics: { Topic: string; Partitions: { Partition: number; ErrorCode: number; LeaderEpoch: number; EndOffset: number }[] }[]
}

checkApi(OFFSET_FOR_LEADER_EPOCH, {
  request: fc.record({ topics: topicsOf(fc.record({ partition: int32, currentLeaderEpoch: int32, leaderEpoch: int32 })) }),
  asked: ({ topics }) => ({
    // A consumer, not a replica.
    ReplicaId: -1,
    Topics: topics.map(({ topic, partitions }) => ({
      Topic: topic,
      Partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => ({
        Partition: partition,
        CurrentLeaderEpoch: currentLeaderEpoch,
        LeaderEpoch: leaderEpoch,
      })),
    })),
  }),
  answered: ({ ThrottleTimeMs, Topics }: Ended) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(({ Topic, Partitions }) => ({
      topic: Topic,
      partitions: Partitions.map((found) => ({
        partition: found.Partition,
        errorCode: found.ErrorCode,
        leaderEpoch: found.LeaderEpoch,
        endOffset: found.EndOffset,
      })),
    })),
  }),
})
