import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { serdes, StreamsBuilder, topic, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const others = topic('others', { key: serdes.string, value: serdes.string })

test('steps follow from each other, and reasons from what they read', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .groupBy((value) => value, { key: serdes.string, name: 'words' })
      .count({ store: 'c' })
      .toStream()
      .to(counts),
  )
  using driver = new TopologyTestDriver(topology, { partitions: 2 })
  driver.input(texts).send({ key: 'k1', value: 'a', timestamp: 1 })
  driver.input(texts).send({ key: 'k2', value: 'b', timestamp: 2 })
  driver.input(texts).send({ key: 'k3', value: 'a', timestamp: 3 })
  const explained = driver.explain(driver.output(counts).readAll().at(-1)!)
  expect(explained.trigger).toBe('record')
  expect(explained.input).toMatchObject({ topic: 'test-words-repartition', key: 'a', value: 'a', timestamp: 3 })
  const [count, toStream] = explained.steps
  expect(explained.steps).toHaveLength(2)
  expect(count).toEqual({
    node: 'KSTREAM-AGGREGATE-0000000002',
    in: { key: 'a', value: 'a', timestamp: 3 },
    out: { key: 'a', value: { value: 2, old: null, latest: true }, timestamp: 3 },
    reads: [{ store: 'c', key: 'a', value: 1 }],
    writes: [{ store: 'c', key: 'a', value: 2 }],
  })
  expect(toStream!.in).toEqual(count!.out)
  const [repartitioned, row] = explained.because
  expect(repartitioned).toMatchObject({ record: explained.input, input: { topic: 'texts', key: 'k3' }, because: [] })
  expect(row).toMatchObject({ row: { store: 'c', key: 'a', value: 1 }, steps: [{ out: undefined, writes: [{ value: 1 }] }] })
  // Asked again it is the same answer.
  expect(explained.because).toBe(explained.because)
  expect(explained.inputs.map(({ key }) => key)).toEqual(['k1', 'k3'])
})

test('a long history is gone back in without ado', () => {
  const topology = built((builder) => builder.stream(texts).groupByKey().count().toStream().to(counts))
  using driver = new TopologyTestDriver(topology)
  for (let n = 0; n < 3000; n++) driver.input(texts).send({ key: 'a', value: 'x' })
  const explained = driver.explain(driver.output(counts).readAll().at(-1)!)
  expect(explained.inputs).toHaveLength(3000)
  expect(explained.toString()).toContain('goes back to 2993 inputs')
})

const topologies: Readonly<Record<string, (builder: StreamsBuilder) => void>> = {
  'counts by another key': (builder) =>
    builder
      .stream(texts)
      .groupBy((value) => value, { key: serdes.string })
      .count()
      .toStream()
      .to(counts),
  reduce: (builder) =>
    builder
      .stream(texts)
      .groupByKey()
      .reduce((a, b) => a + b)
      .toStream()
      .to(copies),
  'a stream with a table': (builder) =>
    builder
      .stream(texts)
      .leftJoin(builder.table(others), (text, other) => `${text} ${other}`)
      .to(copies),
  'two tables': (builder) =>
    builder
      .table(texts)
      .outerJoin(builder.table(others), (left, right) => `${left} ${right}`)
      .toStream()
      .to(copies),
  'tables by another key': (builder) =>
    builder
      .table(texts)
      .leftJoin(builder.table(others), (left, right) => `${left} ${right}`, { foreignKey: (value) => value })
      .toStream()
      .to(copies),
  'a table grouped anew': (builder) =>
    builder
      .table(texts)
      .groupBy((value, key) => [value, key], { key: serdes.string, value: serdes.string })
      .count()
      .toStream()
      .to(counts),
  'a table that is filtered': (builder) =>
    builder
      .table(texts)
      .filter((value) => value !== 'a')
      .mapValues((value) => `${value}!`)
      .toStream()
      .to(copies),
}

const send = fc.record({
  to: fc.constantFrom(texts, others),
  key: fc.constantFrom('a', 'b', 'c'),
  value: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c') }, { weight: 1, arbitrary: fc.constant(null) }),
})

test.each(Object.keys(topologies))('%s: the inputs of a record are enough to make it come out', (name) => {
  const topology = built((builder) => topologies[name]!(builder))
  fc.assert(
    fc.property(fc.array(send, { minLength: 1, maxLength: 12 }), fc.nat(), (sent, which) => {
      using driver = new TopologyTestDriver(topology)
      for (const [timestamp, { to, ...record }] of sent.entries()) sendTo(driver, to, { ...record, timestamp })
      const all = driver.outputs()
      const record = all[which % Math.max(1, all.length)]
      if (record === undefined) return
      const explained = driver.explain(record)
      const came = again(topology, explained.inputs)
      const { key, value, timestamp } = record
      expect(came).toContainEqual({ key, value, timestamp })
    }),
    { numRuns: 40 },
  )
})

function again(topology: Topology, inputs: readonly { topic: string; key: unknown; value: unknown; timestamp: number }[]): unknown[] {
  using driver = new TopologyTestDriver(topology)
  for (const { topic: name, key, value, timestamp } of inputs) {
    const text = (side: unknown): string | null => (typeof side === 'string' ? side : null)
    sendTo(driver, name === texts.name ? texts : others, { key: text(key)!, value: text(value), timestamp })
  }
  return driver.outputs().map(({ key, value, timestamp }) => ({ key, value, timestamp }))
}

function sendTo(driver: TopologyTestDriver, to: typeof texts, record: { key: string; value: string | null; timestamp: number }): void {
  try {
    driver.input(to).send(record)
  } catch (error) {
    // Some topologies don't read the other topic.
    if (!String(error).includes('no source reads')) throw error
  }
}
