import { expect, test } from 'vitest'
import { keyValueStore, serdes } from '../../src/index.ts'
import { built, copies, counts, customers, orders, texts } from '../support/shop-topics.ts'

test('parts that only a topic connects are sub-topologies of their own, numbered by their first node', () => {
  const topology = built((builder) => {
    builder.stream(texts).to(copies)
    builder
      .stream(orders)
      .groupBy((order) => order.customer, { key: serdes.string, name: 'by-customer' })
      .count({ store: 'per-customer' })
      .toStream()
      .to(counts)
  })
  expect(topology.subtopologies.map(({ id, sourceTopics, stores }) => [id, sourceTopics, stores.map(({ name }) => name)])).toEqual([
    [0, ['texts'], []],
    [1, ['orders'], []],
    [2, ['by-customer-repartition'], ['per-customer']],
  ])
})

test('a store that two steps use keeps them together', () => {
  const seen = keyValueStore('seen', { key: serdes.string, value: serdes.long })
  const processor = () => ({ process: () => undefined })
  const topology = built((builder) => {
    builder.stream(texts).process(processor, { stores: [seen] })
    builder.stream(copies).process(processor, { stores: [seen] })
  })
  expect(topology.subtopologies).toHaveLength(1)
  expect(topology.subtopologies[0]!.sourceTopics).toEqual(['texts', 'copies'])
})

test('what a join reads must have equal partition counts', () => {
  const topology = built((builder) => builder.stream(orders).join(builder.table(customers), () => ''))
  expect(topology.subtopologies.flatMap(({ copartitionGroups }) => copartitionGroups.map((group) => [...group].sort()))).toEqual([
    ['customers', 'orders'],
  ])
})
