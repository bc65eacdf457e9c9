import * as fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import { serdes, StreamsBuilder, topic, type KGroupedTable, type KTable } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, counts, customers, refused } from '../support/shop-topics.ts'

/** Accounts: whose they are and what is on them. */
type Account = readonly [owner: string, cents: number]

const accounts = topic('accounts', { key: serdes.string, value: serdes.json<Account>() })
const byOwner = { key: serdes.string, value: serdes.long, name: 'by-owner' } as const
const sums = topic('sums', { key: serdes.string, value: serdes.long })

/** What groups of rows are: all rows, group by group. */
function naive(rows: ReadonlyMap<string, Account>, owner: string): { readonly sum: number; readonly count: number } {
  const own = [...rows.values()].filter(([of]) => of === owner)
  return { sum: own.reduce((sum, [, cents]) => sum + cents, 0), count: own.length }
}

const owner = fc.constantFrom('ada', 'kurt', 'emmy')
const updates = fc.array(fc.tuple(fc.constantFrom('a1', 'a2', 'a3', 'a4', 'a5'), fc.option(fc.tuple(owner, fc.nat(99)))), {
  maxLength: 30,
})

test.each([1, 3])('a group is what its rows are now, whatever they were, in %i partitions', (partitions) =>
  fc.assert(
    fc.property(updates, fc.boolean(), (sent, parity) => {
      const builder = new StreamsBuilder()
      const grouped = builder.table(accounts).groupBy((account) => account, byOwner)
      grouped.count({ store: 'counts' }).toStream().to(counts)
      const add = (a: number, b: number): number => a + b
      grouped
        .reduce(add, (a, b) => a - b, { store: 'sums' })
        .toStream()
        .to(sums)
      using driver = new TopologyTestDriver(builder.build(parity ? { parity: 'kafka-streams' } : {}), { partitions })
      const rows = new Map<string, Account>()
      for (const [key, value] of sent) {
        driver.input(accounts).send({ key, value })
        if (value === null) rows.delete(key)
        else rows.set(key, value)
      }
      const last = (to: typeof sums): Map<string | null, number | null> =>
        new Map(
          driver
            .output(to)
            .readAll()
            .map(({ key, value }) => [key, value]),
        )
      const [found, counted] = [last(sums), last(counts)]
      for (const who of ['ada', 'kurt', 'emmy']) {
        const { sum, count } = naive(rows, who)
        expect([found.get(who) ?? 0, counted.get(who) ?? 0]).toEqual([sum, count])
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 50) },
  ),
)

test('a row that stays in its group is one update there; one that moves is two', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.table(accounts).groupBy((account) => account, byOwner)
  const total = grouped.aggregate(
    () => 0,
    (sum, cents) => sum + cents,
    (sum, cents) => sum - cents,
    { value: serdes.long },
  )
  total.toStream().to(sums)
  using driver = new TopologyTestDriver(builder.build())
  driver.input(accounts).send({ key: 'a', value: ['ada', 5] })
  driver.input(accounts).send({ key: 'a', value: ['ada', 7] })
  driver.input(accounts).send({ key: 'a', value: ['kurt', 7] })
  const found = driver.output(sums).readAll()
  expect(found.map(({ key, value }) => `${key}=${value}`)).toEqual(['ada=5', 'ada=7', 'ada=0', 'kurt=7'])
})

test('steps of a named grouping share its topic, those of an unnamed one have their own', () => {
  const shared = built((builder) => {
    const grouped = builder.table(accounts).groupBy((account) => account, byOwner)
    grouped.count({ store: 'counts' })
    grouped.count({ store: 'again', name: 'named' })
  })
  expect(shared.repartitionTopics.map((repartition) => repartition.name)).toEqual(['by-owner-repartition'])
  const unnamed = built((builder) => {
    const grouped = builder.table(accounts).groupBy((account) => account, { key: serdes.string, value: serdes.long })
    grouped.count({ store: 'counts' })
    grouped.count({ store: 'again', name: 'named' })
  })
  expect(unnamed.repartitionTopics.map((repartition) => repartition.name)).toEqual(['counts-repartition', 'again-repartition'])
  expect([...unnamed.nodes.keys()].filter((node) => node.startsWith('named'))).toEqual(['named-sink', 'named-source', 'named'])
})

test('a grouping needs the serdes of what it groups', () => {
  const error = refused((builder) =>
    builder
      .table(accounts)
      .groupBy((account) => account)
      .count({ store: 'counts' }),
  )
  expect(error.code).toBe('SERDE_MISSING')
})

test('the optimisation leaves its topics where they are', () => {
  const make = (optimize: boolean): string =>
    built(
      (builder) => {
        const grouped = builder.table(accounts).groupBy((account) => account, { key: serdes.string, value: serdes.long })
        grouped.count({ store: 'counts' })
        grouped.count({ store: 'again' })
      },
      { optimize: optimize ? ['merge.repartition.topics'] : [] },
    ).describe()
  expect(make(true)).toBe(make(false))
})

test('types of groups and folds', () => {
  const grouped = new StreamsBuilder().table(customers).groupBy(({ name }, id) => [name.length, id])
  expectTypeOf(grouped).toEqualTypeOf<KGroupedTable<number, string>>()
  expectTypeOf(grouped.count()).toEqualTypeOf<KTable<number, number>>()
  const join = (a: string, b: string): string => a + b
  expectTypeOf(grouped.reduce(join, join)).toEqualTypeOf<KTable<number, string>>()
  expectTypeOf(grouped.reduce(join, () => null)).toEqualTypeOf<KTable<number, string, true>>()
  const ids = grouped.aggregate(
    () => 0,
    (n) => n + 1,
    (n) => (n === 1 ? null : n - 1),
    { value: serdes.long },
  )
  expectTypeOf(ids).toEqualTypeOf<KTable<number, number, true>>()
  const nullable = new StreamsBuilder().table(customers).groupBy(({ name }): [string | null, number | null] => [name, null])
  expectTypeOf(nullable).toEqualTypeOf<KGroupedTable<string, number>>()
  // @ts-expect-error a group and a value
  new StreamsBuilder().table(customers).groupBy(({ name }) => name)
})
