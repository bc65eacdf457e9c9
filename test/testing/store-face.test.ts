import { expect, test } from 'vitest'
import { keyValueStore, serdes, windowStore } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

const spec = keyValueStore('kept', { key: serdes.string, value: serdes.string })
const windows = windowStore('windows', { key: serdes.string, value: serdes.string, sizeMs: 10, retentionMs: 100 })
const topology = built((builder) =>
  builder.stream(texts).process<never, never>(
    () => {
      let put = (_key: string, _value: string): void => undefined
      return {
        init: (context) => {
          const store = context.store(spec)
          put = (key, value) => store.put(key, value)
        },
        process: ({ key, value }) => put(key, value),
      }
    },
    { stores: [spec, windows] },
  ),
)

test('a face that a test keeps shows the store that the driver has now', () => {
  using driver = new TopologyTestDriver(topology)
  const store = driver.store(spec)
  const before = driver.snapshot()
  driver.input(texts).send({ key: 'k', value: 'v' })
  expect(store.get('k')).toBe('v')
  expect(store.approximateSize()).toBe(1)
  driver.restore(before)
  expect(store.get('k')).toBeUndefined()
})

test('writes of a test are part of what is done again, with the arguments that they had', () => {
  using driver = new TopologyTestDriver(topology)
  const store = driver.store(spec)
  expect(store.putIfAbsent('a', '1')).toBeUndefined()
  expect(store.delete('a')).toBe('1')
  store.put('b', '2')
  driver.store(windows).put('w', 'x', 20)
  expect(() => store.put(untyped(null), 'x')).toThrow('null')
  const before = driver.snapshot()
  store.put('b', 'later')
  driver.restore(before)
  expect([...store.range()]).toEqual([['b', '2']])
  expect(driver.store(windows).get('w', 20)).toBe('x')
})

test('the face of a closed driver refuses', () => {
  const driver = new TopologyTestDriver(topology)
  const store = driver.store(spec)
  driver.close()
  expect(() => store.get('k')).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
})
