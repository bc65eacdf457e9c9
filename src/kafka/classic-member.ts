/**
 * A member of a classic consumer group. It joins with its tasks kept open: when the group rebalances, its owner first stops at a record's edge and
 * commits; then it joins, the leader assigns, and the owner is told its plan. Heartbeats come from a timer on a lane of their own, so neither
 * processing nor a long poll holds them up. A member that the group has forgotten loses its tasks without a commit and joins anew.
 */
import { ClusterError, TaskMigratedError } from '../base/errors.ts'
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP, type JoinGroupRequest, type JoinGroupResponse } from '../wire/api/group.ts'
import { errorName, wireError } from '../wire/error-table.ts'
import { backoffMs, wait, type BackoffPorts } from './backoff.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import type { LaneKind } from './lane.ts'
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

/** One member of a group. */
export class ClassicMember {
  readonly #options: MemberOptions
  readonly #handlers: MemberHandlers
  readonly #lane: LaneKind
  #memberId = ''
  #generation = -1
  #joined = false
  #closed = false
  #fencedBefore = false
  #cancelHeartbeat: () => void = () => undefined
  #lastContact: number
  /** Settles the wait for the next rebalance. */
  #rejoin: (() => void) | undefined = undefined
  /** True from the moment a rebalance is asked for until the member joins. */
  #leaving = false
  #why: Error | undefined = undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: MemberOptions, handlers: MemberHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#lane = `group:${options.name}`
    this.#lastContact = options.clock.monotonic()
  }

  /** Joins and stays a member until `close`. */
  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#closed) this.#handlers.failed(error instanceof Error ? error : new Error(String(error)))
    })
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

  /** Gives up its tasks, which somebody else may own by now, and joins anew. */
  abandon(why: Error): void {
    this.#why ??= why
    this.requestRejoin()
  }

  /** Ends the membership; with `leave`, the group is told at once. */
  async close({ leave }: { readonly leave: boolean }): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelHeartbeat()
    this.#rejoin?.()
    if (leave && this.#memberId !== '') {
      try {
        const lane = await this.#options.cluster.coordinator(this.#options.groupId, 'call')
        await lane.request(LEAVE_GROUP, {
          groupId: this.#options.groupId,
          members: [{ memberId: this.#memberId, groupInstanceId: this.#options.instanceId }],
        })
      } catch {
        // The session timeout tells the group what this request could not.
      }
    }
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const why = this.#why
      this.#why = undefined
      if (why !== undefined) await this.#handlers.lost(why)
      else if (this.#joined) await this.#handlers.revoke()
      this.#joined = false
      this.#leaving = false
      const plan = await this.#join()
      if (plan === undefined || this.#closed) continue
      this.#joined = true
      this.#fencedBefore = false
      const asked = new Promise<void>((resolve) => {
        this.#rejoin = resolve
      })
      this.#heartbeatLater()
      await this.#handlers.assigned(plan, this.#generation)
      await asked
      this.#cancelHeartbeat()
    }
  }

  /** One try to join and get a plan; undefined: try again. */
  async #join(): Promise<TaskPlan | undefined> {
    const { cluster, groupId } = this.#options
    try {
      const lane = await cluster.coordinator(groupId, this.#lane)
      const joined = await lane.request(JOIN_GROUP, this.#joinRequest(), { timeoutMs: this.#options.rebalanceTimeoutMs + 5_000 })
      if (joined.errorCode !== 0) return await this.#refused(joined.errorCode, joined.memberId)
      this.#memberId = joined.memberId
      this.#generation = joined.generationId
      this.#lastContact = this.#options.clock.monotonic()
      const assignments = await this.#assignments(joined)
      const answer = await lane.request(
        SYNC_GROUP,
        {
          groupId,
          generationId: joined.generationId,
          memberId: joined.memberId,
          groupInstanceId: this.#options.instanceId,
          protocolType: PROTOCOL_TYPE,
          protocolName: PROTOCOL,
          assignments,
        },
        { timeoutMs: this.#options.rebalanceTimeoutMs + 5_000 },
      )
      if (answer.errorCode !== 0) return await this.#refused(answer.errorCode, this.#memberId)
      return decodeAssignment(answer.assignment)
    } catch (error) {
      if (this.#closed || !(error instanceof ClusterError) || !error.retriable) throw error
      cluster.forgetCoordinator(groupId)
      await this.#pause(1)
      return undefined
    }
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
    const { action } = wireError(errorCode, 'group')
    if (errorCode === FENCED_INSTANCE_ID && this.#fencedBefore) {
      throw new ClusterError(
        'INSTANCE_FENCED',
        `another process runs with instanceId ${String(this.#options.instanceId)}: give each its own`,
      )
    }
    if (action === 'rejoin' || action === 'fenced') {
      this.#fencedBefore = errorCode === FENCED_INSTANCE_ID
      if (errorName(errorCode) !== 'REBALANCE_IN_PROGRESS') this.#memberId = ''
      await this.#pause(1)
      return
    }
    if (action === 'retry' || action === 'refresh' || action === 'retry-3') {
      this.#options.cluster.forgetCoordinator(this.#options.groupId)
      await this.#pause(2)
      return
    }
    throw brokerError(errorCode, 'group', `joining group ${this.#options.groupId}`)
  }

  #heartbeatLater(): void {
    const { clock, heartbeatIntervalMs } = this.#options
    this.#cancelHeartbeat = clock.after(heartbeatIntervalMs, () => void this.#heartbeat())
  }

  async #heartbeat(): Promise<void> {
    const { cluster, groupId, instanceId } = this.#options
    const generation = this.#generation
    try {
      const lane = await cluster.coordinator(groupId, this.#lane)
      const { errorCode } = await lane.request(HEARTBEAT, {
        groupId,
        generationId: generation,
        memberId: this.#memberId,
        groupInstanceId: instanceId,
      })
      if (this.#closed || generation !== this.#generation) return
      if (errorCode === 0) this.#lastContact = this.#options.clock.monotonic()
      else this.#heartbeatRefused(errorCode)
    } catch {
      cluster.forgetCoordinator(groupId)
    }
    if (!this.#closed) this.#heartbeatLater()
  }

  #heartbeatRefused(errorCode: number): void {
    const name = errorName(errorCode)
    if (name !== 'REBALANCE_IN_PROGRESS') {
      this.#why = new TaskMigratedError(
        `group ${this.#options.groupId} has forgotten member ${this.#memberId}: the broker answered ${name}`,
      )
      this.#memberId = ''
    }
    this.requestRejoin()
  }

  #pause(attempt: number): Promise<void> {
    return wait(this.#options.clock, backoffMs(attempt, this.#options.random))
  }
}
