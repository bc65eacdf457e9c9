import { expect, test } from 'vitest'
import { serdes, type Topology } from '../../src/index.ts'
import { built, copies, counts, customers, orders, texts } from '../support/shop-topics.ts'

const external = (counted: Readonly<Record<string, number>>) => (name: string) => counted[name] ?? 1

test('a repartition topic has as many partitions as the largest topic its writers read', () => {
  const topology = built((builder) =>
    builder
      .stream([texts, copies])
      .groupBy((value) => value, { key: serdes.string, name: 'words' })
      .count()
      .toStream()
      .to(counts),
  )
  expect(Object.fromEntries(topology.partitionCounts(external({ texts: 3, copies: 5 })))).toEqual({
    texts: 3,
    copies: 5,
    'words-repartition': 5,
  })
})

test('chains of repartitions pass the count on, a fixed one stays', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .repartition({ name: 'first', partitions: 7, key: serdes.string, value: serdes.string })
      .selectKey((value) => value, { key: serdes.string })
      .repartition({ name: 'second', key: serdes.string, value: serdes.string })
      .to(copies),
  )
  expect(Object.fromEntries(topology.partitionCounts(external({ texts: 2 })))).toEqual({
    texts: 2,
    'first-repartition': 7,
    'second-repartition': 7,
  })
})

test('sub-topologies that feed each other count what they know of', () => {
  const topology = built((builder) => {
    const left = builder
      .stream(orders)
      .groupBy((order) => order.customer, { key: serdes.string, name: 'g' })
      .count()
    left.join(builder.table(customers), (count, { name }) => name.repeat(count), { name: 'fk', foreignKey: () => 'c' })
  })
  expect(Object.fromEntries(topology.partitionCounts(external({ orders: 4, customers: 2 })))).toEqual({
    orders: 4,
    customers: 2,
    'g-repartition': 4,
    'fk-subscription-registration-topic': 2,
    'fk-subscription-response-topic': 4,
  })
})

test('a repartition topic adopts the count of what it is joined with', () => {
  expect(Object.fromEntries(joined(true).partitionCounts(external({ orders: 2, customers: 6 })))).toMatchObject({
    'by-customer-repartition': 6,
  })
})

test('topics that are joined must agree, and the error says what to write', () => {
  expect(() => joined(false).partitionCounts(external({ orders: 2, customers: 6 }))).toThrow(
    "orders and customers can't be joined: they have different partition counts (orders → 2, customers → 6). Use .repartition({ partitions: 6 }) on the stream of orders before the join, or give the topics the same count.",
  )
})

function joined(rekeyed: boolean): Topology {
  return built((builder) => {
    const stream = builder.stream(orders)
    const keyed = rekeyed
      ? stream.selectKey((order) => order.customer, { key: serdes.string }).repartition({ name: 'by-customer' })
      : stream
    keyed.join(builder.table(customers), (order, customer) => `${order.cents} ${customer.name}`, {}).to(copies, { value: serdes.string })
  })
}
