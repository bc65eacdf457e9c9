import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { groupWorld, joinRequest, type GroupWorld, type TestMember } from './group-world.ts'
import { settled } from './world.ts'

/** A stable group of two, a leading. */
async function two(): Promise<GroupWorld & { readonly a: TestMember; readonly b: TestMember }> {
  const world = groupWorld()
  const a = world.member('a')
  const b = world.member('b')
  await a.join()
  await a.sync()
  await b.join()
  await a.join()
  await a.sync()
  await b.sync()
  return { ...world, a, b }
}

describe('joining', () => {
  it('gives an id before it takes a member', () => {
    const { group } = groupWorld()
    expect(group.join(joinRequest('', 'a'))).toMatchObject({
      errorCode: CODE.MEMBER_ID_REQUIRED,
      memberId: expect.stringMatching(/^member-[0-9a-f]{16}$/),
    })
    expect(group.state).toBe('Empty')
    expect(group.join(joinRequest('unheard-of', 'a'))).toMatchObject({ errorCode: CODE.UNKNOWN_MEMBER_ID })
  })

  it('makes the first member the leader of the first generation, and tells it what members say', async () => {
    const { group, member } = groupWorld()
    const a = member('a')
    await a.join()
    expect(a.joined).toMatchObject({ errorCode: CODE.NONE, generationId: 1, leader: a.id, protocolName: 'eager', skipAssignment: false })
    expect(a.joined?.members).toEqual([{ memberId: a.id, groupInstanceId: null, metadata: new TextEncoder().encode('a') }])
    await a.sync()
    expect([a.assignment, group.state, group.generation, group.leader]).toEqual(['A', 'Stable', 1, a.id])
  })

  it('rebalances for a second member: the leader stays, both get theirs', async () => {
    const { group, a, b } = await two()
    expect([a.joined?.members.length, b.joined?.members.length]).toEqual([2, 0])
    expect([a.leads, b.leads, a.assignment, b.assignment]).toEqual([true, false, 'A', 'B'])
    expect([group.state, group.generation]).toEqual(['Stable', 2])
    expect(group.members().map(({ memberId }) => memberId)).toEqual([a.id, b.id])
  })

  it('waits for everybody who was given an id', async () => {
    const { clock, group, member } = groupWorld()
    const a = member('a', { sessionTimeoutMs: 5000 })
    await group.join(joinRequest('', 'late', { sessionTimeoutMs: 3000 }))
    await a.join()
    expect(a.joined).toBeUndefined()
    await clock.advance(3000)
    expect(a.joined).toMatchObject({ generationId: 1 })
  })

  it('answers a follower that asks again with what it missed, and rebalances for a leader or for other metadata', async () => {
    const { group, a, b } = await two()
    await b.join()
    expect(b.joined).toMatchObject({ errorCode: CODE.NONE, generationId: 2 })
    expect(group.state).toBe('Stable')
    await a.join()
    expect([a.joined, group.state]).toEqual([undefined, 'PreparingRebalance'])
    await b.join()
    expect(a.joined).toMatchObject({ generationId: 3 })
    await b.join()
    expect([b.joined?.generationId, group.state]).toEqual([3, 'CompletingRebalance'])
    void group.join(joinRequest(b.id, 'b changed'))
    expect(group.state).toBe('PreparingRebalance')
  })

  it.each([
    ['a protocol that the others don’t list', { protocols: ['other'] }],
    ['no protocol', { protocols: [] }],
    ['another type of protocol', { protocolType: 'connect' }],
    ['no type of protocol', { protocolType: '' }],
  ])('refuses %s', async (_what, options) => {
    const { group } = await two()
    expect(group.join(joinRequest('', 'c', options))).toMatchObject({ errorCode: CODE.INCONSISTENT_GROUP_PROTOCOL })
  })

  it('picks the protocol that all list and most prefer', async () => {
    const { member } = groupWorld()
    const a = member('a', { protocols: ['coop', 'eager'] })
    const b = member('b', { protocols: ['eager'] })
    await a.join()
    expect(a.joined?.protocolName).toBe('coop')
    await b.join()
    await a.join()
    expect([a.joined?.protocolName, b.joined?.protocolName]).toEqual(['eager', 'eager'])
  })
})

