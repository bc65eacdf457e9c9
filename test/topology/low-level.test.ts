import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  keyValueStore,
  serdes,
  StreamRecord,
  Topology,
  topic,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
} from '../../src/index.ts'
import { TopologyError } from '../../src/base/errors.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

const counts = keyValueStore('counts', { key: serdes.string, value: serdes.long })

type Texts = Processor<string, string, string, string>

const each = (f: (record: StreamRecord<string, string>, context: ProcessorContext<string, string>) => void): (() => Texts) => {
  return () => {
    let context: ProcessorContext<string, string>
    return { init: (given) => void (context = given), process: (record) => f(record, context) }
  }
}

const passing = each((record, context) => void context.forward(record))

function codes(add: () => unknown): readonly string[] {
  try {
    add()
  } catch (error) {
    if (error instanceof TopologyError) return error.mistakes.map(({ code }) => code)
    throw error
  }
  return []
}

const base = new Topology().addSource('in', texts).addProcessor('p', passing, 'in').addSink('out', copies, 'p')

test('each call answers a new topology and leaves the old one as it is', () => {
  const more = base.addSink('more', topic('more', { key: serdes.string, value: serdes.string }), 'p')
  expect([...base.nodes.keys()]).toEqual(['in', 'p', 'out'])
  expect([...more.nodes.keys()]).toEqual(['in', 'p', 'out', 'more'])
  expect(Object.isFrozen(more)).toBe(true)
})

test.each([
  ['an unknown parent', ['NODE_UNKNOWN'], () => base.addProcessor('x', passing, 'nobody')],
  ['B31: its own parent', ['TOPOLOGY_CYCLE'], () => base.addProcessor('x', passing, 'x')],
  ['B32: no parent', ['TOPOLOGY_UNREACHABLE'], () => base.addProcessor('x', passing, [])],
  ['a parent twice', ['ARGUMENT_INVALID'], () => base.addProcessor('x', passing, ['p', 'p'])],
  ['a sink as parent', ['TOPOLOGY_INVALID'], () => base.addSink('x', copies, 'out')],
  ['a name twice', ['NODE_DUPLICATE'], () => base.addProcessor('p', passing, 'in')],
  ['a bad name', ['NAME_INVALID'], () => base.addProcessor('a b', passing, 'in')],
  ['no topic', ['TOPIC_INVALID'], () => base.addSource('x', [])],
  ['a topic of Kafka’s own', ['TOPIC_RESERVED'], () => base.addSource('x', topic('__x', { key: serdes.string, value: serdes.string }))],
  ['a topic that is read already', ['DUPLICATE_SOURCE'], () => base.addSource('x', texts)],
  [
    'a pattern that finds such a topic',
    ['DUPLICATE_SOURCE'],
    () => base.addSource('x', /^tex/, { key: serdes.string, value: serdes.string }),
  ],
  ['an unsafe pattern', ['PATTERN_UNSAFE'], () => base.addSource('x', /(a+)+/, { key: serdes.string, value: serdes.string })],
  ['a sink without serdes', ['SERDE_MISSING', 'SERDE_MISSING'], () => base.addSink('x', () => 'copies', 'p')],
  ['several at once', ['NAME_INVALID', 'NODE_UNKNOWN', 'NODE_UNKNOWN'], () => base.addProcessor('a b', passing, ['x', 'y'])],
  ['a store nobody added', ['STORE_UNKNOWN'], () => base.connect('p', counts)],
  ['a store at a source', ['TOPOLOGY_INVALID'], () => base.addStateStore(counts, 'in')],
  ['a store at nobody', ['NODE_UNKNOWN'], () => base.addStateStore(counts, 'nobody')],
  ['two stores of one name', ['STORE_DUPLICATE'], () => base.addStateStore(counts, 'p').addStateStore({ ...counts }, 'p')],
  ['a store without serdes', ['SERDE_MISSING', 'SERDE_MISSING'], () => base.addStateStore(Object.freeze({ kind: 'keyValue', name: 's' }))],
  ['a bad store name', ['STORE_NAME_INVALID'], () => base.addStateStore({ ...counts, name: 'a/b' })],
  [
    'one processor for all tasks',
    ['ARGUMENT_INVALID'],
    () => {
      const one = passing()
      return base.addProcessor('x', () => one, 'in')
    },
  ],
])('%s is refused at the call', (_what, expected, add) => {
  expect(codes(add)).toEqual(expected)
})

