import { expect, test } from 'vitest'
import { serdes, StreamsBuilder, topic, type ProcessorContext } from '../../src/index.ts'
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

test('of what waits in several internal topics the record with the lowest time is next', () => {
  const topology = built((builder) => {
    const again = (name: string, ms: number): void =>
      builder
        .stream(texts)
        .process<string, string>(() => {
          let context: ProcessorContext<string, string>
          return {
            init: (given) => {
              context = given
            },
            process: (record) => context.forward(record.withValue(name).withTimestamp(record.timestamp + ms)),
          }
        })
        .repartition({ name, key: serdes.string, value: serdes.string })
        .to(out)
    again('late', 9)
    again('early', 3)
    again('soon', 6)
  })
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: 'v', timestamp: 1 })
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['early', 'soon', 'late'])
})

test('in parity mode one stream time punctuates all sub-topologies, else each has its own', () => {
  const times = (['kafka-streams', undefined] as const).map((parity) => {
    const seen: number[] = []
    const builder = new StreamsBuilder()
    builder
      .stream(texts)
      .filter(() => false)
      .repartition({ name: 'again' })
      .process<string, string>(() => ({
        init: (context) => void context.schedule({ every: 10, by: 'stream-time' }, (time) => void seen.push(time)),
        process: () => {},
      }))
      .to(out)
    using driver = new TopologyTestDriver(builder.build(parity === undefined ? {} : { parity }))
    for (const timestamp of [3, 11]) driver.input(texts).send({ key: 'k', value: 'v', timestamp })
    return seen
  })
  expect(times).toEqual([[3, 11], []])
})

test('in parity mode everything has one partition, as in Kafka Streams’ driver, unless a test asks for more', () => {
  const partitions = ([{ parity: 'kafka-streams' }, {}] as const).map((options) => {
    const seen = new Set<number>()
    const builder = new StreamsBuilder()
    builder
      .stream(texts)
      .repartition({ name: 'again', partitions: 5 })
      .peek((_value, _key, record) => void seen.add(record.partition))
      .to(out)
    using driver = new TopologyTestDriver(builder.build(options))
    for (let n = 0; n < 20; n++) driver.input(texts).send({ key: String(n), value: 'v' })
    return seen.size
  })
  expect(partitions).toEqual([1, 5])
})
