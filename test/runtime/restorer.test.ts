import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serdes, tumbling } from '../../src/index.ts'
import { built, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

test('key-value and window stores come back from their changelogs before anything is processed', async () => {
  const topology = () =>
    built((builder) => {
      const grouped = builder.stream(texts).groupByKey()
      grouped.count({ store: 'c' }).toStream().to(counts)
      grouped.windowedBy(tumbling(1_000)).count({ store: 'w' })
    })
  const broker = freshBroker()
  await broker.produce(
    texts,
    Array.from({ length: 30 }, (_, n) => ({ key: `k${n % 3}`, value: 'v', timestamp: n * 100 })),
  )
  const first = appOn(broker, topology())
  await first.start()
  await until('all is processed', () => [...first.lag().values()].flat().every(({ lag }) => lag === 0))
  await first.close()
  const second = appOn(broker, topology())
  const phases: string[] = []
  let restored = 0
  second.on('restore', ({ store, phase }) => phases.push(`${store} ${phase}`))
  second.on('rebalance', ({ restoredRecords }) => (restored += restoredRecords))
  await second.start()
  expect(new Set(phases)).toEqual(new Set(['c start', 'c end', 'w start', 'w end']))
  expect(restored).toBeGreaterThan(3)
  const store = second.store('c') as { get(key: string): unknown }
  expect(await store.get('k0')).toBe(10)
  const windows = second.store('w') as { fetch(key: string, time: object): AsyncIterable<[number, number]> }
  const found: [number, number][] = []
  for await (const row of windows.fetch('k1', {})) found.push(row)
  expect(found.length).toBeGreaterThan(0)
})

test('of a source topic that serves as changelog only what was processed comes back, though a batch goes on behind it', async () => {
  const broker = freshBroker()
  const topology = () =>
    built(
      (builder) =>
        builder
          .table(texts, { store: 't' })
          .groupBy((value): [string, string] => [value, value], { key: serdes.string, value: serdes.string })
          .count({ store: 'c' }),
      { optimize: true },
    )
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => ({ key: `k${from + n}`, value: 'v', timestamp: from + n }))
  await broker.produce(texts, rows(0, 3))
  const first = appOn(broker, topology())
  await first.start()
  await until('all is processed', () => processed('texts', 3, first))
  await first.close()
  await broker.produce(texts, rows(3, 8))
  const second = appOn(broker, topology())
  await second.start()
  // What was restored and is processed as well would take itself off its group before it is added.
  const store = second.store('c') as { get(key: string): unknown }
  await until('the new rows are counted', async () => (await store.get('v')) === 8)
})

test('everything comes back though the next chunks are fetched while those before are written', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
  try {
    const broker = freshBroker()
    broker.createTopic('texts', { partitions: 2 })
    const topology = built((builder) =>
      builder
        .stream(texts)
        .groupByKey()
        .reduce((_, value) => value, { store: 's' }),
    )
    // Each partition's changelog takes several fetches of a megabyte.
    const KEYS = 40_000
    const pad = 'x'.repeat(100)
    await broker.produce(
      texts,
      Array.from({ length: KEYS }, (_, n) => ({ key: `key ${n}`, value: `${pad}${n}`, timestamp: n })),
    )
    const first = appOn(broker, topology)
    await first.start()
    await until('all is processed', () => processed('texts', KEYS, first), 30_000)
    await first.close()
    const second = appOn(broker, topology, { engine: 'level', stateDir })
    let restored = 0
    second.on('rebalance', ({ restoredRecords }) => (restored += restoredRecords))
    await second.start()
    expect(restored).toBe(KEYS)
    const store = second.store('s') as { get(key: string): unknown }
    for (let n = 0; n < KEYS; n += 997) expect(await store.get(`key ${n}`)).toBe(`${pad}${n}`)
    expect(await store.get(`key ${KEYS - 1}`)).toBe(`${pad}${KEYS - 1}`)
    await second.close()
  } finally {
    rmSync(stateDir, { recursive: true })
  }
}, 60_000)
