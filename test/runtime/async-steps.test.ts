/** Steps that wait for promises, in applications on the in-process broker: commits, rebalances, ends, crashes. */
import { expect, test } from 'vitest'
import {
  serdes,
  type AsyncOptions,
  type KafkaStreams,
  type KStream,
  type MemoryBroker,
  type StreamsError,
  type Topology,
} from '../../src/index.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { GroupOffsets } from '../../src/kafka/offsets.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'
import { manualCalls, turn } from '../support/manual-calls.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, until } from './app-world.ts'

const ports = { clock: defaultClock, random: defaultRandom }

/** The committed position of `texts`; 0: none. */
async function committed(broker: MemoryBroker, partition = 0): Promise<number> {
  const client = new Cluster({ ...ports, transport: openMemoryBroker(broker.name, ports).cluster, retryMs: 10_000 })
  const [found] = await new GroupOffsets(client).committed('app', [{ topic: 'texts', partition }])
  return found?.offset ?? 0
}

async function valuesOf(broker: MemoryBroker): Promise<string[]> {
  const values: string[] = []
  for await (const { value } of broker.read(copies)) values.push(String(value))
  return values
}

async function totals(broker: MemoryBroker): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for await (const { key, value } of broker.read(counts)) found[String(key)] = Number(value)
  return found
}

const write = (broker: MemoryBroker, ...values: string[]): Promise<void> =>
  broker.produce(
    texts,
    values.map((value) => ({ key: value.slice(0, 1), value })),
  )

const lookingUp = (f: (value: string) => Promise<string>, options: AsyncOptions = {}): Topology =>
  built((builder) =>
    builder
      .stream(texts)
      .mapValuesAsync(f, { name: 'lookup', value: serdes.string, ...options })
      .to(copies),
  )

const counting = (f: (value: string) => Promise<string>, options: AsyncOptions = {}): Topology =>
  built((builder) => {
    const stream: KStream<string, string> = builder.stream(texts).mapValuesAsync(f, { name: 'lookup', value: serdes.string, ...options })
    stream.groupByKey().count({ store: 'c' }).toStream().to(counts)
  })

test('without stores the finished part is committed while a record waits, and the rest when it is done', async () => {
  const broker = freshBroker()
  const { f, settle, begun } = manualCalls()
  const app = appOn(broker, lookingUp(f))
  await app.start()
  await write(broker, 'a1', 'b1', 'c1')
  await until('all are called', () => begun.length === 3)
  await settle('a1', 'A1')
  await settle('c1', 'C1')
  await until('the first is committed', async () => (await committed(broker)) === 1)
  expect(await valuesOf(broker)).toEqual(['A1', 'C1'])
  await settle('b1', 'B1')
  await until('all are', async () => (await committed(broker)) === 3)
  expect(await app.close()).toEqual({ clean: true })
  expect(await valuesOf(broker)).toEqual(['A1', 'C1', 'B1'])
})

test('with stores nothing is committed while a record waits; other tasks go on, and it takes no more until then', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 2 })
  const { f, settle, begun } = manualCalls()
  const app = appOn(
    broker,
    counting((value) => (value.startsWith('slow') ? f(value) : Promise.resolve(value))),
  )
  await app.start()
  await broker.produce(texts, [
    { key: 's', value: 'slow 1', partition: 0 },
    { key: 'a', value: 'a', partition: 0 },
    { key: 'b', value: 'b', partition: 1 },
  ])
  await until('it waits', () => begun.length === 1)
  await until('the other task is committed', async () => (await committed(broker, 1)) === 1)
  await broker.produce(texts, [
    { key: 's', value: 'slow 2', partition: 0 },
    { key: 'b', value: 'b', partition: 1 },
  ])
  await until('the other task goes on', async () => (await committed(broker, 1)) === 2)
  expect([begun, await committed(broker, 0)]).toEqual([['slow 1'], 0])
  await settle('slow 1', 'done')
  await until('it is committed and goes on', async () => (await committed(broker, 0)) >= 2 && begun.length === 2)
  await settle('slow 2', 'done')
  await until('everything is', async () => (await committed(broker, 0)) === 3)
  expect(await totals(broker)).toEqual({ s: 2, a: 1, b: 2 })
})

