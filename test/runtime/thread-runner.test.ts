import { expect, test } from 'vitest'
import { HEARTBEAT } from '../../src/wire/api/group.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { built, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

const counting = () => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

async function lastCounts(broker: ReturnType<typeof freshBroker>): Promise<Record<string, number | null>> {
  const last: Record<string, number | null> = {}
  for await (const { key, value } of broker.read(counts)) last[key ?? ''] = value
  return last
}

test('two threads of an instance share the tasks', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 4 })
  const app = appOn(broker, counting(), { threads: 2 })
  await app.start()
  await until('both have tasks', () => new Set(app.tasks().map(({ thread }) => thread)).size === 2 && app.tasks().length === 4)
})

test('an instance that joins takes its share, with its state; nothing is lost or counted twice', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 4 })
  const words = Array.from({ length: 40 }, (_, n) => ({ key: `word ${n}`, value: 'v' }))
  await broker.produce(texts, words)
  const first = appOn(broker, counting())
  const restored: number[] = []
  await first.start()
  const second = appOn(broker, counting())
  second.on('rebalance', ({ restoredRecords }) => restored.push(restoredRecords))
  await second.start()
  await until('the tasks are shared', () => first.tasks().length === 2 && second.tasks().length === 2)
  await broker.produce(texts, words)
  await until('all is processed', () => processed('texts', 80, first, second))
  expect((await first.close()).clean).toBe(true)
  await until('the other has all', () => second.tasks().length === 4)
  await broker.produce(texts, words)
  await until('all is processed', () => processed('texts', 120, second))
  expect((await second.close()).clean).toBe(true)
  expect(Math.max(...restored)).toBeGreaterThan(0)
  expect(Object.values(await lastCounts(broker))).toEqual(Array.from({ length: 40 }, () => 3))
})

test('an instance that the group forgot drops its tasks, joins again, and goes on', async () => {
  const broker = freshBroker()
  const { cluster } = openMemoryBroker(broker.name, { clock: defaultClock, random: defaultRandom })
  await broker.produce(texts, { key: 'k', value: 'v' })
  const app = appOn(broker, counting(), { sessionTimeoutMs: 300 })
  const generations: number[] = []
  app.on('rebalance', ({ generation }) => generations.push(generation))
  await app.start()
  cluster.injectFault((api) => (api.key === HEARTBEAT.key ? { outcome: 'close-before' } : undefined))
  await until('it lost its tasks', () => app.state === 'REBALANCING' || generations.length > 1)
  cluster.injectFault(() => undefined)
  await until('it runs again', () => app.state === 'RUNNING' && generations.length > 1)
  await broker.produce(texts, { key: 'k', value: 'v' })
  await until('all is processed', () => processed('texts', 2, app))
  expect((await app.close()).clean).toBe(true)
  expect((await lastCounts(broker))['k']).toBe(2)
})

test('goes on with what a new leader has in place of records that were processed', async () => {
  const broker = freshBroker()
  const { cluster } = openMemoryBroker(broker.name, { clock: defaultClock, random: defaultRandom })
  broker.createTopic('texts', { partitions: 1 })
  for (const value of ['a', 'b', 'c', 'd']) await broker.produce(texts, { key: 'k', value })
  const seen: string[] = []
  const app = appOn(
    broker,
    built((builder) => builder.stream(texts).forEach((value) => void seen.push(value))),
  )
  await app.start()
  await until('all is processed', () => seen.length === 4)
  cluster.moveLeader('texts', 0, { loseFrom: 2 })
  for (const value of ['C', 'D', 'E']) await broker.produce(texts, { key: 'k', value })
  await until('all that is new is processed', () => seen.length === 7)
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'C', 'D', 'E'])
  expect((await app.close()).clean).toBe(true)
})

test('other topologies under one application id are refused by name', async () => {
  const broker = freshBroker()
  const first = appOn(broker, counting())
  await first.start()
  const other = appOn(
    broker,
    built((builder) => builder.stream(texts).groupByKey().count({ store: 'another' })),
  )
  const errors: string[] = []
  for (const app of [first, other]) app.on('error', ({ error }) => errors.push(error.code))
  await other.start().catch(() => undefined)
  await until('one of them says so', () => errors.includes('TOPOLOGY_MISMATCH'))
})
