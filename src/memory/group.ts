/**
 * One consumer group of the classic protocol, as a broker keeps it: members join, the broker picks a leader and a protocol that all of them list,
 * the leader brings the assignment, and heartbeats tell who lives. A member that doesn't rejoin in time is left out; one that falls silent is
 * removed by its session timer; a leader that brings no assignment is removed too, so the others go on.
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, SyncGroupRequest, SyncGroupResponse } from '../wire/api/group.ts'
import { CODE } from './codes.ts'

/** The states of a group. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

interface Member {
  id: string
  readonly instanceId: string | null
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: JoinGroupRequest['protocols']
  assignment: Uint8Array
  joining: ((answer: JoinGroupResponse) => void) | undefined
  syncing: ((answer: SyncGroupResponse) => void) | undefined
  cancelSession: () => void
}

const NOTHING = new Uint8Array(0)

/** What a group runs on. */
export interface GroupPorts {
  readonly clock: Clock
  readonly random: Random
}

/** One group. */
export class Group {
  readonly id: string
  state: GroupState = 'Empty'
  generation = 0
  readonly #ports: GroupPorts
  /** In order of joining. */
  readonly #members: Map<string, Member> = new Map()
  /** Ids that were given and have not joined with yet. */
  readonly #pending: Set<string> = new Set()
  #leader = ''
  #protocol = ''
  #cancelRebalance: () => void = () => undefined

  constructor(id: string, ports: GroupPorts) {
    this.id = id
    this.#ports = ports
  }

