import { expect, test } from 'vitest'
import { keyValueStore, serdes } from '../../src/index.ts'
import { built, counts, texts } from '../support/shop-topics.ts'

test('is frozen data', () => {
  const topology = built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))
  expect(Object.isFrozen(topology)).toBe(true)
  expect([...topology.nodes.values()].every((node) => Object.isFrozen(node))).toBe(true)
  expect([...topology.stores.values()].every((store) => Object.isFrozen(store))).toBe(true)
})

test('finds a store’s name by its spec', () => {
  const spec = keyValueStore('seen', { key: serdes.string, value: serdes.long })
  const topology = built((builder) => builder.stream(texts).groupByKey().count({ store: spec }).toStream().to(counts))
  expect(topology.storeName(spec)).toBe('seen')
  expect(topology.storeName(keyValueStore('seen', { key: serdes.string, value: serdes.long }))).toBeUndefined()
})
