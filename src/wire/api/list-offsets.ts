/** ListOffsets (2) and OffsetForLeaderEpoch (23). */
import { api, type Api, type TopicOf } from './api.ts'

/** Times with a meaning of their own. */
export const LATEST = -1
/** The start of the log. */
export const EARLIEST = -2

/** Asks for offsets by time: `LATEST`, `EARLIEST`, −3 (of the newest timestamp), or the first record at or after a time in ms. */
export interface ListOffsetsRequest {
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly currentLeaderEpoch: number; readonly timestamp: number }>[]
}

/** The offset, −1 where there is none. */
export interface ListedOffset {
  readonly partition: number
  readonly errorCode: number
  readonly timestamp: number
  readonly offset: number
  readonly leaderEpoch: number
}

/** The offsets. */
export interface ListOffsetsResponse {
  readonly topics: readonly TopicOf<ListedOffset>[]
}

/** ListOffsets. */
export const LIST_OFFSETS: Api<ListOffsetsRequest, ListOffsetsResponse> = api(2, 'ListOffsets', [6, 7])

/** Asks where leader epochs ended: how a reader notices that a log was cut off. */
export interface OffsetForLeaderEpochRequest {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly currentLeaderEpoch: number; readonly leaderEpoch: number }>[]
}

/** The newest epoch up to the one asked for, and the offset behind its last record; −1 where nothing is known. */
export interface EpochEndOffset {
  readonly partition: number
  readonly errorCode: number
  readonly leaderEpoch: number
  readonly endOffset: number
}

/** Where the epochs ended. */
export interface OffsetForLeaderEpochResponse {
  readonly topics: readonly TopicOf<EpochEndOffset>[]
}

/** OffsetForLeaderEpoch. */
export const OFFSET_FOR_LEADER_EPOCH: Api<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = api(
  23,
  'OffsetForLeaderEpoch',
  [4, 4],
)
