import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { api } from '../../src/wire/api/api.ts'
import { OFFSET_COMMIT, OFFSET_FETCH } from '../../src/wire/api/commit.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../../src/wire/api/configs.ts'
import { FIND_COORDINATOR, INIT_PRODUCER_ID } from '../../src/wire/api/coordinator.ts'
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from '../../src/wire/api/group.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { CREATE_PARTITIONS, CREATE_TOPICS, DELETE_TOPICS, DESCRIBE_CONFIGS } from '../../src/wire/api/topics.ts'
import { joinRequest } from './group-world.ts'
import { makeWorld, type World } from './world.ts'

const named = (
  name: string,
  more: object = {},
): { name: string; partitions: number; replicationFactor: number; configs: Record<string, string> } => ({
  name,
  partitions: 2,
  replicationFactor: -1,
  configs: {},
  ...more,
})

async function topicNames({ ask }: World): Promise<string[]> {
  return (await ask(METADATA, { topics: null, allowAutoTopicCreation: false })).topics.map(({ topic }) => topic)
}

describe('Broker', () => {
  it('lists brokers, topics, leaders and epochs', async () => {
    const { ask, cluster } = makeWorld({ brokers: 2 })
    cluster.createTopic('t', { partitions: 2 })
    cluster.moveLeader('t', 0, { node: 2 })
    const { brokers, controllerId, topics } = await ask(METADATA, { topics: ['t', 'u'], allowAutoTopicCreation: true })
    expect([brokers.map(({ nodeId, port }) => [nodeId, port]), controllerId]).toEqual([
      [
        [1, 1],
        [2, 2],
      ],
      1,
    ])
    expect(topics).toMatchObject([
      {
        errorCode: CODE.NONE,
        topic: 't',
        partitions: [
          { leader: 2, leaderEpoch: 1 },
          { leader: 2, leaderEpoch: 0 },
        ],
      },
      { errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION, topic: 'u', partitions: [] },
    ])
  })

  it('makes a topic that is first named, with one partition, where both sides allow it', async () => {
    const world = makeWorld({ autoCreateTopics: true })
    await world.ask(METADATA, { topics: ['t'], allowAutoTopicCreation: false })
    expect(await topicNames(world)).toEqual([])
    expect((await world.ask(METADATA, { topics: ['t'], allowAutoTopicCreation: true })).topics).toMatchObject([
      { errorCode: CODE.NONE, partitions: [{ partition: 0 }] },
    ])
    expect(await topicNames(world)).toEqual(['t'])
  })

  it('makes, grows, configures and deletes topics', async () => {
    const world = makeWorld()
    const { ask } = world
    const made = await ask(CREATE_TOPICS, {
      topics: [named('t', { configs: { 'retention.ms': '7' } }), named('t'), named('u', { partitions: -1 })],
      timeoutMs: 1000,
    })
    expect(made.topics.map(({ errorCode }) => errorCode)).toEqual([CODE.NONE, CODE.TOPIC_ALREADY_EXISTS, CODE.NONE])
    expect(world.cluster.topic('u')?.partitions).toHaveLength(1)
    expect((await ask(CREATE_PARTITIONS, { topics: [{ name: 't', count: 3 }], timeoutMs: 1000 })).topics).toMatchObject([
      { name: 't', errorCode: CODE.NONE },
    ])
    await ask(INCREMENTAL_ALTER_CONFIGS, { topics: [{ name: 't', configs: { 'cleanup.policy': 'compact' } }] })
    const { topics } = await ask(DESCRIBE_CONFIGS, { topics: ['t', 'x'] })
    expect(topics).toMatchObject([
      { errorCode: CODE.NONE, configs: { 'retention.ms': '7', 'cleanup.policy': 'compact' } },
      { errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION, configs: {} },
    ])
    expect((await ask(DELETE_TOPICS, { topics: ['t', 'x'], timeoutMs: 1000 })).topics.map(({ errorCode }) => errorCode)).toEqual([
      CODE.NONE,
      CODE.UNKNOWN_TOPIC_OR_PARTITION,
    ])
    expect(await topicNames(world)).toEqual(['u'])
  })

  it('gives each producer another id, and none for transactions', async () => {
    const { ask } = makeWorld()
    const request = { transactionalId: null, transactionTimeoutMs: -1, producerId: 5, producerEpoch: 2 }
    const [first, second] = [await ask(INIT_PRODUCER_ID, request), await ask(INIT_PRODUCER_ID, request)]
    expect([first.errorCode, first.producerEpoch, second.producerEpoch]).toEqual([CODE.NONE, 0, 0])
    expect(second.producerId).not.toBe(first.producerId)
    expect(await ask(INIT_PRODUCER_ID, { ...request, transactionalId: 'x' })).toMatchObject({ errorCode: CODE.UNSUPPORTED_VERSION })
  })

  it('lets only a group’s coordinator answer for it', async () => {
    const { ask, cluster } = makeWorld({ brokers: 2 })
    cluster.createTopic('t')
    cluster.moveCoordinator('g', 2)
    expect(
      (await ask(FIND_COORDINATOR, { keyType: 'group', keys: ['g', 'h'] })).coordinators.map(({ nodeId, port }) => [nodeId, port]),
    ).toEqual([
      [2, 2],
      [1, 1],
    ])
    const fence = { groupId: 'g', generationId: -1, memberId: '', groupInstanceId: null }
    const commit = { ...fence, topics: [{ topic: 't', partitions: [{ partition: 0, offset: 1, leaderEpoch: -1, metadata: null }] }] }
    const refused = { errorCode: CODE.NOT_COORDINATOR }
    expect(await ask(JOIN_GROUP, joinRequest('', 'a'))).toMatchObject(refused)
    expect(await ask(SYNC_GROUP, { ...fence, protocolType: 'consumer', protocolName: 'eager', assignments: [] })).toMatchObject(refused)
    expect(await ask(HEARTBEAT, fence)).toMatchObject(refused)
    expect(await ask(LEAVE_GROUP, { groupId: 'g', members: [] })).toMatchObject(refused)
    expect(await ask(OFFSET_FETCH, { groupId: 'g', topics: [], requireStable: true })).toMatchObject(refused)
    expect((await ask(OFFSET_COMMIT, commit)).topics[0]!.partitions[0]).toMatchObject(refused)
    expect((await ask(OFFSET_COMMIT, commit, 2)).topics[0]!.partitions[0]).toMatchObject({ errorCode: CODE.NONE })
  })

  it('says which request it doesn’t answer', async () => {
    await expect(
      makeWorld().ask(api<object, object>(71, 'GetTelemetrySubscriptions', [0, 0], { write: () => undefined, read: () => ({}) }), {}),
    ).rejects.toMatchObject({
      code: 'BROKER_TOO_OLD',
      message: expect.stringContaining('GetTelemetrySubscriptions'),
    })
  })
})
