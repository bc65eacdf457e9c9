/** The groups that a memory cluster coordinates: their members and their committed positions. */
import type { OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse } from '../wire/api/commit.ts'
import type {
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '../wire/api/group.ts'
import { CODE } from './codes.ts'
import { CommittedOffsets } from './committed.ts'
import type { GroupPorts } from './group-members.ts'
import { Group } from './group.ts'

/** What groups run on. */
export interface GroupsOptions extends GroupPorts {
  /** Shortest and longest session timeouts that members may ask for, in ms. */
  readonly sessionTimeouts: readonly [min: number, max: number]
  readonly topicExists: (topic: string, partition: number) => boolean
}

const MOST_METADATA = 4096

/** Coordinates groups. */
export class Groups {
  readonly #options: GroupsOptions
  readonly #groups: Map<string, Group> = new Map()
  readonly #committed: CommittedOffsets = new CommittedOffsets()

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** The group of that id. */
  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  /** JoinGroup: the first member makes the group. */
  join(request: JoinGroupRequest): JoinGroupResponse | Promise<JoinGroupResponse> {
    const errorCode = this.#mayJoin(request)
    if (errorCode === CODE.NONE) return this.#made(request.groupId).join(request)
    return { errorCode, generationId: -1, protocolName: null, leader: '', skipAssignment: false, memberId: request.memberId, members: [] }
  }

  /** SyncGroup. */
  sync(request: SyncGroupRequest): SyncGroupResponse | Promise<SyncGroupResponse> {
    return this.#groups.get(request.groupId)?.sync(request) ?? { errorCode: CODE.UNKNOWN_MEMBER_ID, assignment: new Uint8Array(0) }
  }

  /** Heartbeat. */
  heartbeat(request: HeartbeatRequest): HeartbeatResponse {
    return { errorCode: this.#groups.get(request.groupId)?.heartbeat(request) ?? CODE.UNKNOWN_MEMBER_ID }
  }

  /** LeaveGroup: each member by itself; the answer has the first error. */
  leave({ groupId, members }: LeaveGroupRequest): LeaveGroupResponse {
    const group = this.#groups.get(groupId)
    const errorCodes = members.map((member) => group?.leave(member) ?? CODE.UNKNOWN_MEMBER_ID)
    return { errorCode: errorCodes.find((errorCode) => errorCode !== CODE.NONE) ?? CODE.NONE }
  }

  /** OffsetCommit. */
  commit(request: OffsetCommitRequest): OffsetCommitResponse {
    const fenced = this.#mayCommit(request)
    const { groupId, topics } = request
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => {
          if (fenced !== CODE.NONE) return { partition, errorCode: fenced }
          if (!this.#options.topicExists(topic, partition)) return { partition, errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION }
          if (metadata !== null && metadata.length > MOST_METADATA) return { partition, errorCode: CODE.OFFSET_METADATA_TOO_LARGE }
          this.#committed.set(groupId, { topic, partition }, { offset, leaderEpoch, metadata })
          return { partition, errorCode: CODE.NONE }
        }),
      })),
    }
  }

  /** OffsetFetch. */
  committed({ groupId, topics }: OffsetFetchRequest): OffsetFetchResponse {
    return {
      errorCode: CODE.NONE,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((partition) => {
          const { offset, leaderEpoch, metadata } = this.#committed.get(groupId, { topic, partition }) ?? NONE_COMMITTED
          return { partition, offset, leaderEpoch, metadata, errorCode: CODE.NONE }
        }),
      })),
    }
  }

  /** Forgets the positions in a topic that was deleted. */
  topicDeleted(topic: string): void {
    this.#committed.deleteTopic(topic)
  }

  /** Stops all timers. */
  close(): void {
    for (const group of this.#groups.values()) group.close()
  }

  #mayJoin({ groupId, sessionTimeoutMs }: JoinGroupRequest): number {
    const [min, max] = this.#options.sessionTimeouts
    if (groupId === '') return CODE.INVALID_GROUP_ID
    return sessionTimeoutMs < min || sessionTimeoutMs > max ? CODE.INVALID_SESSION_TIMEOUT : CODE.NONE
  }

  /** A group that nobody has joined is open to whoever claims no generation. */
  #mayCommit(request: OffsetCommitRequest): number {
    const group = this.#groups.get(request.groupId)
    if (group === undefined) return request.generationId < 0 ? CODE.NONE : CODE.ILLEGAL_GENERATION
    return group.mayCommit(request)
  }

  #made(id: string): Group {
    const known = this.#groups.get(id)
    if (known !== undefined) return known
    const made = new Group(id, this.#options)
    this.#groups.set(id, made)
    return made
  }
}

const NONE_COMMITTED = { offset: -1, leaderEpoch: -1, metadata: '' }