describe('rebalancing', () => {
  it('tells members by their heartbeats, and counts the generation when all are back', async () => {
    const { group, a, b, member } = await two()
    const c = member('c')
    await c.join()
    expect([a.heartbeat(), b.heartbeat(), c.joined]).toEqual([CODE.REBALANCE_IN_PROGRESS, CODE.REBALANCE_IN_PROGRESS, undefined])
    await a.join()
    await b.join()
    expect(group.state).toBe('CompletingRebalance')
    expect([a, b, c].map(({ generation }) => generation)).toEqual([3, 3, 3])
    await c.sync()
    expect(c.synced).toBeUndefined()
    await a.sync()
    expect(c.assignment).toBe('C')
  })

  it('goes on without a member that doesn’t come back in time', async () => {
    const { clock, a, b, group, member } = await two()
    const c = member('c', { rebalanceTimeoutMs: 90_000 })
    await c.join()
    await a.join()
    for (let i = 0; i < 9; i++) {
      await clock.advance(9999)
      expect(b.heartbeat()).toBe(CODE.REBALANCE_IN_PROGRESS)
    }
    expect(c.joined).toBeUndefined()
    await clock.advance(100)
    expect([a.joined?.generationId, c.joined?.generationId]).toEqual([3, 3])
    expect([b.heartbeat(), group.members().length]).toEqual([CODE.UNKNOWN_MEMBER_ID, 2])
  })

  it('removes a member that falls silent, and rebalances', async () => {
    const { clock, group, a, b } = await two()
    await clock.advance(9999)
    expect(a.heartbeat()).toBe(CODE.NONE)
    await clock.advance(1)
    expect(a.heartbeat()).toBe(CODE.REBALANCE_IN_PROGRESS)
    await a.join()
    expect(a.joined).toMatchObject({ generationId: 3, leader: a.id })
    expect(group.members()).toHaveLength(1)
    expect(b.heartbeat()).toBe(CODE.UNKNOWN_MEMBER_ID)
  })

  it('gives the lead to another when the leader is gone', async () => {
    const { a, b } = await two()
    expect(a.leave()).toBe(CODE.NONE)
    expect(b.heartbeat()).toBe(CODE.REBALANCE_IN_PROGRESS)
    await b.join()
    expect([b.leads, b.generation]).toEqual([true, 3])
    expect(a.leave()).toBe(CODE.UNKNOWN_MEMBER_ID)
  })

  it('removes a leader that brings no assignment, and tells those who wait for it', async () => {
    const { clock, group, a, b, member } = await two()
    const c = member('c')
    await c.join()
    await a.join()
    await b.join()
    await b.sync()
    await c.sync()
    for (let i = 0; i < 6; i++) {
      a.heartbeat()
      await clock.advance(9999)
    }
    expect([b.synced, c.synced]).toEqual([undefined, undefined])
    await clock.advance(10)
    expect([b.synced?.errorCode, c.synced?.errorCode]).toEqual([CODE.REBALANCE_IN_PROGRESS, CODE.REBALANCE_IN_PROGRESS])
    expect(a.heartbeat()).toBe(CODE.UNKNOWN_MEMBER_ID)
    await b.join()
    await c.join()
    expect([b.leads, group.generation]).toEqual([true, 4])
  })

  it('removes a follower that doesn’t fetch its assignment, though it sends heartbeats', async () => {
    const { clock, group, a, b } = await two()
    await a.join()
    await b.join()
    await a.sync()
    for (let i = 0; i < 6; i++) {
      expect([a.heartbeat(), b.heartbeat()]).toEqual([CODE.NONE, CODE.NONE])
      await clock.advance(9999)
    }
    a.heartbeat()
    await clock.advance(10)
    expect([a.heartbeat(), b.heartbeat(), group.members().length]).toEqual([CODE.REBALANCE_IN_PROGRESS, CODE.UNKNOWN_MEMBER_ID, 1])
  })

  it('is empty, in another generation, when the last member leaves, and starts no timers', async () => {
    const { clock, group, a, b } = await two()
    a.leave()
    b.leave()
    expect([group.state, group.generation, group.leader, clock.pending()]).toEqual(['Empty', 3, '', 0])
    await a.join()
    expect(a.joined?.errorCode).toBe(CODE.UNKNOWN_MEMBER_ID)
  })

  it('is empty when nobody comes back in time', async () => {
    const { clock, group, a, b, member } = await two()
    const c = member('c', { sessionTimeoutMs: 200_000 })
    await c.join()
    c.leave()
    await settled()
    expect(c.joined?.errorCode).toBe(CODE.UNKNOWN_MEMBER_ID)
    for (let i = 0; i < 7; i++) {
      a.heartbeat()
      b.heartbeat()
      await clock.advance(9000)
    }
    expect([group.state, group.generation, clock.pending()]).toEqual(['Empty', 3, 0])
  })

  it('waits for the sessions of static members when nobody else is there', async () => {
    const { clock, group, member } = groupWorld()
    const [a, b] = [member('a', { instanceId: 'one' }), member('b', { instanceId: 'two', sessionTimeoutMs: 90_000 })]
    await b.join()
    await b.sync()
    await a.join()
    await b.join()
    a.leave()
    await b.sync()
    await clock.advance(60_000)
    expect([group.state, group.members().length]).toEqual(['PreparingRebalance', 1])
    await clock.advance(30_000)
    expect([group.state, clock.pending()]).toEqual(['Empty', 0])
  })

  it('stops its timers when it is closed', async () => {
    const { clock, group } = await two()
    await group.join(joinRequest('', 'c'))
    group.close()
    expect(clock.pending()).toBe(0)
  })
})

