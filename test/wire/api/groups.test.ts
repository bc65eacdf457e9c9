import * as fc from 'fast-check'
import { DELETE_GROUPS, DESCRIBE_GROUPS, LIST_GROUPS } from '../../../src/wire/api/groups.ts'
import { checkApi, few, text } from './check-api.ts'

interface Described {
  ThrottleTimeMs: number
  Groups: {
    ErrorCode: number
    GroupId: string
    GroupState: string
    ProtocolType: string
    ProtocolData: string
    Members: {
      MemberId: string
      GroupInstanceId: string | null
      ClientId: string
      ClientHost: string
      MemberMetadata: Uint8Array
      MemberAssignment: Uint8Array
    }[]
  }[]
}

checkApi(DESCRIBE_GROUPS, {
  request: fc.record({ groupIds: few(text) }),
  asked: ({ groupIds }) => ({ Groups: groupIds }),
  answered: ({ ThrottleTimeMs, Groups }: Described) => ({
    throttleTimeMs: ThrottleTimeMs,
    groups: Groups.map((group) => ({
      errorCode: group.ErrorCode,
      groupId: group.GroupId,
      state: group.GroupState,
      protocolType: group.ProtocolType,
      protocolName: group.ProtocolData,
      members: group.Members.map((member) => ({
        memberId: member.MemberId,
        groupInstanceId: member.GroupInstanceId,
        clientId: member.ClientId,
        clientHost: member.ClientHost,
        metadata: member.MemberMetadata,
        assignment: member.MemberAssignment,
      })),
    })),
  }),
})

interface Listed {
  ThrottleTimeMs: number
  ErrorCode: number
  Groups: { GroupId: string; ProtocolType: string; GroupState: string }[]
}

checkApi(LIST_GROUPS, {
  request: fc.record({ states: few(text) }),
  asked: ({ states }) => ({ StatesFilter: states }),
  answered: ({ ThrottleTimeMs, ErrorCode, Groups }: Listed) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    groups: Groups.map(({ GroupId, ProtocolType, GroupState }) => ({ groupId: GroupId, protocolType: ProtocolType, state: GroupState })),
  }),
})

interface Deleted {
  ThrottleTimeMs: number
  Results: { GroupId: string; ErrorCode: number }[]
}

checkApi(DELETE_GROUPS, {
  request: fc.record({ groupIds: few(text) }),
  asked: ({ groupIds }) => ({ GroupsNames: groupIds }),
  answered: ({ ThrottleTimeMs, Results }: Deleted) => ({
    throttleTimeMs: ThrottleTimeMs,
    groups: Results.map(({ GroupId, ErrorCode }) => ({ groupId: GroupId, errorCode: ErrorCode })),
  }),
})
