import { expect, expectTypeOf, test } from 'vitest'
import { keyValueStore, serdes, StreamsBuilder, topic, type FixedKeyProcessor, type KTable } from '../../src/index.ts'
import type { FixedKeyProcessorContext } from '../../src/topology/processor.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, refused, texts } from '../support/shop-topics.ts'

const out = topic('out', { key: serdes.string, value: serdes.string })
const seen = keyValueStore('seen', { key: serdes.string, value: serdes.long })

function numbering(): FixedKeyProcessor<string, string | null, string> {
  let context: FixedKeyProcessorContext<string, string>
  return {
    init: (given) => {
      context = given
    },
    process: async (record) => {
      const store = context.store(seen)
      const n = ((await store.get(record.key)) ?? 0) + 1
      store.put(record.key, n)
      await context.forward(record.withValue(`${record.value}#${n}`))
    },
  }
}

test.each([
  [1, undefined],
  [3, undefined],
  [1, 'rows'],
  [3, 'rows'],
])('numbers rows, deleted ones too, in %i partitions, in store %s', async (partitions, store) => {
  const builder = new StreamsBuilder()
  builder
    .table(texts)
    .processValues(numbering, { stores: [seen], ...(store === undefined ? {} : { store, value: serdes.string }) })
    .toStream()
    .to(out)
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  for (const [key, value] of [
    ['a', 'x'],
    ['b', 'y'],
    ['a', null],
  ] as const)
    driver.input(texts).send({ key, value })
  await driver.settled()
  const found = driver.output(out).readAll()
  expect(found.map(({ key, value }) => `${key}=${value}`)).toEqual(['a=x#1', 'b=y#1', 'a=null#2'])
})

test('a join reads through it, with the stores that it needs', async () => {
  const builder = new StreamsBuilder()
  const numbered = builder.table(texts).processValues(numbering, { stores: [seen] })
  builder
    .stream(topic('asks', { key: serdes.string, value: serdes.string }))
    .join(numbered, (ask, row) => ask + row)
    .to(out, { value: serdes.string })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'a', value: 'x' })
  driver.input(topic('asks', { key: serdes.string, value: serdes.string })).send({ key: 'a', value: '?' })
  await driver.settled()
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['?x#2'])
})

test('two steps may share a store of their processors, but not that of their rows', () => {
  const step = (store: string | undefined) => (builder: StreamsBuilder) => {
    const table = builder.table(texts)
    for (let i = 0; i < 2; i++)
      table.processValues(numbering, { stores: [seen], ...(store === undefined ? {} : { store, value: serdes.string }) })
  }
  expect(built(step(undefined)).stores.has('seen')).toBe(true)
  expect(refused(step('rows')).code).toBe('STORE_DUPLICATE')
})

test('types: the row is what is forwarded, and may go where that is null', () => {
  const table = new StreamsBuilder().table(texts)
  expectTypeOf(table.processValues(numbering, { stores: [seen] })).toEqualTypeOf<KTable<string, string>>()
  const nullable = (): FixedKeyProcessor<string, string | null, number | null> => ({ process: () => undefined })
  expectTypeOf(table.processValues(nullable)).toEqualTypeOf<KTable<string, number, true>>()
})
