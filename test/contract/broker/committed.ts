/**
 * Contract of a broker, reading what is committed: records of aborted transactions are never seen, those of open ones not yet, and everything else is, in
 * order, from whatever offset reading begins and however little comes with each answer.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeText, utf8 } from '../../../src/base/text.ts'
import { LIST_OFFSETS, type ListOffsetsResponse } from '../../../src/wire/api/list-offsets.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import type { NaiveRecord } from '../../wire/naive-batch.ts'
import { BrokerClient, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'
import { ReadingClient, recordsOf } from './reading-client.ts'
import { TransactionalWriter } from './transactional-writer.ts'

/** `a`: producer a writes a batch of two records; `a+`, `a-`: it commits or aborts; `.`: somebody writes a batch outside transactions. */
const SCENARIOS = {
  'two-aborts-one-producer': 'a a- . a a- a a+',
  'marker-in-later-fetch': 'a a . a a- a a+',
  'start-inside-two-open-aborts': 'a b a b . a- b- a b a+ b+',
  'completion-order-list': 'a . . b b- a- .',
  'commit-then-abort': 'a a+ a a- .',
  'three-interleaved': 'a b c . a b- c a- b c+ b+ . c c-',
  'only-markers-at-end': '. a b a+ b-',
  'abort-then-commit-same-producer': 'a a- a a+',
} as const

type Scenario = keyof typeof SCENARIOS

/** A scenario that was written to a topic. */
interface Written {
  readonly topic: string
  readonly producers: ReadonlyMap<string, TransactionalWriter>
  /** Every record with whether it is to be seen, by offset; undefined: a marker. */
  readonly log: readonly ({ readonly value: string; readonly seen: boolean } | undefined)[]
}

interface World {
  readonly client: BrokerClient
  /** Another one with connections of its own, for requests that wait. */
  readonly patient: BrokerClient
  readonly reader: ReadingClient
  readonly written: (name: Scenario) => Promise<Written>
}

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`what is committed on ${name}`, () => {
    let broker: BrokerUnderTest
    let world: World
    beforeAll(async () => {
      broker = await makeBroker()
      const client = new BrokerClient(broker)
      const known = new Map<Scenario, Promise<Written>>()
      const written = (scenario: Scenario): Promise<Written> => {
        const found = known.get(scenario) ?? write(client, scenario)
        known.set(scenario, found)
        return found
      }
      world = { client, patient: new BrokerClient(broker), reader: new ReadingClient(broker), written }
    })
    afterAll(async () => {
      await world.reader.close()
      await broker.close()
    })

    scenarios(() => world)
    answers(() => world)
    ends(() => world)
  })
}

function scenarios(world: () => World): void {
  for (const [scenario] of entries()) {
    it(`${scenario}: exactly what was committed is read, all at once and batch by batch`, async () => {
      const { topic, log } = await world().written(scenario)
      for (const maxPartitionBytes of [1 << 20, 1]) expect(shown(await read(world(), topic, 0, maxPartitionBytes))).toEqual(expected(log))
    })
  }

  it('every-start-offset-is-a-suffix: wherever reading begins, the same records follow', { timeout: 120_000 }, async () => {
    for (const [scenario] of entries()) {
      const { topic, log } = await world().written(scenario)
      for (let from = 0; from <= log.length; from++) {
        for (const maxPartitionBytes of [1 << 20, 1])
          expect(shown(await read(world(), topic, from, maxPartitionBytes)), `${scenario} from ${from}`).toEqual(expected(log, from))
      }
    }
  })

  it('is what the JVM’s consumer reads', { timeout: 60_000 }, async (context) => {
    const { kafka } = world().client
    if (kafka === undefined) return context.skip('there is no JVM here')
    const written = await Promise.all(entries().map(async ([scenario]) => [scenario, await world().written(scenario)] as const))
    const count = written.reduce((sum, [, { log }]) => sum + expected(log).length, 0)
    const at = ['--bootstrap-server', kafka.brokers[0]!, '--include', written.map(([, { topic }]) => topic).join('|')]
    const how = ['--isolation-level', 'read_committed', '--from-beginning', '--max-messages', String(count), '--timeout-ms', '20000']
    const what = ['--formatter-property', 'print.offset=true']
    const printed = await kafka.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [...at, ...how, ...what])
    // `Offset:3	value`; the value names the scenario.
    const lines = printed.split('\n').map((line) => line.replace('Offset:', '').replace('\t', ' '))
    for (const [scenario, { log }] of written)
      expect(
        lines.filter((line) => line.includes(` ${scenario}-`)),
        printed,
      ).toEqual(expected(log))
    return undefined
  })
}

