/** OffsetCommit (8) and OffsetFetch (9). */
import { api, type Api, type TopicOf } from './api.ts'

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
export interface OffsetCommitResponse {
  readonly topics: readonly TopicOf<{ readonly partition: number; readonly errorCode: number }>[]
}

/** OffsetCommit. */
export const OFFSET_COMMIT: Api<OffsetCommitRequest, OffsetCommitResponse> = api(8, 'OffsetCommit', [8, 9])

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
export interface OffsetFetchResponse {
  readonly errorCode: number
  readonly topics: readonly TopicOf<CommittedOffset>[]
}

/** OffsetFetch. */
export const OFFSET_FETCH: Api<OffsetFetchRequest, OffsetFetchResponse> = api(9, 'OffsetFetch', [7, 8])
