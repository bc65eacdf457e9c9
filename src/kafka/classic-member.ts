/**
 * A member of a classic consumer group. It joins with its tasks kept open: when the group rebalances, its owner first stops at a record's edge and
 * commits; then it joins, the leader assigns, and the owner is told its plan. Heartbeats come from a timer on a lane of their own, so neither
 * processing nor a long poll holds them up. A member that the group has forgotten loses its tasks without a commit and joins anew.
 */
import { ClusterError, TaskMigratedError } from '../base/errors.ts'
import {
  HEARTBEAT,
  JOIN_GROUP,
  LEAVE_GROUP,
  SYNC_GROUP,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type SyncGroupResponse,
} from '../wire/api/group.ts'
import { errorName, wireError } from '../wire/error-table.ts'
import { backoffMs, Pauses, type BackoffPorts } from './backoff.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import type { Lane, LaneKind } from './lane.ts'
import type { GroupFence } from './offsets.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type MemberInfo,
  type MemberState,
  type PlannedMember,
  type TaskPlan,
} from './subscription.ts'

/** What a member is told and asked. Nothing else runs while one of these is under way. */
export interface MemberHandlers {
  /** The topics it reads and what it says of itself, asked before each join. */
  describe(): { readonly topics: readonly string[]; readonly info: MemberInfo }
  /** Asked when it leads the group: the plan of each member, by member id. */
  assign(members: readonly MemberState[]): Promise<ReadonlyMap<string, PlannedMember>>
  /** The group rebalances: stop at a record's edge and commit; tasks stay open. */
  revoke(): Promise<void>
  /** The new plan: close what is lost, open what is new. */
  assigned(plan: TaskPlan, generation: number): Promise<void>
  /** The group has forgotten this member: drop everything without a commit. */
  lost(why: Error): Promise<void>
  /** It can't go on. */
  failed(why: Error): void
}

/** How a member takes part. */
export interface MemberOptions extends BackoffPorts {
  /** Tells it from other members of this process: each has a lane of its own, because a parked join would hold up the heartbeats of others. */
  readonly name: string
  readonly cluster: Cluster
  readonly groupId: string
  readonly instanceId: string | null
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
}

const PROTOCOL_TYPE = 'consumer'
const PROTOCOL = 'millrace-eager-1'
const MEMBER_ID_REQUIRED = 79
const FENCED_INSTANCE_ID = 82

/** How often a request is repeated that the group refuses without a reason that passes. */
const FEW_REPEATS = 3
/** How long a member that leaves waits for the group to hear it, in ms. */
const LEAVE_MS = 5_000

