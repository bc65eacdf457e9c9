import { expect, test } from 'vitest'
import { serdes, topic, type AsyncOptions, type KStream, type RecordContext, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { manualCalls, turn } from '../support/manual-calls.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

/** A driver of `texts` → steps → `copies`, with what came out since the last look as `key=value`. */
function driven(steps: (stream: KStream<string, string>) => KStream<string, string>, onError?: 'skip') {
  const topology = built((builder) => steps(builder.stream(texts)).to(copies, { value: serdes.string }))
  const driver = new TopologyTestDriver(topology, onError === undefined ? {} : { config: { onError: () => onError } })
  const input = driver.input(texts)
  return {
    driver,
    send: (key: string, value: string, timestamp = 0): void => input.send({ key, value, timestamp }),
    out: (): string[] =>
      driver
        .output(copies)
        .readAll()
        .map(({ key, value }) => `${key}=${value}`),
  }
}

test.each([
  ['key', ['b=B1'], ['a=A1', 'a=A2']],
  ['input', [], ['a=A1', 'a=A2', 'b=B1']],
  ['none', ['b=B1', 'a=A2'], ['a=A1']],
] as const)('order %s: what settles early goes on when it may, and its calls are all under way', async (order, early, late) => {
  const { f, begun, settle } = manualCalls()
  const { send, out, driver } = driven((stream) => stream.mapValuesAsync(f, { order, value: serdes.string }))
  send('a', 'a1')
  send('a', 'a2')
  send('b', 'b1')
  expect(begun).toEqual(['a1', 'a2', 'b1'])
  await settle('b1', 'B1')
  await settle('a2', 'A2')
  expect(out()).toEqual(early)
  await settle('a1', 'A1')
  expect(out()).toEqual(late)
  await driver.settled()
})

test('by default a record never overtakes another of its key', async () => {
  const { f, settle } = manualCalls()
  const { send, out } = driven((stream) => stream.mapValuesAsync(f, { value: serdes.string }))
  send('a', 'a1')
  send('a', 'a2')
  await settle('a2', 'A2')
  expect(out()).toEqual([])
  await settle('a1', 'A1')
  expect(out()).toEqual(['a=A1', 'a=A2'])
})

test('what comes out carries the time and headers of its own record, not of the one in hand', async () => {
  const { f, settle } = manualCalls()
  const contexts: string[] = []
  const topology = built((builder) =>
    builder
      .stream(texts)
      .mapValuesAsync(f, { order: 'none', value: serdes.string })
      .peek((value, _key, { topic: from, partition, offset, timestamp, headers }) => {
        contexts.push(`${value} ${from}[${partition}]@${offset} ${timestamp} ${headers.map(([name]) => name).join()}`)
      })
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  const input = driver.input(texts)
  input.send({ key: 'a', value: '1', timestamp: 7, headers: [['one', null]] })
  input.send({ key: 'b', value: '2', timestamp: 9, headers: [['two', null]] })
  await settle('2', 'second')
  await settle('1', 'first')
  await driver.settled()
  expect(contexts).toEqual(['second texts[0]@1 9 two', 'first texts[0]@0 7 one'])
  expect(driver.output(copies).readAll()).toEqual([
    { key: 'b', value: 'second', timestamp: 9, headers: [['two', null]] },
    { key: 'a', value: 'first', timestamp: 7, headers: [['one', null]] },
  ])
})

test('the context that the function is given stays its record’s while others are in hand', async () => {
  const told: string[] = []
  const later = async (value: string, key: string, record: RecordContext): Promise<string> => {
    await turn()
    told.push(`${key} ${record.topic}@${record.offset} ${record.timestamp} ${record.snapshot().offset}`)
    return value
  }
  const { send, driver } = driven((stream) => stream.mapValuesAsync(later, { value: serdes.string }))
  send('a', '1', 5)
  send('b', '2', 6)
  await driver.settled()
  expect(told).toEqual(['a texts@0 5 0', 'b texts@1 6 1'])
})

test('a function that answers at once lets its record go on at once, unless an earlier one that it may not overtake waits', async () => {
  const { f, settle } = manualCalls()
  const { send, out } = driven((stream) =>
    stream.mapValuesAsync((value) => (value.startsWith('known') ? value.toUpperCase() : f(value)), { value: serdes.string }),
  )
  send('a', 'known 1')
  expect(out()).toEqual(['a=KNOWN 1'])
  send('a', 'asked')
  send('a', 'known 2')
  send('b', 'known 3')
  expect(out()).toEqual(['b=KNOWN 3'])
  await settle('asked', 'ASKED')
  expect(out()).toEqual(['a=ASKED', 'a=KNOWN 2'])
})

test('thenables of libraries are waited for', async () => {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tried
  const query = (value: string): PromiseLike<string> => ({ then: (...args) => Promise.resolve(`${value} found`).then(...args) })
  const { send, out, driver } = driven((stream) => stream.mapValuesAsync(query, { value: serdes.string }))
  send('a', '1')
  await driver.settled()
  expect(out()).toEqual(['a=1 found'])
})

test('at most as many calls as are allowed are under way, and the rest of the input waits in its topic', async () => {
  const { f, begun, settle } = manualCalls()
  const { send, out, driver } = driven((stream) => stream.mapValuesAsync(f, { concurrency: 2, maxParked: 3, value: serdes.string }))
  for (const value of ['1', '2', '3', '4', '5']) send(value, value)
  expect(begun).toEqual(['1', '2'])
  await settle('2', 'two')
  expect(begun).toEqual(['1', '2', '3'])
  expect(out()).toEqual(['2=two'])
  for (const value of ['1', '3', '4', '5']) await settle(value, `<${value}>`)
  await driver.settled()
  expect(out().sort()).toEqual(['1=<1>', '3=<3>', '4=<4>', '5=<5>'])
})

test('mapAsync gives another key, filterAsync keeps what is promised to be true', async () => {
  const { send, out, driver } = driven((stream) =>
    stream
      .filterAsync(async (value) => value !== 'no')
      .mapAsync(async (value, key) => [`${key}!`, value.length], { key: serdes.string, value: serdes.long })
      .mapValues(String, { value: serdes.string }),
  )
  send('a', 'yes')
  send('a', 'no')
  send('b', 'more')
  await driver.settled()
  expect(out()).toEqual(['a!=3', 'b!=4'])
})

test.each([
  ['key', ['a1', 'b1'], ['a1', 'b1', 'a2'], ['a1', 'b1', 'a2']],
  ['input', ['a1'], ['a1'], ['a1', 'a2']],
  ['none', ['a1', 'a2', 'b1'], ['a1', 'a2', 'b1'], ['a1', 'a2', 'b1']],
] as const)(
  'forEachAsync in order %s: a call begins when those that it may not overtake are done',
  async (order, first, afterB, afterA) => {
    const { f, begun, settle } = manualCalls<void>()
    const topology = built((builder) => builder.stream(texts).forEachAsync(f, { order }))
    using driver = new TopologyTestDriver(topology)
    const input = driver.input(texts)
    for (const value of ['a1', 'a2', 'b1']) input.send({ key: value.slice(0, 1), value })
    await turn()
    expect(begun).toEqual(first)
    if (order === 'key') {
      await settle('a1')
      expect(begun).toEqual(afterB)
    } else {
      if (order === 'none') await settle('b1')
      expect(begun).toEqual(afterB)
      await settle('a1')
    }
    expect(begun).toEqual(afterA)
    for (const value of ['a1', 'a2', 'b1']) await settle(value)
    await driver.settled()
    expect([...begun].sort()).toEqual(['a1', 'a2', 'b1'])
  },
)

test('what waits of a key is known by the key’s bytes, whatever object it is', async () => {
  const { f, settle } = manualCalls()
  const points = topic('points', { key: serdes.json<{ readonly x: number }>(), value: serdes.string })
  const outs: string[] = []
  const topology = built((builder) =>
    builder
      .stream(points)
      .mapValuesAsync(f)
      .forEach((value) => void outs.push(value)),
  )
  using driver = new TopologyTestDriver(topology)
  const input = driver.input(points)
  input.send({ key: { x: 1 }, value: '1' })
  input.send({ key: { x: 1 }, value: '2' })
  input.send({ key: { x: 2 }, value: '3' })
  await settle('2', 'two')
  await settle('3', 'three')
  expect(outs).toEqual(['three'])
  await settle('1', 'one')
  expect(outs).toEqual(['three', 'one', 'two'])
})

test('keys whose serde nobody knows keep the order of the input, and so do records without a key', async () => {
  const { f, settle } = manualCalls()
  const outs: string[] = []
  const topology = built((builder) => {
    const stream = builder.stream(texts)
    stream
      .selectKey((value) => ({ value }))
      .mapValuesAsync((value) => f(`object ${value}`))
      .forEach((value) => void outs.push(value))
    stream
      .selectKey(() => null)
      .mapValuesAsync((value) => f(`null ${value}`))
      .forEach((value) => void outs.push(value))
  })
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: '1' })
  driver.input(texts).send({ key: 'k', value: '2' })
  for (const kind of ['object', 'null']) {
    await settle(`${kind} 2`, `${kind} 2`)
    expect(outs).toEqual([])
    await settle(`${kind} 1`, `${kind} 1`)
    expect(outs.splice(0)).toEqual([`${kind} 1`, `${kind} 2`])
  }
})

