/** What the tests of groups share: members as the classic protocol makes them, told what to send and remembering what they were answered. */
import { decodeText, utf8 } from '../../src/base/text.ts'
import { seeded } from '../../src/base/random.ts'
import { CODE } from '../../src/memory/codes.ts'
import { Group } from '../../src/memory/group.ts'
import type { JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse } from '../../src/wire/api/group.ts'
import { manualClock, settled, type ManualClock } from './world.ts'

/** How a member joins. */
export interface TestMemberOptions {
  readonly instanceId?: string
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
  readonly protocols?: readonly string[]
  readonly protocolType?: string
}

/** A group on a manual clock. */
export interface GroupWorld {
  readonly clock: ManualClock
  readonly group: Group
  readonly member: (name: string, options?: TestMemberOptions) => TestMember
}

export function groupWorld(): GroupWorld {
  const clock = manualClock()
  const group = new Group('g', { clock, random: seeded(3) })
  return { clock, group, member: (name, options = {}) => new TestMember(group, name, options) }
}

/** A join request by hand. */
export function joinRequest(memberId: string, name: string, options: TestMemberOptions = {}): JoinGroupRequest {
  return {
    groupId: 'g',
    memberId,
    groupInstanceId: options.instanceId ?? null,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    protocolType: options.protocolType ?? 'consumer',
    protocols: (options.protocols ?? ['eager']).map((protocol) => ({ name: protocol, metadata: utf8(name) })),
  }
}

/** A member. */
export class TestMember {
  readonly name: string
  readonly options: TestMemberOptions
  readonly #group: Group
  id = ''
  generation = -1
  /** The last answers; undefined while one is waited for. */
  joined: JoinGroupResponse | undefined = undefined
  synced: SyncGroupResponse | undefined = undefined

  constructor(group: Group, name: string, options: TestMemberOptions) {
    this.#group = group
    this.name = name
    this.options = options
  }

  /** True when it leads. */
  get leads(): boolean {
    return this.joined?.errorCode === CODE.NONE && this.joined.leader === this.id
  }

  /** Its assignment as text. */
  get assignment(): string | undefined {
    return this.synced?.errorCode === CODE.NONE ? decodeText(this.synced.assignment, 0, this.synced.assignment.length) : undefined
  }

  get fence(): { readonly memberId: string; readonly groupInstanceId: string | null; readonly generationId: number } {
    return { memberId: this.id, groupInstanceId: this.options.instanceId ?? null, generationId: this.generation }
  }

  /** Joins, with the id that it is given if one is required. */
  async join(): Promise<void> {
    this.joined = undefined
    void this.#join()
    await settled()
  }

  async #join(): Promise<void> {
    const answer = await this.#group.join(joinRequest(this.id, this.name, this.options))
    if (answer.errorCode === CODE.MEMBER_ID_REQUIRED) {
      this.id = answer.memberId
      await this.#join()
      return
    }
    this.joined = answer
    if (answer.errorCode !== CODE.NONE) return
    this.id = answer.memberId
    this.generation = answer.generationId
  }

  /** Fetches its assignment; as the leader it brings one: each member's own name in capitals, unless given. */
  async sync(more: Partial<SyncGroupRequest> = {}): Promise<void> {
    this.synced = undefined
    const members = this.leads ? this.joined!.members : []
    const assignments = members.map(({ memberId, metadata }) => ({
      memberId,
      assignment: utf8(decodeText(metadata, 0, metadata.length).toUpperCase()),
    }))
    const protocolName = this.joined?.protocolName ?? 'eager'
    void this.#sync({ groupId: 'g', ...this.fence, protocolType: 'consumer', protocolName, assignments, ...more })
    await settled()
  }

  async #sync(request: SyncGroupRequest): Promise<void> {
    this.synced = await this.#group.sync(request)
  }

  heartbeat(): number {
    return this.#group.heartbeat({ groupId: 'g', ...this.fence })
  }

  leave(): number {
    return this.#group.leave({ memberId: this.id, groupInstanceId: this.options.instanceId ?? null })
  }

  mayCommit(): number {
    return this.#group.mayCommit(this.fence)
  }
}
