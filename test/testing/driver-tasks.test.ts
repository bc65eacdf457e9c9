import { expect, test } from 'vitest'
import { serdes, topic } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, texts } from '../support/shop-topics.ts'

const out = topic('out', { key: serdes.string, value: serdes.string })

test('there is a task for each partition of each sub-topology, and keys meet in theirs', () => {
  const seen = new Set<string>()
  const topology = built((builder) =>
    builder
      .stream(texts)
      .selectKey((value) => value, { key: serdes.string })
      .repartition({ name: 'again', partitions: 5 })
      .peek((_value, key, record) => void seen.add(`${key} in ${record.partition}`))
      .to(out),
  )
  using driver = new TopologyTestDriver(topology, { partitions: 2 })
  for (let n = 0; n < 50; n++) driver.input(texts).send({ key: String(n), value: `word ${n % 10}` })
  expect(seen.size).toBe(10)
  expect(new Set([...seen].map((text) => text.at(-1))).size).toBeGreaterThan(2)
})

test('internal topics are emptied before send returns, along chains of them', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .repartition({ name: 'one', partitions: 3 })
      .selectKey((value) => value, { key: serdes.string })
      .repartition({ name: 'two', partitions: 2 })
      .to(out),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: 'v' })
  expect(driver.output(out).readAll()).toHaveLength(1)
})
