import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  minutes,
  seconds,
  serdes,
  StreamsBuilder,
  topic,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  versionedStore,
  type KTable,
  type Windowed,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { counts, refused, texts } from '../support/shop-topics.ts'

const perWindow = topic('final', { key: serdes.timeWindowed(serdes.string, 10_000), value: serdes.long })

test.each([1, 3])('one final result a key and window, when the window is closed, in %i partitions', (partitions) => {
  const builder = new StreamsBuilder()
  const windows = builder
    .stream(texts)
    .groupByKey()
    .windowedBy(tumbling(seconds(10)).grace(seconds(5)))
  windows.count({ store: 'counts' }).suppress(untilWindowCloses(), { name: 'final' }).toStream().to(perWindow)
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  const input = driver.input(texts)
  const output = driver.output(perWindow)
  const send = (seconds_: number): void => {
    for (const key of ['a', 'b', 'c', 'd']) input.send({ key, value: 'v', timestamp: seconds_ * 1000 })
  }
  for (const at of [1, 9, 8, 14, 3]) send(at)
  expect(output.isEmpty()).toBe(true)
  send(15)
  const first = output.readAll()
  const rows = first.map(({ key, value, timestamp }) => `${key?.key}@${key?.window.start}=${value} at ${timestamp}`)
  expect(new Set(rows)).toEqual(new Set(['a', 'b', 'c', 'd'].map((key) => `${key}@0=4 at 9000`)))
  send(2)
  expect([output.isEmpty(), driver.dropped().get('late')]).toEqual([true, 4])
  send(100)
  expect(output.readAll().map(({ key }) => key?.window.start)).toEqual([10_000, 10_000, 10_000, 10_000])
})

test('the last change of a key comes when its time is over; deletes come too', () => {
  const builder = new StreamsBuilder()
  builder
    .table(texts, { store: 't' })
    .suppress(untilTimeLimit(10))
    .toStream()
    .to(topic('out', { ...serdesOf, nullable: 'value' }))
  using driver = new TopologyTestDriver(builder.build())
  const input = driver.input(topic(texts.name, { ...serdesOf, nullable: 'value' }))
  input.send({ key: 'a', value: '1', timestamp: 0 })
  input.send({ key: 'b', value: '1', timestamp: 5 })
  input.send({ key: 'a', value: '2', timestamp: 9 })
  input.send({ key: 'b', value: null, timestamp: 10 })
  input.send({ key: 'c', value: '1', timestamp: 15 })
  const found = driver.output(topic('out', { ...serdesOf, nullable: 'value' })).readAll()
  expect(found.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
    ['a', '2', 9],
    ['b', null, 10],
  ])
})

const serdesOf = { key: serdes.string, value: serdes.string }

describe('what is wrong', () => {
  test('B37: final results of a table without windows: a type error, and a mistake at build', () => {
    const error = refused((builder) => {
      const table = builder.stream(texts).groupByKey().count({ store: 'counts' })
      // @ts-expect-error -- the table has no windows
      table.suppress(untilWindowCloses()).toStream().to(counts)
    })
    expect(error.mistakes).toEqual([expect.objectContaining({ code: 'SUPPRESS_UNWINDOWED' })])
  })

  test('a versioned table, also below a view', () => {
    const store = versionedStore('rows', { key: serdes.string, value: serdes.string, historyMs: 10 })
    const error = refused((builder) => {
      const view = builder.table(texts, { store }).filter((text) => text !== '')
      view.suppress(untilTimeLimit(1), { name: 'held' }).toStream().to(texts)
    })
    expect(error.mistakes).toEqual([expect.objectContaining({ code: 'TOPOLOGY_INVALID', node: 'held' })])
  })

  test('bounds that are none', () => {
    const wrong = [
      () => untilTimeLimit(-1),
      () => untilTimeLimit(0.5),
      () => untilWindowCloses({ maxRecords: 0 }),
      () => untilTimeLimit(1, { maxBytes: Number.NaN }),
    ]
    for (const call of wrong) expect(call).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
  })

  test('a strict buffer that is full stops the task', () => {
    const builder = new StreamsBuilder()
    const windows = builder
      .stream(texts)
      .groupByKey()
      .windowedBy(tumbling(minutes(1)))
    windows
      .count({ store: 'counts' })
      .suppress(untilWindowCloses({ maxRecords: 1 }))
      .toStream({ key: (_, w) => w.key })
      .to(counts)
    using driver = new TopologyTestDriver(builder.build())
    driver.input(texts).send({ key: 'a', value: 'v', timestamp: 0 })
    expect(() => driver.input(texts).send({ key: 'b', value: 'v', timestamp: 0 })).toThrow(
      expect.objectContaining({ code: 'SUPPRESS_FULL' }),
    )
  })
})

test('types: final results are never deleted, others as before', () => {
  const builder = new StreamsBuilder()
  const deleting = builder
    .stream(texts)
    .groupByKey()
    .windowedBy(tumbling(1))
    .reduce((a, b) => (b === '' ? null : a + b))
  expectTypeOf(deleting.suppress(untilWindowCloses())).toEqualTypeOf<KTable<Windowed<string>, string>>()
  expectTypeOf(deleting.suppress(untilTimeLimit(1))).toEqualTypeOf<KTable<Windowed<string>, string, true>>()
  expectTypeOf(builder.table(counts).suppress(untilTimeLimit(1))).toEqualTypeOf<KTable<string, number, true>>()
})

test('the buffer has a changelog, with the topic configs given, unless it is turned off', () => {
  const changelogs = (changelog: boolean | Record<string, string>): unknown[] => {
    const builder = new StreamsBuilder()
    builder.table(texts).suppress(untilTimeLimit(1, { changelog }), { name: 'held' }).toStream().to(texts)
    return [...builder.build().stores.values()].filter(({ spec }) => spec.kind === 'buffer').map((store) => store.changelog)
  }
  expect(changelogs({ 'segment.ms': '1' })).toEqual([{ topic: 'held-store-changelog', source: false, configs: { 'segment.ms': '1' } }])
  expect(changelogs(true)).toEqual([{ topic: 'held-store-changelog', source: false, configs: {} }])
  expect(changelogs(false)).toEqual([undefined])
})
