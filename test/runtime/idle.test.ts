import { expect, test } from 'vitest'
import { joinWindow, serdes, topic, tumbling, untilWindowCloses, type MemoryBroker, type Topology } from '../../src/index.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

const final = topic('final', { key: serdes.string, value: serdes.string })
const strings = { key: serdes.string, value: serdes.string }

/** Everything that waits for time: windows that close, results held back, records that meet nothing. */
const waiting = (idle: number): Topology =>
  built((builder) => {
    const left = builder.stream(texts)
    const windows = left.groupByKey().windowedBy(tumbling(10))
    windows
      .count({ store: 'closing', emit: 'on-window-close', idle })
      .toStream()
      .map((count, { key, window }) => [key, `closed ${key}@${window.start}=${count}`], strings)
      .to(final)
    windows
      .count({ store: 'counted' })
      .suppress(untilWindowCloses({ idle }), { name: 'held' })
      .toStream()
      .map((count, { key, window }) => [key, `suppressed ${key}@${window.start}=${count}`], strings)
      .to(final)
    const joined = (one: string, other: string | null): string => `joined ${one}&${other}`
    left.leftJoin(builder.stream(copies), joined, { within: joinWindow(10), idle, value: serdes.string }).to(final)
  })

async function told(broker: MemoryBroker): Promise<string[]> {
  const values: string[] = []
  for await (const { value } of broker.read(final)) values.push(value ?? 'null')
  return values.toSorted()
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('what waits when an application stops is told once after a restart, although nothing more comes', async () => {
  const broker = freshBroker()
  broker.createTopic('copies', { partitions: 1 })
  await broker.produce(texts, [
    { key: 'a', value: 'v', timestamp: 1 },
    { key: 'a', value: 'w', timestamp: 9 },
  ])
  await broker.produce(copies, { key: 'a', value: 'c', timestamp: 2 })
  const before = appOn(broker, waiting(60_000))
  await before.start()
  await until('all is processed', () => processed('texts', 2, before) && processed('copies', 1, before))
  expect(await before.close()).toEqual({ clean: true })
  const early = ['joined v&c', 'joined w&c']
  expect(await told(broker)).toEqual(early)

  const after = appOn(broker, waiting(300))
  await after.start()
  const all = ['closed a@0=2', ...early, 'suppressed a@0=2']
  await until('the rest is told', async () => (await told(broker)).length >= all.length)
  expect(await told(broker)).toEqual(all)
  expect(await after.close()).toEqual({ clean: true })

  const again = appOn(broker, waiting(300))
  await again.start()
  await pause(1_500)
  expect(await told(broker)).toEqual(all)
  // Time is past all that it could belong to.
  await broker.produce(texts, { key: 'a', value: 'x', timestamp: 8 })
  await until('it is processed', () => processed('texts', 3, again))
  await until('it came alone', async () => (await told(broker)).includes('joined x&null'))
  await pause(1_500)
  expect(await told(broker)).toEqual([...all, 'joined x&null'].toSorted())
  expect(await again.close()).toEqual({ clean: true })
})

test('nothing is told while there are records that the task has not had', async () => {
  const broker = freshBroker()
  broker.createTopic('copies', { partitions: 1 })
  await broker.produce(texts, { key: 'a', value: 'v', timestamp: 1 })
  const app = appOn(broker, waiting(200))
  await app.start()
  await until('it is processed', () => processed('texts', 1, app))
  app.pause()
  await broker.produce(texts, { key: 'a', value: 'w', timestamp: 2 })
  await pause(1_000)
  expect(await told(broker)).toEqual([])
  app.resume()
  await until('both are told', async () => (await told(broker)).length === 4)
  expect(await told(broker)).toEqual(['closed a@0=2', 'joined v&null', 'joined w&null', 'suppressed a@0=2'])
})
