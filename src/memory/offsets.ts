/** What is asked about the offsets of logs: by time, by leader epoch, and moving their starts. */
import type { DeleteRecordsRequest, DeleteRecordsResponse } from '../wire/api/topics.ts'
import {
  EARLIEST,
  LATEST,
  type EpochEndOffset,
  type ListedOffset,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '../wire/api/list-offsets.ts'
import { CODE } from './codes.ts'
import type { MemoryPartition } from './partition.ts'
import { eachRow, offsetOf, timestampOf } from './rows.ts'
import type { MemoryTopics } from './topics.ts'

/** Of the record with the newest timestamp. */
const NEWEST = -3

/** Answers what concerns offsets. */
export class LogOffsets {
  readonly #topics: MemoryTopics

  constructor(topics: MemoryTopics) {
    this.#topics = topics
  }

  /** ListOffsets. */
  list({ topics, isolation }: ListOffsetsRequest, node: number): ListOffsetsResponse {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, currentLeaderEpoch, timestamp }): ListedOffset => {
          const found = this.#led(topic, partition, { node, currentLeaderEpoch })
          if (typeof found === 'number') return { partition, errorCode: found, timestamp: -1, offset: -1, leaderEpoch: -1 }
          return { partition, errorCode: CODE.NONE, ...offsetAt(found, timestamp, found.endFor(isolation)) }
        }),
      })),
    }
  }

  /** OffsetForLeaderEpoch. */
  epochEnds({ topics }: OffsetForLeaderEpochRequest, node: number): OffsetForLeaderEpochResponse {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }): EpochEndOffset => {
          const found = this.#led(topic, partition, { node, currentLeaderEpoch })
          if (typeof found === 'number') return { partition, errorCode: found, leaderEpoch: -1, endOffset: -1 }
          return { partition, errorCode: CODE.NONE, ...found.log.epochs.endOf(leaderEpoch, found.log.endOffset) }
        }),
      })),
    }
  }

  /** DeleteRecords: −1 means up to the high watermark. */
  deleteRecords({ topics }: DeleteRecordsRequest, node: number): DeleteRecordsResponse {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, offset }) => {
          const found = this.#topics.led(topic, partition, node)
          if (typeof found === 'number') return { partition, lowWatermark: -1, errorCode: found }
          if (!this.#topics.get(topic)!.settings.deletable) return { partition, lowWatermark: -1, errorCode: CODE.POLICY_VIOLATION }
          const { log, highWatermark } = found
          if (offset > highWatermark || offset < -1) return { partition, lowWatermark: -1, errorCode: CODE.OFFSET_OUT_OF_RANGE }
          found.deleteBefore(offset === -1 ? highWatermark : offset)
          return { partition, lowWatermark: log.startOffset, errorCode: CODE.NONE }
        }),
      })),
    }
  }

  #led(
    topic: string,
    partition: number,
    { node, currentLeaderEpoch }: { readonly node: number; readonly currentLeaderEpoch: number },
  ): MemoryPartition | number {
    const found = this.#topics.led(topic, partition, node)
    if (typeof found === 'number') return found
    const errorCode = found.epochError(currentLeaderEpoch)
    return errorCode === CODE.NONE ? found : errorCode
  }
}

interface Found {
  readonly timestamp: number
  readonly offset: number
  readonly leaderEpoch: number
}

/** `end` is one behind the last record that may be found. */
function offsetAt({ log, leaderEpoch }: MemoryPartition, timestamp: number, end: number): Found {
  if (timestamp === LATEST) return { timestamp: -1, offset: end, leaderEpoch }
  if (timestamp === EARLIEST) return { timestamp: -1, offset: log.startOffset, leaderEpoch }
  const newest = timestamp === NEWEST
  let found: Found | undefined
  for (const batch of log.batchesSince(newest ? -Infinity : timestamp)) {
    eachRow(batch, (rows, i, header) => {
      const record = { timestamp: timestampOf(rows, i), offset: offsetOf(rows, i), leaderEpoch: header.leaderEpoch }
      if (record.offset < log.startOffset || record.offset >= end) return
      if (newest ? record.timestamp > (found?.timestamp ?? -Infinity) : found === undefined && record.timestamp >= timestamp) found = record
    })
    if (found !== undefined && !newest) break
  }
  return found ?? { timestamp: -1, offset: -1, leaderEpoch: -1 }
}
