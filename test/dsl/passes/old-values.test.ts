import { expect, test } from 'vitest'
import { serdes, type Topology } from '../../../src/index.ts'
import { built, copies, counts, customers } from '../../support/shop-topics.ts'

const senders = (topology: Topology): string[] =>
  [...topology.nodes.values()].flatMap((node) => (node.kind === 'processor' && node.sendsOldValues ? [node.name] : []))

test('nobody sends old values when nobody asks', () => {
  const topology = built((builder) => {
    builder
      .table(customers)
      .mapValues(({ name }) => name, { value: serdes.string })
      .toStream()
      .filter((name) => name !== null)
      .to(copies)
  })
  expect(senders(topology)).toEqual([])
  expect(topology.stores.size).toBe(0)
})

test('a filter sends on the old values that an aggregate above it has anyway', () => {
  const topology = built((builder) =>
    builder
      .stream(copies)
      .groupByKey()
      .count({ store: 'c' })
      .filter((count) => count > 1)
      .toStream()
      .to(counts),
  )
  expect(senders(topology).some((name) => name.startsWith('KSTREAM-AGGREGATE'))).toBe(true)
})
