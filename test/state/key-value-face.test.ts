import { expect, test } from 'vitest'
import { keyValueFace, type KeyValueCalls } from '../../src/state/key-value-face.ts'
import { rowsOf, scanOf } from '../../src/state/scan.ts'

function face(waits: boolean) {
  const rows = new Map<string, number>([['a', 1]])
  const calls: KeyValueCalls<string, number> = {
    get: (key) => (waits ? Promise.resolve(rows.get(key)) : rows.get(key)),
    entry: () => undefined,
    put: (key, value) => void (value === null ? rows.delete(key) : rows.set(key, value)),
    range: () => scanOf(rowsOf([...rows]), 's'),
    size: () => rows.size,
  }
  return keyValueFace(calls)
}

test.each([false, true])('putIfAbsent and delete answer what was there, also where a read waits: %s', async (waits) => {
  const store = face(waits)
  expect(await store.putIfAbsent('a', 7)).toBe(1)
  expect(await store.putIfAbsent('b', 2)).toBeUndefined()
  expect(await store.delete('a')).toBe(1)
  expect(await store.delete('a')).toBeUndefined()
  store.put('c', 3, { timestamp: 1 })
  expect([...store.range()]).toEqual([
    ['b', 2],
    ['c', 3],
  ])
  expect(store.approximateSize()).toBe(2)
})
