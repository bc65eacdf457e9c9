import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { OFFSET_COMMIT, OFFSET_FETCH } from '../../../src/wire/api/commit.ts'
import { failure } from '../reading.ts'
import { checkApi, int32, int64, maybeText, text, topicsOf } from './check-api.ts'
import { Schema } from './schema-coder.ts'

interface Committed {
  ThrottleTimeMs: number
  Topics: { Name: string; Partitions: { PartitionIndex: number; ErrorCode: number }[] }[]
}

checkApi(OFFSET_COMMIT, {
  request: fc.record({
    groupId: text,
    generationId: int32,
    memberId: text,
    groupInstanceId: maybeText,
    topics: topicsOf(fc.record({ partition: int32, offset: int64, leaderEpoch: int32, metadata: maybeText })),
  }),
  asked: ({ groupId, generationId, memberId, groupInstanceId, topics }) => ({
    GroupId: groupId,
    GenerationIdOrMemberEpoch: generationId,
    MemberId: memberId,
    GroupInstanceId: groupInstanceId,
    Topics: topics.map(({ topic, partitions }) => ({
      Name: topic,
      Partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
        PartitionIndex: partition,
        CommittedOffset: offset,
        CommittedLeaderEpoch: leaderEpoch,
        CommittedMetadata: metadata,
      })),
    })),
  }),
  answered: ({ ThrottleTimeMs, Topics }: Committed) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(({ Name, Partitions }) => ({
      topic: Name,
      partitions: Partitions.map(({ PartitionIndex, ErrorCode }) => ({ partition: PartitionIndex, errorCode: ErrorCode })),
    })),
  }),
})

interface Group {
  Topics: {
    Name: string
    Partitions: {
      PartitionIndex: number
      CommittedOffset: number
      CommittedLeaderEpoch: number
      Metadata: string | null
      ErrorCode: number
    }[]
  }[]
  ErrorCode: number
}

const group = ({ Topics, ErrorCode }: Group) => ({
  errorCode: ErrorCode,
  topics: Topics.map(({ Name, Partitions }) => ({
    topic: Name,
    partitions: Partitions.map((found) => ({
      partition: found.PartitionIndex,
      offset: found.CommittedOffset,
      leaderEpoch: found.CommittedLeaderEpoch,
      metadata: found.Metadata,
      errorCode: found.ErrorCode,
    })),
  })),
})

checkApi(OFFSET_FETCH, {
  request: fc.record({ groupId: text, topics: topicsOf(int32), requireStable: fc.boolean() }),
  asked: ({ groupId, topics, requireStable }, version) => {
    const asked = { GroupId: groupId, Topics: topics.map(({ topic, partitions }) => ({ Name: topic, PartitionIndexes: partitions })) }
    return { RequireStable: requireStable, ...(version >= 8 ? { Groups: [asked] } : asked) }
  },
  possible: ({ Groups }: { Groups?: Group[] }) => Groups === undefined || Groups.length > 0,
  answered: (found: Group & { ThrottleTimeMs: number; Groups?: Group[] }) => ({
    throttleTimeMs: found.ThrottleTimeMs,
    ...group(found.Groups === undefined ? found : found.Groups[0]!),
  }),
})

it('throws at an answer without the group that was asked for', () => {
  const schema = new Schema('OffsetFetchResponse', 8)
  expect(failure(() => OFFSET_FETCH.decode(schema.encode(schema.complete({})), 0, 8))).toMatchObject({ code: 'RECORD_CORRUPT' })
})
