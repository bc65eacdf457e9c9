import { expect, test } from 'vitest'
import { serdes } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

test('offsets count from 0 in each partition, and headers and nulls arrive as they were sent', () => {
  const topology = built((builder) => builder.stream(texts).to(copies, { partitioner: (_value, key) => (key === 'b' ? 1 : 0) }))
  using driver = new TopologyTestDriver(topology, { partitions: 2 })
  const header = ['h', new Uint8Array([1])] as const
  driver.input(texts).send({ key: 'a', value: 'x', headers: [header] })
  driver.input(texts).send({ key: 'b', value: null })
  driver.input(texts).send({ key: 'a', value: '' })
  const found = driver.outputs()
  expect(found.map(({ partition, offset }) => [partition, offset])).toEqual([
    [0, 0],
    [1, 0],
    [0, 1],
  ])
  expect(found[0]!.headers).toHaveLength(1)
  expect(found.map(({ value }) => value?.length)).toEqual([1, undefined, 0])
  expect(serdes.string.deserialize(found[0]!.key!)).toBe('a')
})
