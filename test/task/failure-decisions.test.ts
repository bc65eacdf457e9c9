/** What is done about a record that failed: dead letters, further attempts, and decisions of single steps, with one and with three partitions. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { deadLetter, retry, serdes, StreamsBuilder, topic, type OnError } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

const failed = topic('failed', { key: serdes.string, value: serdes.string, nullable: 'both' })

/** A step that fails on `bad` as often as said, then passes it. */
function stumbling(times: number): (value: string) => string {
  let left = times
  return (value) => {
    if (value === 'bad' && left-- > 0) throw new Error(`no ${value}`)
    return value
  }
}

function tried(times: number, onError: OnError): ReturnType<typeof taskWorld> {
  const world = taskWorld(
    built((builder) => builder.stream(texts).mapValues(stumbling(times), { name: 'f', value: serdes.string }).to(copies)),
    { onError },
  )
  for (const [n, value] of ['ok', 'bad', 'fine'].entries()) world.add('texts', [[value, n + 1]])
  void world.task.process(10)
  return world
}

test('a step that is tried again runs until it passes, after longer and longer pauses', () => {
  const world = tried(3, () => retry({ attempts: 5, delayMs: 100, factor: 2, jitter: 0 }, 'fail'))
  expect(world.written('copies')).toEqual(['k=ok@1', 'k=bad@2', 'k=fine@3'])
  expect(world.pauses).toEqual([100, 200, 400])
  expect(world.decided).toEqual(['retry 1 PROCESSING_ERROR', 'retry 2 PROCESSING_ERROR', 'retry 3 PROCESSING_ERROR'])
})

test('when attempts or patience end, what was said for then is done', () => {
  const world = tried(99, () => retry({ attempts: 2, delayMs: 1, jitter: 0 }, deadLetter('failed')))
  expect(world.pauses).toEqual([1, 2])
  expect(world.written('failed')).toEqual(['k=bad@2'])
  expect(world.written('copies')).toEqual(['k=ok@1', 'k=fine@3'])
  const impatient = tried(99, () => retry({ attempts: 50, delayMs: 4_000, factor: 1, jitter: 0 }, 'skip'))
  expect(impatient.pauses).toEqual([4_000, 4_000])
  expect(impatient.dropped).toEqual(['skipped f 1'])
  expect(() => tried(99, () => retry({ attempts: 1 }, 'fail'))).toThrow('step f failed at texts[0]@1: no bad')
})

test('a step that waits may be tried again too', async () => {
  const world = tried(1, () => retry({ attempts: 1, delayMs: 0 }, 'fail'))
  expect(world.written('copies')).toHaveLength(3)
  const slow = taskWorld(
    built((builder) => {
      let left = 1
      builder
        .stream(texts)
        .process(() => ({ process: () => (left-- > 0 ? Promise.reject(new Error('later')) : Promise.resolve()) }), { name: 'p' })
        .forEach(() => undefined)
    }),
    { onError: () => retry({ attempts: 1 }, 'fail') },
  )
  slow.add('texts', [['a', 1]])
  await slow.task.process(1)
  expect(slow.decided).toEqual(['retry 1 PROCESSING_ERROR'])
})

test('bytes that can’t be read are read again, and then dropped as a dead letter', () => {
  const world = taskWorld(
    built((builder) => builder.stream(topic('texts', { key: serdes.string, value: serdes.long })).forEach(() => undefined)),
    { onError: ({ phase }) => (phase === 'deserialization' ? retry({ attempts: 2, jitter: 0 }, deadLetter('failed')) : 'fail') },
  )
  world.add('texts', [['no long', 1]])
  void world.task.process(1)
  expect(world.decided).toEqual(['retry 1 SERDE_DECODE', 'retry 2 SERDE_DECODE', 'dead-letter 3 SERDE_DECODE'])
  expect(world.written('failed')).toEqual(['k=no long@1'])
})

test('a dead letter to a topic that isn’t there fails the task', async () => {
  const world = taskWorld(
    built((builder) => builder.stream(texts).forEach(() => fail())),
    {
      onError: () => deadLetter('nowhere'),
      partitions: () => undefined,
      lookUp: () => Promise.reject(new Error('no such topic')),
    },
  )
  world.add('texts', [['a', 1]])
  await expect(Promise.resolve(world.task.process(1))).rejects.toThrow('no such topic')
})

test('a step, a source or a sink may decide for itself, and a dead letter may be changed', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream(texts)
  const changed: OnError = () => deadLetter('failed', { mapRecord: (record) => ({ ...record, value: record.key, headers: [] }) })
  stream.mapValues((): string => fail(), { onError: changed, value: serdes.string }).to(copies)
  stream.to(copies, { partitioner: () => -1, onError: () => 'skip' })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(texts).send({ key: 'k', value: 'v' })
  expect(driver.output(failed).readAll()).toEqual([{ key: 'k', value: 'k', timestamp: 0, headers: [] }])
  expect(driver.dropped().get('skipped')).toBe(2)
})

test.each([1, 3])('every bad record is a dead letter once, every good one passes, with %i partitions', (partitions) => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), bad: fc.boolean() }), { maxLength: 40 }), (sent) => {
      const topology = built((builder) =>
        builder
          .stream(texts)
          .filter((value) => (value.startsWith('bad') ? fail() : true))
          .to(copies),
      )
      using driver = new TopologyTestDriver(topology, { partitions, config: { onError: () => deadLetter('failed') } })
      const values = sent.map(({ bad }, n) => `${bad ? 'bad' : 'good'}${n}`)
      for (const [n, { key }] of sent.entries()) driver.input(texts).send({ key, value: values[n]! })
      const good = driver.output(copies).readAll()
      const bad = driver.output(failed).readAll()
      expect(good.map(({ value }) => value)).toEqual(values.filter((value) => value.startsWith('good')))
      expect(bad.map(({ key, value }) => [key, value])).toEqual(sent.flatMap(({ key, bad: isBad }, n) => (isBad ? [[key, values[n]]] : [])))
      expect(driver.dropped().get('skipped') ?? 0).toBe(bad.length)
    }),
    { numRuns: 30 },
  )
})

function fail(): never {
  throw new Error('no')
}
