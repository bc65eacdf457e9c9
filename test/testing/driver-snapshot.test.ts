import { expect, expectTypeOf, test } from 'vitest'
import { keyValueStore, minutes, serdes, StreamRecord, StreamsBuilder, topic, tumbling, untilWindowCloses } from '../../src/index.ts'
import { TopologyTestDriver, type DriverSnapshot } from '../../src/testing.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const counting = () => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

test('a driver that is put back answers the same again', () => {
  using driver = new TopologyTestDriver(counting(), { startTime: 50 })
  const input = driver.input(texts)
  const output = driver.output(counts)
  input.send({ key: 'a', value: 'x', timestamp: 7 })
  const before = driver.snapshot()
  expectTypeOf(before).toEqualTypeOf<DriverSnapshot>()
  expect(before).toEqual({ wallClock: 50, streamTime: 7 })
  expect(Object.isFrozen(before)).toBe(true)
  const rest = (): unknown => {
    input.send({ key: 'a', value: 'y', timestamp: 9 })
    driver.advanceWallClock(5)
    return [output.readAll().map(({ value }) => value), driver.dump('c'), driver.snapshot()]
  }
  const first = rest()
  // What came before the snapshot wasn't read then, and isn't now.
  expect(first).toMatchObject([[1, 2], expect.anything(), { wallClock: 55, streamTime: 9 }])
  driver.restore(before)
  expect(driver.snapshot()).toEqual(before)
  expect(rest()).toEqual(first)
  driver.restore(before)
  expect(rest()).toEqual(first)
})

test('from one point tests go several ways, and back to a later point of another way', () => {
  using driver = new TopologyTestDriver(counting())
  const input = driver.input(texts)
  const output = driver.output(counts)
  const start = driver.snapshot()
  input.send({ key: 'a', value: 'x' })
  input.send({ key: 'a', value: 'x' })
  const two = driver.snapshot()
  driver.restore(start)
  input.send({ key: 'b', value: 'x' })
  expect(output.readAll().map(({ key, value }) => [key, value])).toEqual([['b', 1]])
  driver.restore(two)
  input.send({ key: 'a', value: 'x' })
  expect(output.readAll().map(({ key, value }) => [key, value])).toEqual([
    ['a', 1],
    ['a', 2],
    ['a', 3],
  ])
})

test('another driver of the topology begins where the snapshot was taken', () => {
  const topology = counting()
  using driver = new TopologyTestDriver(topology, { startTime: 100 })
  driver.input(texts).send({ key: 'a', value: 'x' })
  driver.advanceWallClock(1)
  using other = new TopologyTestDriver(topology)
  other.restore(driver.snapshot())
  other.input(texts).send({ key: 'a', value: 'x' })
  expect(other.output(counts).readAll()).toMatchObject([
    { value: 1, timestamp: 100 },
    { value: 2, timestamp: 101 },
  ])
})

test('schedules, variables of processors and buffers of windows come back too', () => {
  const builder = new StreamsBuilder()
  builder
    .stream(texts)
    .process<string, string>(() => {
      let seen = 0
      return {
        init: (context) => {
          context.schedule({ every: 10, by: 'wall-clock' }, (now) => void context.forward(new StreamRecord('tick', `${seen}`, now)))
          context.schedule({ every: 7, by: 'stream-time' }, (now) => void context.forward(new StreamRecord('tock', `${seen}`, now)))
        },
        process: () => void seen++,
      }
    })
    .to(copies, { key: serdes.string, value: serdes.string })
  const finals = topic('finals', { key: serdes.timeWindowed(serdes.string, minutes(1)), value: serdes.long })
  builder
    .stream(texts)
    .groupByKey()
    .windowedBy(tumbling(minutes(1)))
    .count()
    .suppress(untilWindowCloses())
    .toStream()
    .to(finals)
  using driver = new TopologyTestDriver(builder.build())
  const send = (timestamp: number): void => driver.input(texts).send({ key: 'a', value: 'x', timestamp })
  send(1)
  driver.advanceWallClock(13)
  const before = driver.snapshot()
  const rest = (): unknown => {
    send(5)
    driver.advanceWallClock(7)
    send(minutes(1) + 8)
    return driver.outputs()
  }
  const first = rest()
  expect(driver.streamTime()).toBe(minutes(1) + 8)
  driver.restore(before)
  expect(driver.streamTime()).toBe(1)
  expect(rest()).toEqual(first)
  expect(first).toHaveLength(5)
})

test('what a test did to a store is done again, and who was used last in one that is bounded', () => {
  const spec = keyValueStore('last', { key: serdes.string, value: serdes.string, maxEntries: 2 })
  const topology = built((builder) =>
    builder
      .addStateStore(spec)
      .stream(texts)
      .process(() => ({ process: () => undefined }), { stores: [spec] }),
  )
  using driver = new TopologyTestDriver(topology)
  const store = driver.store(spec)
  store.put('a', '1')
  store.put('b', '2')
  expect(store.get('a')).toBe('1')
  const before = driver.snapshot()
  // b was used before a, so it goes.
  store.put('c', '3')
  expect(store.get('b')).toBeUndefined()
  driver.restore(before)
  // The face is the one that it was.
  expect([store.get('b'), store.get('a')]).toEqual(['2', '1'])
  driver.restore(before)
  store.put('c', '3')
  expect([...store.range()]).toEqual([
    ['a', '1'],
    ['c', '3'],
  ])
})

test('a snapshot of another topology, of nobody, or while something is under way is refused', async () => {
  using driver = new TopologyTestDriver(counting())
  using other = new TopologyTestDriver(counting())
  expect(() => driver.restore(other.snapshot())).toThrow('the snapshot is one of another topology')
  expect(() => driver.restore({ wallClock: 0, streamTime: 0 })).toThrow('this is no snapshot')
  const slow = built((builder) => builder.stream(texts).process(() => ({ process: () => Promise.resolve() })))
  using waiting = new TopologyTestDriver(slow)
  waiting.input(texts).send({ key: 'a', value: 'x' })
  expect(() => waiting.snapshot()).toThrow('write `await driver.settled()` before you take a snapshot of the driver')
  await waiting.settled()
  expect(waiting.snapshot()).toEqual({ wallClock: 0, streamTime: 0 })
})

test('a history that was longer than historyBytes is none', () => {
  using driver = new TopologyTestDriver(counting(), { historyBytes: 200 })
  driver.input(texts).send({ key: 'a', value: 'x' })
  const before = driver.snapshot()
  driver.input(texts).send({ key: 'a', value: 'x'.repeat(200) })
  expect(() => driver.snapshot()).toThrow('make the driver with a larger historyBytes')
  driver.restore(before)
  expect(driver.snapshot()).toEqual(before)
})
