/** Contract of a broker, offsets: positions that groups commit, who may commit them, and offsets by time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/text.ts'
import { HEARTBEAT } from '../../../src/wire/api/group.ts'
import { LIST_OFFSETS } from '../../../src/wire/api/list-offsets.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { BrokerClient, fresh, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'
import { TransactionalWriter } from './transactional-writer.ts'

const NOW = Date.now()

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`offsets on ${name}`, () => {
    let broker: BrokerUnderTest
    let client: BrokerClient
    let topic: string
    beforeAll(async () => {
      broker = await makeBroker()
      client = new BrokerClient(broker)
      topic = await client.topic()
    })
    afterAll(() => broker.close())

    positions(() => ({ client, topic }))
    fences(() => ({ client, topic }))
    byTime(() => client)
    transactional(() => ({ client, topic }))
    tools(() => ({ client, topic }))
  })
}

type World = () => { readonly client: BrokerClient; readonly topic: string }

function positions(world: World): void {
  it('metadata-and-leader-epoch-kept: gives back the last position with its epoch and metadata, −1 where there is none', async () => {
    const { client, topic } = world()
    const group = fresh('group')
    expect(await client.committed(group, topic)).toMatchObject({ offset: -1, errorCode: 0 })
    await client.commit(group, topic, { offset: 3, metadata: 'first' })
    expect(await client.commit(group, topic, { offset: 5, metadata: 'AAA=|1 é' })).toBe('NONE')
    expect(await client.committed(group, topic)).toEqual({ partition: 0, offset: 5, leaderEpoch: 0, metadata: 'AAA=|1 é', errorCode: 0 })
  })

  it('takes positions back as well as forth', async () => {
    const { client, topic } = world()
    const group = fresh('group')
    await client.commit(group, topic, { offset: 9 })
    await client.commit(group, topic, { offset: 2 })
    expect((await client.committed(group, topic)).offset).toBe(2)
  })

  it('keeps groups apart', async () => {
    const { client, topic } = world()
    const [one, other] = [fresh('group'), fresh('group')]
    await client.commit(one, topic, { offset: 9 })
    expect((await client.committed(other, topic)).offset).toBe(-1)
  })

  it('refuses more than 4,096 characters of metadata', async () => {
    const { client, topic } = world()
    expect(await client.commit(fresh('group'), topic, { metadata: 'x'.repeat(4097) })).toBe('OFFSET_METADATA_TOO_LARGE')
    expect(await client.commit(fresh('group'), topic, { metadata: 'x'.repeat(4096) })).toBe('NONE')
  })
}

function fences(world: World): void {
  const beat = async (
    client: BrokerClient,
    fence: { readonly groupId: string; readonly generationId: number; readonly memberId: string },
  ): Promise<string> =>
    errorName((await client.toCoordinator(HEARTBEAT, { groupInstanceId: null, ...fence }, ({ errorCode }) => errorCode)).errorCode)

  it('commit-matrix-by-group-state: checks commits and heartbeats by the state of the group', async () => {
    const { client, topic } = world()
    const groupId = fresh('group')
    const first = await client.join(groupId)
    const fence = { groupId, generationId: first.generationId, memberId: first.memberId }
    expect([await client.commit(groupId, topic, fence), await beat(client, fence)]).toEqual(['REBALANCE_IN_PROGRESS', 'NONE'])
    expect(await client.sync(groupId, first)).toBe(first.memberId)
    expect([await client.commit(groupId, topic, fence), await beat(client, fence)]).toEqual(['NONE', 'NONE'])
    const joining = client.join(groupId, '', 'second')
    while ((await beat(client, fence)) === 'NONE') await new Promise((resolve) => setTimeout(resolve, 10))
    expect([await client.commit(groupId, topic, fence), await beat(client, fence)]).toEqual(['NONE', 'REBALANCE_IN_PROGRESS'])
    const again = await client.join(groupId, first.memberId)
    const second = await joining
    expect(second.generationId).toBe(again.generationId)
    expect(await client.commit(groupId, topic, fence)).toBe('ILLEGAL_GENERATION')
    expect(await beat(client, fence)).toBe('ILLEGAL_GENERATION')
  })

  it('wrong-generation|member|half-fence: refuses a wrong generation, a wrong member and half a fence', async () => {
    const { client, topic } = world()
    const groupId = fresh('group')
    const joined = await client.join(groupId)
    await client.sync(groupId, joined)
    const { generationId, memberId } = joined
    expect(await client.commit(groupId, topic, { generationId: generationId + 1, memberId })).toBe('ILLEGAL_GENERATION')
    expect(await client.commit(groupId, topic, { generationId, memberId: 'x' })).toBe('UNKNOWN_MEMBER_ID')
    expect(await client.commit(groupId, topic, { generationId })).toBe('UNKNOWN_MEMBER_ID')
    expect(await client.commit(groupId, topic, { generationId, memberId })).toBe('NONE')
  })

  it('takes a commit of nobody only while nobody is a member', async () => {
    const { client, topic } = world()
    const groupId = fresh('group')
    expect(await client.commit(groupId, topic)).toBe('NONE')
    const joined = await client.join(groupId)
    await client.sync(groupId, joined)
    expect(await client.commit(groupId, topic)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('doesn’t check that the member owns the partition', async () => {
    const { client, topic } = world()
    const groupId = fresh('group')
    const joined = await client.join(groupId)
    await client.sync(groupId, joined)
    const other = await client.topic()
    for (const one of [topic, other]) expect(await client.commit(groupId, one, joined)).toBe('NONE')
  })
}

function byTime(client: () => BrokerClient): void {
  const at = async (topic: string, timestamp: number): Promise<readonly [offset: number, time: number]> => {
    const topics = [{ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, timestamp }] }]
    const request = { isolation: 'read_uncommitted' as const, topics }
    const answer = await client().toLeader(LIST_OFFSETS, request, { topic, errorOf: (found) => found.topics[0]!.partitions[0]!.errorCode })
    const { offset, timestamp: time } = answer.topics[0]!.partitions[0]!
    return [offset, time < 0 ? time : time - NOW]
  }

  it('finds the start, the end, the newest and the first record at or after a time', async () => {
    const topic = await client().topic()
    for (const times of [[-50, -40], [-10], [-30, -20]]) {
      const writer = new BatchWriter()
      for (const time of times) writer.append(utf8('k'), utf8('v'), NOW + time, undefined)
      await client().produce(topic, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
    }
    expect([await at(topic, -2), await at(topic, -1)]).toEqual([
      [0, -1],
      [5, -1],
    ])
    if (!client().lacks('newest-time')) expect(await at(topic, -3)).toEqual([2, -10])
    expect([await at(topic, NOW - 60), await at(topic, NOW - 40), await at(topic, NOW - 39)]).toEqual([
      [0, -50],
      [1, -40],
      [2, -10],
    ])
    expect(await at(topic, NOW - 9)).toEqual([-1, -1])
  })
}

/** Positions that a transaction commits. The memory cluster coordinates none. */
function transactional(world: World): void {
  const cases = [
    ['txn-commit-pending-is-unstable: a position that a transaction is about to change is not told until it ends', true],
    ['abort-keeps-old-offset: what a transaction would have committed is forgotten with it', false],
  ] as const
  for (const [what, isCommitted] of cases) {
    it(what, async (context) => {
      const { client, topic } = world()
      if (client.transactions === undefined) return context.skip('nobody coordinates transactions here')
      const group = fresh('group')
      expect(await client.commit(group, topic, { offset: 3 })).toBe('NONE')
      const writer = await TransactionalWriter.make(client, topic)
      await writer.write('v')
      await writer.commitOffset(group, 7)
      const { errorCode, offset } = await client.committed(group, topic)
      expect([errorName(errorCode), offset]).toEqual(['UNSTABLE_OFFSET_COMMIT', -1])
      await writer.end(isCommitted ? 'commit' : 'abort')
      // The group's coordinator hears of it shortly after.
      await expect.poll(async () => errorName((await client.committed(group, topic)).errorCode), { timeout: 10_000 }).toBe('NONE')
      expect((await client.committed(group, topic)).offset).toBe(isCommitted ? 7 : 3)
      return undefined
    })
  }
}

function tools(world: World): void {
  it('tools-show-lag: Kafka’s own tool shows positions and how far they are behind', { timeout: 60_000 }, async (context) => {
    const { client } = world()
    if (client.kafka === undefined) return context.skip('there are no tools here')
    const [group, topic] = [fresh('group'), await client.topic()]
    const writer = new BatchWriter()
    for (let i = 0; i < 5; i++) writer.append(utf8('k'), utf8('v'), NOW, undefined)
    await client.produce(topic, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
    await client.commit(group, topic, { offset: 2 })
    const args = ['--bootstrap-server', client.kafka.brokers[0]!, '--describe', '--group', group]
    const shown = await client.kafka.tool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)
    // Group, topic, partition, position, end, lag.
    expect(shown.replaceAll(/ +/g, ' ')).toContain(`${group} ${topic} 0 2 5 3 `)
    return undefined
  })
}