test('closing lets what waits end first', async () => {
  const broker = freshBroker()
  const { f, settle, begun } = manualCalls()
  const app = appOn(broker, counting(f), { commitIntervalMs: 60_000 })
  await app.start()
  await write(broker, 'a1', 'a2', 'b1')
  await until('all are called', () => begun.length === 3)
  const closing = app.close()
  await settle('b1', 'B1')
  await settle('a2', 'A2')
  await settle('a1', 'A1')
  expect(await closing).toEqual({ clean: true })
  expect(await committed(broker)).toBe(3)
  expect(await totals(broker)).toEqual({ a: 2, b: 1 })
})

test('what waits for too long is dropped at the end, and not a record of its task is committed or lost', async () => {
  const broker = freshBroker()
  const { f, settle, begun } = manualCalls()
  const app = appOn(broker, counting(f), { commitIntervalMs: 60_000 })
  await app.start()
  await write(broker, 'a1', 'b1')
  await until('both are called', () => begun.length === 2)
  await settle('b1', 'B1')
  const { clean, error } = await app.close({ timeoutMs: 400 })
  expect(clean).toBe(false)
  expect(error).toMatchObject({ code: 'TASK_TIMEOUT' })
  expect(String(error)).toContain(
    'step lookup at texts[0]@0 still waits after 200 ms: its task is not committed and goes on from its last commit; give the step timeoutMs',
  )
  expect(await committed(broker)).toBe(0)
  await settle('a1', 'too late')
  const next = appOn(
    broker,
    counting(async (value) => value),
  )
  await next.start()
  await until('all is committed', async () => (await committed(broker)) === 2)
  expect(await next.close()).toEqual({ clean: true })
  expect(await totals(broker)).toEqual({ a: 1, b: 1 })
})

test('in a rebalance what waits ends first: what moves is committed, what stays goes on, each record counts once', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 4 })
  const slowly = async (value: string): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 5 + (value.length % 7)))
    return value
  }
  const topology = counting(slowly)
  const apps: KafkaStreams[] = [appOn(broker, topology)]
  await apps[0]!.start()
  const written: Record<string, number> = {}
  for (let round = 0; round < 6; round++) {
    const values = Array.from({ length: 60 }, (_, n) => String.fromCharCode(97 + ((n * 7 + round) % 20)) + 'x'.repeat(n))
    for (const value of values) written[value.slice(0, 1)] = (written[value.slice(0, 1)] ?? 0) + 1
    await write(broker, ...values)
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (round === 1 || round === 3) {
      const next = appOn(broker, topology)
      apps.push(next)
      await next.start()
    }
    if (round === 4) expect(await apps.shift()!.close()).toEqual({ clean: true })
  }
  const all = async (): Promise<number> => (await Promise.all([0, 1, 2, 3].map((n) => committed(broker, n)))).reduce((a, b) => a + b, 0)
  await until('all is committed', async () => (await all()) === 360, 20_000)
  expect(await totals(broker)).toEqual(written)
})

test('a record that isn’t done in time stays behind in a rebalance: the next owner does it again', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 2 })
  const stuck = manualCalls()
  const first = appOn(
    broker,
    counting((value) => (value.startsWith('slow') ? stuck.f(value) : Promise.resolve(value))),
  )
  await first.start()
  await broker.produce(
    texts,
    [0, 1].flatMap((partition) => [
      { key: `k${partition}`, value: 'slow', partition },
      { key: `k${partition}`, value: 'quick', partition },
    ]),
  )
  await until('both wait', () => stuck.begun.length === 2)
  const second = appOn(
    broker,
    counting(async (value) => value),
  )
  await second.start()
  const moved = (): number => [...second.lag().values()].flat().filter(({ topic }) => topic === 'texts').length
  await until('one has moved', () => moved() === 1, 20_000)
  await until('it is done there', async () => (await committed(broker, 0)) + (await committed(broker, 1)) === 2)
  await stuck.settle('slow', 'at last')
  await until('the other is done where it was', async () => (await committed(broker, 0)) === 2 && (await committed(broker, 1)) === 2)
  expect(await totals(broker)).toEqual({ k0: 2, k1: 2 })
}, 30_000)

