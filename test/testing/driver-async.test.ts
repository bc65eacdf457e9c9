/** The test driver with steps that wait for promises: what goes on by itself, what `settled()` waits for, and what it rejects with. */
import { expect, test } from 'vitest'
import { serdes, type AsyncOptions, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { manualCalls, turn } from '../support/manual-calls.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const asked = (f: (value: string) => Promise<string>, options: AsyncOptions = {}): Topology =>
  built((builder) =>
    builder
      .stream(texts)
      .mapValuesAsync(f, { name: 'lookup', value: serdes.string, ...options })
      .to(copies),
  )

const valuesIn = (driver: TopologyTestDriver): (string | null)[] =>
  driver
    .output(copies)
    .readAll()
    .map(({ value }) => value)

test('settled() waits for what waits, however long that takes', async () => {
  const { f, settle } = manualCalls()
  using driver = new TopologyTestDriver(asked(f))
  await driver.settled()
  driver.input(texts).send({ key: 'a', value: '1' })
  let isSettled = false
  const settled = driver.settled().then(() => (isSettled = true))
  await turn()
  expect([isSettled, valuesIn(driver)]).toEqual([false, []])
  await settle('1', 'one')
  await settled
  expect(valuesIn(driver)).toEqual(['one'])
})

test('settled() rejects with what failed, and so does the next send: the task stays before its record', async () => {
  const { f, fail } = manualCalls()
  const driver = new TopologyTestDriver(asked(f))
  const input = driver.input(texts)
  input.send({ key: 'a', value: '1' })
  await fail('1', new Error('no answer'))
  await expect(driver.settled()).rejects.toThrow('step lookup failed at texts[0]@0: no answer')
  expect(() => input.send({ key: 'b', value: '2' })).toThrow('step lookup failed at texts[0]@0: no answer')
  driver.close()
  await driver.settled()
})

test('the manual clock fires time limits', async () => {
  const { f } = manualCalls()
  using driver = new TopologyTestDriver(asked(f, { timeoutMs: 500, onError: ({ code }) => (code === 'CALL_TIMEOUT' ? 'skip' : 'fail') }))
  driver.input(texts).send({ key: 'a', value: '1' })
  driver.advanceWallClock(499)
  await turn()
  expect(driver.dropped().size).toBe(0)
  driver.advanceWallClock(1)
  await driver.settled()
  expect([...driver.dropped()]).toEqual([['skipped', 1]])
})

test('calls that fail are made again at once: nobody waits in a test', async () => {
  let tries = 0
  const shaky = async (value: string): Promise<string> => {
    if (++tries < 3) throw new Error('no answer')
    return `${value} after ${tries}`
  }
  using driver = new TopologyTestDriver(asked(shaky, { retries: 2 }))
  driver.input(texts).send({ key: 'a', value: '1' })
  await driver.settled()
  expect(valuesIn(driver)).toEqual(['1 after 3'])
})

test('what comes of it goes through repartitions, stores and other asynchronous steps', async () => {
  const later = async (value: string): Promise<string> => {
    await turn()
    return value
  }
  const topology = built((builder) =>
    builder
      .stream(texts)
      .mapValuesAsync(later, { order: 'none', value: serdes.string })
      .groupBy((value) => value, { key: serdes.string })
      .count({ store: 'c' })
      .toStream()
      .filterAsync(async () => true)
      .to(counts),
  )
  using driver = new TopologyTestDriver(topology, { partitions: 3 })
  const input = driver.input(texts)
  for (const value of ['x', 'y', 'x', 'z', 'x', 'y']) input.send({ key: value + value, value })
  await driver.settled()
  const newest = new Map(
    driver
      .output(counts)
      .readAll()
      .map(({ key, value }) => [key, value]),
  )
  expect(newest).toEqual(
    new Map([
      ['x', 3],
      ['y', 2],
      ['z', 1],
    ]),
  )
})

test('a snapshot is refused while records wait, and when they did: nobody knows when their promises would settle again', async () => {
  const { f, settle } = manualCalls()
  using driver = new TopologyTestDriver(asked(f))
  const before = driver.snapshot()
  driver.input(texts).send({ key: 'a', value: '1' })
  expect(() => driver.snapshot()).toThrow('something is under way')
  await settle('1', 'one')
  await driver.settled()
  expect(() => driver.snapshot()).toThrow('let the functions of …Async steps answer at once for this test')
  driver.restore(before)
  expect(driver.streamTime()).toBe(-1)
  using prompt = new TopologyTestDriver(
    built((builder) =>
      builder
        .stream(texts)
        .mapValuesAsync((value) => value, { value: serdes.string })
        .to(copies),
    ),
  )
  prompt.input(texts).send({ key: 'a', value: '1' })
  prompt.restore(prompt.snapshot())
  expect(valuesIn(prompt)).toEqual(['1'])
})

test('closing ends what waits for it', async () => {
  const { f, settle } = manualCalls()
  const driver = new TopologyTestDriver(asked(f))
  driver.input(texts).send({ key: 'a', value: '1' })
  const settled = driver.settled()
  await turn()
  driver.close()
  await settled
  await settle('1', 'too late')
  expect(driver.outputs()).toEqual([])
})
