import { expect, test } from 'vitest'
import { serdes } from '../../../src/index.ts'
import { built, copies, counts, customers, orders, refused, texts } from '../../support/shop-topics.ts'

test('a table that nobody reads has no store, one that is joined or named has', () => {
  expect(built((builder) => builder.table(customers).toStream()).stores.size).toBe(0)
  expect(built((builder) => builder.table(customers, { store: 'people' }).toStream()).stores.size).toBe(1)
  expect(built((builder) => builder.stream(orders).join(builder.table(customers), () => '')).stores.size).toBe(1)
})

test('a store has a changelog after its name, unless it is switched off or its source serves', () => {
  const changelog = (topology: ReturnType<typeof built>): unknown => [...topology.stores.values()][0]!.changelog?.topic
  expect(changelog(built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' })))).toBe('c-changelog')
  const off = { kind: 'keyValue' as const, name: 'c', changelog: false as const, key: serdes.string, value: serdes.long }
  expect(changelog(built((builder) => builder.stream(texts).groupByKey().count({ store: off })))).toBeUndefined()
  const table: Parameters<typeof built>[0] = (builder) => builder.table(customers, { store: 'people' }).toStream()
  expect(changelog(built(table))).toBe('people-changelog')
  expect(changelog(built(table, { optimize: ['reuse.ktable.source.topics'] }))).toBe('customers')
})

test('a store without a serde says which options to give', () => {
  const error = refused((builder) =>
    builder
      .stream(texts)
      .groupByKey()
      .aggregate(
        () => new Map<string, number>(),
        (sum) => sum,
        { store: 'sums' },
      ),
  )
  expect(error).toMatchObject({ code: 'SERDE_MISSING', message: expect.stringContaining("{ store: 'sums', value: serdes.string }") })
})

test('a store that is read by its source’s key is known to be', () => {
  const topology = built((builder) => {
    builder.stream(texts).groupByKey().count({ store: 'direct' }).toStream().to(counts)
    builder.stream(copies).process(() => ({ process: () => undefined }), { stores: [] })
  })
  expect(topology.stores.get('direct')!.readBySourceKey).toBe(true)
})
