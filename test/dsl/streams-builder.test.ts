import { expect, expectTypeOf, test } from 'vitest'
import { keyValueStore, serdes, StreamsBuilder, type KStream, type KTable } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { copies, customers, orders, texts, type Order } from '../support/shop-topics.ts'

test('a source carries its topic’s types', () => {
  const builder = new StreamsBuilder()
  expectTypeOf(builder.stream(orders)).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(builder.table(customers)).toEqualTypeOf<KTable<string, { readonly name: string }, true>>()
  // @ts-expect-error a misspelt field
  builder.stream(orders).mapValues((order) => order.custmer)
})

test('several topics are one stream', () => {
  const builder = new StreamsBuilder()
  builder.stream([texts, copies]).to(() => 'out', { key: serdes.string, value: serdes.string })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'a', value: '1' })
  driver.input(copies).send({ key: 'b', value: '2' })
  const out = driver.output({ ...texts, name: 'out' })
  expect(out.readAll().map(({ key }) => key)).toEqual(['a', 'b'])
})

test('a built builder takes no more steps', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream(texts)
  builder.build()
  expect(() => stream.to(copies)).toThrow(expect.objectContaining({ code: 'TOPOLOGY_FROZEN' }))
})

test('a store that was added is there for processors', () => {
  const seen = keyValueStore('seen', { key: serdes.string, value: serdes.long })
  const builder = new StreamsBuilder().addStateStore(seen)
  builder.stream(texts).process(() => ({ process: () => undefined }), { stores: [seen] })
  expect(builder.build().storeName(seen)).toBe('seen')
})
