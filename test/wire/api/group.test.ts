import * as fc from 'fast-check'
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from '../../../src/wire/api/group.ts'
import { blob, checkApi, few, int32, maybeText, text } from './check-api.ts'

interface Joined {
  ThrottleTimeMs: number
  ErrorCode: number
  GenerationId: number
  ProtocolName: string | null
  Leader: string
  SkipAssignment?: boolean
  MemberId: string
  Members: { MemberId: string; GroupInstanceId: string | null; Metadata: Uint8Array }[]
}

checkApi(JOIN_GROUP, {
  request: fc.record({
    groupId: text,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32,
    memberId: text,
    groupInstanceId: maybeText,
    protocolType: text,
    protocols: few(fc.record({ name: text, metadata: blob })),
  }),
  asked: ({ groupId, sessionTimeoutMs, rebalanceTimeoutMs, memberId, groupInstanceId, protocolType, protocols }) => ({
    GroupId: groupId,
    SessionTimeoutMs: sessionTimeoutMs,
    RebalanceTimeoutMs: rebalanceTimeoutMs,
    MemberId: memberId,
    GroupInstanceId: groupInstanceId,
    ProtocolType: protocolType,
    Protocols: protocols.map(({ name, metadata }) => ({ Name: name, Metadata: metadata })),
  }),
  answered: (found: Joined) => ({
    throttleTimeMs: found.ThrottleTimeMs,
    errorCode: found.ErrorCode,
    generationId: found.GenerationId,
    protocolName: found.ProtocolName,
    leader: found.Leader,
    skipAssignment: found.SkipAssignment ?? false,
    memberId: found.MemberId,
    members: found.Members.map(({ MemberId, GroupInstanceId, Metadata }) => ({
      memberId: MemberId,
      groupInstanceId: GroupInstanceId,
      metadata: Metadata,
    })),
  }),
})

interface Answered {
  ThrottleTimeMs: number
  ErrorCode: number
}

checkApi(SYNC_GROUP, {
  request: fc.record({
    groupId: text,
    generationId: int32,
    memberId: text,
    groupInstanceId: maybeText,
    protocolType: text,
    protocolName: text,
    assignments: few(fc.record({ memberId: text, assignment: blob })),
  }),
  asked: ({ groupId, generationId, memberId, groupInstanceId, protocolType, protocolName, assignments }) => ({
    GroupId: groupId,
    GenerationId: generationId,
    MemberId: memberId,
    GroupInstanceId: groupInstanceId,
    ProtocolType: protocolType,
    ProtocolName: protocolName,
    Assignments: assignments.map((each) => ({ MemberId: each.memberId, Assignment: each.assignment })),
  }),
  answered: ({ ThrottleTimeMs, ErrorCode, Assignment }: Answered & { Assignment: Uint8Array }) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: ErrorCode,
    assignment: Assignment,
  }),
})

checkApi(HEARTBEAT, {
  request: fc.record({ groupId: text, generationId: int32, memberId: text, groupInstanceId: maybeText }),
  asked: ({ groupId, generationId, memberId, groupInstanceId }) => ({
    GroupId: groupId,
    GenerationId: generationId,
    MemberId: memberId,
    GroupInstanceId: groupInstanceId,
  }),
  answered: ({ ThrottleTimeMs, ErrorCode }: Answered) => ({ throttleTimeMs: ThrottleTimeMs, errorCode: ErrorCode }),
})

checkApi(LEAVE_GROUP, {
  request: fc.record({ groupId: text, members: few(fc.record({ memberId: text, groupInstanceId: maybeText })) }),
  asked: ({ groupId, members }) => ({
    GroupId: groupId,
    Members: members.map(({ memberId, groupInstanceId }) => ({ MemberId: memberId, GroupInstanceId: groupInstanceId })),
  }),
  // A request that is well may still have a member that is not.
  answered: ({ ThrottleTimeMs, ErrorCode, Members }: Answered & { Members: { ErrorCode: number }[] }) => ({
    throttleTimeMs: ThrottleTimeMs,
    errorCode: [ErrorCode, ...Members.map((member) => member.ErrorCode)].find((code) => code !== 0) ?? 0,
  }),
})