test('an empty topology is refused where it would run', () => {
  expect(() => new TopologyTestDriver(new Topology())).toThrow(expect.objectContaining({ code: 'TOPOLOGY_EMPTY' }))
})

test('a sink may write to a topic that is read, and the records come back', () => {
  const topology = new Topology()
    .addSource('in', texts)
    .addProcessor(
      'short',
      each((r, c) => void (r.value.length > 1 ? c.forward(r.withValue(r.value.slice(1))) : undefined)),
      'in',
    )
    .addSink('again', texts, 'short')
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: 'abc' })
  expect(
    driver
      .output(texts)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['bc', 'c'])
})

test('a topology of the DSL can be added to', () => {
  const topology = built((builder) => builder.stream(texts, { name: 'in' }).to(copies))
    .addProcessor(
      'loud',
      each((r, c) => void c.forward(r.withValue(r.value.toUpperCase()))),
      'in',
    )
    .addSink('loudly', topic('loud', { key: serdes.string, value: serdes.string }), 'loud')
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: 'a' })
  expect(driver.outputs().map(({ topic: name, value }) => `${name} ${Buffer.from(value!).toString()}`)).toEqual(['copies a', 'loud A'])
})

test('a read-only store is fed by its topic, which is its changelog', () => {
  const prices = keyValueStore('prices', { key: serdes.string, value: serdes.string, format: 'plain' })
  const fed = topic('prices', { key: serdes.string, value: serdes.string })
  const topology = new Topology()
    .addReadOnlyStore<string, string>(prices, fed, () => {
      let store: KeyValueStore<string, string>
      return { init: (context) => void (store = context.store(prices)), process: (r) => store.put(r.key, r.value) }
    })
    .addSource('in', texts)
    .addProcessor(
      'p',
      each((r, c) => void c.forward(r.withValue(`${r.value} ${c.store(prices).get(r.key) === '7' ? 'seven' : 'something else'}`))),
      'in',
    )
    .connect('p', prices)
    .addSink('out', copies, 'p')
  expect(topology.stores.get('prices')?.changelog).toEqual({ topic: 'prices', source: true, configs: {} })
  expect(topology.subtopologies).toHaveLength(1)
  using driver = new TopologyTestDriver(topology)
  driver.input(fed).send({ key: 'k', value: '7' })
  driver.input(texts).send({ key: 'k', value: 'costs' })
  expect(driver.output(copies).read()?.value).toBe('costs seven')
  expect(driver.internal()).toEqual([])
})

test.each([1, 3])('counts as the DSL does, with %i partitions', (partitions) => {
  const counting = new Topology()
    .addSource('in', texts)
    .addProcessor(
      'count',
      each((r, c) => {
        const store = c.store(counts)
        const n = Number(store.get(r.key) ?? 0) + 1
        store.put(r.key, n)
        void c.forward(r.withValue(String(n)))
      }),
      'in',
      { stores: [counts] },
    )
    .addSink('out', copies, 'count')
  const dsl = built((builder) =>
    builder.stream(texts).groupByKey().count({ store: 'counts' }).toStream().mapValues(String, { value: serdes.string }).to(copies),
  )
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 }), (keys) => {
      using one = new TopologyTestDriver(counting, { partitions })
      using other = new TopologyTestDriver(dsl, { partitions })
      for (const driver of [one, other]) for (const key of keys) driver.input(texts).send({ key, value: 'v' })
      expect(one.output(copies).readAll()).toEqual(other.output(copies).readAll())
      for (let p = 0; p < partitions; p++) expect(one.dump('counts', p)).toEqual(other.dump('counts', p))
    }),
    { numRuns: 25 },
  )
})