describe('what the broker checks', () => {
  it('answers by state: Stable, PreparingRebalance, CompletingRebalance', async () => {
    const { a, b, member } = await two()
    expect([a.mayCommit(), a.heartbeat()]).toEqual([CODE.NONE, CODE.NONE])
    await member('c').join()
    expect([a.mayCommit(), a.heartbeat()]).toEqual([CODE.NONE, CODE.REBALANCE_IN_PROGRESS])
    await b.sync()
    expect(b.synced?.errorCode).toBe(CODE.REBALANCE_IN_PROGRESS)
    await a.join()
    await b.join()
    expect([a.mayCommit(), a.heartbeat()]).toEqual([CODE.REBALANCE_IN_PROGRESS, CODE.NONE])
  })

  it('refuses older generations, strangers and half a fence', async () => {
    const { group, a } = await two()
    const fence = { ...a.fence }
    expect(group.mayCommit({ ...fence, generationId: 1 })).toBe(CODE.ILLEGAL_GENERATION)
    expect(group.heartbeat({ groupId: 'g', ...fence, generationId: 1 })).toBe(CODE.ILLEGAL_GENERATION)
    expect(group.mayCommit({ ...fence, memberId: 'x' })).toBe(CODE.UNKNOWN_MEMBER_ID)
    expect(group.mayCommit({ ...fence, memberId: '' })).toBe(CODE.UNKNOWN_MEMBER_ID)
    expect(group.mayCommit({ ...fence, groupInstanceId: 'x' })).toBe(CODE.UNKNOWN_MEMBER_ID)
    await a.sync({ generationId: 1 })
    expect(a.synced?.errorCode).toBe(CODE.ILLEGAL_GENERATION)
    await a.sync({ protocolName: 'other' })
    expect(a.synced?.errorCode).toBe(CODE.INCONSISTENT_GROUP_PROTOCOL)
  })

  it('takes a commit without a member only when the group is empty', async () => {
    const { group, a, b } = await two()
    const nobody = { memberId: '', groupInstanceId: null, generationId: -1 }
    expect(group.mayCommit(nobody)).toBe(CODE.UNKNOWN_MEMBER_ID)
    a.leave()
    b.leave()
    expect(group.mayCommit(nobody)).toBe(CODE.NONE)
  })

  it('keeps a session alive by commits', async () => {
    const { clock, a, b } = await two()
    await clock.advance(9000)
    a.mayCommit()
    b.heartbeat()
    await clock.advance(9000)
    expect([a.heartbeat(), b.heartbeat()]).toEqual([CODE.NONE, CODE.NONE])
  })
})

