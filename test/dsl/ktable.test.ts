import { expect, expectTypeOf, test } from 'vitest'
import { serdes, StreamsBuilder, topic, type KStream, type KTable } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { customers, texts } from '../support/shop-topics.ts'

const out = topic('out', { key: serdes.string, value: serdes.string })

test.each([1, 3])('views follow their table through updates and deletes, in %i partitions', (partitions) => {
  const builder = new StreamsBuilder()
  builder
    .table(texts)
    .filter((value) => value !== 'hidden')
    .mapValues((value) => value.toUpperCase())
    .toStream()
    .mapValues((value) => value ?? 'gone')
    .to(out, { value: serdes.string })
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  for (const value of ['a', 'b', 'hidden', null, 'c']) driver.input(texts).send({ key: 'k', value })
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['A', 'B', 'gone', 'gone', 'C'])
})

test('types say where a null can come out', () => {
  const builder = new StreamsBuilder()
  const table = builder.table(customers)
  expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, { readonly name: string } | null>>()
  const counted = builder.stream(texts).groupByKey().count()
  expectTypeOf(counted).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(counted.toStream()).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(counted.filter((count) => count > 1).toStream()).toEqualTypeOf<KStream<string, number | null>>()
  expectTypeOf(table.mapValues(({ name }) => name)).toEqualTypeOf<KTable<string, string, true>>()
})

test('toStream may choose another key', () => {
  const builder = new StreamsBuilder()
  builder
    .table(texts)
    .toStream({ key: (value) => value ?? 'none' })
    .mapValues((value) => value ?? 'gone', { value: serdes.string })
    .to(out, { key: serdes.string })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'k', value: 'a' })
  expect(driver.output(out).readAll()[0]).toMatchObject({ key: 'a', value: 'a' })
})

test('a stream becomes a table, and a table tells at commits when asked to', () => {
  const builder = new StreamsBuilder()
  builder.stream(texts).toTable({ store: 'latest', emit: 'on-commit' }).toStream().to(out)
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'k', value: 'a' })
  driver.input(texts).send({ key: 'k', value: 'b' })
  // The driver commits after each record.
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['a', 'b'])
})
