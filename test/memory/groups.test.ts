import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { OFFSET_COMMIT, OFFSET_FETCH, type OffsetCommitRequest } from '../../src/wire/api/commit.ts'
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from '../../src/wire/api/group.ts'
import { joinRequest } from './group-world.ts'
import { makeWorld, settled, type World } from './world.ts'

const NOBODY = { generationId: -1, memberId: '', groupInstanceId: null }

async function committing(
  { ask }: World,
  more: Partial<OffsetCommitRequest> = {},
  position: { readonly topic?: string; readonly metadata?: string } = {},
): Promise<number> {
  const topics = [
    { topic: position.topic ?? 't', partitions: [{ partition: 0, offset: 5, leaderEpoch: 2, metadata: position.metadata ?? 'm' }] },
  ]
  return (await ask(OFFSET_COMMIT, { groupId: 'g', ...NOBODY, topics, ...more })).topics[0]!.partitions[0]!.errorCode
}

async function committed({ ask }: World): Promise<unknown> {
  return (await ask(OFFSET_FETCH, { groupId: 'g', requireStable: true, topics: [{ topic: 't', partitions: [0] }] })).topics[0]!
    .partitions[0]
}

function withTopic(): World {
  const world = makeWorld()
  world.cluster.createTopic('t')
  return world
}

/** A stable group of one; its member id. */
async function withMember({ ask }: World): Promise<string> {
  const { memberId } = await ask(JOIN_GROUP, joinRequest('', 'a'))
  const { generationId } = await ask(JOIN_GROUP, joinRequest(memberId, 'a'))
  await ask(SYNC_GROUP, {
    groupId: 'g',
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocolName: 'eager',
    assignments: [],
  })
  return memberId
}

describe('committed positions', () => {
  it('are given back with their epoch and metadata, or as none', async () => {
    const world = withTopic()
    expect(await committed(world)).toMatchObject({ offset: -1, errorCode: CODE.NONE })
    expect(await committing(world)).toBe(CODE.NONE)
    expect(await committed(world)).toEqual({ partition: 0, offset: 5, leaderEpoch: 2, metadata: 'm', errorCode: CODE.NONE })
  })

  it('are refused for a topic that isn’t there, and with too much metadata', async () => {
    const world = withTopic()
    expect(await committing(world, {}, { topic: 'u' })).toBe(CODE.UNKNOWN_TOPIC_OR_PARTITION)
    expect(await committing(world, {}, { metadata: 'x'.repeat(4097) })).toBe(CODE.OFFSET_METADATA_TOO_LARGE)
    expect(await committed(world)).toMatchObject({ offset: -1 })
  })

  it('go with their topic', async () => {
    const world = withTopic()
    await committing(world)
    world.cluster.deleteTopic('t')
    world.cluster.createTopic('t')
    expect(await committed(world)).toMatchObject({ offset: -1 })
  })

  it('are taken from members of this generation, and from nobody while there are members', async () => {
    const world = withTopic()
    expect(await committing(world, { generationId: 3, memberId: 'x' })).toBe(CODE.ILLEGAL_GENERATION)
    const memberId = await withMember(world)
    expect(await committing(world)).toBe(CODE.UNKNOWN_MEMBER_ID)
    expect(await committing(world, { generationId: 2, memberId })).toBe(CODE.ILLEGAL_GENERATION)
    expect(await committing(world, { generationId: 1, memberId })).toBe(CODE.NONE)
    await world.ask(LEAVE_GROUP, { groupId: 'g', members: [{ memberId, groupInstanceId: null }] })
    expect(await committing(world)).toBe(CODE.NONE)
  })
})

describe('Groups', () => {
  it.each([
    ['a group without a name', { groupId: '' }, CODE.INVALID_GROUP_ID],
    ['a session that is too short', { sessionTimeoutMs: 99 }, CODE.INVALID_SESSION_TIMEOUT],
    ['a session that is too long', { sessionTimeoutMs: 1001 }, CODE.INVALID_SESSION_TIMEOUT],
    ['a session at the bound', { sessionTimeoutMs: 1000 }, CODE.MEMBER_ID_REQUIRED],
  ])('answers a join with %s', async (_what, more, errorCode) => {
    const { ask } = makeWorld({ sessionTimeouts: [100, 1000] })
    expect(await ask(JOIN_GROUP, { ...joinRequest('', 'a', { sessionTimeoutMs: 500 }), ...more })).toMatchObject({ errorCode })
  })

  it('knows no members of a group that nobody has joined', async () => {
    const { ask } = makeWorld()
    const fence = { groupId: 'g', ...NOBODY, memberId: 'x', generationId: 1 }
    expect(await ask(HEARTBEAT, fence)).toEqual({ errorCode: CODE.UNKNOWN_MEMBER_ID })
    expect(await ask(SYNC_GROUP, { ...fence, protocolType: 'consumer', protocolName: 'eager', assignments: [] })).toMatchObject({
      errorCode: CODE.UNKNOWN_MEMBER_ID,
    })
    expect(await ask(LEAVE_GROUP, { groupId: 'g', members: [{ memberId: 'x', groupInstanceId: null }] })).toEqual({
      errorCode: CODE.UNKNOWN_MEMBER_ID,
    })
  })

  it('keeps groups apart', async () => {
    const world = withTopic()
    await withMember(world)
    expect(await committing(world, { groupId: 'h' })).toBe(CODE.NONE)
    expect(world.cluster.group('h')).toBeUndefined()
    expect(world.cluster.group('g')).toMatchObject({ state: 'Stable', generation: 1 })
  })

  it('answers each member that leaves, the first error first', async () => {
    const world = withTopic()
    const memberId = await withMember(world)
    const members = [
      { memberId, groupInstanceId: null },
      { memberId: 'x', groupInstanceId: null },
    ]
    expect(await world.ask(LEAVE_GROUP, { groupId: 'g', members })).toEqual({ errorCode: CODE.UNKNOWN_MEMBER_ID })
    expect(world.cluster.group('g')?.state).toBe('Empty')
  })

  it('stops all timers when the cluster is closed', async () => {
    const world = withTopic()
    await withMember(world)
    await world.cluster.close()
    await settled()
    expect(world.clock.pending()).toBe(0)
  })
})
