/** Contract of a broker and the client's fetcher: what a fetch answers, and that reading goes on from there as it should, whatever it answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeText, utf8 } from '../../../src/base/text.ts'
import { wholeBatches } from '../../../src/kafka/committed-filter.ts'
import type { Fetcher } from '../../../src/kafka/fetcher.ts'
import { FETCH, type FetchedPartition, type FetchRequest } from '../../../src/wire/api/fetch.ts'
import { LIST_OFFSETS } from '../../../src/wire/api/list-offsets.ts'
import { METADATA } from '../../../src/wire/api/metadata.ts'
import { CREATE_TOPICS, DELETE_RECORDS } from '../../../src/wire/api/topics.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import type { NaiveRecord } from '../../wire/naive-batch.ts'
import { readAll } from '../../wire/reading.ts'
import { BrokerClient, fresh, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'
import { ReadingClient, recordsOf } from './reading-client.ts'

interface World {
  readonly broker: BrokerUnderTest
  readonly client: BrokerClient
  /** Another one with connections of its own, for requests that wait. */
  readonly patient: BrokerClient
  readonly reader: ReadingClient
}

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`fetches from ${name}`, () => {
    const world = worldOf(makeBroker)
    answers(world)
    waits(world)
    refusals(world)
    reading(world)
  })
}

/** Runs what needs replicas: three brokers. */
export function suiteOfThree(name: string, makeBroker: MakeBroker): void {
  describe(`fetches from ${name}`, () => replicas(worldOf(makeBroker)))
}

function worldOf(makeBroker: MakeBroker): () => World {
  let world: World
  beforeAll(async () => {
    const broker = await makeBroker()
    world = { broker, client: new BrokerClient(broker), patient: new BrokerClient(broker), reader: new ReadingClient(broker) }
  })
  afterAll(async () => {
    await world.reader.close()
    await world.broker.close()
  })
  return () => world
}

function answers(world: () => World): void {
  it('first-batch-may-start-earlier: an answer begins with the batch that holds the offset, and the reader with the offset', async () => {
    const topic = await filled(world().client, ['a', 'b', 'c'], ['d'])
    const { records } = await world().client.fetch(topic, 1)
    expect(offsets(readAll(records))).toEqual([0, 1, 2, 3])
    expect(values(await world().reader.read(topic, { from: 1 }))).toEqual(['b', 'c', 'd'])
  })

  it('oversize-batch-still-returned: an answer has a whole batch though that is larger than was asked for', async () => {
    const topic = await filled(world().client, ['x'.repeat(5_000)], ['y'])
    const { records } = await world().client.fetch(topic, 0, { maxBytes: 10 })
    expect(offsets(readAll(records))).toEqual([0])
    expect(values(await world().reader.read(topic, { maxPartitionBytes: 1 }))).toEqual(['x'.repeat(5_000), 'y'])
  })

  it('trailing-partial-ignored: an answer may end within a batch, which comes again', async () => {
    const topic = await filled(world().client, ['a'], ['b'], ['c'])
    const whole = await world().client.fetch(topic, 0)
    const size = whole.records.length / 3
    const cut = await world().client.fetch(topic, 0, { maxBytes: 2 * size + 10 })
    expect(wholeBatches(cut)).toMatchObject({ length: 2 * size, nextOffset: 2 })
    expect(values(await world().reader.read(topic, { maxPartitionBytes: 2 * size + 10 }))).toEqual(['a', 'b', 'c'])
  })

  it('at-end-is-empty: the end of a log is no error and has no records', async () => {
    const topic = await filled(world().client, ['a', 'b'])
    const { errorCode, records, highWatermark, logStartOffset } = await world().client.fetch(topic, 2)
    expect([errorName(errorCode), records.length, highWatermark, logStartOffset]).toEqual(['NONE', 0, 2, 0])
  })
}

