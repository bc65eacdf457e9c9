import { expect, expectTypeOf, test } from 'vitest'
import { hopping, minutes, seconds, serdes, StreamsBuilder, topic, tumbling, type KTable, type Windowed } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { counts, orders, refused, texts } from '../support/shop-topics.ts'

const sums = topic('sums', { key: serdes.string, value: serdes.long })

test.each([1, 3])('counts, sums and folds by key, in %i partitions', (partitions) => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(orders).groupBy((order) => order.customer, { key: serdes.string, name: 'by-customer' })
  grouped.count({ store: 'counted' }).toStream().to(counts)
  grouped
    .aggregate(
      () => 0,
      (sum, order) => sum + order.cents,
      { store: 'summed', value: serdes.long },
    )
    .toStream()
    .to(sums)
  grouped.reduce((sum, order) => ({ ...order, cents: Math.max(sum.cents, order.cents) }), { store: 'greatest' })
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  for (const [n, customer] of ['ada', 'kurt', 'ada', 'emmy', 'ada'].entries())
    driver.input(orders).send({ key: String(n), value: { customer, cents: n + 1 }, timestamp: n })
  const last = (name: typeof counts): Record<string, number | null> =>
    Object.fromEntries(
      driver
        .output(name)
        .readAll()
        .map(({ key, value }) => [key, value]),
    )
  expect(last(counts)).toEqual({ ada: 3, kurt: 1, emmy: 1 })
  expect(last(sums)).toEqual({ ada: 9, kurt: 2, emmy: 4 })
})

test('windows count what falls into them; what comes after the grace is dropped', () => {
  const builder = new StreamsBuilder()
  builder
    .stream(texts)
    .groupByKey()
    .windowedBy(tumbling(seconds(10)).grace(seconds(5)))
    .count({ store: 'windows' })
    .toStream()
    .map((count, { key, window }) => [`${key}@${window.start}`, count])
    .to(counts, { key: serdes.string, value: serdes.long })
  using driver = new TopologyTestDriver(builder.build())
  for (const timestamp of [0, 9_999, 10_000, 14_000, 5_000, 16_000, 1_000]) driver.input(texts).send({ key: 'k', value: 'v', timestamp })
  expect(
    driver
      .output(counts)
      .readAll()
      .map(({ key, value }) => `${key}=${value}`),
  ).toEqual(['k@0=1', 'k@0=2', 'k@10000=1', 'k@10000=2', 'k@0=3', 'k@10000=3'])
})

test('an event falls into each hopping window over it', () => {
  const builder = new StreamsBuilder()
  builder
    .stream(texts)
    .groupByKey()
    .windowedBy(hopping(seconds(10), { advance: seconds(5) }))
    .count({ store: 'windows' })
    .toStream()
    .map((count, { window }) => [`${window.start}-${window.end}`, count])
    .to(counts, { key: serdes.string, value: serdes.long })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'k', value: 'v', timestamp: 12_000 })
  expect(
    driver
      .output(counts)
      .readAll()
      .map(({ key }) => key),
  ).toEqual(['5000-15000', '10000-20000'])
})

test('types of windows and folds', () => {
  const grouped = new StreamsBuilder().stream(texts).groupByKey()
  expectTypeOf(grouped.windowedBy(tumbling(minutes(1))).count()).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(
    grouped.aggregate(
      () => ({ n: 0 }),
      (sum) => ({ n: sum.n + 1 }),
      { value: serdes.json() },
    ),
  ).toEqualTypeOf<KTable<string, { n: number }>>()
  const fold = (): string => 'a'
  // @ts-expect-error another type than the initial one
  grouped.aggregate(() => 0, fold, { value: serdes.long })
})

test('a store whose retention is shorter than its windows is refused with what it needs', () => {
  const store = { kind: 'window' as const, name: 'w', sizeMs: 1_000, retentionMs: 500 }
  const error = refused((builder) => builder.stream(texts).groupByKey().windowedBy(tumbling(1_000)).count({ store }))
  expect(error.code).toBe('WINDOW_RETENTION')
  expect(error.message).toContain('1000')
})
