import * as fc from 'fast-check'
import { ADD_OFFSETS_TO_TXN, ADD_PARTITIONS_TO_TXN, END_TXN, TXN_OFFSET_COMMIT } from '../../../src/wire/api/txn.ts'
import { checkApi, int16, int32, int64, maybeText, text, topicsOf } from './check-api.ts'

const producer = { transactionalId: text, producerId: int64, producerEpoch: int16 }

interface PartitionsAdded {
  ThrottleTimeMs: number
  ResultsByTopicV3AndBelow: { Name: string; ResultsByPartition: { PartitionIndex: number; PartitionErrorCode: number }[] }[]
}

checkApi(ADD_PARTITIONS_TO_TXN, {
  request: fc.record({ ...producer, topics: topicsOf(int32) }),
  asked: ({ transactionalId, producerId, producerEpoch, topics }) => ({
    V3AndBelowTransactionalId: transactionalId,
    V3AndBelowProducerId: producerId,
    V3AndBelowProducerEpoch: producerEpoch,
    V3AndBelowTopics: topics.map(({ topic, partitions }) => ({ Name: topic, Partitions: partitions })),
  }),
  answered: ({ ThrottleTimeMs, ResultsByTopicV3AndBelow }: PartitionsAdded) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: ResultsByTopicV3AndBelow.map(({ Name, ResultsByPartition }) => ({
      topic: Name,
      partitions: ResultsByPartition.map((found) => ({ partition: found.PartitionIndex, errorCode: found.PartitionErrorCode })),
    })),
  }),
})

interface Answered {
  ThrottleTimeMs: number
  ErrorCode: number
}

checkApi(ADD_OFFSETS_TO_TXN, {
  request: fc.record({ ...producer, groupId: text }),
  asked: ({ transactionalId, producerId, producerEpoch, groupId }) => ({
    TransactionalId: transactionalId,
    ProducerId: producerId,
    ProducerEpoch: producerEpoch,
    GroupId: groupId,
  }),
  answered: ({ ThrottleTimeMs, ErrorCode }: Answered) => ({ throttleTimeMs: ThrottleTimeMs, errorCode: ErrorCode }),
})

checkApi(END_TXN, {
  skipped: [4],
  request: fc.record({ ...producer, committed: fc.boolean() }),
  asked: ({ transactionalId, producerId, producerEpoch, committed }) => ({
    TransactionalId: transactionalId,
    ProducerId: producerId,
    ProducerEpoch: producerEpoch,
    Committed: committed,
  }),
  answered: ({ ThrottleTimeMs, ErrorCode, ProducerId, ProducerEpoch }: Answered & { ProducerId?: number; ProducerEpoch?: number }) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    producerId: ProducerId ?? -1,
    producerEpoch: ProducerEpoch ?? -1,
  }),
})

interface OffsetsCommitted {
  ThrottleTimeMs: number
  Topics: { Name: string; Partitions: { PartitionIndex: number; ErrorCode: number }[] }[]
}

checkApi(TXN_OFFSET_COMMIT, {
  skipped: [4],
  request: fc.record({
    ...producer,
    groupId: text,
    generationId: int32,
    memberId: text,
    groupInstanceId: maybeText,
    topics: topicsOf(fc.record({ partition: int32, offset: int64, leaderEpoch: int32, metadata: maybeText })),
  }),
  asked: (request) => ({
    TransactionalId: request.transactionalId,
    GroupId: request.groupId,
    ProducerId: request.producerId,
    ProducerEpoch: request.producerEpoch,
    GenerationId: request.generationId,
    MemberId: request.memberId,
    GroupInstanceId: request.groupInstanceId,
    Topics: request.topics.map(({ topic, partitions }) => ({
      Name: topic,
      Partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
        PartitionIndex: partition,
        CommittedOffset: offset,
        CommittedLeaderEpoch: leaderEpoch,
        CommittedMetadata: metadata,
      })),
    })),
  }),
  answered: ({ ThrottleTimeMs, Topics }: OffsetsCommitted) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Topics.map(({ Name, Partitions }) => ({
      topic: Name,
      partitions: Partitions.map(({ PartitionIndex, ErrorCode }) => ({ partition: PartitionIndex, errorCode: ErrorCode })),
    })),
  }),
})