function answers(world: () => World): void {
  it('completion-order-list: an answer lists what was aborted in it, first what was completed first', async () => {
    const { topic, producers } = await world().written('completion-order-list')
    const { aborted } = await world().client.fetch(topic, 0, { isolation: 'read_committed' })
    const [a, b] = [producers.get('a')!, producers.get('b')!]
    expect(aborted).toEqual([
      { producerId: b.producerId, firstOffset: 6 },
      { producerId: a.producerId, firstOffset: 0 },
    ])
    const behind = await world().client.fetch(topic, 9, { isolation: 'read_committed' })
    expect(behind.aborted).toEqual([{ producerId: a.producerId, firstOffset: 0 }])
    expect((await world().client.fetch(topic, 0)).aborted).toEqual([])
  })

  it('start-inside-two-open-aborts: reading may begin where two transactions are open that are aborted later', async () => {
    const { topic, log } = await world().written('start-inside-two-open-aborts')
    for (const from of [3, 5]) expect(shown(await read(world(), topic, from, 1))).toEqual(expected(log, from))
  })

  it('only-markers-at-end: markers show nothing and move the position', async () => {
    const { topic, log } = await world().written('only-markers-at-end')
    const fetcher = await world().reader.fetcher(topic, { isolation: 'read_committed', maxPartitionBytes: 1 })
    const tp = { topic, partition: 0 }
    fetcher.assign([{ tp, offset: 2 }])
    const found: NaiveRecord[] = []
    while (!fetcher.caughtUp(tp)) found.push(...recordsOf(await fetcher.poll({ timeoutMs: 100 }), 2))
    expect(shown(found)).toEqual(expected(log, 2))
    expect([fetcher.position(tp), fetcher.end(tp)]).toEqual([log.length, log.length])
    fetcher.close()
  })
}

function ends(world: () => World): void {
  it('lso-holds-back: nothing from the first open transaction on is seen, until it ends', async () => {
    const { client } = world()
    const topic = await client.topic()
    await plain(client, topic, 'before')
    const writer = await TransactionalWriter.make(client, topic)
    await writer.write('open')
    await plain(client, topic, 'behind')
    const { highWatermark, lastStableOffset } = await client.fetch(topic, 0)
    expect([highWatermark, lastStableOffset]).toEqual([3, 1])
    expect(shown(await read(world(), topic, 0))).toEqual(['0 before'])
    expect(shown(await world().reader.read(topic))).toEqual(['0 before', '1 open', '2 behind'])
    // Who waits behind the stable offset is woken by the marker.
    const waiting = world().patient.fetch(topic, 1, { isolation: 'read_committed', maxWaitMs: 10_000 })
    const since = performance.now()
    await writer.end('abort')
    expect((await waiting).records.length).toBeGreaterThan(0)
    expect(performance.now() - since).toBeLessThan(5_000)
    expect(shown(await read(world(), topic, 0))).toEqual(['0 before', '2 behind'])
  })

  it('list-offsets-by-isolation: the end of a log is where its first open transaction begins, for who reads what is committed', async () => {
    const { client } = world()
    const topic = await client.topic()
    await plain(client, topic, 'before')
    const writer = await TransactionalWriter.make(client, topic)
    await writer.write('open')
    const end = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<number> => {
      const topics = [{ topic, partitions: [{ partition: 0, currentLeaderEpoch: -1, timestamp: -1 }] }]
      const errorOf = (found: ListOffsetsResponse): number => found.topics[0]!.partitions[0]!.errorCode
      const answer = await client.toLeader(LIST_OFFSETS, { isolation, topics }, { topic, errorOf })
      return answer.topics[0]!.partitions[0]!.offset
    }
    expect([await end('read_committed'), await end('read_uncommitted')]).toEqual([1, 2])
    await writer.end('commit')
    expect([await end('read_committed'), await end('read_uncommitted')]).toEqual([3, 3])
  })
}

async function write(client: BrokerClient, scenario: Scenario): Promise<Written> {
  const topic = await client.topic()
  const producers = new Map<string, TransactionalWriter>()
  const log: ({ value: string; seen: boolean; by: string } | undefined)[] = []
  for (const [n, step] of SCENARIOS[scenario].split(' ').entries()) {
    const [by = '', verdict] = step
    const values = [`${scenario}-${n}`, `${scenario}-${n}'`]
    if (by === '.') {
      await plain(client, topic, ...values)
      log.push(...values.map((value) => ({ value, seen: true, by: '' })))
      continue
    }
    const writer = producers.get(by) ?? (await TransactionalWriter.make(client, topic))
    producers.set(by, writer)
    if (verdict === undefined) {
      await writer.write(...values)
      log.push(...values.map((value) => ({ value, seen: false, by })))
      continue
    }
    await writer.end(verdict === '+' ? 'commit' : 'abort')
    for (const record of log) {
      if (record?.by !== by) continue
      record.seen = verdict === '+'
      record.by = ''
    }
    log.push(undefined)
  }
  return { topic, producers, log }
}

async function plain(client: BrokerClient, topic: string, ...values: readonly string[]): Promise<void> {
  const writer = new BatchWriter()
  for (const value of values) writer.append(null, utf8(value), Date.now(), undefined)
  expect((await client.produce(topic, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))).errorCode).toBe(0)
}

function read({ reader }: World, topic: string, from: number, maxPartitionBytes = 1 << 20): Promise<NaiveRecord[]> {
  return reader.read(topic, { isolation: 'read_committed', from, maxPartitionBytes })
}

function expected(log: Written['log'], from = 0): string[] {
  return log.flatMap((record, offset) => (offset >= from && record?.seen === true ? [`${offset} ${record.value}`] : []))
}

function shown(records: readonly NaiveRecord[]): string[] {
  return records.map(({ offset, value }) => `${offset} ${decodeText(value!, 0, value!.length)}`)
}

function entries(): [Scenario, string][] {
  return Object.entries(SCENARIOS) as [Scenario, string][]
}
