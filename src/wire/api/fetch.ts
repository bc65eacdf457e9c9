/** Fetch (1): whole batches from an offset on. */
import { api, type Api, type TopicOf } from './api.ts'

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
export const FETCH: Api<FetchRequest, FetchResponse> = api(1, 'Fetch', [12, 12])
