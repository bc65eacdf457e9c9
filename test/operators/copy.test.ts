import { expect, test } from 'vitest'
import { serdes } from '../../src/model/serdes.ts'
import { copyOf } from '../../src/operators/copy.ts'

test('an object is copied with all that is in it', () => {
  const value = { list: [1, { two: 'zwei' }], nothing: null }
  const copy = copyOf(value, serdes.json())
  expect(copy).toEqual(value)
  expect(copy).not.toBe(value)
  expect(copy.list).not.toBe(value.list)
})

test('a primitive is its own copy, and no serde is asked', () => {
  for (const value of [null, undefined, 0, 'text', true, 7n]) expect(copyOf(value, serdes.void)).toBe(value)
})

test('bytes are copied, also where a serde hands out what it was given', () => {
  const bytes = new Uint8Array([1, 2, 3])
  const copy = copyOf(bytes, serdes.bytes)
  bytes[0] = 9
  expect([...copy]).toEqual([1, 2, 3])
})
