import { expect, expectTypeOf, test } from 'vitest'
import { StreamRecord } from '../../src/index.ts'
import { TopologyTestDriver, type Explanation } from '../../src/testing.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const counting = () => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

test('a record is explained by what its output has read, typed as that, also after going back', () => {
  using driver = new TopologyTestDriver(counting())
  const output = driver.output(counts)
  const before = driver.snapshot()
  for (const value of ['x', 'y']) driver.input(texts).send({ key: 'a', value, timestamp: 3 })
  const [, second] = output.readAll()
  driver.restore(before)
  driver.input(texts).send({ key: 'b', value: 'z' })
  const explained = driver.explain(second!)
  expectTypeOf(explained).toEqualTypeOf<Explanation<string | null, number | null>>()
  expect(explained.record).toEqual({ topic: 'counts', partition: 0, offset: 1, key: 'a', value: 2, timestamp: 3 })
  expect(explained.inputs.map(({ value }) => value)).toEqual(['x', 'y'])
  // It looked at a run of its own.
  expect(
    driver
      .output(counts)
      .readAll()
      .map(({ key }) => key),
  ).toEqual(['b'])
})

test('records as bytes are explained too: outputs, repartitions and changelogs', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .selectKey((value) => value, { key: texts.key })
      .groupByKey()
      .count({ store: 'c', emit: 'on-commit' })
      .toStream()
      .to(counts),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'a', value: 'x' })
  const [out] = driver.outputs()
  expect(driver.explain(out!)).toMatchObject({ trigger: 'commit', because: [{ row: { store: 'c', value: 1 }, trigger: 'record' }] })
  const all = driver.internal().map((record) => driver.explain(record))
  expect(all.map(({ trigger, input }) => [trigger, input?.topic])).toEqual([
    ['record', 'texts'],
    ['commit', 'test-c-repartition'],
  ])
  expect(all.map(({ inputs }) => inputs.length)).toEqual([1, 1])
})

test('a source that writes to a topic as it reads is explained by its record', () => {
  const topology = built((builder) => builder.stream(texts).to(copies))
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'a', value: 'x' })
  const explained = driver.explain(driver.output(copies).read()!)
  expect(explained).toMatchObject({ trigger: 'record', input: { topic: 'texts', offset: 0, key: 'a', value: 'x' }, steps: [], because: [] })
})

test('asynchronous topologies are explained by explainAsync', async () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .process<string, string>(() => {
        let forward: (value: string) => unknown = () => undefined
        return {
          init: (context) => {
            forward = (value) => context.forward(untouched(value))
          },
          process: async (record) => {
            await Promise.resolve()
            await forward(record.value)
          },
        }
      })
      .to(copies, { key: texts.key, value: texts.value }),
  )
  using driver = new TopologyTestDriver(topology)
  for (const value of ['x', 'y']) driver.input(texts).send({ key: 'a', value })
  await driver.settled()
  const [, second] = driver.output(copies).readAll()
  expect(() => driver.explain(second!)).toThrow('write `await driver.explainAsync(record)`')
  const explained = await driver.explainAsync(second!)
  expect(explained.steps).toMatchObject([{ in: { value: 'y' }, out: { key: 'copy', value: 'y' } }])
})

test('what no output has read, or was behind what is kept, can’t be explained', () => {
  using driver = new TopologyTestDriver(counting(), { historyBytes: 100 })
  expect(() => driver.explain({ key: 'a', value: 1, timestamp: 0, headers: [] })).toThrow('only a record can be explained that an output')
  for (let i = 0; i < 3; i++) driver.input(texts).send({ key: 'a', value: 'x' })
  const all = driver.output(counts).readAll()
  expect(() => driver.explain(all.at(-1)!)).toThrow('make the driver with a larger historyBytes')
})

function untouched(value: string): StreamRecord<string, string> {
  return new StreamRecord('copy', value, 0)
}
