/** Topologies that can't be: each mistake is named at `build()`, with the step and what to write instead. */
import { expect, test } from 'vitest'
import {
  keyValueStore,
  minutes,
  serdes,
  StreamsBuilder,
  topic,
  tumbling,
  windowStore,
  type TimeWindows,
  type Topology,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, counts, refused, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

const named = (name: string): typeof texts => topic(name, { key: serdes.string, value: serdes.string })
const seen = (name: string) => keyValueStore(name, { key: serdes.string, value: serdes.long })
const idle = () => ({ process: () => undefined })

test('B19: a source without a topic is asked for one', () => {
  const error = refused((builder) => builder.stream([]).to(() => 'out', { key: serdes.string, value: serdes.string }))
  expect(error.code).toBe('TOPIC_INVALID')
  expect(error.message).toContain('stream([]) reads none; list at least one')
})

test.each([
  ['', ''],
  ['a'.repeat(250), 'a'.repeat(64)],
  ['a b', 'a b'],
  ['a/b', 'a/b'],
  ['.', '.'],
  ['..', '..'],
  ['ümlaut', String.raw`\u{fc}mlaut`],
])('B19: topic %j is refused, read or written', (name, shown) => {
  const reads = refused((builder) => builder.stream(named(name)).to(copies))
  const writes = refused((builder) => builder.stream(texts).to(named(name)))
  for (const error of [reads, writes]) {
    expect(error.code).toBe('TOPIC_INVALID')
    expect(error.message).toContain(`'${shown}' can't be a topic: use 1 to 249 of A-Z a-z 0-9 . _ -`)
  }
})

test('B19: a name without serdes is no topic', () => {
  const error = refused((builder) => builder.stream<string, string>(untyped('orders')).to(copies))
  expect(error.mistakes[0]).toMatchObject({ code: 'TOPIC_INVALID', message: expect.stringContaining("as topic('orders', {") })
})

test('B20: one topic twice in a source, or in two that read it differently', () => {
  const list = refused((builder) => builder.stream([texts, texts]).to(copies))
  expect(list).toMatchObject({ code: 'DUPLICATE_SOURCE', message: expect.stringContaining('topic texts') })
  const overlap = refused((builder) => {
    builder.stream([texts, copies]).to(named('out'))
    builder.stream(texts).to(named('out'))
  })
  expect(overlap).toMatchObject({ code: 'DUPLICATE_SOURCE', message: expect.stringContaining('texts') })
  const both = refused((builder) => {
    builder.stream(texts).to(copies)
    builder.table(texts)
  })
  expect(both).toMatchObject({ code: 'DUPLICATE_SOURCE', message: expect.stringContaining('as a stream and as a table') })
})

test('B20: a topic of Kafka’s own is neither read nor written', () => {
  for (const name of ['__consumer_offsets', '__transaction_state']) {
    for (const error of [
      refused((builder) => builder.stream(named(name)).to(copies)),
      refused((builder) => builder.stream(texts).to(named(name))),
    ])
      expect(error).toMatchObject({ code: 'TOPIC_RESERVED', message: expect.stringContaining(`topic ${name} is Kafka's own`) })
  }
})

test('B21: nobody writes into an internal topic, or reads one as if it were another’s', () => {
  const writes = (name: string): ReturnType<typeof refused> =>
    refused((builder) => {
      builder
        .stream(texts)
        .groupBy((value) => value, { key: serdes.string, name: 'words' })
        .count({ store: 'mine' })
      builder.stream(copies).to(named(name), { name: 'thief' })
    })
  for (const name of ['mine-changelog', 'words-repartition']) {
    expect(writes(name)).toMatchObject({ code: 'TOPIC_RESERVED', message: expect.stringContaining(`step thief writes to ${name}`) })
  }
})

test.each([
  ['', ''],
  ['a/b', 'a/b'],
  ['..', '..'],
  ['a'.repeat(300), 'a'.repeat(64)],
  ['\u0000', String.raw`\u{0}`],
])('B28: store %j is refused, in a step and in a spec', (name, shown) => {
  const inStep = refused((builder) => builder.stream(texts).groupByKey().count({ store: name }))
  const inSpec = refused((builder) => builder.stream(texts).process(idle, { stores: [seen(name)] }))
  for (const error of [inStep, inSpec]) {
    expect(error.code).toBe('STORE_NAME_INVALID')
    expect(error.message).toContain(`'${shown}' can't be the name of a store: use 1 to 200 of A-Z a-z 0-9 . _ -`)
  }
})

test('B28: two stores of one name are a mistake', () => {
  const error = refused((builder) => {
    builder.stream(texts).process(idle, { stores: [seen('same')] })
    builder.stream(copies).groupByKey().count({ store: 'same' })
  })
  expect(error).toMatchObject({ code: 'STORE_DUPLICATE', message: expect.stringContaining('two stores are called same') })
})

test('B28: what JavaScript has names for is a name like any other', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  for (const name of names) {
    const topology = built((builder) =>
      builder
        .stream(named(name === '__proto__' ? 'texts' : name))
        .groupByKey()
        .count({ store: name, name }),
    )
    using driver = new TopologyTestDriver(topology)
    driver.input(named(name === '__proto__' ? 'texts' : name)).send({ key: name, value: name })
    expect(driver.store<{ get(key: string): unknown }>(name).get(name)).toBe(1)
  }
  expect(Object.keys(Object.prototype)).toEqual([])
})

