import { expect, test } from 'vitest'
import { topologyHash } from '../../src/runtime/topology-hash.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

const hash = (make: Parameters<typeof built>[0]): number => topologyHash(built(make))

test('a step that changes no task, topic or store changes nothing; a store does', () => {
  const before = hash((builder) => builder.stream(texts).to(copies))
  expect(
    hash((builder) =>
      builder
        .stream(texts)
        .filter(() => true)
        .to(copies),
    ),
  ).toBe(before)
  expect(hash((builder) => builder.stream(copies).to(texts))).not.toBe(before)
  const counted = (name: string): number => hash((builder) => builder.stream(texts).groupByKey().count({ store: name }))
  expect(counted('a')).not.toBe(counted('b'))
})
