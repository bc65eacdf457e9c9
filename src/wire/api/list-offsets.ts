/** ListOffsets (2) and OffsetForLeaderEpoch (23). */
import { api, isolationLevel, readTopics, writeTopics, type Api, type Throttled, type TopicOf } from './api.ts'

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
export interface ListOffsetsResponse extends Throttled {
  readonly topics: readonly TopicOf<ListedOffset>[]
}

/** ListOffsets. */
export const LIST_OFFSETS: Api<ListOffsetsRequest, ListOffsetsResponse> = api(2, 'ListOffsets', [6, 7], {
  write(w, { isolation, topics }) {
    w.int32(-1).int8(isolationLevel(isolation))
    writeTopics(w, topics, ({ partition, currentLeaderEpoch, timestamp }) => {
      w.int32(partition).int32(currentLeaderEpoch).int64(timestamp)
    })
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const topics = readTopics(r, () => {
      return { partition: r.int32(), errorCode: r.int16(), timestamp: r.int64(), offset: r.int64(), leaderEpoch: r.int32() }
    })
    return { throttleTimeMs, topics }
  },
})

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
export interface OffsetForLeaderEpochResponse extends Throttled {
  readonly topics: readonly TopicOf<EpochEndOffset>[]
}

/** OffsetForLeaderEpoch. */
export const OFFSET_FOR_LEADER_EPOCH: Api<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> = api(
  23,
  'OffsetForLeaderEpoch',
  [4, 4],
  {
    write(w, { topics }) {
      w.int32(-1)
      writeTopics(w, topics, ({ partition, currentLeaderEpoch, leaderEpoch }) => {
        w.int32(partition).int32(currentLeaderEpoch).int32(leaderEpoch)
      })
    },
    read(r) {
      const throttleTimeMs = r.int32()
      const topics = readTopics(r, () => {
        return { errorCode: r.int16(), partition: r.int32(), leaderEpoch: r.int32(), endOffset: r.int64() }
      })
      return { throttleTimeMs, topics }
    },
  },
)
