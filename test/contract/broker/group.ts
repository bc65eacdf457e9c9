/** Contract of a broker's groups and of the client's members: who is in, who leads, whose assignment holds, and what becomes of those who fall silent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClusterError } from '../../../src/base/errors.ts'
import { utf8 } from '../../../src/base/text.ts'
import { GroupOffsets } from '../../../src/kafka/offsets.ts'
import {
  HEARTBEAT,
  JOIN_GROUP,
  LEAVE_GROUP,
  SYNC_GROUP,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '../../../src/wire/api/group.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { BrokerClient, fresh, subscription, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'
import { MembersUnderTest, TASKS } from './group-members.ts'

interface World {
  readonly client: BrokerClient
  readonly members: MembersUnderTest
}

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  // Each case has a group of its own, and most of its time is waiting.
  describe(`groups on ${name}`, { concurrent: true }, () => {
    let broker: BrokerUnderTest
    let world: World
    beforeAll(async () => {
      broker = await makeBroker()
      world = { client: new BrokerClient(broker), members: new MembersUnderTest(broker) }
    })
    afterAll(async () => {
      await world.members.close()
      await broker.close()
    })

    joining(() => world)
    silence(() => world)
    statics(() => world)
    members(() => world)
    storms(() => world)
  })
}

function joining(world: () => World): void {
  it('member-id-required: whoever joins gets an id first, and a stranger’s is refused', async () => {
    const group = new RawGroup(world().client)
    const first = await group.join({ memberId: '' })
    expect(errorName(first.errorCode)).toBe('MEMBER_ID_REQUIRED')
    expect(first.memberId).not.toBe('')
    const joined = await group.join({ memberId: first.memberId })
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, leader: first.memberId, memberId: first.memberId })
    expect(joined.members.map(({ memberId }) => memberId)).toEqual([first.memberId])
    expect(errorName((await group.join({ memberId: 'nobody' })).errorCode)).toBe('UNKNOWN_MEMBER_ID')
    expect(await group.beat({ ...joined, memberId: 'nobody' })).toBe('UNKNOWN_MEMBER_ID')
    expect(await group.leave('nobody')).not.toBe('NONE')
  })

  it('inconsistent-protocol: whoever shares no protocol with the others, or asks for too short a session, is refused', async () => {
    const group = new RawGroup(world().client)
    await group.stable()
    for (const more of [{ protocols: ['other'] }, { protocolType: 'connect' }]) {
      const answer = await group.join({ memberId: '', ...more })
      expect(errorName(answer.errorCode)).toBe('INCONSISTENT_GROUP_PROTOCOL')
    }
    const brief = await new RawGroup(world().client).join({ memberId: '', sessionTimeoutMs: 2_000_000 })
    expect(errorName(brief.errorCode)).toBe('INVALID_SESSION_TIMEOUT')
  })

  it('eager-to-cooperative-roll: a group changes its protocol when all of its members know the new one', async () => {
    const group = new RawGroup(world().client)
    const [old, both] = [['eager'], ['cooperative', 'eager']]
    const first = await group.stable({ protocols: old })
    expect(first.protocolName).toBe('eager')
    const waiting = group.enter({ protocols: both })
    await group.rebalancing(first)
    const [again, second] = await Promise.all([group.join({ memberId: first.memberId, protocols: old }), waiting])
    expect([again.protocolName, second.protocolName]).toEqual(['eager', 'eager'])
    await Promise.all([group.sync(again), group.sync(second)])
    // The first one comes back as a new version of itself.
    const rolled = group.join({ memberId: first.memberId, protocols: both })
    await group.rebalancing(second)
    const [third, fourth] = await Promise.all([rolled, group.join({ memberId: second.memberId, protocols: both })])
    expect([third.protocolName, fourth.protocolName]).toEqual(['cooperative', 'cooperative'])
    expect(third.generationId).toBe(again.generationId + 1)
  })
}

function silence(world: () => World): void {
  it('silent-leader: whoever waits for a plan that the leader doesn’t bring is called to join again', async () => {
    const group = new RawGroup(world().client)
    const patience = { rebalanceTimeoutMs: 1_500, sessionTimeoutMs: 20_000 }
    const leader = await group.stable(patience)
    const waiting = group.enter(patience)
    await group.rebalancing(leader)
    const [again, follower] = await Promise.all([group.join({ memberId: leader.memberId, ...patience }), waiting])
    expect([again.leader, follower.leader, follower.members.length]).toEqual([leader.memberId, leader.memberId, 0])
    expect((await group.sync(follower)).error).toBe('REBALANCE_IN_PROGRESS')
    const next = await group.join({ memberId: follower.memberId, ...patience })
    expect(next).toMatchObject({ errorCode: 0, leader: follower.memberId })
    expect(next.members.map(({ memberId }) => memberId)).toEqual([follower.memberId])
    expect(await group.beat(again)).toBe('UNKNOWN_MEMBER_ID')
  })
}

function statics(world: () => World): void {
  it('static-restart-keeps-assignment: who comes back under its name within its session takes up what it had, and nobody else notices', async () => {
    const group = new RawGroup(world().client)
    const leader = await group.stable({ groupInstanceId: 'a' })
    const again = await group.join({ memberId: '', groupInstanceId: 'a' })
    const skipped = !world().client.lacks('skipped-assignment')
    expect(again).toMatchObject({ errorCode: 0, generationId: leader.generationId, skipAssignment: skipped })
    expect(again.leader).toBe(skipped ? again.memberId : leader.memberId)
    expect(again.memberId).not.toBe(leader.memberId)
    // It leads, or is told that its former self does, and brings nothing: the old plan holds.
    expect(await group.sync(again, { groupInstanceId: 'a', assign: false })).toEqual({ error: 'NONE', assignment: leader.memberId })
    const old = { ...leader, groupInstanceId: 'a' }
    expect(await group.beat(old)).toBe('FENCED_INSTANCE_ID')
    expect(errorName((await group.join({ memberId: leader.memberId, groupInstanceId: 'a' })).errorCode)).toBe('FENCED_INSTANCE_ID')
    expect(await group.beat({ ...again, groupInstanceId: 'a' })).toBe('NONE')
  })

  it('static-duplicate-fenced: of two processes with one name, one is told', async () => {
    const groupId = fresh('group')
    const one = world().members.join(groupId, { instanceId: 'same' })
    await eventually(() => one.tasks, TASKS)
    const other = world().members.join(groupId, { instanceId: 'same' })
    await eventually(() => [...one.failures, ...other.failures].map((why) => why instanceof ClusterError && why.code), ['INSTANCE_FENCED'])
    const left = one.failures.length > 0 ? other : one
    await eventually(() => left.tasks, TASKS)
    expect(left.failures).toEqual([])
  })
}

function members(world: () => World): void {
  it('single: the only member gets every task', async () => {
    const one = world().members.join(fresh('group'))
    await eventually(() => one.tasks, TASKS)
    expect(one.told).toEqual(['assigned'])
    await one.member.close({ leave: true })
  })

  it('two-members-sticky, kept-tasks-not-closed: a second member takes its share, and the first goes on with the others', async () => {
    const groupId = fresh('group')
    const one = world().members.join(groupId)
    await eventually(() => one.tasks, TASKS)
    const other = world().members.join(groupId)
    await eventually(() => [one.tasks.length, other.tasks.length], [3, 3])
    expect([...one.tasks, ...other.tasks].toSorted()).toEqual(TASKS)
    // Stopped at a record's edge and committed, never given up.
    expect(one.told.filter((line) => line !== 'assigned').every((line) => line === 'revoked')).toBe(true)
    expect(one.closed.toSorted()).toEqual([...other.tasks].toSorted())
    expect(one.opened).toEqual(TASKS)
  })

  it('leader-leaves: the others go on at once', async () => {
    const groupId = fresh('group')
    const leader = world().members.join(groupId, { sessionTimeoutMs: 30_000 })
    await eventually(() => leader.tasks, TASKS)
    const other = world().members.join(groupId, { sessionTimeoutMs: 30_000 })
    await eventually(() => other.tasks.length, 3)
    await leader.member.close({ leave: true })
    await eventually(() => other.tasks.toSorted(), TASKS)
  })

  it('dead-member-times-out: a member that is gone without a word is missed when its session ends', async () => {
    const groupId = fresh('group')
    const one = world().members.join(groupId)
    const other = world().members.join(groupId)
    await eventually(() => [one.tasks.length, other.tasks.length], [3, 3])
    const since = performance.now()
    await other.member.close({ leave: false })
    await eventually(() => one.tasks.toSorted(), TASKS)
    expect(performance.now() - since).toBeGreaterThan(1_000)
  })

  it('heartbeat-during-long-processing: a member that is busy for longer than its session stays one', async () => {
    const groupId = fresh('group')
    const one = world().members.join(groupId, { busyMs: 4_500 })
    await eventually(() => one.told, ['assigned'])
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect(one.told).toEqual(['assigned'])
    const topic = await world().client.topic()
    const position = { tp: { topic, partition: 0 }, offset: 3, metadata: null }
    await new GroupOffsets(world().members.cluster).commit([position], one.member.fence())
    expect((await world().client.committed(groupId, topic)).offset).toBe(3)
  })
}

function storms(world: () => World): void {
  it('join-storm-converges: however many come and go at once, in the end each task has one owner', { timeout: 120_000 }, async () => {
    const groupId = fresh('group')
    const all = Array.from({ length: 8 }, () => world().members.join(groupId))
    await new Promise((resolve) => setTimeout(resolve, 300))
    const [gone, lost, ...left] = all
    await Promise.all([gone!.member.close({ leave: true }), lost!.member.close({ leave: false })])
    left.push(world().members.join(groupId), world().members.join(groupId))
    const owned = (): readonly string[] => left.flatMap(({ tasks }) => tasks).toSorted()
    const generations = (): number => new Set(left.map(({ member }) => member.fence().generation)).size
    await eventually<unknown>(() => [owned(), generations()], [TASKS, 1])
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect([owned(), generations(), left.flatMap(({ failures }) => failures)]).toEqual([TASKS, 1, []])
  })
}

/** Looks until it is so: members take their time. (`expect.poll` doesn't work where cases run at once.) */
async function eventually<T>(look: () => T | Promise<T>, wanted: T): Promise<void> {
  const until = performance.now() + 45_000
  for (;;) {
    const found = await look()
    try {
      expect(found).toEqual(wanted)
      return
    } catch (error) {
      if (performance.now() > until) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

type Asked = Partial<Omit<JoinGroupRequest, 'protocols'>> & { readonly protocols?: readonly string[] }

/** Members of one group by single requests. */
class RawGroup {
  readonly #client: BrokerClient
  readonly #groupId = fresh('group')

  constructor(client: BrokerClient) {
    this.#client = client
  }

  /** JoinGroup, once. */
  join({ protocols = ['test-1'], ...asked }: Asked): Promise<JoinGroupResponse> {
    const request = {
      groupId: this.#groupId,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      ...asked,
      protocols: protocols.map((name) => ({ name, metadata: subscription('orders') })),
    }
    return this.#client.toCoordinator(JOIN_GROUP, request, ({ errorCode }) => errorCode)
  }

  /** Joins, with the id that it is given. */
  async enter(asked: Asked = {}): Promise<JoinGroupResponse> {
    const given = asked.groupInstanceId === undefined ? (await this.join({ ...asked, memberId: '' })).memberId : ''
    return this.join({ ...asked, memberId: given })
  }

  /** The only member of a stable group. */
  async stable(asked: Asked = {}): Promise<JoinGroupResponse> {
    const joined = await this.enter(asked)
    expect((await this.sync(joined, { groupInstanceId: asked.groupInstanceId ?? null })).error).toBe('NONE')
    return joined
  }

  /** SyncGroup; a leader brings each member its own id as its assignment, unless it is told not to. */
  async sync(
    { memberId, generationId, members: all, protocolName }: JoinGroupResponse,
    { groupInstanceId = null, assign = true }: { readonly groupInstanceId?: string | null; readonly assign?: boolean } = {},
  ): Promise<{ readonly error: string; readonly assignment: string }> {
    const assignments = assign ? all.map((member) => ({ memberId: member.memberId, assignment: utf8(member.memberId) })) : []
    const who = { groupId: this.#groupId, generationId, memberId, groupInstanceId }
    const request = { ...who, protocolType: 'consumer', protocolName: protocolName ?? '', assignments }
    const { errorCode, assignment } = await this.#client.toCoordinator(SYNC_GROUP, request, (answer) => answer.errorCode)
    return { error: errorName(errorCode), assignment: new TextDecoder().decode(assignment) }
  }

  async beat(who: Pick<JoinGroupResponse, 'generationId' | 'memberId'> & { readonly groupInstanceId?: string }): Promise<string> {
    const { generationId, memberId, groupInstanceId = null } = who
    const request = { groupId: this.#groupId, generationId, memberId, groupInstanceId }
    return errorName((await this.#client.toCoordinator(HEARTBEAT, request, ({ errorCode }) => errorCode)).errorCode)
  }

  async leave(memberId: string): Promise<string> {
    const request = { groupId: this.#groupId, members: [{ memberId, groupInstanceId: null }] }
    return errorName((await this.#client.toCoordinator(LEAVE_GROUP, request, ({ errorCode }) => errorCode)).errorCode)
  }

  /** Settles when a member is told to join again. */
  async rebalancing(who: JoinGroupResponse): Promise<void> {
    await eventually(() => this.beat(who), 'REBALANCE_IN_PROGRESS')
  }
}
