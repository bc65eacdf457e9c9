/**
 * One consumer group of the classic protocol, as a broker's coordinator keeps it: members join, the first of them leads, the protocol is one that
 * all of them list, the leader brings the assignment, and heartbeats tell who lives. A join is complete when every member, and everybody who was
 * given an id, has joined, or when the longest rebalance timeout is over: dynamic members that didn't come are removed, static ones stay until their
 * session ends. A member that falls silent is removed by its session timer, and a leader (or follower) that doesn't synchronise by the rebalance
 * timeout, so that the others go on. Every state has the answers of wire.md §7.
 */
import type { HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse } from '../wire/api/group.ts'
import { CODE } from './codes.ts'
import { commonProtocol, makeMember, metadataOf, Members, sameProtocols, type GroupPorts, type Member } from './group-members.ts'

/** The states of a group. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** Who a request says that it comes from. */
export type MemberFence = Pick<HeartbeatRequest, 'memberId' | 'groupInstanceId' | 'generationId'>

/** A member as tools show it. */
export interface MemberView {
  readonly memberId: string
  readonly instanceId: string | null
  readonly assignment: Uint8Array
}

/** One group. */
export class Group {
  readonly id: string
  readonly #ports: GroupPorts
  readonly #members: Members = new Members()
  #state: GroupState = 'Empty'
  #generation = 0
  #protocolType = ''
  #protocol = ''
  #leader = ''
  /** Ends the timer of the join or the synchronisation under way. */
  #cancelTimer: () => void = () => undefined

  constructor(id: string, ports: GroupPorts) {
    this.id = id
    this.#ports = ports
  }

  get state(): GroupState {
    return this.#state
  }

  /** Counts completed joins. */
  get generation(): number {
    return this.#generation
  }

  /** Id of the member that assigns; '' in an empty group. */
  get leader(): string {
    return this.#leader
  }

  /** Its members, in order of joining. */
  members(): readonly MemberView[] {
    return this.#members.all().map(({ id, instanceId, assignment }) => ({ memberId: id, instanceId, assignment }))
  }

  /** JoinGroup. */
  join(request: JoinGroupRequest): JoinGroupResponse | Promise<JoinGroupResponse> {
    const { memberId, groupInstanceId } = request
    if (!this.#fits(request)) return refusedJoin(CODE.INCONSISTENT_GROUP_PROTOCOL, memberId)
    if (groupInstanceId !== null) return this.#joinStatic(request, groupInstanceId)
    if (memberId === '') {
      const given = this.#newId('member')
      this.#members.expect(
        given,
        this.#ports.clock.after(request.sessionTimeoutMs, () => this.#dropExpected(given)),
      )
      return refusedJoin(CODE.MEMBER_ID_REQUIRED, given)
    }
    const known = this.#members.get(memberId)
    if (known !== undefined) return this.#joinKnown(known, request)
    return this.#members.arrived(memberId) ? this.#joinNew(memberId, request) : refusedJoin(CODE.UNKNOWN_MEMBER_ID, memberId)
  }

