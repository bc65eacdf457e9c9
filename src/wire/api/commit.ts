/** OffsetCommit (8) and OffsetFetch (9). */
import { ClusterError } from '../../base/errors.ts'
import type { Reader } from '../primitives.ts'
import { api, readTopics, writeTopicNumbers, writeTopics, type Api, type Throttled, type TopicOf } from './api.ts'

/** Positions of a group, with the fence that proves who commits. */
export interface OffsetCommitRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly topics: readonly TopicOf<{
    readonly partition: number
    readonly offset: number
    readonly leaderEpoch: number
    readonly metadata: string | null
  }>[]
}

/** What became of each. */
export interface OffsetCommitResponse extends Throttled {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly errorCode: number }>[]
}

/** OffsetCommit. */
export const OFFSET_COMMIT: Api<OffsetCommitRequest, OffsetCommitResponse> = api(8, 'OffsetCommit', [8, 9], {
  write(w, { groupId, generationId, memberId, groupInstanceId, topics }) {
    w.string(groupId).int32(generationId).string(memberId).string(groupInstanceId)
    writeTopics(w, topics, ({ partition, offset, leaderEpoch, metadata }) => {
      w.int32(partition).int64(offset).int32(leaderEpoch).string(metadata)
    })
  },
  read(r) {
    return { throttleTimeMs: r.int32(), topics: readTopics(r, () => ({ partition: r.int32(), errorCode: r.int16() })) }
  },
})

/** Asks for committed positions. */
export interface OffsetFetchRequest {
  readonly groupId: string
  readonly topics: readonly TopicOf<number>[]
  /** True: wait for transactions that hold positions. */
  readonly requireStable: boolean
}

/** A committed position; an offset of −1 is none. */
export interface CommittedOffset {
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
  readonly errorCode: number
}

/** The committed positions. */
export interface OffsetFetchResponse extends Throttled {
  readonly errorCode: number
  readonly topics: readonly TopicOf<CommittedOffset>[]
}

/** OffsetFetch. */
export const OFFSET_FETCH: Api<OffsetFetchRequest, OffsetFetchResponse> = api(9, 'OffsetFetch', [7, 8], {
  write(w, { groupId, topics, requireStable }, version) {
    if (version >= 8) {
      w.structs([groupId], (id) => {
        w.string(id)
        writeTopicNumbers(w, topics)
      })
    } else {
      w.string(groupId)
      writeTopicNumbers(w, topics)
    }
    w.bool(requireStable)
  },
  read(r, version) {
    const throttleTimeMs = r.int32()
    if (version < 8) return { throttleTimeMs, topics: readTopics(r, () => committedOffset(r)), errorCode: r.int16() }
    const [group] = r.structs(() => {
      r.string()
      return { topics: readTopics(r, () => committedOffset(r)), errorCode: r.int16() }
    })
    if (group === undefined) throw new ClusterError('RECORD_CORRUPT', 'an answer to OffsetFetch has no group')
    return { throttleTimeMs, ...group }
  },
})

function committedOffset(r: Reader): CommittedOffset {
  return { partition: r.int32(), offset: r.int64(), leaderEpoch: r.int32(), metadata: r.nullableString(), errorCode: r.int16() }
}
