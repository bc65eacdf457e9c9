import { expect, test } from 'vitest'
import { keyValueStore, serdes, session, sessionStore, tumbling, untilTimeLimit, versionedStore, windowStore } from '../../src/index.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

const byKey = keyValueStore('c', { key: serdes.string, value: serdes.long })
const byWindow = windowStore('w', { key: serdes.string, value: serdes.long, sizeMs: 1_000, retentionMs: 60_000 })
const bySession = sessionStore('v', { key: serdes.string, value: serdes.long, retentionMs: 60_000 })

test('one view over all partitions: keys are found wherever they are, scans are in order of keys and limited', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 3 })
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  await broker.produce(
    texts,
    keys.flatMap((key) => [0, 500, 1_500].map((timestamp) => ({ key, value: 'v', timestamp }))),
  )
  const app = appOn(
    broker,
    built((builder) => {
      const grouped = builder.stream(texts).groupByKey()
      grouped.count({ store: byKey }).toStream().to(counts)
      grouped.windowedBy(tumbling(1_000)).count({ store: byWindow })
      grouped.windowedBy(session(600).grace(10_000)).count({ store: bySession })
    }),
  )
  await app.start()
  await until('all is processed', () => app.lag().size === 3 && [...app.lag().values()].flat().every(({ lag }) => lag === 0))
  const store = app.store(byKey)
  expect(await store.get('d')).toBe(3)
  expect(await store.get('z')).toBeUndefined()
  expect((await store.entry('d'))?.timestamp).toBe(1_500)
  expect(store.approximateSize()).toBe(6)
  const rows: [string, number][] = []
  for await (const row of store.range({ from: 'b', limit: 3 })) rows.push(row)
  expect(rows.map(([key]) => key)).toEqual(['b', 'c', 'd'])
  const back: string[] = []
  for await (const [key] of store.range({ reverse: true, limit: 2 })) back.push(key)
  expect(back).toEqual(['f', 'e'])
  const windows = app.store(byWindow)
  expect(await windows.get('a', 0)).toBe(2)
  const fetched: [number, number][] = []
  for await (const row of windows.fetch('a', {})) fetched.push(row)
  expect(fetched).toEqual([
    [0, 2],
    [1_000, 1],
  ])
  const all: string[] = []
  for await (const [{ key, window }] of windows.fetchAll({ time: { from: 1_000 } })) all.push(`${key}@${window.start}`)
  expect(all).toEqual(keys.map((key) => `${key}@1000`))
  const sessions = app.store(bySession)
  expect(await sessions.get({ key: 'a', window: { start: 0, end: 500 } })).toBe(2)
  const found: string[] = []
  for await (const [{ key, window }] of sessions.fetch('c', { reverse: true })) found.push(`${key}@${window.start}-${window.end}`)
  for await (const [{ key, window }] of sessions.find({ earliestEnd: 1_000, limit: 2 })) found.push(`${key}@${window.start}-${window.end}`)
  expect(found).toEqual(['c@1500-1500', 'c@0-500', 'a@1500-1500', 'b@1500-1500'])
})

test('a versioned store is asked for now, for a time and for a span of time', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 3 })
  const store = versionedStore('v', { key: serdes.string, value: serdes.string, historyMs: 10_000 })
  const versions = [500, 1_500, 900].map((timestamp) => ({ key: 'a', value: `at ${timestamp}`, timestamp }))
  await broker.produce(texts, [...versions, { key: 'b', value: 'other', timestamp: 700 }])
  const app = appOn(
    broker,
    built((builder) => builder.table(texts, { store }).toStream().to(copies)),
  )
  await app.start()
  await until('all is processed', () => processed('texts', 4, app))
  const view = app.store(store)
  expect(await view.get('a')).toEqual({ value: 'at 1500', validFrom: 1_500, validTo: Infinity })
  expect(await view.get('a', 1_000)).toEqual({ value: 'at 900', validFrom: 900, validTo: 1_500 })
  expect(await view.get('a', 100)).toBeUndefined()
  const held: unknown[] = []
  for await (const { value } of view.history('a', { from: 600, to: 1_500 }, { limit: 2 })) held.push(value)
  expect(held).toEqual(['at 500', 'at 900'])
})

test('a buffer of suppress holds what is on its way, and can’t be read', async () => {
  const broker = freshBroker()
  broker.createTopic('texts')
  const app = appOn(
    broker,
    built((builder) => builder.table(texts, { store: 'rows' }).suppress(untilTimeLimit(1), { name: 'held' }).toStream().to(copies)),
  )
  await app.start()
  expect(() => app.store('held-store')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STORE' }))
})
