/** Groups from the outside: DescribeGroups (15), ListGroups (16), DeleteGroups (42). */
import type { Reader } from '../primitives.ts'
import { api, type Api, type Throttled } from './api.ts'

/** Asks about classic groups; their coordinator answers. */
export interface DescribeGroupsRequest {
  readonly groupIds: readonly string[]
}

/** One group. */
export interface DescribedGroup {
  readonly errorCode: number
  readonly groupId: string
  /** `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead`. */
  readonly state: string
  readonly protocolType: string
  readonly protocolName: string
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly clientId: string
    readonly clientHost: string
    readonly metadata: Uint8Array
    readonly assignment: Uint8Array
  }[]
}

/** The groups. */
export interface DescribeGroupsResponse extends Throttled {
  readonly groups: readonly DescribedGroup[]
}

/** DescribeGroups. */
export const DESCRIBE_GROUPS: Api<DescribeGroupsRequest, DescribeGroupsResponse> = api(15, 'DescribeGroups', [5, 5], {
  write(w, { groupIds }) {
    w.array(groupIds, (groupId) => {
      w.string(groupId)
    })
    w.bool(false)
  },
  read(r) {
    return { throttleTimeMs: r.int32(), groups: r.structs(() => describedGroup(r)) }
  },
})

function describedGroup(r: Reader): DescribedGroup {
  const group = { errorCode: r.int16(), groupId: r.string(), state: r.string(), protocolType: r.string(), protocolName: r.string() }
  const members = r.structs(() => ({
    memberId: r.string(),
    groupInstanceId: r.nullableString(),
    clientId: r.string(),
    clientHost: r.string(),
    metadata: r.bytes(),
    assignment: r.bytes(),
  }))
  r.int32()
  return { ...group, members }
}

/** Asks for the groups that a broker coordinates, in some states or in all (none named). */
export interface ListGroupsRequest {
  readonly states: readonly string[]
}

/** The groups. */
export interface ListGroupsResponse extends Throttled {
  readonly errorCode: number
  readonly groups: readonly { readonly groupId: string; readonly protocolType: string; readonly state: string }[]
}

/** ListGroups. */
export const LIST_GROUPS: Api<ListGroupsRequest, ListGroupsResponse> = api(16, 'ListGroups', [4, 4], {
  write(w, { states }) {
    w.array(states, (state) => {
      w.string(state)
    })
  },
  read(r) {
    const throttleTimeMs = r.int32()
    const errorCode = r.int16()
    return { throttleTimeMs, errorCode, groups: r.structs(() => ({ groupId: r.string(), protocolType: r.string(), state: r.string() })) }
  },
})

/** Groups to delete; they have no members. */
export interface DeleteGroupsRequest {
  readonly groupIds: readonly string[]
}

/** What became of each. */
export interface DeleteGroupsResponse extends Throttled {
  readonly groups: readonly { readonly groupId: string; readonly errorCode: number }[]
}

/** DeleteGroups. */
export const DELETE_GROUPS: Api<DeleteGroupsRequest, DeleteGroupsResponse> = api(42, 'DeleteGroups', [2, 2], {
  write(w, { groupIds }) {
    w.array(groupIds, (groupId) => {
      w.string(groupId)
    })
  },
  read(r) {
    return { throttleTimeMs: r.int32(), groups: r.structs(() => ({ groupId: r.string(), errorCode: r.int16() })) }
  },
})
