import * as fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import { serdes, StreamsBuilder, topic, tumbling, type KTable, type TableOptions, type Windowed } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, customers, refused, texts } from '../support/shop-topics.ts'
import { lastRows, lefts, out, pair, rights, sendRows, type Row } from '../support/two-tables.ts'

type Rows = KTable<string, string, true>
type Join = (left: Rows, right: Rows, options: TableOptions<string, string>) => Rows

const joins: Record<string, { readonly join: Join; readonly has: (left: Row, right: Row) => boolean }> = {
  join: { join: (left, right, options) => left.join(right, pair, options), has: (left, right) => left !== null && right !== null },
  leftJoin: { join: (left, right, options) => left.leftJoin(right, pair, options), has: (left) => left !== null },
  outerJoin: {
    join: (left, right, options) => left.outerJoin(right, pair, options),
    has: (left, right) => left !== null || right !== null,
  },
}

const updates = fc.array(
  fc.tuple(fc.constantFrom(lefts, rights), fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.option(fc.constantFrom('x', 'y'), { freq: 4 })),
  { maxLength: 30 },
)

test.each(Object.keys(joins).flatMap((name) => [1, 3].map((partitions) => ({ name, partitions }))))(
  '$name is at all times what the two tables are, in $partitions partitions',
  ({ name, partitions }) =>
    fc.assert(
      fc.property(updates, fc.boolean(), fc.boolean(), (sent, kept, parity) => {
        const { join, has } = joins[name]!
        const builder = new StreamsBuilder()
        const joined = join(builder.table(lefts), builder.table(rights), kept ? { store: 'o', value: serdes.string } : {})
        // Reads through the join, stored or not.
        joined
          .leftJoin(
            joined.mapValues((value) => value),
            (one, other) => (one === other ? one : pair(one, other)),
          )
          .toStream()
          .to(out)
        using driver = new TopologyTestDriver(builder.build(parity ? { parity: 'kafka-streams' } : {}), { partitions })
        const rows = sendRows(driver, sent)
        const found = lastRows(driver)
        for (const key of ['a', 'b', 'c', 'd', 'e']) {
          const [left, right] = [rows.left.get(key) ?? null, rows.right.get(key) ?? null]
          expect(found.get(key) ?? null).toBe(has(left, right) ? pair(left, right) : null)
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 40) },
    ),
)

test('the result is named first, its sides after it', () => {
  const names = (options: TableOptions<string, string>): string[] => {
    const topology = built((builder) => builder.table(lefts, { store: 'l' }).join(builder.table(rights, { store: 'r' }), pair, options))
    return [...[...topology.nodes.keys()].slice(4), ...[...topology.stores.keys()].slice(2)]
  }
  expect(names({})).toEqual(['KTABLE-JOINTHIS-0000000005', 'KTABLE-JOINOTHER-0000000006', 'KTABLE-MERGE-0000000004'])
  expect(names({ name: 'j', store: 'o', value: serdes.string })).toEqual(['j-join-this', 'j-join-other', 'j', 'o'])
  // A serde alone makes a store too, as Materialized.with does.
  expect(names({ value: serdes.string }).at(-1)).toBe('KTABLE-MERGE-STATE-STORE-0000000004')
})

test('tables of two builders, and a result whose serde nobody knows, are refused', () => {
  const other = new StreamsBuilder().table(rights)
  expect(() => new StreamsBuilder().table(lefts).join(other, pair)).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
  const error = refused((builder) => builder.table(lefts).join(builder.table(rights), pair, { store: 'o' }))
  expect(error.code).toBe('SERDE_MISSING')
})

test('tables with different partition counts can’t be joined', () => {
  const topology = built((builder) => builder.table(lefts).join(builder.table(rights), pair))
  expect(() => topology.partitionCounts((name) => (name === 'lefts' ? 2 : 3))).toThrow(expect.objectContaining({ code: 'COPARTITION' }))
})

test('types: a side is null where it may miss, the result where it may go', () => {
  const builder = new StreamsBuilder()
  const names = builder.table(customers)
  const counted = builder.stream(texts).groupByKey().count()
  const twice = builder.stream(copies).groupByKey().count()
  expectTypeOf(counted.join(twice, (a, b) => a + b)).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(counted.join(names, (n, { name }) => name.repeat(n))).toEqualTypeOf<KTable<string, string, true>>()
  const left = counted.leftJoin(names, (n, customer) => {
    expectTypeOf(customer).toEqualTypeOf<{ readonly name: string } | null>()
    return n
  })
  expectTypeOf(left).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(names.leftJoin(counted, ({ name }) => name)).toEqualTypeOf<KTable<string, string, true>>()
  expectTypeOf(counted.leftJoin(twice, (a, b) => (b === null ? null : a + b))).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(counted.outerJoin(twice, (a, b) => (a ?? 0) + (b ?? 0))).toEqualTypeOf<KTable<string, number>>()
  // @ts-expect-error the right side may miss
  counted.leftJoin(names, (n, { name }) => name.repeat(n))
  // @ts-expect-error keys of another type
  counted.join(builder.table(topic('n', { key: serdes.long, value: serdes.long })), (a, b) => a + b)
})

test.each([1, 3])('windowed tables meet window by window, in %i partitions', (partitions) => {
  const builder = new StreamsBuilder()
  const counted = (name: typeof lefts): KTable<Windowed<string>, number> =>
    builder.stream(name).groupByKey().windowedBy(tumbling(10)).count()
  counted(lefts)
    .outerJoin(counted(rights), (left, right) => `${left}&${right}`)
    .toStream()
    .map((text, { key, window }) => [`${key}@${window.start}`, text], { key: serdes.string, value: serdes.string })
    .to(out)
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  const send = (table: typeof lefts, key: string, timestamp: number): void => driver.input(table).send({ key, value: 'v', timestamp })
  send(lefts, 'a', 1)
  send(rights, 'a', 2)
  send(rights, 'b', 3)
  send(lefts, 'a', 4)
  send(rights, 'a', 11)
  const found = driver.output(out).readAll()
  expect(found.map(({ key, value }) => `${key}=${value}`)).toEqual(['a@0=1&null', 'a@0=1&1', 'b@0=null&1', 'a@0=2&1', 'a@10=null&1'])
})
