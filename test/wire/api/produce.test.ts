import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { PRODUCE } from '../../../src/wire/api/produce.ts'
import { blob, checkApi, int16, int32, maybeText, topicsOf } from './check-api.ts'

interface Answered {
  Responses: {
    Name: string
    PartitionResponses: {
      Index: number
      ErrorCode: number
      BaseOffset: number
      LogAppendTimeMs: number
      LogStartOffset: number
      RecordErrors: { BatchIndex: number; BatchIndexErrorMessage: string | null }[]
      ErrorMessage: string | null
    }[]
  }[]
  ThrottleTimeMs: number
}

checkApi(PRODUCE, {
  request: fc.record({
    transactionalId: maybeText,
    acks: int16,
    timeoutMs: int32,
    topics: topicsOf(fc.record({ partition: int32, records: blob })),
  }),
  asked: ({ transactionalId, acks, timeoutMs, topics }) => ({
    TransactionalId: transactionalId,
    Acks: acks,
    TimeoutMs: timeoutMs,
    TopicData: topics.map(({ topic, partitions }) => ({
      Name: topic,
      PartitionData: partitions.map(({ partition, records }) => ({ Index: partition, Records: records })),
    })),
  }),
  answered: ({ Responses, ThrottleTimeMs }: Answered) => ({
    throttleTimeMs: ThrottleTimeMs,
    topics: Responses.map(({ Name, PartitionResponses }) => ({
      topic: Name,
      partitions: PartitionResponses.map((found) => ({
        partition: found.Index,
        errorCode: found.ErrorCode,
        baseOffset: found.BaseOffset,
        logAppendTimeMs: found.LogAppendTimeMs,
        logStartOffset: found.LogStartOffset,
        recordErrors: found.RecordErrors.map(({ BatchIndex, BatchIndexErrorMessage }) => ({
          index: BatchIndex,
          message: BatchIndexErrorMessage,
        })),
        errorMessage: found.ErrorMessage,
      })),
    })),
  }),
})

it('puts batches among the pieces as they are, without a copy', () => {
  const records = new Uint8Array(100)
  const topics = [{ topic: 'orders', partitions: [{ partition: 0, records }] }]
  expect(PRODUCE.encode({ transactionalId: null, acks: -1, timeoutMs: 1, topics }, 9)).toContain(records)
})
