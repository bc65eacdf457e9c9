import { expect, test } from 'vitest'
import { serdes, type Topology } from '../../../src/index.ts'
import { built, copies, counts, customers, texts } from '../../support/shop-topics.ts'

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

test('a filter takes them from a store that an earlier step made, not from one that a later step makes', () => {
  const filtered = (joinFirst: boolean): boolean => {
    const topology = built((builder) => {
      const table = builder.table(texts)
      const join = (): unknown => builder.stream(copies).join(table, (copy, text) => copy + text)
      if (joinFirst) join()
      table.filter((text) => text !== '', { name: 'kept' }).toStream()
      if (!joinFirst) join()
    })
    expect(topology.stores.size).toBe(1)
    return senders(topology).includes('kept')
  }
  expect(filtered(true)).toBe(true)
  expect(filtered(false)).toBe(false)
})

test('whoever wants them of a join makes both its tables have them', () => {
  const topology = built((builder) => {
    const left = builder.table(texts).mapValues((text) => text)
    const joined = left.join(builder.table(copies), (text, copy) => text + copy)
    joined.filter((text) => text !== '', { name: 'kept' }).toStream()
  })
  expect(topology.stores.size).toBe(2)
  expect(senders(topology)).toHaveLength(7)
})
