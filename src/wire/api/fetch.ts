/** Fetch (1): whole batches from an offset on. */
import type { Reader } from '../primitives.ts'
import { api, isolationLevel, readTopics, writeTopics, type Api, type TopicOf } from './api.ts'

/** Where to read a partition. */
export interface FetchPartition {
  readonly partition: number
  /** Epoch of the leader that the reader knows; −1: none. */
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly maxBytes: number
}

/** What to read, and how long to wait for how much. */
export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly topics: readonly TopicOf<FetchPartition>[]
}

/** What one partition has. */
export interface FetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Transactions aborted in this range, in order of completion. */
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[]
  /** Whole batches; the first may begin before the offset, the last may be cut off. */
  readonly records: Uint8Array
}

/** What was read. */
export interface FetchResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly topics: readonly TopicOf<FetchedPartition>[]
}

/** Fetch. */
export const FETCH: Api<FetchRequest, FetchResponse> = api(1, 'Fetch', [12, 12], {
  write(w, { maxWaitMs, minBytes, maxBytes, isolation, topics }) {
    // No replica, and no session: −1, 0 and −1.
    w.int32(-1).int32(maxWaitMs).int32(minBytes).int32(maxBytes).int8(isolationLevel(isolation)).int32(0).int32(-1)
    writeTopics(w, topics, ({ partition, currentLeaderEpoch, fetchOffset, maxBytes: most }) => {
      w.int32(partition).int32(currentLeaderEpoch).int64(fetchOffset).int32(-1).int64(-1).int32(most)
    })
    w.structs([], () => undefined).string('')
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const errorCode = r.int16()
    r.int32()
    return { throttleTimeMs, errorCode, topics: readTopics(r, () => fetchedPartition(r)) }
  },
})

const NO_RECORDS = new Uint8Array(0)

function fetchedPartition(r: Reader): FetchedPartition {
  const partition = r.int32()
  const errorCode = r.int16()
  const highWatermark = r.int64()
  const lastStableOffset = r.int64()
  const logStartOffset = r.int64()
  const aborted = r.structs(() => ({ producerId: r.int64(), firstOffset: r.int64() }))
  r.int32()
  const records = r.nullableBytes() ?? NO_RECORDS
  return { partition, errorCode, highWatermark, lastStableOffset, logStartOffset, aborted, records }
}