  /** Its members, in order of joining. */
  members(): readonly { readonly memberId: string; readonly instanceId: string | null; readonly assignment: Uint8Array }[] {
    return [...this.#members.values()].map(({ id, instanceId, assignment }) => ({ memberId: id, instanceId, assignment }))
  }

  /** JoinGroup. */
  async join(request: JoinGroupRequest): Promise<JoinGroupResponse> {
    const { memberId, groupInstanceId } = request
    if (!this.#listsCommonProtocol(request)) return refusedJoin(CODE.INCONSISTENT_GROUP_PROTOCOL, memberId)
    if (groupInstanceId !== null) return this.#joinStatic(request, groupInstanceId)
    if (memberId === '') {
      const given = this.#newId()
      this.#pending.add(given)
      return refusedJoin(CODE.MEMBER_ID_REQUIRED, given)
    }
    const known = this.#members.get(memberId)
    if (known === undefined && !this.#pending.delete(memberId)) return refusedJoin(CODE.UNKNOWN_MEMBER_ID, memberId)
    return this.#joinAs(known ?? this.#add(memberId, request), request)
  }

  /** SyncGroup. */
  async sync(request: SyncGroupRequest): Promise<SyncGroupResponse> {
    const errorCode = this.fence(request)
    const member = this.#members.get(request.memberId)
    if (errorCode !== CODE.NONE || member === undefined) return { errorCode: errorCode === CODE.NONE ? CODE.UNKNOWN_MEMBER_ID : errorCode, assignment: NOTHING }
    this.#alive(member)
    if (this.state === 'PreparingRebalance') return { errorCode: CODE.REBALANCE_IN_PROGRESS, assignment: NOTHING }
    if (this.state === 'Stable') return { errorCode: CODE.NONE, assignment: member.assignment }
    const answered = new Promise<SyncGroupResponse>((resolve) => {
      member.syncing = resolve
    })
    if (member.id === this.#leader) this.#assign(request)
    return answered
  }

  /** Heartbeat; answers an error code. */
  heartbeat(request: HeartbeatRequest): number {
    const errorCode = this.fence(request)
    if (errorCode !== CODE.NONE) return errorCode
    this.#alive(this.#members.get(request.memberId)!)
    return this.state === 'PreparingRebalance' ? CODE.REBALANCE_IN_PROGRESS : CODE.NONE
  }

  /** LeaveGroup; answers an error code. */
  leave({ members }: LeaveGroupRequest): number {
    let errorCode: number = CODE.NONE
    for (const { memberId, groupInstanceId } of members) {
      const member = this.#members.get(memberId) ?? [...this.#members.values()].find(({ instanceId }) => groupInstanceId !== null && instanceId === groupInstanceId)
      if (member === undefined) errorCode = this.#pending.delete(memberId) ? errorCode : CODE.UNKNOWN_MEMBER_ID
      else this.#remove(member)
    }
    return errorCode
  }

  /** Whether a request comes from a member of this generation; an error code. */
  fence({ memberId, groupInstanceId, generationId }: Pick<HeartbeatRequest, 'memberId' | 'groupInstanceId' | 'generationId'>): number {
    const member = this.#members.get(memberId)
    if (member === undefined) {
      const replaced = groupInstanceId !== null && [...this.#members.values()].some(({ instanceId }) => instanceId === groupInstanceId)
      return replaced ? CODE.FENCED_INSTANCE_ID : CODE.UNKNOWN_MEMBER_ID
    }
    return generationId === this.generation ? CODE.NONE : CODE.ILLEGAL_GENERATION
  }

  /** Whether a commit is taken; an error code (wire.md §7, "What the broker checks"). */
  mayCommit(request: Pick<HeartbeatRequest, 'memberId' | 'groupInstanceId' | 'generationId'>): number {
    if (request.generationId < 0 && request.memberId === '') return this.state === 'Empty' ? CODE.NONE : CODE.UNKNOWN_MEMBER_ID
    const errorCode = this.fence(request)
    if (errorCode !== CODE.NONE) return errorCode
    this.#alive(this.#members.get(request.memberId)!)
    return this.state === 'CompletingRebalance' ? CODE.REBALANCE_IN_PROGRESS : CODE.NONE
  }

  #joinStatic(request: JoinGroupRequest, instanceId: string): Promise<JoinGroupResponse> {
    const before = [...this.#members.values()].find((member) => member.instanceId === instanceId)
    if (before === undefined) return this.#joinAs(this.#add(this.#newId(instanceId), request), request)
    if (request.memberId !== '') {
      if (request.memberId !== before.id) return Promise.resolve(refusedJoin(CODE.FENCED_INSTANCE_ID, request.memberId))
      return this.#joinAs(before, request)
    }
    const wasLeader = before.id === this.#leader
    this.#members.delete(before.id)
    before.joining?.(refusedJoin(CODE.FENCED_INSTANCE_ID, before.id))
    before.syncing?.({ errorCode: CODE.FENCED_INSTANCE_ID, assignment: NOTHING })
    before.joining = undefined
    before.syncing = undefined
    before.id = this.#newId(instanceId)
    this.#members.set(before.id, before)
    if (wasLeader) this.#leader = before.id
    if (this.state !== 'Stable') return this.#joinAs(before, request)
    before.protocols = request.protocols
    this.#alive(before)
    return Promise.resolve(this.#joined(before, wasLeader))
  }

  #joinAs(member: Member, request: JoinGroupRequest): Promise<JoinGroupResponse> {
    const same = sameProtocols(member.protocols, request.protocols)
    member.protocols = request.protocols
    member.sessionTimeoutMs = request.sessionTimeoutMs
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    if (this.state === 'Stable' && same && member.id !== this.#leader && member.assignment !== NOTHING) return Promise.resolve(this.#joined(member, false))
    member.cancelSession()
    return new Promise((resolve) => {
      member.joining?.(refusedJoin(CODE.REBALANCE_IN_PROGRESS, member.id))
      member.joining = resolve
      if (this.state !== 'PreparingRebalance') this.#prepare()
      this.#completeIfAll()
    })
  }

  #add(id: string, request: JoinGroupRequest): Member {
    const { groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs, protocols } = request
    const member: Member = {
      id,
      instanceId: groupInstanceId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocols,
      assignment: NOTHING,
      joining: undefined,
      syncing: undefined,
      cancelSession: () => undefined,
    }
    this.#members.set(id, member)
    return member
  }

  /** Calls all members to join again. */
  #prepare(): void {
    this.state = 'PreparingRebalance'
    for (const member of this.#members.values()) {
      member.syncing?.({ errorCode: CODE.REBALANCE_IN_PROGRESS, assignment: NOTHING })
      member.syncing = undefined
    }
    const patience = Math.max(0, ...[...this.#members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
    this.#cancelRebalance()
    this.#cancelRebalance = this.#ports.clock.after(patience, () => this.#complete())
  }

  #completeIfAll(): void {
    if (this.state === 'PreparingRebalance' && [...this.#members.values()].every(({ joining }) => joining !== undefined)) this.#complete()
  }

  /** Starts the next generation with the members that joined. */
  #complete(): void {
    this.#cancelRebalance()
    for (const member of this.#members.values()) if (member.joining === undefined) this.#forget(member)
    if (this.#members.size === 0) {
      this.state = 'Empty'
      return
    }
    this.generation++
    this.state = 'CompletingRebalance'
    if (!this.#members.has(this.#leader)) this.#leader = [...this.#members.keys()][0]!
    this.#protocol = this.#commonProtocol()
    for (const member of this.#members.values()) {
      member.assignment = NOTHING
      const { joining } = member
      member.joining = undefined
      this.#alive(member)
      joining?.(this.#joined(member, false))
    }
    const patience = Math.max(...[...this.#members.values()].map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
    this.#cancelRebalance = this.#ports.clock.after(patience, () => this.#leaderWasSilent())
  }

  #leaderWasSilent(): void {
    if (this.state !== 'CompletingRebalance') return
    const leader = this.#members.get(this.#leader)
    if (leader !== undefined) this.#remove(leader)
  }

  #assign({ assignments }: SyncGroupRequest): void {
    this.#cancelRebalance()
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    this.state = 'Stable'
    for (const member of this.#members.values()) {
      member.assignment = byMember.get(member.id) ?? new Uint8Array(0)
      member.syncing?.({ errorCode: CODE.NONE, assignment: member.assignment })
      member.syncing = undefined
    }
  }

  #joined(member: Member, skipAssignment: boolean): JoinGroupResponse {
    const leads = member.id === this.#leader
    return {
      errorCode: CODE.NONE,
      generationId: this.generation,
      protocolName: this.#protocol,
      leader: this.#leader,
      skipAssignment,
      memberId: member.id,
      members: leads ? [...this.#members.values()].map(({ id, instanceId, protocols }) => ({ memberId: id, groupInstanceId: instanceId, metadata: metadataOf(protocols, this.#protocol) })) : [],
    }
  }

  /** The member gave a sign: its session starts anew. */
  #alive(member: Member): void {
    member.cancelSession()
    member.cancelSession = this.#ports.clock.after(member.sessionTimeoutMs, () => {
      if (member.joining === undefined) this.#remove(member)
    })
  }

  #remove(member: Member): void {
    this.#forget(member)
    if (this.#members.size === 0) {
      this.#cancelRebalance()
      this.state = 'Empty'
    } else if (this.state === 'PreparingRebalance') this.#completeIfAll()
    else this.#prepare()
  }

  #forget(member: Member): void {
    member.cancelSession()
    member.joining?.(refusedJoin(CODE.UNKNOWN_MEMBER_ID, member.id))
    member.syncing?.({ errorCode: CODE.UNKNOWN_MEMBER_ID, assignment: NOTHING })
    this.#members.delete(member.id)
  }

  #listsCommonProtocol({ protocols, memberId }: JoinGroupRequest): boolean {
    const others = [...this.#members.values()].filter(({ id }) => id !== memberId)
    return protocols.length > 0 && protocols.some(({ name }) => others.every((other) => other.protocols.some((protocol) => protocol.name === name)))
  }

  #commonProtocol(): string {
    const members = [...this.#members.values()]
    return members[0]!.protocols.find(({ name }) => members.every(({ protocols }) => protocols.some((protocol) => protocol.name === name)))!.name
  }

  #newId(instanceId = 'member'): string {
    const part = (): string => Math.floor(this.#ports.random.next() * 2 ** 32).toString(16).padStart(8, '0')
    return `${instanceId}-${part()}${part()}`
  }
}

function metadataOf(protocols: JoinGroupRequest['protocols'], name: string): Uint8Array {
  return protocols.find((protocol) => protocol.name === name)?.metadata ?? NOTHING
}

function sameProtocols(a: JoinGroupRequest['protocols'], b: JoinGroupRequest['protocols']): boolean {
  return a.length === b.length && a.every(({ name, metadata }, i) => b[i]!.name === name && metadata.length === b[i]!.metadata.length && metadata.every((byte, at) => byte === b[i]!.metadata[at]))
}

function refusedJoin(errorCode: number, memberId: string): JoinGroupResponse {
  return { errorCode, generationId: -1, protocolName: null, leader: '', skipAssignment: false, memberId, members: [] }
}
