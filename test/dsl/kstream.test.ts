import { expect, expectTypeOf, test } from 'vitest'
import { otherwise, serdes, StreamRecord, StreamsBuilder, topic, type KStream } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { copies, customers, orders, texts, type Order } from '../support/shop-topics.ts'

const out = topic('out', { key: serdes.string, value: serdes.string })

/** What comes out of `make` for these values of one key, as `key=value@time`. */
function through(
  make: (stream: KStream<string, string>) => KStream<string, string>,
  values: readonly (string | null)[],
  partitions = 1,
): string[] {
  const builder = new StreamsBuilder()
  make(builder.stream(texts)).to(out)
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  for (const [timestamp, value] of values.entries()) driver.input(texts).send({ key: 'k', value, timestamp })
  return driver
    .output(out)
    .readAll()
    .map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`)
}

test.each([1, 3])('each stateless step does what its name says, in %i partitions', (partitions) => {
  const of = (make: (stream: KStream<string, string>) => KStream<string, string>, ...values: string[]): string[] =>
    through(make, values, partitions)
  expect(of((s) => s.filter((value) => value > 'a'), 'a', 'b')).toEqual(['k=b@1'])
  expect(of((s) => s.filterNot((value) => value > 'a'), 'a', 'b')).toEqual(['k=a@0'])
  expect(of((s) => s.map((value, key) => [value, key]), 'a')).toEqual(['a=k@0'])
  expect(of((s) => s.mapValues((value) => value + value), 'a')).toEqual(['k=aa@0'])
  expect(of((s) => s.flatMap((value) => [[value, '1'] as [string, string], [value, '2'] as [string, string]]), 'a')).toEqual([
    'a=1@0',
    'a=2@0',
  ])
  expect(of((s) => s.flatMapValues((value) => value.split('')), 'abc')).toEqual(['k=a@0', 'k=b@0', 'k=c@0'])
  expect(of((s) => s.selectKey((value) => value), 'a')).toEqual(['a=a@0'])
  expect(of((s) => s.merge(s.mapValues((value) => `${value}!`)), 'a')).toEqual(['k=a!@0', 'k=a@0'])
  expect(of((s) => s.repartition({ name: 'through' }), 'a', 'b')).toEqual(['k=a@0', 'k=b@1'])
})

test('peek sees each record and changes nothing', () => {
  const seen: string[] = []
  expect(through((s) => s.peek((value, key) => void seen.push(`${key}${value}`)), ['a', 'b'])).toEqual(['k=a@0', 'k=b@1'])
  expect(seen).toEqual(['ka', 'kb'])
})

test('forEach ends a stream', () => {
  const seen: string[] = []
  const builder = new StreamsBuilder()
  expectTypeOf(builder.stream(texts).forEach((value) => void seen.push(value))).toEqualTypeOf<void>()
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'k', value: 'a' })
  expect(seen).toEqual(['a'])
})

test('types go through every step', () => {
  const stream = new StreamsBuilder().stream(orders)
  type Paid = Order & { readonly paid: true }
  expectTypeOf(stream.filter((order): order is Paid => 'paid' in order)).toEqualTypeOf<KStream<string, Paid>>()
  expectTypeOf(stream.mapValues((order) => order.cents)).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.selectKey((order) => order.cents)).toEqualTypeOf<KStream<number, Order>>()
  expectTypeOf(stream.map((order, key) => [order.cents, key])).toEqualTypeOf<KStream<number, string>>()
  expectTypeOf(stream.flatMapValues(() => ['a'])).toEqualTypeOf<KStream<string, string>>()
  // @ts-expect-error a sink of another type
  stream.to(out)
})

test('a join with a table infers both sides, and in a left join the other may be missing', () => {
  const builder = new StreamsBuilder()
  const table = builder.table(customers)
  const stream = builder.stream(orders)
  expectTypeOf(stream.join(table, (order, customer) => `${order.cents} ${customer.name}`)).toEqualTypeOf<KStream<string, string>>()
  expectTypeOf(stream.leftJoin(table, (_order, customer) => customer?.name)).toEqualTypeOf<KStream<string, string | undefined>>()
  // @ts-expect-error the other side may be missing
  stream.leftJoin(table, (_order, customer) => customer.name)
})

test('a stream joins what the table holds when a record comes', () => {
  const builder = new StreamsBuilder()
  const table = builder.table(customers)
  const stream = builder.stream(orders)
  stream.join(table, (order, customer) => `${customer.name} ${order.cents}`, {}).to(out, { value: serdes.string })
  stream.leftJoin(table, (order, customer) => `${customer?.name ?? '?'} ${order.cents}`).to(copies, { value: serdes.string })
  using driver = new TopologyTestDriver(builder.build(), { partitions: 3 })
  const order = (cents: number): void => driver.input(orders).send({ key: 'ada', value: { customer: 'ada', cents } })
  order(1)
  driver.input(customers).send({ key: 'ada', value: { name: 'Ada' } })
  order(2)
  driver.input(customers).send({ key: 'ada', value: null })
  order(3)
  const values = (to: typeof out): unknown[] =>
    driver
      .output(to)
      .readAll()
      .map(({ value }) => value)
  expect(values(out)).toEqual(['Ada 2'])
  expect(values(copies)).toEqual(['? 1', 'Ada 2', '? 3'])
})

test('a processor forwards records of its own, with stores and punctuations', () => {
  const builder = new StreamsBuilder()
  builder
    .stream(texts)
    .process<string, string>(() => {
      let forward: (value: string) => void
      return {
        init: (context) => {
          forward = (value) => void context.forward(new StreamRecord('p', value, context.streamTime()))
          context.schedule({ every: 10, by: 'stream-time' }, (now) => void context.forward(new StreamRecord('tick', String(now), now)))
        },
        process: ({ value }) => forward(value.toUpperCase()),
      }
    })
    .to(out, { key: serdes.string, value: serdes.string })
  using driver = new TopologyTestDriver(builder.build())
  for (const timestamp of [0, 5, 12]) driver.input(texts).send({ key: 'k', value: 'v', timestamp })
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ key, value }) => `${key}=${value}`),
  ).toEqual(['p=V', 'tick=0', 'p=V', 'p=V', 'tick=12'])
})

test('a record goes to the first branch that takes it', () => {
  const builder = new StreamsBuilder()
  const { big, small, rest } = builder.stream(orders).split({
    big: (order) => order.cents > 100,
    small: (order) => order.cents > 10,
    rest: otherwise,
  })
  expectTypeOf(big).toEqualTypeOf<KStream<string, Order>>()
  for (const [stream, name] of [
    [big, 'big'],
    [small, 'small'],
    [rest, 'rest'],
  ] as const)
    stream.mapValues((order) => `${name} ${order.cents}`).to(out, { value: serdes.string })
  using driver = new TopologyTestDriver(builder.build())
  for (const cents of [500, 50, 5]) driver.input(orders).send({ key: 'k', value: { customer: 'c', cents } })
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['big 500', 'small 50', 'rest 5'])
})

test('the topic of a sink may be worked out for each record', () => {
  const builder = new StreamsBuilder()
  builder.stream(texts).to((value) => `to-${value}`, { key: serdes.string, value: serdes.string })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'k', value: 'a' })
  driver.input(texts).send({ key: 'k', value: 'b' })
  expect(driver.output({ ...texts, name: 'to-b' }).readAll()).toHaveLength(1)
})