test('a call that fails stops the application before its record; with retries it doesn’t', async () => {
  const broker = freshBroker()
  const tries = new Map<string, number>()
  const shaky = async (value: string): Promise<string> => {
    const count = (tries.get(value) ?? 0) + 1
    tries.set(value, count)
    await turn()
    if (value === 'b1' && count < 3) throw new Error('no answer')
    return value.toUpperCase()
  }
  const errors: StreamsError[] = []
  const failing = appOn(broker, lookingUp(shaky))
  failing.on('error', ({ error }) => errors.push(error))
  await failing.start()
  await write(broker, 'a1')
  await until('the first is committed', async () => (await committed(broker)) === 1)
  await write(broker, 'b1', 'c1')
  await until('it fails', () => failing.state === 'ERROR')
  expect(errors[0]).toMatchObject({ code: 'PROCESSING_ERROR', context: { node: 'lookup', topic: 'texts', partition: 0, offset: 1 } })
  expect(await committed(broker)).toBe(1)
  const next = appOn(broker, lookingUp(shaky, { retries: { attempts: 3, delayMs: 1 } }))
  await next.start()
  await until('all is committed', async () => (await committed(broker)) === 3)
  expect(tries.get('b1')).toBe(3)
  expect([...new Set(await valuesOf(broker))].sort()).toEqual(['A1', 'B1', 'C1'])
})

test('a full step stops the fetching, and membership goes on', async () => {
  const broker = freshBroker()
  const { f, settle, begun } = manualCalls()
  const app = appOn(broker, lookingUp(f, { maxParked: 2, concurrency: 2 }), { sessionTimeoutMs: 300, heartbeatIntervalMs: 30 })
  await app.start()
  const values = Array.from({ length: 20 }, (_, n) => `${String.fromCharCode(97 + n)}${n}`)
  await write(broker, ...values)
  await until('it is full', () => begun.length === 2)
  await new Promise((resolve) => setTimeout(resolve, 800))
  expect([app.state, begun.length]).toEqual(['RUNNING', 2])
  for (const value of values) await settle(value, value)
  await until('all is committed', async () => (await committed(broker)) === 20)
  expect((await valuesOf(broker)).sort()).toEqual([...values].sort())
})

test('a promise that never settles is named, and in the end its tasks are left to others', async () => {
  const broker = freshBroker()
  const { logger, events } = recordedLog()
  const times = { slowRecordWarnMs: 50, maxPollIntervalMs: 400, sessionTimeoutMs: 60_000 }
  const stuck = appOn(
    broker,
    counting(() => new Promise(() => undefined)),
    { ...times, logger },
  )
  await stuck.start()
  await write(broker, 'a1')
  await until('it is named', () => events.some(({ message }) => message.includes('step lookup at texts[0]@0 has been waiting')))
  await until('it leaves', () => events.some(({ message }) => message.includes('leaves its group')))
  const well = appOn(
    broker,
    counting(async (value) => value),
  )
  await well.start()
  await until('others do it', async () => (await committed(broker)) === 1, 20_000)
}, 30_000)

test('results that wait for a commit go through such a step before it', async () => {
  const broker = freshBroker()
  const calls: string[] = []
  const topology = built((builder) =>
    builder
      .stream(texts)
      .groupByKey()
      .count({ store: 'c', emit: 'on-commit' })
      .toStream()
      .mapValuesAsync(
        async (count, key) => {
          calls.push(`${key} ${count}`)
          await new Promise((resolve) => setTimeout(resolve, 30))
          return count
        },
        { value: serdes.long },
      )
      .to(counts),
  )
  const app = appOn(broker, topology, { commitIntervalMs: 60_000 })
  await app.start()
  await write(broker, 'a1', 'a2', 'b1')
  await until('they are counted', () => [...app.lag().values()].flat().some(({ position }) => position === 3))
  expect(calls).toEqual([])
  expect(await app.close()).toEqual({ clean: true })
  expect([calls.sort(), await totals(broker), await committed(broker)]).toEqual([['a 2', 'b 1'], { a: 2, b: 1 }, 3])
})
