import { expect, test } from 'vitest'
import { TopologyTestDriver } from '../../src/testing.ts'
import { methodOf } from '../../src/testing/driver-run.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

test('where user code depends on more than its input, going back says which record is another one and leaves all as it was', () => {
  let chance = 0
  const topology = built((builder) =>
    builder
      .stream(texts)
      .mapValues((value) => (value === 'dice' ? `${chance++}` : value))
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'a', value: 'x' })
  const before = driver.snapshot()
  driver.input(texts).send({ key: 'a', value: 'dice' })
  const after = driver.snapshot()
  driver.restore(before)
  driver.output(copies).readAll()
  expect(() => driver.restore(after)).toThrow(
    expect.objectContaining({
      code: 'REPLAY_DIFFERS',
      message: expect.stringMatching(/^copies\[0\]@1 is another record when call 2 of this test is repeated/) as string,
      context: { topic: 'copies', partition: 0, offset: 1 },
    }),
  )
  driver.input(texts).send({ key: 'a', value: 'y' })
  expect(driver.outputs().map(({ offset }) => offset)).toEqual([1])
})

test('a record that isn’t written again, and an error that doesn’t come again, are told', () => {
  let isFirst = true
  const topology = built((builder) =>
    builder
      .stream(texts)
      .filter((value) => {
        if (value === 'bad' && isFirst) throw new Error('only once')
        return isFirst || value !== 'now'
      })
      .to(copies),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'a', value: 'now' })
  const one = driver.snapshot()
  expect(() => driver.input(texts).send({ key: 'a', value: 'bad' })).toThrow('only once')
  const two = driver.snapshot()
  driver.restore(two)
  expect(() => driver.input(texts).send({ key: 'a', value: 'x' })).toThrow('only once')
  isFirst = false
  expect(() => driver.restore(one)).toThrow('call 1 of this test came to another end when it was repeated')
})

test('asynchronous code is run again behind restore, and its errors are the same ones', async () => {
  const ran: string[] = []
  const topology = built((builder) =>
    builder.stream(texts).process<string, string>(() => ({
      process: async ({ value }) => {
        await Promise.resolve()
        ran.push(driver.isReplaying ? `${value} again` : value)
        if (value === 'bad') throw new Error('asynchronously wrong')
      },
    })),
  )
  using driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'k', value: 'ok' })
  driver.input(texts).send({ key: 'k', value: 'bad' })
  await expect(driver.settled()).rejects.toThrow('asynchronously wrong')
  driver.restore(driver.snapshot())
  await driver.settled()
  expect(ran).toEqual(['ok', 'bad', 'ok again', 'bad again'])
  expect(driver.isReplaying).toBe(false)
})

test('what is printed is printed once', () => {
  const lines: string[] = []
  const topology = built((builder) => builder.stream(texts).print())
  using driver = new TopologyTestDriver(topology, { print: (line) => lines.push(line) })
  driver.input(texts).send({ key: 'k', value: 'v' })
  driver.restore(driver.snapshot())
  expect(lines).toHaveLength(1)
})

test('a method is found by its name', () => {
  expect(methodOf({ twice: (n: number) => 2 * n }, 'twice')(4)).toBe(8)
  expect(() => methodOf({}, 'twice')).toThrow('a store has no method twice')
})
