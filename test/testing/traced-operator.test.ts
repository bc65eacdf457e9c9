import { expect, test } from 'vitest'
import { serdes, StreamRecord, Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { Trace } from '../../src/testing/trace.ts'
import { Tracing } from '../../src/testing/traced-operator.ts'
import { built, copies, customers, orders, texts } from '../support/shop-topics.ts'

test('a traced topology is described as the one it is made from, and has its stores', () => {
  const topology = built((builder) =>
    builder
      .table(texts, { store: 'rows' })
      .filter((value) => value !== '')
      .toStream()
      .to(copies),
  )
  const traced = new Tracing(topology, new Trace()).topology()
  expect(traced.describe()).toBe(topology.describe())
  const store = topology.stores.get('rows')!
  expect(traced.storeName({ ...store.spec })).toBeUndefined()
  expect([...traced.stores.keys()]).toEqual(['rows'])
})

test('a punctuation tells what moved its time, and a step below it by name what it got', () => {
  const topology = new Topology()
    .addSource('in', texts)
    .addProcessor(
      'ticker',
      () => ({
        init: (context) => {
          context.schedule({ every: 10, by: 'stream-time' }, (now) => void context.forward(new StreamRecord('tock', 'stream', now), 'out'))
          context.schedule({ every: 10, by: 'wall-clock' }, (now) => void context.forward(new StreamRecord('tick', 'wall', now), 'out'))
        },
        process: () => undefined,
      }),
      'in',
    )
    .addSink('out', copies, 'ticker')
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'a', value: 'x', timestamp: 25 })
  driver.input(texts).send({ key: 'a', value: 'late', timestamp: 3 })
  driver.advanceWallClock(10)
  const [tock, tick] = driver.output(copies).readAll()
  expect(driver.explain(tock!)).toMatchObject({
    trigger: 'stream-time',
    input: { topic: 'texts', offset: 0, timestamp: 25 },
    steps: [{ node: 'ticker', in: { timestamp: 25 }, out: { key: 'tock', value: 'stream', timestamp: 25 } }],
  })
  expect(driver.explain(tick!)).toMatchObject({ trigger: 'wall-clock', input: undefined, inputs: [], steps: [{ out: { value: 'wall' } }] })
})

test('a row of a global table is explained by what fed it, wherever it is read', () => {
  const topology = built((builder) => {
    const table = builder.globalTable(customers, { store: 'all' })
    builder
      .stream(orders)
      .join(table, (order, customer) => `${customer.name}: ${order.cents}`, { key: (order) => order.customer })
      .to(copies, { value: serdes.string })
  })
  using driver = new TopologyTestDriver(topology, { partitions: 3 })
  driver.input(customers).send({ key: 'c1', value: { name: 'Ada' }, partition: 2 })
  driver.input(orders).send({ key: 'o1', value: { customer: 'c1', cents: 5 }, partition: 1 })
  const explained = driver.explain(driver.output(copies).read()!)
  expect(explained.because).toMatchObject([
    { row: { store: 'all', key: 'c1', value: { name: 'Ada' } }, input: { topic: 'customers', partition: 2 } },
  ])
  expect(explained.inputs.map(({ topic }) => topic)).toEqual(['customers', 'orders'])
})

test('what a test put into a store is told as that', () => {
  const topology = built((builder) =>
    builder
      .stream(texts)
      .join(builder.table(customers, { store: 'rows' }), (text, { name }) => `${text} ${name}`)
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  driver.store<{ put(key: string, value: { name: string }): void }>('rows').put('a', { name: 'Ada' })
  driver.input(texts).send({ key: 'a', value: 'hello' })
  const explained = driver.explain(driver.output(copies).read()!)
  expect(explained.because).toMatchObject([{ row: { store: 'rows', value: { name: 'Ada' } }, trigger: 'test', input: undefined }])
  expect(explained.inputs).toHaveLength(1)
})