describe('static members', () => {
  async function staticTwo(): Promise<GroupWorld & { readonly a: TestMember; readonly b: TestMember }> {
    const world = groupWorld()
    const a = world.member('a', { instanceId: 'one' })
    const b = world.member('b', { instanceId: 'two' })
    await a.join()
    await b.join()
    await a.join()
    await a.sync()
    await b.sync()
    return { ...world, a, b }
  }

  it('keep their assignment over a restart: same generation, other id, no rebalance', async () => {
    const { group, b, member } = await staticTwo()
    const again = member('b', { instanceId: 'two' })
    await again.join()
    expect(again.joined).toMatchObject({ errorCode: CODE.NONE, generationId: b.generation, skipAssignment: false })
    expect(again.id).not.toBe(b.id)
    await again.sync()
    expect([again.assignment, group.state]).toEqual(['B', 'Stable'])
    expect([b.heartbeat(), b.mayCommit()]).toEqual([CODE.FENCED_INSTANCE_ID, CODE.FENCED_INSTANCE_ID])
    await b.join()
    expect(b.joined?.errorCode).toBe(CODE.FENCED_INSTANCE_ID)
  })

  it('are told to leave the assignment as it is when they lead', async () => {
    const { a, b, member } = await staticTwo()
    const again = member('a', { instanceId: 'one' })
    await again.join()
    expect(again.joined).toMatchObject({ skipAssignment: true, leader: again.id, generationId: a.generation })
    expect(again.joined?.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['two', 'one'])
    await again.sync({ assignments: [] })
    expect([again.assignment, b.heartbeat()]).toEqual(['A', CODE.NONE])
  })

  it('start a rebalance when they come back while one is being completed', async () => {
    const { a, b, member } = await staticTwo()
    await a.join()
    await b.join()
    await b.sync()
    const again = member('a', { instanceId: 'one' })
    await again.join()
    expect([b.synced?.errorCode, again.joined]).toEqual([CODE.REBALANCE_IN_PROGRESS, undefined])
    await b.join()
    expect(again.joined).toMatchObject({ errorCode: CODE.NONE, generationId: a.generation + 1 })
  })

  it('end what their older self waits for', async () => {
    const { a, member } = await staticTwo()
    await a.join()
    expect(a.joined).toBeUndefined()
    await member('a', { instanceId: 'one' }).join()
    expect(a.joined).toMatchObject({ errorCode: CODE.FENCED_INSTANCE_ID })
  })

  it('stay members while they don’t come back, until the assignment that they don’t fetch is due', async () => {
    const { clock, group, member } = groupWorld()
    const [a, b, c] = ['one', 'two', 'three'].map((instanceId) => member(instanceId, { instanceId, rebalanceTimeoutMs: 5000 })) as [
      TestMember,
      TestMember,
      TestMember,
    ]
    await a.join()
    await a.sync()
    await b.join()
    await a.join()
    await a.sync()
    await b.sync()
    await c.join()
    await a.join()
    expect([a.joined, c.joined]).toEqual([undefined, undefined])
    await clock.advance(5000)
    expect(a.joined?.members.map(({ groupInstanceId }) => groupInstanceId)).toEqual(['one', 'two', 'three'])
    await a.sync()
    await c.sync()
    expect([c.assignment, b.heartbeat()]).toEqual(['THREE', CODE.ILLEGAL_GENERATION])
    await clock.advance(5000)
    expect([b.heartbeat(), group.state]).toEqual([CODE.UNKNOWN_MEMBER_ID, 'PreparingRebalance'])
  })

  it('leave by their instance id, and not by another’s member id', async () => {
    const { group, b } = await staticTwo()
    expect(group.leave({ memberId: 'x', groupInstanceId: 'two' })).toBe(CODE.FENCED_INSTANCE_ID)
    expect(group.leave({ memberId: '', groupInstanceId: 'two' })).toBe(CODE.NONE)
    expect(b.heartbeat()).toBe(CODE.UNKNOWN_MEMBER_ID)
  })

  it('can’t claim an id that the group doesn’t know', async () => {
    const { group } = await staticTwo()
    expect(group.join(joinRequest('old', 'c', { instanceId: 'three' }))).toMatchObject({ errorCode: CODE.UNKNOWN_MEMBER_ID })
  })
})
