import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { serdes } from '../../src/model/serdes.ts'
import { changeSerde } from '../../src/operators/change-serde.ts'

const serde = changeSerde(serdes.string)
const text = fc.string({ maxLength: 200, unit: 'grapheme' })

test('a change comes back as it went', () =>
  fc.assert(
    fc.property(fc.option(text), fc.option(text), (value, old) => {
      fc.pre(value !== null || old !== null)
      expect(serde.deserialize(serde.serialize({ value, old, latest: true }))).toEqual({ value, old, latest: true })
    }),
  ))

test('the bytes are those of Kafka Streams (Y5)', () => {
  const hex = (value: string | null, old: string | null | undefined): string => toHex(serde.serialize({ value, old, latest: true }))
  expect(hex('ab', null)).toBe('616201')
  expect(hex('ab', undefined)).toBe('616201')
  expect(hex(null, 'cd')).toBe('636400')
  expect(hex('ab', 'cd')).toBe('046162636402')
  expect(hex('', '')).toBe('0002')
  expect(hex('x'.repeat(64), '').slice(0, 6)).toBe('800178')
})

test('the forms that say whether they are the newest are read', () => {
  const read = (...bytes: number[]): unknown => serde.deserialize(Uint8Array.from(bytes))
  expect(read(0x61, 1, 3)).toEqual({ value: null, old: 'a', latest: true })
  expect(read(0x61, 0, 4)).toEqual({ value: 'a', old: null, latest: false })
  expect(read(2, 0x61, 0x62, 0, 5)).toEqual({ value: 'a', old: 'b', latest: false })
})

test.each([
  ['nothing', []],
  ['another form', [0x61, 6]],
  ['a form without its flag', [3]],
  ['another flag', [0x61, 2, 3]],
  ['a new value that is cut off', [8, 0x61, 2]],
  ['a negative length', [1, 0x61, 2]],
  ['a length without an end', [0x80, 2]],
])('%s is refused', (_what, bytes) => {
  expect(() => serde.deserialize(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'SERDE_DECODE' }))
})

test('a change of nothing is refused', () => {
  expect(() => serde.serialize({ value: null, old: null, latest: true })).toThrow(expect.objectContaining({ code: 'SERDE_ENCODE' }))
})