test('B33: a builder that was built takes nothing more', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream(texts)
  stream.to(copies)
  builder.build()
  const more: (() => unknown)[] = [
    () => stream.to(copies),
    () => builder.stream(copies),
    () => stream.groupByKey().count(),
    () => builder.addStateStore(seen('late')),
  ]
  for (const call of more)
    expect(call).toThrow(expect.objectContaining({ code: 'TOPOLOGY_FROZEN', message: expect.stringContaining('before build()') }))
})

test('B34: an empty topology says how to begin', () => {
  for (const make of [() => undefined, (builder: StreamsBuilder) => builder.addStateStore(seen('alone'))]) {
    expect(refused(make)).toMatchObject({ code: 'TOPOLOGY_EMPTY', message: expect.stringContaining("builder.stream(topic('orders', …))") })
  }
})

const windowed = (windows: TimeWindows, store: ReturnType<typeof perMinute>): Topology =>
  built((builder) => builder.stream(texts).groupByKey().windowedBy(windows).count({ store }))
const perMinute = (sizeMs: number, retentionMs: number) =>
  windowStore('per-minute', { key: serdes.string, value: serdes.long, sizeMs, retentionMs })

test('B36: windows are kept for their size and grace at least', () => {
  expect(() => perMinute(minutes(1), minutes(1) - 1)).toThrow(
    expect.objectContaining({ code: 'WINDOW_RETENTION', message: expect.stringContaining('give at least the size of a window (60000)') }),
  )
  expect(() => perMinute(minutes(1), NaN)).toThrow(expect.objectContaining({ code: 'WINDOW_RETENTION' }))
  const windows = tumbling(minutes(1)).grace(minutes(2))
  expect(() => windowed(windows, perMinute(minutes(1), minutes(3) - 1))).toThrow(
    expect.objectContaining({
      code: 'WINDOW_RETENTION',
      message: expect.stringContaining(
        'store per-minute keeps its windows 179999 ms: they need size + grace, at least 180000 ms (retentionMs)',
      ),
    }),
  )
  expect(windowed(windows, perMinute(minutes(1), minutes(3))).stores.has('per-minute')).toBe(true)
  expect(() => windowed(windows, perMinute(minutes(2), minutes(9)))).toThrow(expect.objectContaining({ code: 'WINDOW_INVALID' }))
})

test('all that is wrong is said at once, each with its step', () => {
  const error = refused((builder) => {
    builder.stream(named('a b'), { name: 'first/one' }).to(named('__x'), { name: 'last' })
    builder.stream(counts).groupByKey().count({ store: '' })
  })
  expect(error.mistakes.map(({ code }) => code).sort()).toEqual(['NAME_INVALID', 'STORE_NAME_INVALID', 'TOPIC_INVALID', 'TOPIC_RESERVED'])
  expect(error.message).toMatch(/^the topology has 4 mistakes:\n( {2}- .*\n?){4}$/)
})