test('a promise of nothing, or of no pair, is an error that names the step', async () => {
  const failing = async (make: (stream: KStream<string, string>) => unknown): Promise<unknown> => {
    using driver = new TopologyTestDriver(built((builder) => make(builder.stream(texts))))
    driver.input(texts).send({ key: 'k', value: 'v' })
    return await driver.settled().catch((error: unknown) => error)
  }
  const named = { name: 'lookup' }
  expect(await failing((stream) => stream.mapValuesAsync(async () => undefined, named))).toMatchObject({
    code: 'PROCESSOR_RESULT',
    message:
      'step lookup failed at texts[0]@0: the function must answer a promise of a value or null; it answered undefined (null is a value, undefined is not)',
  })
  expect(await failing((stream) => stream.mapAsync(async () => ['a'] as never, named))).toMatchObject({
    code: 'PROCESSOR_RESULT',
    message: expect.stringContaining('must answer a promise of a pair [key, value]; it answered an array of 1'),
  })
})

test('steps are named and described as others', () => {
  const options: AsyncOptions = { order: 'none' }
  const topology: Topology = built((builder) => {
    builder
      .stream(texts)
      .filterAsync(async () => true, options)
      .mapValuesAsync(async (value) => value, { value: serdes.string })
      .mapAsync(async (value, key) => [key, value], { key: serdes.string, value: serdes.string, name: 'mine' })
      .groupByKey()
      .count()
    builder.stream(copies).forEachAsync(async () => undefined)
  })
  const text = topology.describe()
  expect(text).toContain('Processor: KSTREAM-FILTER-ASYNC-0000000001 (stores: [])')
  expect(text).toContain('Processor: KSTREAM-MAPVALUES-ASYNC-0000000002 (stores: [])')
  expect(text).toContain('Processor: mine (stores: [])')
  expect(text).toContain('KSTREAM-FOREACH-ASYNC-00000000')
  // A new key: what is counted goes through a repartition.
  expect(topology.repartitionTopics).toHaveLength(1)
})