/** One member of a group. */
export class ClassicMember {
  readonly #options: MemberOptions
  readonly #pauses: Pauses
  readonly #handlers: MemberHandlers
  readonly #lane: LaneKind
  #memberId = ''
  #generation = -1
  /** True while it has a plan that it wasn't told to stop carrying out. */
  #planned = false
  /** The last generation whose plan is its own, or was nobody's; undefined: it has no tasks. */
  #followed: number | undefined = undefined
  #closed = false
  #fencedBefore = false
  /** Tries since the last plan, and refusals without a reason that passes. */
  #attempts = 0
  #doubts = 0
  /** Ends the heartbeats; answers to those under way count no more. */
  #stopHeartbeats: () => void = () => undefined
  #lastContact: number
  /** Settles the wait for the next rebalance. */
  #rejoin: (() => void) | undefined = undefined
  /** True from the moment a rebalance is asked for until the member joins. */
  #leaving = false
  #why: Error | undefined = undefined
  /** What a heartbeat heard that can't be gone on with. */
  #broken: unknown = undefined
  /** The lane of the join under way. */
  #joining: Lane | undefined = undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: MemberOptions, handlers: MemberHandlers) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
    this.#handlers = handlers
    this.#lane = `group:${options.name}`
    this.#lastContact = options.clock.monotonic()
  }

  /** Joins and stays a member until `close`. */
  start(): void {
    this.#running = this.#run()
      .catch((error: unknown) => {
        if (!this.#closed) this.#handlers.failed(error instanceof Error ? error : new Error(String(error)))
      })
      .finally(() => this.#stopHeartbeats())
  }

  /** Stamps every commit. */
  fence(): GroupFence {
    return { groupId: this.#options.groupId, generation: this.#generation, memberId: this.#memberId, instanceId: this.#options.instanceId }
  }

  /** When the group last answered well, in ms of the monotonic clock. */
  lastContact(): number {
    return this.#lastContact
  }

  /** True when the group waits for this member to join again: whatever it does for its present plan should end soon. */
  get rejoining(): boolean {
    return this.#leaving
  }

  /** Asks for a rebalance. */
  requestRejoin(): void {
    this.#leaving = true
    this.#rejoin?.()
  }

  /** Gives up its tasks, which somebody else may own by now, and joins anew when they are dropped; with `leave`, the group is told at once. */
  abandon(why: Error, { leave }: { readonly leave: boolean } = { leave: false }): void {
    this.#why ??= why
    this.#stopHeartbeats()
    if (leave) void this.#leave()
    this.requestRejoin()
  }

  /** Ends the membership when what it carries out has ended; with `leave`, the group is told at once. */
  async close({ leave }: { readonly leave: boolean }): Promise<void> {
    if (this.#closed) return
    await this.quit({ leave })
    await this.#running
  }

  /** Ends the membership whatever it carries out; with `leave`, the group is told at once. */
  async quit({ leave }: { readonly leave: boolean }): Promise<void> {
    this.#closed = true
    this.#stopHeartbeats()
    this.#pauses.end()
    this.#rejoin?.()
    if (leave && this.#memberId !== '') {
      const patience = new Pauses(this.#options.clock)
      await Promise.race([this.#leave(), patience.wait(LEAVE_MS)])
      patience.end()
    }
    // A join that waits for others isn't waited for.
    this.#joining?.close()
  }

  async #leave(): Promise<void> {
    const { cluster, groupId, instanceId } = this.#options
    try {
      const lane = await cluster.coordinator(groupId, 'call')
      await lane.request(LEAVE_GROUP, { groupId, members: [{ memberId: this.#memberId, groupInstanceId: instanceId }] })
    } catch {
      // The session timeout tells the group what this request could not.
    }
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#release()
      if (this.#broken !== undefined) throw this.#broken
      this.#leaving = false
      const plan = await this.#join()
      if (plan === undefined || this.#closed) continue
      const asked = new Promise<void>((resolve) => {
        this.#rejoin = resolve
      })
      // It was asked while it joined.
      if (this.#leaving) this.#rejoin?.()
      await this.#follow(plan)
      await asked
    }
  }

  /** Stops what it does for its plan: at a record's edge, or without a commit when its tasks are not its own any more. Heartbeats go on meanwhile. */
  async #release(): Promise<void> {
    if (this.#planned && this.#why === undefined) await this.#handlers.revoke()
    this.#stopHeartbeats()
    this.#planned = false
    const why = this.#why
    this.#why = undefined
    if (why === undefined) return
    this.#followed = undefined
    await this.#handlers.lost(why)
  }

  /** Carries out a plan. If there was one in between that others may have followed, what it still has is too old to go on with. */
  async #follow(plan: TaskPlan): Promise<void> {
    const generation = this.#generation
    const { groupId } = this.#options
    if (this.#followed !== undefined && generation > this.#followed + 1)
      this.#why ??= new TaskMigratedError(
        `group ${groupId} had a plan between generations ${this.#followed} and ${generation} that this member didn't hear`,
      )
    const why = this.#why
    this.#why = undefined
    if (why !== undefined) await this.#handlers.lost(why)
    this.#followed = generation
    this.#planned = true
    this.#attempts = 0
    this.#doubts = 0
    this.#heartbeats()
    await this.#handlers.assigned(plan, generation)
  }

  /** One try to join and get a plan; undefined: try again. */
  async #join(): Promise<TaskPlan | undefined> {
    const { cluster, groupId, clock, rebalanceTimeoutMs } = this.#options
    this.#attempts++
    try {
      const lane = await cluster.coordinator(groupId, this.#lane)
      if (this.#closed) return undefined
      this.#joining = lane
      const joined = await lane.request(JOIN_GROUP, this.#joinRequest(), { timeoutMs: rebalanceTimeoutMs + 5_000 })
      if (joined.errorCode !== 0) return await this.#refused(joined.errorCode, joined.memberId)
      this.#memberId = joined.memberId
      this.#generation = joined.generationId
      this.#lastContact = clock.monotonic()
      const answer = await this.#sync(lane, joined)
      if (answer.errorCode === 0) return decodeAssignment(answer.assignment)
      return await this.#refused(answer.errorCode, joined.memberId)
    } catch (error) {
      this.#stopHeartbeats()
      if (this.#closed) return undefined
      if (!(error instanceof ClusterError) || !error.retriable) throw error
      cluster.forgetCoordinator(groupId)
      await this.#pause()
      return undefined
    } finally {
      this.#joining = undefined
    }
  }

  /** Brings the plan, where it is the leader's to make, and fetches its own part. Making it may take long: heartbeats say that it is under way. */
  async #sync(lane: Lane, joined: JoinGroupResponse): Promise<SyncGroupResponse> {
    const { groupId, instanceId, rebalanceTimeoutMs } = this.#options
    const leads = joined.leader === joined.memberId
    const followed = this.#followed
    // Until its leader brings it, a plan is nobody's.
    const isNext = leads && followed === joined.generationId - 1
    if (isNext) this.#followed = joined.generationId
    this.#heartbeats()
    const assignments = await this.#assignments(joined)
    this.#stopHeartbeats()
    this.#followed = followed
    const request = {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: instanceId,
      protocolType: PROTOCOL_TYPE,
      protocolName: PROTOCOL,
      assignments,
    }
    const answer = await lane.request(SYNC_GROUP, request, { timeoutMs: rebalanceTimeoutMs + 5_000 })
    if (isNext && errorName(answer.errorCode) === 'REBALANCE_IN_PROGRESS') this.#followed = joined.generationId
    return answer
  }

  #joinRequest(): JoinGroupRequest {
    const { groupId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const { topics, info } = this.#handlers.describe()
    return {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      groupInstanceId: instanceId,
      protocolType: PROTOCOL_TYPE,
      protocols: [{ name: PROTOCOL, metadata: encodeSubscription(topics, info) }],
    }
  }

  /** The leader's assignments; none from the others, and none where the old ones still hold. */
  async #assignments({
    leader,
    memberId,
    members,
    skipAssignment,
  }: JoinGroupResponse): Promise<{ readonly memberId: string; readonly assignment: Uint8Array }[]> {
    if (leader !== memberId || skipAssignment) return []
    const states = members.map(({ memberId: id, groupInstanceId, metadata }): MemberState => {
      const { topics, info } = decodeSubscription(metadata) ?? {
        topics: [],
        info: { processId: new Uint8Array(16), topologyHash: 0, endpoint: '', lags: new Map() },
      }
      return { memberId: id, instanceId: groupInstanceId, topics, ...info }
    })
    const plans = await this.#handlers.assign(states)
    return [...plans].map(([id, plan]) => ({ memberId: id, assignment: encodeAssignment(plan) }))
  }

  /** What a refusal means: a given id, another try, or that the group has forgotten this member. */
  async #refused(errorCode: number, memberId: string): Promise<undefined> {
    if (errorCode === MEMBER_ID_REQUIRED) {
      this.#memberId = memberId
      return
    }
    this.#meant(errorCode)
    await this.#pause()
  }

  /** Takes note of what a refusal means; throws what can't be gone on with. */
  #meant(errorCode: number): void {
    const { cluster, groupId, instanceId } = this.#options
    const { name, action } = wireError(errorCode, 'group')
    if (name === 'REBALANCE_IN_PROGRESS') return
    if (action === 'refresh' || action === 'retry' || (action === 'retry-3' && ++this.#doubts <= FEW_REPEATS)) {
      cluster.forgetCoordinator(groupId)
      return
    }
    if (action === 'fatal') throw brokerError(errorCode, 'group', `joining group ${groupId}`)
    if (errorCode === FENCED_INSTANCE_ID) {
      if (this.#fencedBefore)
        throw new ClusterError('INSTANCE_FENCED', `another process runs with instanceId ${String(instanceId)}: give each its own`)
      this.#fencedBefore = true
    }
    if (this.#followed !== undefined)
      this.#why ??= new TaskMigratedError(`group ${groupId} has forgotten member ${this.#memberId}: the broker answered ${name}`)
    this.#memberId = ''
  }

  /** Sends heartbeats from now on. */
  #heartbeats(): void {
    this.#stopHeartbeats()
    const { clock, heartbeatIntervalMs } = this.#options
    let isOn = true
    let cancel = (): void => undefined
    const later = (): void => {
      cancel = clock.after(heartbeatIntervalMs, () => void this.#heartbeat(() => isOn).then(() => (isOn ? later() : undefined)))
    }
    later()
    this.#stopHeartbeats = () => {
      isOn = false
      cancel()
    }
  }

  /** One heartbeat; its answer counts while `isOn`. */
  async #heartbeat(isOn: () => boolean): Promise<void> {
    const { cluster, clock, groupId, instanceId, sessionTimeoutMs } = this.#options
    const request = { groupId, generationId: this.#generation, memberId: this.#memberId, groupInstanceId: instanceId }
    try {
      const lane = await cluster.coordinator(groupId, this.#lane)
      if (!isOn()) return
      const sent = clock.monotonic()
      // One that isn't answered leaves time for others within the session.
      const { errorCode } = await lane.request(HEARTBEAT, request, { timeoutMs: Math.min(30_000, sessionTimeoutMs / 3) })
      if (isOn()) this.#heard(errorCode, sent)
    } catch {
      cluster.forgetCoordinator(groupId)
    }
  }

  /** Takes the answer to a heartbeat that was sent at a time. */
  #heard(errorCode: number, sent: number): void {
    const rebalances = errorName(errorCode) === 'REBALANCE_IN_PROGRESS'
    if (errorCode === 0 || rebalances) this.#lastContact = Math.max(this.#lastContact, sent)
    if (errorCode === 0) this.#doubts = 0
    else this.#takeRefusal(errorCode)
  }

  #takeRefusal(errorCode: number): void {
    try {
      this.#meant(errorCode)
    } catch (error) {
      this.#broken = error
      this.#why ??= error instanceof Error ? error : undefined
    }
    if (errorName(errorCode) === 'REBALANCE_IN_PROGRESS' || this.#why !== undefined || this.#broken !== undefined) this.requestRejoin()
  }

  #pause(): Promise<void> {
    return this.#pauses.wait(backoffMs(this.#attempts, this.#options.random))
  }
}