  /** SyncGroup. */
  sync(request: SyncGroupRequest): SyncGroupResponse | Promise<SyncGroupResponse> {
    const errorCode = this.fence(request)
    const member = this.#members.get(request.memberId)
    if (errorCode !== CODE.NONE || member === undefined) return refusedSync(errorCode)
    if (request.protocolType !== this.#protocolType || request.protocolName !== this.#protocol)
      return refusedSync(CODE.INCONSISTENT_GROUP_PROTOCOL)
    if (this.#state === 'PreparingRebalance') return refusedSync(CODE.REBALANCE_IN_PROGRESS)
    member.synced = true
    this.#alive(member)
    if (this.#state === 'Stable') return { errorCode: CODE.NONE, assignment: member.assignment }
    return new Promise((resolve) => {
      this.#members.answerSync(member, refusedSync(CODE.REBALANCE_IN_PROGRESS))
      member.syncing = resolve
      if (member.id === this.#leader) this.#assign(request)
    })
  }

  /** Heartbeat; answers an error code. */
  heartbeat(request: HeartbeatRequest): number {
    const errorCode = this.fence(request)
    if (errorCode !== CODE.NONE) return errorCode
    this.#alive(this.#members.get(request.memberId)!)
    return this.#state === 'PreparingRebalance' ? CODE.REBALANCE_IN_PROGRESS : CODE.NONE
  }

  /** One member leaves; answers an error code. */
  leave({ memberId, groupInstanceId }: { readonly memberId: string; readonly groupInstanceId: string | null }): number {
    if (this.#members.arrived(memberId)) {
      this.#completeIfAll()
      return CODE.NONE
    }
    const member = groupInstanceId === null ? this.#members.get(memberId) : this.#members.ofInstance(groupInstanceId)
    if (member === undefined) return CODE.UNKNOWN_MEMBER_ID
    if (memberId !== '' && memberId !== member.id) return CODE.FENCED_INSTANCE_ID
    this.#remove(member)
    return CODE.NONE
  }

  /** Whether a request comes from a member of this generation; an error code. */
  fence({ memberId, groupInstanceId, generationId }: MemberFence): number {
    if (groupInstanceId !== null) {
      const holder = this.#members.ofInstance(groupInstanceId)
      if (holder === undefined) return CODE.UNKNOWN_MEMBER_ID
      if (holder.id !== memberId) return CODE.FENCED_INSTANCE_ID
    }
    if (this.#members.get(memberId) === undefined) return CODE.UNKNOWN_MEMBER_ID
    return generationId === this.#generation ? CODE.NONE : CODE.ILLEGAL_GENERATION
  }

  /** Whether a commit is taken; an error code. Nobody checks that the member owns the partitions: that is the client's duty. */
  mayCommit(request: MemberFence): number {
    if (request.generationId < 0 && this.#state === 'Empty') return CODE.NONE
    const errorCode = this.fence(request)
    if (errorCode !== CODE.NONE) return errorCode
    if (this.#state === 'CompletingRebalance') return CODE.REBALANCE_IN_PROGRESS
    this.#alive(this.#members.get(request.memberId)!)
    return CODE.NONE
  }

  /** Stops all timers. */
  close(): void {
    this.#cancelTimer()
    this.#members.close()
  }

  #joinStatic(request: JoinGroupRequest, instanceId: string): JoinGroupResponse | Promise<JoinGroupResponse> {
    const { memberId } = request
    const before = this.#members.ofInstance(instanceId)
    if (before === undefined)
      return memberId === '' ? this.#joinNew(this.#newId(instanceId), request) : refusedJoin(CODE.UNKNOWN_MEMBER_ID, memberId)
    if (memberId !== '') return memberId === before.id ? this.#joinKnown(before, request) : refusedJoin(CODE.FENCED_INSTANCE_ID, memberId)
    const led = before.id === this.#leader
    this.#members.answerJoin(before, refusedJoin(CODE.FENCED_INSTANCE_ID, before.id))
    this.#members.answerSync(before, refusedSync(CODE.FENCED_INSTANCE_ID))
    this.#members.rename(before, this.#newId(instanceId))
    if (led) this.#leader = before.id
    take(before, request)
    // The same process, come back: no rebalance, and a leader is told to leave the assignment as it is.
    if (this.#state !== 'Stable' || commonProtocol(this.#members.all()) !== this.#protocol) return this.#awaitJoin(before)
    this.#alive(before)
    return this.#joined(before, led)
  }

  #joinNew(id: string, request: JoinGroupRequest): Promise<JoinGroupResponse> {
    const member = makeMember(id, request)
    this.#members.add(member)
    this.#protocolType = request.protocolType
    return this.#awaitJoin(member)
  }

  #joinKnown(member: Member, request: JoinGroupRequest): JoinGroupResponse | Promise<JoinGroupResponse> {
    const same = sameProtocols(member.protocols, request.protocols)
    // It may have missed the answer to its last request.
    const again = this.#state === 'CompletingRebalance' || (this.#state === 'Stable' && member.id !== this.#leader)
    take(member, request)
    if (!same || !again) return this.#awaitJoin(member)
    this.#alive(member)
    return this.#joined(member, false)
  }

  #awaitJoin(member: Member): Promise<JoinGroupResponse> {
    return new Promise((resolve) => {
      this.#members.answerJoin(member, refusedJoin(CODE.REBALANCE_IN_PROGRESS, member.id))
      member.joining = resolve
      if (this.#state !== 'PreparingRebalance') this.#prepare()
      this.#completeIfAll()
    })
  }

  /** Calls all members to join again. */
  #prepare(): void {
    this.#state = 'PreparingRebalance'
    for (const member of this.#members.all()) this.#answerSync(member, refusedSync(CODE.REBALANCE_IN_PROGRESS))
    this.#patience(() => this.#complete())
  }

  #completeIfAll(): void {
    if (this.#state === 'PreparingRebalance' && this.#members.allJoining()) this.#complete()
  }

  /** Starts the next generation with those who joined. */
  #complete(): void {
    for (const member of this.#members.all()) if (member.joining === undefined && member.instanceId === null) this.#forget(member)
    const first = this.#members.all().find(({ joining }) => joining !== undefined)
    if (this.#members.size === 0) {
      this.#empty()
      return
    }
    if (first === undefined) {
      // Only static members that haven't come back: their sessions decide.
      this.#patience(() => this.#complete())
      return
    }
    if (this.#members.get(this.#leader)?.joining === undefined) this.#leader = first.id
    this.#generation++
    this.#state = 'CompletingRebalance'
    this.#protocol = commonProtocol(this.#members.all()) ?? ''
    this.#patience(() => this.#dropSilent())
    for (const member of this.#members.all()) {
      member.synced = false
      this.#alive(member)
      this.#members.answerJoin(member, this.#joined(member, false))
    }
  }

  /** Removes those who joined and brought or fetched no assignment in time: a silent leader above all. */
  #dropSilent(): void {
    for (const member of this.#members.all().filter(({ synced }) => !synced)) this.#remove(member)
  }

  #assign({ assignments }: SyncGroupRequest): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    this.#state = 'Stable'
    for (const member of this.#members.all()) {
      member.assignment = byMember.get(member.id) ?? new Uint8Array(0)
      this.#answerSync(member, { errorCode: CODE.NONE, assignment: member.assignment })
    }
    // Whoever has yet to fetch the assignment keeps its deadline.
    if (this.#members.all().every(({ synced }) => synced)) this.#cancelTimer()
  }

  #joined(member: Member, skipAssignment: boolean): JoinGroupResponse {
    const all = member.id === this.#leader ? this.#members.all() : []
    return {
      errorCode: CODE.NONE,
      generationId: this.#generation,
      protocolName: this.#protocol,
      leader: this.#leader,
      skipAssignment,
      memberId: member.id,
      members: all.map(({ id, instanceId, protocols }) => ({
        memberId: id,
        groupInstanceId: instanceId,
        metadata: metadataOf(protocols, this.#protocol),
      })),
    }
  }

  /** Answers a SyncGroup that waits; the wait was not the member's silence. */
  #answerSync(member: Member, answer: SyncGroupResponse): void {
    if (member.syncing !== undefined) this.#alive(member)
    this.#members.answerSync(member, answer)
  }

  /** The member gave a sign: its session starts anew. One that waits for an answer lives as long as it waits. */
  #alive(member: Member): void {
    member.cancelSession()
    member.cancelSession = this.#ports.clock.after(member.sessionTimeoutMs, () => {
      if (member.joining === undefined && member.syncing === undefined) this.#remove(member)
      else this.#alive(member)
    })
  }

  #remove(member: Member): void {
    this.#forget(member)
    if (this.#members.size === 0) this.#empty()
    else if (this.#state === 'PreparingRebalance') this.#completeIfAll()
    else this.#prepare()
  }

  #forget(member: Member): void {
    this.#members.remove(member)
    this.#members.answerJoin(member, refusedJoin(CODE.UNKNOWN_MEMBER_ID, member.id))
    this.#members.answerSync(member, refusedSync(CODE.UNKNOWN_MEMBER_ID))
  }

  #empty(): void {
    this.#cancelTimer()
    if (this.#state !== 'Empty') this.#generation++
    this.#state = 'Empty'
    this.#leader = ''
    this.#protocol = ''
    this.#protocolType = ''
  }

  #dropExpected(id: string): void {
    if (this.#members.arrived(id)) this.#completeIfAll()
  }

  /** Waits as long as the most patient member does. */
  #patience(f: () => void): void {
    this.#cancelTimer()
    const longest = Math.max(0, ...this.#members.all().map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
    this.#cancelTimer = this.#ports.clock.after(longest, f)
  }

  #fits({ protocolType, protocols, memberId }: JoinGroupRequest): boolean {
    if (protocols.length === 0 || protocolType === '') return false
    const others = this.#members.all().filter(({ id }) => id !== memberId)
    return others.length === 0 || (protocolType === this.#protocolType && commonProtocol([{ protocols }, ...others]) !== undefined)
  }

  #newId(prefix: string): string {
    const part = (): string =>
      Math.floor(this.#ports.random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return `${prefix}-${part()}${part()}`
  }
}

function take(member: Member, { protocols, sessionTimeoutMs, rebalanceTimeoutMs }: JoinGroupRequest): void {
  member.protocols = protocols
  member.sessionTimeoutMs = sessionTimeoutMs
  member.rebalanceTimeoutMs = rebalanceTimeoutMs
}

function refusedJoin(errorCode: number, memberId: string): JoinGroupResponse {
  return { errorCode, generationId: -1, protocolName: null, leader: '', skipAssignment: false, memberId, members: [] }
}

function refusedSync(errorCode: number): SyncGroupResponse {
  return { errorCode, assignment: new Uint8Array(0) }
}
