/** The classic group protocol: JoinGroup (11), SyncGroup (14), Heartbeat (12), LeaveGroup (13). */
import { api, type Api, type Throttled } from './api.ts'

/** Asks to be a member. */
export interface JoinGroupRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Empty at first: the broker gives one. */
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[]
}

/** The generation, its leader, and for the leader all members. */
export interface JoinGroupResponse extends Throttled {
  readonly errorCode: number
  readonly generationId: number
  readonly protocolName: string | null
  readonly leader: string
  /** True for a leader whose assignment is still right: it sends none. */
  readonly skipAssignment: boolean
  readonly memberId: string
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null; readonly metadata: Uint8Array }[]
}

/** JoinGroup. */
export const JOIN_GROUP: Api<JoinGroupRequest, JoinGroupResponse> = api(11, 'JoinGroup', [7, 9], {
  write(w, { groupId, sessionTimeoutMs, rebalanceTimeoutMs, memberId, groupInstanceId, protocolType, protocols }, version) {
    w.string(groupId).int32(sessionTimeoutMs).int32(rebalanceTimeoutMs).string(memberId).string(groupInstanceId).string(protocolType)
    w.structs(protocols, ({ name, metadata }) => {
      w.string(name).bytes(metadata)
    })
    // No reason.
    if (version >= 8) w.string(null)
  },
  read(r, version) {
    const throttleTimeMs = r.int32()
    const errorCode = r.int16()
    const generationId = r.int32()
    r.nullableString()
    const protocolName = r.nullableString()
    const leader = r.string()
    const skipAssignment = version >= 9 && r.bool()
    const memberId = r.string()
    const members = r.structs(() => ({ memberId: r.string(), groupInstanceId: r.nullableString(), metadata: r.bytes() }))
    return { throttleTimeMs, errorCode, generationId, protocolName, leader, skipAssignment, memberId, members }
  },
})

/** Waits for the assignment; the leader brings it. */
export interface SyncGroupRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocolName: string
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[]
}

/** This member's assignment. */
export interface SyncGroupResponse extends Throttled {
  readonly errorCode: number
  readonly assignment: Uint8Array
}

/** SyncGroup. */
export const SYNC_GROUP: Api<SyncGroupRequest, SyncGroupResponse> = api(14, 'SyncGroup', [5, 5], {
  write(w, { groupId, generationId, memberId, groupInstanceId, protocolType, protocolName, assignments }) {
    w.string(groupId).int32(generationId).string(memberId).string(groupInstanceId).string(protocolType).string(protocolName)
    w.structs(assignments, ({ memberId: member, assignment }) => {
      w.string(member).bytes(assignment)
    })
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const errorCode = r.int16()
    r.nullableString()
    r.nullableString()
    return { throttleTimeMs, errorCode, assignment: r.bytes() }
  },
})

/** Says that the member lives. */
export interface HeartbeatRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** Whether it is still one. */
export interface HeartbeatResponse extends Throttled {
  readonly errorCode: number
}

/** Heartbeat. */
export const HEARTBEAT: Api<HeartbeatRequest, HeartbeatResponse> = api(12, 'Heartbeat', [4, 4], {
  write(w, { groupId, generationId, memberId, groupInstanceId }) {
    w.string(groupId).int32(generationId).string(memberId).string(groupInstanceId)
  },
  read(r) {
    return { throttleTimeMs: r.int32(), errorCode: r.int16() }
  },
})

/** Says that members leave. */
export interface LeaveGroupRequest {
  readonly groupId: string
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null }[]
}

/** What became of it: the request's error, else the first one of a member. */
export interface LeaveGroupResponse extends Throttled {
  readonly errorCode: number
}

/** LeaveGroup. */
export const LEAVE_GROUP: Api<LeaveGroupRequest, LeaveGroupResponse> = api(13, 'LeaveGroup', [4, 5], {
  write(w, { groupId, members }, version) {
    w.string(groupId).structs(members, ({ memberId, groupInstanceId }) => {
      w.string(memberId).string(groupInstanceId)
      // No reason.
      if (version >= 5) w.string(null)
    })
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const errorCode = r.int16()
    const members = r.structs(() => {
      r.string()
      r.nullableString()
      return r.int16()
    })
    return { throttleTimeMs, errorCode: errorCode === 0 ? (members.find((code) => code !== 0) ?? 0) : errorCode }
  },
})
