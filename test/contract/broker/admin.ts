/** Contract of a broker, administration: making, growing, configuring, purging and deleting topics. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/text.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../../../src/wire/api/configs.ts'
import { CREATE_PARTITIONS, CREATE_TOPICS, DELETE_RECORDS, DELETE_TOPICS, DESCRIBE_CONFIGS } from '../../../src/wire/api/topics.ts'
import { PRODUCE } from '../../../src/wire/api/produce.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { BrokerClient, fresh, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'

type Configs = Readonly<Record<string, string>>

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`administration on ${name}`, () => {
    let broker: BrokerUnderTest
    let client: BrokerClient
    beforeAll(async () => {
      broker = await makeBroker()
      client = new BrokerClient(broker)
    })
    afterAll(() => broker.close())

    making(() => client)
    changing(() => client)
    purging(() => client)
  })
}

async function create(
  client: BrokerClient,
  name: string,
  more: { readonly partitions?: number; readonly replicationFactor?: number; readonly configs?: Configs } = {},
): Promise<string> {
  const topics = [{ name, partitions: 1, replicationFactor: 1, configs: {}, ...more }]
  return errorName((await client.ask(CREATE_TOPICS, { topics, timeoutMs: 5000 })).topics[0]!.errorCode)
}

async function configs(client: BrokerClient, topic: string): Promise<Configs> {
  return (await client.ask(DESCRIBE_CONFIGS, { topics: [topic] })).topics[0]!.configs
}

function batch(count: number): Uint8Array {
  const writer = new BatchWriter()
  for (let i = 0; i < count; i++) writer.append(utf8(`k${i}`), utf8('v'), Date.now(), undefined)
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
}

function making(client: () => BrokerClient): void {
  it('create-with-configs: makes a topic with partitions and configs, defaults for the others', async () => {
    const topic = await client().topic({ partitions: 3, configs: { 'cleanup.policy': 'compact,delete', 'retention.ms': '60000' } })
    expect((await client().metadata(topic)).partitions.map(({ partition }) => partition).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    expect(await configs(client(), topic)).toMatchObject({
      'cleanup.policy': 'compact,delete',
      'retention.ms': '60000',
      'message.timestamp.type': 'CreateTime',
    })
  })

  it('exists-is-checked: makes a topic once', async () => {
    const topic = await client().topic({ partitions: 2 })
    expect(await create(client(), topic, { partitions: 5 })).toBe('TOPIC_ALREADY_EXISTS')
    expect((await client().metadata(topic)).partitions).toHaveLength(2)
  })

  const refused: readonly (readonly [error: string, name: string, more?: object])[] = [
    ['INVALID_TOPIC_EXCEPTION', 'no spaces'],
    ['INVALID_TOPIC_EXCEPTION', 'x'.repeat(250)],
    ['INVALID_PARTITIONS', 'none', { partitions: 0 }],
    ['INVALID_REPLICATION_FACTOR', 'copies', { replicationFactor: 99 }],
    ['INVALID_CONFIG', 'strange', { configs: { 'cleanup.polizy': 'compact' } }],
    ['INVALID_CONFIG', 'stranger', { configs: { 'cleanup.policy': 'forget' } }],
  ]
  for (const [error, name, more] of refused) {
    it(`refuses a topic ${name.slice(0, 20)}: ${error}`, async () => {
      expect(await create(client(), name, more)).toBe(error)
      expect(errorName((await client().metadata(name)).errorCode)).not.toBe('NONE')
    })
  }

  it('knows nothing of a topic that nobody made', async () => {
    expect(errorName((await client().metadata(fresh('missing'))).errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('recreated-topic-noticed: makes a deleted topic anew under another id, empty', async () => {
    const topic = await client().topic()
    await client().produce(topic, batch(3))
    const { topicId } = await client().metadata(topic)
    // A real broker answers for topics in any order.
    const missing = fresh('missing')
    const deleted = await client().ask(DELETE_TOPICS, { topics: [topic, missing], timeoutMs: 5000 })
    expect(Object.fromEntries(deleted.topics.map(({ name, errorCode }) => [name, errorName(errorCode)]))).toEqual({
      [topic]: 'NONE',
      [missing]: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    while ((await create(client(), topic)) === 'TOPIC_ALREADY_EXISTS') await new Promise((resolve) => setTimeout(resolve, 20))
    const { highWatermark, errorCode } = await client().fetch(topic, 0)
    expect([errorName(errorCode), highWatermark]).toEqual(['NONE', 0])
    expect((await client().metadata(topic)).topicId).not.toBe(topicId)
  })
}

function changing(client: () => BrokerClient): void {
  it('incremental-alter-keeps-others: changes one config and keeps the others', async () => {
    const topic = await client().topic({ configs: { 'cleanup.policy': 'compact', 'retention.ms': '60000' } })
    const alter = async (changes: Readonly<Record<string, string | null>>): Promise<string> =>
      errorName((await client().ask(INCREMENTAL_ALTER_CONFIGS, { topics: [{ name: topic, configs: changes }] })).topics[0]!.errorCode)
    // A broker shows a change when it has heard of it from its controller, shortly after that has answered.
    const shown = (): Promise<Configs> => configs(client(), topic)
    expect(await alter({ 'retention.ms': '90000' })).toBe('NONE')
    await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ 'cleanup.policy': 'compact', 'retention.ms': '90000' })
    expect(await alter({ 'cleanup.policy': null })).toBe('NONE')
    await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '90000' })
    expect(await alter({ 'cleanup.polizy': 'compact' })).toBe('INVALID_CONFIG')
  })

  it('add-partitions: adds partitions, and takes none away', async () => {
    const topic = await client().topic({ partitions: 2 })
    await client().produce(topic, batch(3), 1)
    const grow = async (count: number): Promise<string> =>
      errorName((await client().ask(CREATE_PARTITIONS, { topics: [{ name: topic, count }], timeoutMs: 5000 })).topics[0]!.errorCode)
    expect([await grow(1), await grow(2), await grow(4)]).toEqual(['INVALID_PARTITIONS', 'INVALID_PARTITIONS', 'NONE'])
    expect((await client().fetch(topic, 0, { partition: 3 })).highWatermark).toBe(0)
    expect((await client().fetch(topic, 0, { partition: 1 })).highWatermark).toBe(3)
    expect((await client().metadata(topic)).partitions).toHaveLength(4)
  })

  it('new-topic-not-leader-window: may have topics whose leaders don’t know it yet, though metadata is clean: who asks again gets through', async () => {
    const topic = fresh('window')
    await create(client(), topic)
    while ((await client().metadata(topic)).errorCode !== 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topics: [{ topic, partitions: [{ partition: 0, records: batch(1) }] }],
    }
    const once = await client().toLeader(PRODUCE, request, { topic, errorOf: () => 0 })
    const error = errorName(once.topics[0]!.partitions[0]!.errorCode)
    expect(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_OR_FOLLOWER']).toContain(error)
    expect(await client().produce(topic, batch(1))).toMatchObject({ errorCode: 0, baseOffset: error === 'NONE' ? 1 : 0 })
  })
}

function purging(client: () => BrokerClient): void {
  const purge = async (topic: string, offset: number): Promise<readonly [error: string, lowWatermark: number]> => {
    const request = { topics: [{ topic, partitions: [{ partition: 0, offset }] }], timeoutMs: 5000 }
    const answer = await client().toLeader(DELETE_RECORDS, request, {
      topic,
      errorOf: (found) => found.topics[0]!.partitions[0]!.errorCode,
    })
    const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!
    return [errorName(errorCode), lowWatermark]
  }

  it('delete-records-matrix: deletes records below an offset, all for −1, and brings none back', async () => {
    const topic = await client().topic()
    await client().produce(topic, batch(6))
    expect([await purge(topic, 2), await purge(topic, 1), await purge(topic, 7)]).toEqual([
      ['NONE', 2],
      ['NONE', 2],
      ['OFFSET_OUT_OF_RANGE', -1],
    ])
    expect(errorName((await client().fetch(topic, 1)).errorCode)).toBe('OFFSET_OUT_OF_RANGE')
    expect((await client().read(topic, 2)).map(({ offset }) => offset)).toEqual([2, 3, 4, 5])
    expect(await purge(topic, -1)).toEqual(['NONE', 6])
    expect((await client().fetch(topic, 6)).logStartOffset).toBe(6)
  })

  for (const [policy, error] of [
    ['delete', 'NONE'],
    ['compact', 'POLICY_VIOLATION'],
    ['compact,delete', 'NONE'],
  ] as const) {
    it(`delete-records-matrix: answers ${error} for the policy ${policy}`, async () => {
      const topic = await client().topic({ configs: { 'cleanup.policy': policy } })
      await client().produce(topic, batch(2))
      expect((await purge(topic, 1))[0]).toBe(error)
    })
  }
}