function waits(world: () => World): void {
  it('long-poll-wakes-on-append: a fetch at the end waits, and is answered when something comes', async () => {
    const topic = await world().client.topic()
    const since = performance.now()
    const waiting = world().patient.fetch(topic, 0, { maxWaitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await append(world().client, topic, ['a'])
    expect(values(readAll((await waiting).records))).toEqual(['a'])
    const waitedMs = performance.now() - since
    expect(waitedMs).toBeGreaterThan(290)
    expect(waitedMs).toBeLessThan(10_000)
  })

  it('two-lanes-do-not-block: what waits on one lane holds up nothing on another', async () => {
    const { client, patient, broker } = world()
    const [still, busy] = [await client.topic(), await filled(client, ['a'])]
    const waiting = patient.fetch(still, 0, { maxWaitMs: 20_000 })
    const since = performance.now()
    const other = new BrokerClient(broker)
    for (let i = 0; i < 5; i++) expect((await other.fetch(busy, 0)).highWatermark).toBe(1)
    expect(performance.now() - since).toBeLessThan(10_000)
    await append(client, still, ['b'])
    expect((await waiting).highWatermark).toBe(1)
  })
}

function refusals(world: () => World): void {
  it('out-of-range-low|high|negative: positions outside the log are refused, and the owner says where to go on', async () => {
    const { client } = world()
    const topic = await filled(client, ['a', 'b'], ['c', 'd'])
    await client.toLeader(
      DELETE_RECORDS,
      { topics: [{ topic, partitions: [{ partition: 0, offset: 2 }] }], timeoutMs: 5_000 },
      { topic, errorOf: (found) => found.topics[0]!.partitions[0]!.errorCode },
    )
    for (const offset of [1, 5, 99, -5]) {
      const { errorCode, highWatermark, records } = await client.fetch(topic, offset)
      expect([errorName(errorCode), highWatermark, records.length], `at ${offset}`).toEqual(['OFFSET_OUT_OF_RANGE', -1, 0])
      const asked: number[] = []
      const outOfRange = (_: unknown, position: number): Promise<number> => {
        asked.push(position)
        return Promise.resolve(2)
      }
      const fetcher = await world().reader.fetcher(topic, { outOfRange })
      fetcher.assign([{ tp: { topic, partition: 0 }, offset }])
      expect(values(await take(fetcher, 2))).toEqual(['c', 'd'])
      fetcher.close()
      expect(asked).toEqual([offset])
    }
    expect(errorName((await client.fetch(topic, 4)).errorCode)).toBe('NONE')
  })

  it('fenced-and-unknown-leader-epoch: a reader that is behind or ahead of the leader is told so', async () => {
    const { client } = world()
    const topic = await filled(client, ['a'])
    const { leaderEpoch } = (await client.metadata(topic)).partitions[0]!
    const at = async (currentLeaderEpoch: number): Promise<string> =>
      errorName((await client.fetch(topic, 0, { currentLeaderEpoch })).errorCode)
    expect([await at(-1), await at(leaderEpoch), await at(leaderEpoch + 1)]).toEqual(['NONE', 'NONE', 'UNKNOWN_LEADER_EPOCH'])
    if (client.memory === undefined) return
    client.memory.moveLeader(topic, 0)
    expect([await at(leaderEpoch), await at(leaderEpoch + 1)]).toEqual(['FENCED_LEADER_EPOCH', 'NONE'])
  })

  it('truncation-detected: a reader whose records a new leader doesn’t have goes back to where they parted', async (context) => {
    const { memory } = world().client
    if (memory === undefined) return context.skip('only memory loses what it has acknowledged')
    const topic = await filled(world().client, ...'abcdef'.split('').map((value) => [value]))
    const tp = { topic, partition: 0 }
    const told: unknown[] = []
    const fetcher = await world().reader.fetcher(topic, {
      outOfRange: (_, position, truncatedTo) => {
        told.push([position, truncatedTo])
        return Promise.resolve(truncatedTo ?? 0)
      },
    })
    fetcher.assign([{ tp, offset: 0 }])
    expect(values(await take(fetcher, 6))).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    memory.moveLeader(topic, 0, { loseFrom: 4 })
    // More than was lost: the old position is within the log again.
    for (const value of 'EFGH') await append(world().client, topic, [value])
    expect(values(await take(fetcher, 4))).toEqual(['E', 'F', 'G', 'H'])
    expect(told).toEqual([[6, 4]])
    memory.moveLeader(topic, 0)
    await append(world().client, topic, ['I'])
    expect(values(await take(fetcher, 1))).toEqual(['I'])
    expect(told).toHaveLength(1)
    fetcher.close()
    return undefined
  })
}

function reading(world: () => World): void {
  it('pause-resume-seek: a paused partition gives nothing more, and reading begins wherever it is told to', async () => {
    const { client, reader } = world()
    const topic = await filled(client, ['a'], ['b'])
    const tp = { topic, partition: 0 }
    const fetcher = await reader.fetcher(topic)
    fetcher.assign([{ tp, offset: 0 }])
    expect(values(await take(fetcher, 2))).toEqual(['a', 'b'])
    fetcher.pause(tp)
    // A fetch that is under way still brings what comes.
    await append(client, topic, ['c'])
    const before = await quiet(fetcher)
    await append(client, topic, ['d'])
    expect(values(await quiet(fetcher))).toEqual([])
    fetcher.resume(tp)
    expect(values([...before, ...(await take(fetcher, 2 - before.length))])).toEqual(['c', 'd'])
    fetcher.assign([])
    fetcher.assign([{ tp, offset: 1 }])
    expect(values(await take(fetcher, 3))).toEqual(['b', 'c', 'd'])
    expect([fetcher.position(tp), fetcher.lag(tp)]).toEqual([4, 0])
    fetcher.close()
  })

  it('next-fetch-leaves-before-decode: while an answer is used, the next one is under way', async () => {
    const topic = await filled(world().client, ['a'], ['b'], ['c'], ['d'])
    const sent: number[] = []
    const reader = new ReadingClient(world().broker, (api, request) => {
      if (api.key === FETCH.key) sent.push((request as FetchRequest).topics[0]!.partitions[0]!.fetchOffset)
    })
    const fetcher = await reader.fetcher(topic, { maxPartitionBytes: 1 })
    fetcher.assign([{ tp: { topic, partition: 0 }, offset: 0 }])
    const chunks = await fetcher.poll({ timeoutMs: 10_000 })
    expect(chunks).toHaveLength(1)
    expect(sent.slice(0, 2)).toEqual([0, 1])
    // Two that aren't used up are enough.
    await quiet(fetcher, false)
    expect(sent).toEqual([0, 1])
    recordsOf(chunks)
    fetcher.close()
    await reader.close()
  })
}

function replicas(world: () => World): void {
  it('follower-hw-not-trusted: a follower answers fetches with what it knows, and only the leader says where the log ends', async () => {
    const { client, broker } = world()
    const topic = fresh('replicated')
    await client.ask(CREATE_TOPICS, { topics: [{ name: topic, partitions: 1, replicationFactor: 3, configs: {} }], timeoutMs: 5_000 })
    await append(client, topic, ['a'])
    await append(client, topic, ['b'])
    const { brokers, topics } = await client.ask(METADATA, { topics: [topic], allowAutoTopicCreation: false })
    const { leader, leaderEpoch } = topics[0]!.partitions[0]!
    for (const { host, port, nodeId } of brokers) {
      const lane = await broker.transport.lane({ host, port }, 'call')
      const fetched = async (currentLeaderEpoch: number): Promise<FetchedPartition> => {
        const partitions = [{ partition: 0, currentLeaderEpoch, fetchOffset: 0, maxBytes: 1_000 }]
        const request = {
          maxWaitMs: 0,
          minBytes: 1,
          maxBytes: 1_000,
          isolation: 'read_uncommitted' as const,
          topics: [{ topic, partitions }],
        }
        return (await lane.request(FETCH, request)).topics[0]!.partitions[0]!
      }
      const { errorCode, highWatermark } = await fetched(leaderEpoch)
      expect(errorName(errorCode)).toBe('NONE')
      expect(highWatermark).toBeLessThanOrEqual(2)
      expect(errorName((await fetched(leaderEpoch + 1)).errorCode)).toBe('UNKNOWN_LEADER_EPOCH')
      const partitions = [{ partition: 0, currentLeaderEpoch: leaderEpoch, timestamp: -1 }]
      const listed = await lane.request(LIST_OFFSETS, { isolation: 'read_uncommitted', topics: [{ topic, partitions }] })
      const { errorCode: listedError, offset } = listed.topics[0]!.partitions[0]!
      expect([errorName(listedError), offset]).toEqual(nodeId === leader ? ['NONE', 2] : ['NOT_LEADER_OR_FOLLOWER', -1])
      lane.close()
    }
  })
}

/** A topic with these batches of values. */
async function filled(client: BrokerClient, ...batches: readonly (readonly string[])[]): Promise<string> {
  const topic = await client.topic()
  for (const batch of batches) await append(client, topic, batch)
  return topic
}

async function append(client: BrokerClient, topic: string, batch: readonly string[]): Promise<void> {
  const writer = new BatchWriter()
  for (const value of batch) writer.append(null, utf8(value), Date.now(), undefined)
  const { errorCode } = await client.produce(topic, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
  expect(errorName(errorCode)).toBe('NONE')
}

/** The next records, so many of them or more. */
async function take(fetcher: Fetcher, count: number): Promise<NaiveRecord[]> {
  const found: NaiveRecord[] = []
  const until = performance.now() + 20_000
  while (found.length < count && performance.now() < until) found.push(...recordsOf(await fetcher.poll({ timeoutMs: 200 })))
  return found
}

/** What comes in the time that a fetch may wait. */
async function quiet(fetcher: Fetcher, use = true): Promise<NaiveRecord[]> {
  const found: NaiveRecord[] = []
  const until = performance.now() + 700
  while (performance.now() < until) {
    const chunks = await fetcher.poll({ timeoutMs: 100 })
    if (use) found.push(...recordsOf(chunks))
  }
  return found
}

function values(records: readonly NaiveRecord[]): string[] {
  return records.map(({ value }) => decodeText(value!, 0, value!.length))
}

function offsets(records: readonly NaiveRecord[]): number[] {
  return records.map(({ offset }) => offset)
}
