/** The classic group protocol: JoinGroup (11), SyncGroup (14), Heartbeat (12), LeaveGroup (13). */
import { api, type Api } from './api.ts'

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
export interface JoinGroupResponse {
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
export const JOIN_GROUP: Api<JoinGroupRequest, JoinGroupResponse> = api(11, 'JoinGroup', [7, 9])

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
export interface SyncGroupResponse {
  readonly errorCode: number
  readonly assignment: Uint8Array
}

/** SyncGroup. */
export const SYNC_GROUP: Api<SyncGroupRequest, SyncGroupResponse> = api(14, 'SyncGroup', [5, 5])

/** Says that the member lives. */
export interface HeartbeatRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** Whether it is still one. */
export interface HeartbeatResponse {
  readonly errorCode: number
}

/** Heartbeat. */
export const HEARTBEAT: Api<HeartbeatRequest, HeartbeatResponse> = api(12, 'Heartbeat', [4, 4])

/** Says that members leave. */
export interface LeaveGroupRequest {
  readonly groupId: string
  readonly members: readonly { readonly memberId: string; readonly groupInstanceId: string | null }[]
}

/** What became of it. */
export interface LeaveGroupResponse {
  readonly errorCode: number
}

/** LeaveGroup. */
export const LEAVE_GROUP: Api<LeaveGroupRequest, LeaveGroupResponse> = api(13, 'LeaveGroup', [4, 5])
