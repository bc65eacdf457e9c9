import { expect, test } from 'vitest'
import { keyValueStore, serdes, windowStore, type KeyValueStore } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, texts } from '../support/shop-topics.ts'

const spec = keyValueStore('rows', { key: serdes.string, value: serdes.string })
const windows = windowStore('windows', { key: serdes.string, value: serdes.string, sizeMs: 10, retentionMs: 100 })

/** A driver whose step puts a row for each record and does something with the store. */
function driverOf(act: (store: KeyValueStore<string, string>, value: string) => unknown): TopologyTestDriver {
  const topology = built((builder) =>
    builder.stream(texts).process<never, never>(
      () => {
        let store: KeyValueStore<string, string> | undefined
        return {
          init: (context) => {
            store = context.store(spec)
          },
          process: ({ key, value }) => {
            store!.put(key, value)
            act(store!, value)
          },
        }
      },
      { stores: [spec, windows], name: 'looks' },
    ),
  )
  return new TopologyTestDriver(topology)
}

const failure = (driver: TopologyTestDriver): Error & { cause: Error } => {
  try {
    driver.close()
  } catch (error) {
    return error as Error & { cause: Error }
  }
  throw new Error('it closed')
}

test('a step that leaves a scan open fails the test, which says where it was opened', () => {
  const driver = driverOf((store) => store.range()[Symbol.iterator]().next())
  driver.input(texts).send({ key: 'a', value: 'x' })
  const error = failure(driver)
  expect(error).toMatchObject({
    code: 'ITERATOR_CLOSED',
    message: 'step looks left a scan of store rows open: read it to its end, leave its loop, or write `using rows = store.range(…)`',
    context: { node: 'looks', store: 'rows' },
  })
  expect(error.cause.stack).toContain('open-scans.test.ts')
  // It is closed all the same.
  driver.close()
  expect(() => driver.input(texts).send({ key: 'a', value: 'x' })).toThrow('the test driver is closed')
})

test('so does the test itself, and what was left behind by going back', () => {
  const driver = driverOf((store, value) => (value === 'leak' ? store.range() : undefined))
  driver.store(windows).fetch('a', {})
  expect(failure(driver).message).toMatch(/^the test left a scan of store windows open/)
  const other = driverOf((store, value) => (value === 'leak' ? store.range() : undefined))
  const before = other.snapshot()
  for (let n = 0; n < 2; n++) other.input(texts).send({ key: 'a', value: 'leak' })
  other.restore(before)
  expect(failure(other).message).toMatch(/^step looks left a scan of store rows open, one of 2 scans: /)
})

test('scans that were read to their end, left, or disposed of are closed', () => {
  using driver = driverOf((store) => {
    for (const _ of store.range()) break
    const [first] = store.range()
    using scan = store.range({ limit: 1 })
    return [first, ...store.range(), scan[Symbol.iterator]().next()]
  })
  for (const key of ['a', 'b', 'c']) driver.input(texts).send({ key, value: 'x' })
  expect([...driver.store(spec).range()]).toHaveLength(3)
})

test('an asynchronous step’s scan is told by settled', async () => {
  const topology = built((builder) =>
    builder.stream(texts).process<never, never>(
      () => {
        let store: KeyValueStore<string, string> | undefined
        return {
          init: (context) => {
            store = context.store(spec)
          },
          process: async () => {
            await Promise.resolve()
            store!.range()
          },
        }
      },
      { stores: [spec], name: 'later' },
    ),
  )
  const driver = new TopologyTestDriver(topology)
  driver.input(texts).send({ key: 'a', value: 'x' })
  driver.close()
  await expect(driver.settled()).rejects.toThrow('step later left a scan of store rows open')
})
