import { expect, test } from 'vitest'
import { keyValueStore, serdes, StreamRecord } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const counting = () =>
  built((builder) =>
    builder
      .stream(texts)
      .groupBy((value) => value, { key: serdes.string, name: 'words' })
      .count({ store: 'c' })
      .toStream()
      .to(counts),
  )

test('when send returns, everything the record caused has happened', () => {
  using driver = new TopologyTestDriver(counting(), { partitions: 3 })
  driver.input(texts).send({ key: 'k', value: 'a', timestamp: 7 })
  expect(driver.output(counts).read()).toEqual({ key: 'a', value: 1, timestamp: 7, headers: [] })
  expect(driver.output(counts).read()).toBeUndefined()
  expect(driver.output(counts).isEmpty()).toBe(true)
  expect(driver.streamTime()).toBe(7)
})

test('internal topics are seen as bytes: the repartition, then the changelog', () => {
  using driver = new TopologyTestDriver(counting())
  driver.input(texts).send({ key: 'k', value: 'a' })
  expect(driver.internal().map(({ topic, key }) => [topic, Buffer.from(key!).toString()])).toEqual([
    ['test-words-repartition', 'a'],
    ['test-c-changelog', 'a'],
  ])
  expect(driver.internal()).toEqual([])
  expect(driver.outputs().map(({ topic }) => topic)).toEqual(['counts'])
})

test('a store is opened by its name or spec, in the partition asked for', () => {
  const spec = keyValueStore('c', { key: serdes.string, value: serdes.long })
  const topology = built((builder) => builder.stream(texts).groupByKey().count({ store: spec }).toStream().to(counts))
  using driver = new TopologyTestDriver(topology, { partitions: 2 })
  driver.input(texts).send({ key: 'k', value: 'a', partition: 1 })
  expect(driver.store(spec, 1).get('k')).toBe(1)
  expect(driver.store(spec, 0).get('k')).toBeUndefined()
  expect(() => driver.store('none')).toThrow(/there is no store none in partition 0: the topology has c/)
  expect(driver.dump('c', 1)?.entries).toHaveLength(1)
})

test('the wall clock stands until it is moved', () => {
  const ticks: number[] = []
  const topology = built((builder) =>
    builder
      .stream(texts)
      .process<string, string>(() => ({
        init: (context) =>
          void context.schedule({ every: 10, by: 'wall-clock' }, (now) => void context.forward(new StreamRecord('tick', 'x', now))),
        process: () => undefined,
      }))
      .peek((_value, _key, record) => void ticks.push(record.timestamp))
      .to(copies, { key: serdes.string, value: serdes.string }),
  )
  using driver = new TopologyTestDriver(topology, { startTime: 100 })
  driver.advanceWallClock(9)
  expect(ticks).toEqual([])
  driver.advanceWallClock(1)
  driver.advanceWallClock(25)
  expect(ticks).toEqual([110, 135])
})

test('asynchronous code is waited for by settled, and its errors come out there', async () => {
  const topology = built((builder) =>
    builder.stream(texts).process<string, string>(() => ({
      process: async ({ value }) => {
        await Promise.resolve()
        if (value === 'bad') throw new Error('asynchronously wrong')
      },
    })),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: 'ok' })
  await driver.settled()
  driver.input(texts).send({ key: 'k', value: 'bad' })
  await expect(driver.settled()).rejects.toThrow('asynchronously wrong')
})

test('a topic that nothing reads, and a closed driver, say so', () => {
  const driver = new TopologyTestDriver(counting())
  expect(() => driver.input(copies).send({ key: 'k', value: 'v' })).toThrow('no source reads topic copies')
  driver.close()
  driver.close()
  expect(() => driver.input(texts).send({ key: 'k', value: 'v' })).toThrow('the test driver is closed')
})

test('dropped records are counted by reason', () => {
  const topology = built((builder) =>
    builder.stream(texts).mapValues(() => {
      throw new Error('x')
    }),
  )
  using driver = new TopologyTestDriver(topology, { config: { onError: () => 'skip' } })
  driver.input(texts).send({ key: 'k', value: 'v' })
  expect([...driver.dropped()]).toEqual([['skipped', 1]])
})
