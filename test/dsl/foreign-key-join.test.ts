import * as fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import { serdes, StreamsBuilder, type ForeignKeyOptions, type KTable } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, customers, orders, refused } from '../support/shop-topics.ts'
import { lastRows, lefts, out, pair, rights, sendRows, type Row } from '../support/two-tables.ts'

type Options = ForeignKeyOptions<string, string, string, string>

/** The foreign key of 'r1:x' is 'r1', of ':x' there is none. */
const foreignKey = (value: string): Row => (value.startsWith(':') ? null : value.slice(0, 2))
const options: Options = { foreignKey, name: 'fk', store: 'o', value: serdes.string }

const someKey = fc.constantFrom('r1', 'r2', 'r3')
const someLeft = fc.tuple(
  fc.constant(lefts),
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.option(fc.tuple(fc.option(someKey, { nil: '' }), fc.constantFrom('x', 'y')).map((parts) => parts.join(':'))),
)
const someRight = fc.tuple(fc.constant(rights), someKey, fc.option(fc.constantFrom('p', 'q'), { freq: 3 }))
const updates = fc.array(fc.oneof(someLeft, someRight), { maxLength: 30 })
const places = [1, 3, { lefts: 2, rights: 3 }, { lefts: 3, rights: 2 }]

test.each(places.flatMap((partitions) => [false, true].map((left) => ({ left, partitions }))))(
  'is at all times what the two tables are, in partitions $partitions, left: $left',
  ({ left, partitions }) =>
    fc.assert(
      fc.property(updates, fc.boolean(), (sent, parity) => {
        const builder = new StreamsBuilder()
        const [one, other] = [builder.table(lefts), builder.table(rights)]
        const joined = left ? one.leftJoin(other, pair, options) : one.join(other, pair, options)
        joined.toStream().to(out)
        using driver = new TopologyTestDriver(builder.build(parity ? { parity: 'kafka-streams' } : {}), { partitions })
        const rows = sendRows(driver, sent)
        const found = lastRows(driver)
        for (const key of ['a', 'b', 'c', 'd']) {
          const row = rows.left.get(key)
          const partner = rows.right.get(foreignKey(row ?? ':') ?? '') ?? null
          expect(found.get(key) ?? null).toBe(row !== undefined && (left || partner !== null) ? pair(row, partner) : null)
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 30) },
    ),
)

test('a table joined with itself, and the result regrouped, are what their rows are', () => {
  const builder = new StreamsBuilder()
  const people = builder.table(lefts)
  people
    .leftJoin(people, (one, boss) => `${one}>${boss}`, { foreignKey, value: serdes.string })
    .groupBy((text): [string, string] => [text.at(-1)!, text], { key: serdes.string, value: serdes.string })
    .count()
    .toStream()
    .mapValues(String, { value: serdes.string })
    .to(out)
  using driver = new TopologyTestDriver(builder.build(), { partitions: 3 })
  const sent = [
    ['r1', ':x'],
    ['r2', 'r1:y'],
    ['r3', 'r1:z'],
    ['r1', ':w'],
  ] as const
  for (const [key, value] of sent) driver.input(lefts).send({ key, value })
  const found = new Map(
    driver
      .output(out)
      .readAll()
      .map(({ key, value }) => [key, value]),
  )
  expect(Object.fromEntries(found)).toEqual({ l: '1', x: '0', w: '2' })
})

test('the topics follow their sides: the tables need no partitions in common (F12), and topics below count them both', () => {
  const topology = built((builder) =>
    builder
      .table(lefts)
      .join(builder.table(rights), pair, options)
      .groupBy((value, key) => [value, key], { key: serdes.string, value: serdes.string, name: 'g' })
      .count(),
  )
  expect(Object.fromEntries(topology.partitionCounts((name) => (name === 'lefts' ? 2 : 5)))).toEqual({
    lefts: 2,
    rights: 5,
    'fk-subscription-registration-topic': 5,
    'fk-subscription-response-topic': 2,
    'g-repartition': 5,
  })
})

test('partitioners find rows that Kafka’s default didn’t place; each must name one partition', () => {
  const placed = (partitioner: Options['otherPartitioner']): TopologyTestDriver => {
    const builder = new StreamsBuilder()
    const how = { ...options, partitioner: () => 1, ...(partitioner === undefined ? {} : { otherPartitioner: partitioner }) }
    builder.table(lefts).join(builder.table(rights), pair, how).toStream().to(out)
    const driver = new TopologyTestDriver(builder.build(), { partitions: 3 })
    driver.input(rights).send({ key: 'r1', value: 'p', partition: 2 })
    return driver
  }
  using driver = placed(() => [2])
  driver.input(lefts).send({ key: 'a', value: 'r1:x', partition: 1 })
  expect(driver.output(out).readAll()).toMatchObject([{ key: 'a', value: 'r1:x&p' }])
  using wrong = placed(() => [0, 1])
  expect(() => wrong.input(lefts).send({ key: 'a', value: 'r1:x', partition: 1 })).toThrow(
    expect.objectContaining({ code: 'PARTITION_INVALID' }),
  )
})

test('names are Kafka Streams’, generated ones too', () => {
  const topology = built((builder) => builder.table(lefts).join(builder.table(rights), pair, { foreignKey }))
  expect([...topology.nodes.keys()].slice(4)).toEqual([
    'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000007',
    'KTABLE-SINK-0000000008',
    'KTABLE-SOURCE-0000000009',
    'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-0000000011',
    'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-0000000012',
    'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-0000000013',
    'KTABLE-SINK-0000000015',
    'KTABLE-SOURCE-0000000016',
    'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-0000000017',
    'KTABLE-FK-JOIN-OUTPUT-0000000018',
  ])
  expect([...topology.stores.keys()].at(-1)).toBe('KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-0000000010')
  expect(topology.repartitionTopics.map(({ name }) => name)).toEqual([
    'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic',
    'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic',
  ])
})

test('it needs the serdes of what crosses topics, and of the rows it tells apart', () => {
  const codes = (make: (builder: StreamsBuilder) => unknown): string => refused(make).message
  const mapped = (builder: StreamsBuilder, name: typeof lefts): KTable<string, string, true> =>
    builder.table(name).mapValues((value) => value)
  expect(codes((builder) => mapped(builder, lefts).join(builder.table(rights), pair, options))).toContain(
    "serde of the left table's values",
  )
  expect(codes((builder) => builder.table(lefts).join(mapped(builder, rights), pair, options))).toContain(
    'response-topic needs a value serde',
  )
})

test('types: the foreign key is the other table’s key, and a result may go', () => {
  const builder = new StreamsBuilder()
  const names = builder.table(customers)
  const bought = builder.table(orders)
  const joined = bought.join(names, ({ cents }, { name }) => `${name} ${cents}`, { foreignKey: (order) => order.customer })
  expectTypeOf(joined).toEqualTypeOf<KTable<string, string, true>>()
  const left = bought.leftJoin(names, (order, customer) => customer?.name ?? order.customer, { foreignKey: (order) => order.customer })
  expectTypeOf(left).toEqualTypeOf<KTable<string, string, true>>()
  bought.leftJoin(
    names,
    // @ts-expect-error the partner may miss
    (order, customer) => customer.name,
    { foreignKey: (order) => order.customer },
  )
  // @ts-expect-error a key of another type
  bought.join(names, ({ cents }) => cents, { foreignKey: (order) => order.cents })
})
