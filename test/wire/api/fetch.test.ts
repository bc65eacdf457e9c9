import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { FETCH } from '../../../src/wire/api/fetch.ts'
import { checkApi, int32, int64, topicsOf } from './check-api.ts'
import { Schema } from './schema-coder.ts'

interface Answered {
  ThrottleTimeMs: number
  ErrorCode: number
  Responses: {
    Topic: string
    Partitions: {
      PartitionIndex: number
      ErrorCode: number
      HighWatermark: number
      LastStableOffset: number
      LogStartOffset: number
      AbortedTransactions: { ProducerId: number; FirstOffset: number }[] | null
      Records: Uint8Array | null
    }[]
  }[]
}

checkApi(FETCH, {
  request: fc.record({
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32,
    isolation: fc.constantFrom('read_uncommitted' as const, 'read_committed' as const),
    topics: topicsOf(fc.record({ partition: int32, currentLeaderEpoch: int32, fetchOffset: int64, maxBytes: int32 })),
  }),
  asked: ({ maxWaitMs, minBytes, maxBytes, isolation, topics }) => ({
    MaxWaitMs: maxWaitMs,
    MinBytes: minBytes,
    MaxBytes: maxBytes,
    IsolationLevel: isolation === 'read_committed' ? 1 : 0,
    Topics: topics.map(({ topic, partitions }) => ({
      Topic: topic,
      Partitions: partitions.map((wanted) => ({
        Partition: wanted.partition,
        CurrentLeaderEpoch: wanted.currentLeaderEpoch,
        FetchOffset: wanted.fetchOffset,
        PartitionMaxBytes: wanted.maxBytes,
      })),
    })),
  }),
  answered: ({ ThrottleTimeMs, ErrorCode, Responses }: Answered) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    topics: Responses.map(({ Topic, Partitions }) => ({
      topic: Topic,
      partitions: Partitions.map((found) => ({
        partition: found.PartitionIndex,
        errorCode: found.ErrorCode,
        highWatermark: found.HighWatermark,
        lastStableOffset: found.LastStableOffset,
        logStartOffset: found.LogStartOffset,
        aborted: (found.AbortedTransactions ?? []).map(({ ProducerId, FirstOffset }) => ({
          producerId: ProducerId,
          firstOffset: FirstOffset,
        })),
        records: found.Records ?? new Uint8Array(0),
      })),
    })),
  }),
})

it('answers records as a view of the frame', () => {
  const schema = new Schema('FetchResponse', 12)
  const partition = { PartitionIndex: 0, Records: Uint8Array.of(1, 2, 3) }
  const frame = schema.encode(schema.complete({ Responses: [{ Topic: 'orders', Partitions: [partition] }] }))
  const { records } = FETCH.decode(frame, 0, 12).topics[0]!.partitions[0]!
  expect([...records]).toEqual([1, 2, 3])
  expect(records.buffer).toBe(frame.buffer)
})
