/**
 * What readers ask of the memory cluster: fetches that wait until there is enough, and offsets by time. A fetch answers views of whole batches;
 * it waits on the cluster's own clock, and every append wakes it.
 */
import type { Clock } from '../base/clock.ts'
import type { FetchedPartition, FetchPartition, FetchRequest, FetchResponse } from '../wire/api/fetch.ts'
import { EARLIEST, LATEST, type ListedOffset, type ListOffsetsRequest, type ListOffsetsResponse } from '../wire/api/list-offsets.ts'
import { BatchReader, readHeader } from '../wire/batch-reader.ts'
import { CODE } from './codes.ts'
import type { PartitionLog } from './log.ts'
import type { MemoryTopics } from './topics.ts'

const NOTHING = new Uint8Array(0)
const NEWEST = -3

/** Answers readers. */
export class Reads {
  readonly #topics: MemoryTopics
  readonly #clock: Clock
  /** Fetches that wait. */
  readonly #waiting: Set<() => void> = new Set()

  constructor(topics: MemoryTopics, clock: Clock) {
    this.#topics = topics
    this.#clock = clock
  }

  /** Wakes the fetches that wait: something was appended. */
  appended(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Fetch. */
  async fetch(request: FetchRequest): Promise<FetchResponse> {
    const deadline = this.#clock.monotonic() + request.maxWaitMs
    for (;;) {
      const left = deadline - this.#clock.monotonic()
      if (left <= 0 || this.#isEnough(request)) return this.#answer(request)
      await this.#wake(left)
    }
  }

  /** ListOffsets. */
  listOffsets({ topics }: ListOffsetsRequest): ListOffsetsResponse {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }): ListedOffset => {
          const log = this.#topics.partition(topic, partition)?.log
          if (log === undefined) return { partition, errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION, timestamp: -1, offset: -1, leaderEpoch: -1 }
          return { partition, errorCode: CODE.NONE, leaderEpoch: 0, ...offsetAt(log, timestamp) }
        }),
      })),
    }
  }

  #isEnough({ topics, minBytes }: FetchRequest): boolean {
    let bytes = 0
    for (const { topic, partitions } of topics) {
      for (const { partition, fetchOffset } of partitions) {
        const log = this.#topics.partition(topic, partition)?.log
        if (log === undefined || fetchOffset < log.startOffset || fetchOffset > log.endOffset) return true
        if (fetchOffset < log.endOffset) bytes += log.bytesFrom(fetchOffset)
        if (bytes >= minBytes && bytes > 0) return true
      }
    }
    return false
  }

  #answer({ topics, maxBytes }: FetchRequest): FetchResponse {
    let left = maxBytes
    return {
      throttleTimeMs: 0,
      errorCode: CODE.NONE,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => {
          const answer = this.#read(topic, asked, left)
          left -= answer.records.length
          return answer
        }),
      })),
    }
  }

  #read(topic: string, { partition, currentLeaderEpoch, fetchOffset, maxBytes }: FetchPartition, left: number): FetchedPartition {
    const log = this.#topics.partition(topic, partition)?.log
    const failed = (errorCode: number): FetchedPartition => ({ partition, errorCode, highWatermark: -1, lastStableOffset: -1, logStartOffset: -1, aborted: [], records: NOTHING })
    if (log === undefined) return failed(CODE.UNKNOWN_TOPIC_OR_PARTITION)
    if (currentLeaderEpoch > 0) return failed(CODE.UNKNOWN_LEADER_EPOCH)
    const { startOffset, endOffset } = log
    if (fetchOffset < startOffset || fetchOffset > endOffset) return failed(CODE.OFFSET_OUT_OF_RANGE)
    const records = fetchOffset === endOffset || left <= 0 ? NOTHING : log.read(fetchOffset, Math.min(maxBytes, left))
    return { partition, errorCode: CODE.NONE, highWatermark: endOffset, lastStableOffset: endOffset, logStartOffset: startOffset, aborted: [], records }
  }

  /** Settles at the next append, or after so many ms. */
  #wake(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        cancel()
        resolve()
      }
      const cancel = this.#clock.after(ms, done)
      this.#waiting.add(done)
    })
  }
}

function offsetAt(log: PartitionLog, timestamp: number): { readonly timestamp: number; readonly offset: number } {
  if (timestamp === LATEST) return { timestamp: -1, offset: log.endOffset }
  if (timestamp === EARLIEST) return { timestamp: -1, offset: log.startOffset }
  const reader = new BatchReader({ checkCrc: false, hashKeys: false })
  let newest = { timestamp: -1, offset: -1 }
  const first = timestamp === NEWEST ? undefined : log.batchAt(timestamp)
  const batches = timestamp === NEWEST ? [...log.batches()].map(({ bytes }) => bytes) : first === undefined ? [] : [first]
  for (const batch of batches) {
    reader.open(batch, readHeader(batch, 0, batch.length)!)
    for (let rows = reader.next(); rows !== undefined; rows = reader.next()) {
      for (let i = 0; i < rows.count; i++) {
        const time = rows.baseTimestamp + rows.timestampDelta[i]!
        const offset = rows.baseOffset + (rows.offsetDelta?.[i] ?? i)
        if (timestamp !== NEWEST && time >= timestamp) return { timestamp: time, offset }
        if (time > newest.timestamp) newest = { timestamp: time, offset }
      }
    }
  }
  return timestamp === NEWEST ? newest : { timestamp: -1, offset: -1 }
}
