import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { isIn, isPartIn, keyBounds, successor, withPrefix } from '../../src/state/key-range.ts'

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const bytes = fc.array(fc.constantFrom(0, 1, 0x61, 0xfe, 0xff), { maxLength: 3 }).map((each) => Uint8Array.from(each))
const begins = (key: Uint8Array, prefix: Uint8Array): boolean => compareBytes(key.subarray(0, prefix.length), prefix) === 0

test('bounds are inclusive, and hold together with the prefix', () => {
  const options = fc.record({ from: bytes, to: bytes, prefix: bytes }, { requiredKeys: [] })
  fc.assert(
    fc.property(options, bytes, (given, key) => {
      const expected =
        (given.from === undefined || compareBytes(key, given.from) >= 0) &&
        (given.to === undefined || compareBytes(key, given.to) <= 0) &&
        (given.prefix === undefined || begins(key, given.prefix))
      expect(
        isIn(
          key,
          keyBounds(given, (each) => each),
        ),
      ).toBe(expected)
    }),
    { numRuns: 20 * RUNS.numRuns },
  )
})

test('a prefix may be text', () => {
  expect(keyBounds({ prefix: 'é' }, utf8)).toEqual({ from: Uint8Array.of(0xc3, 0xa9), to: Uint8Array.of(0xc3, 0xaa) })
})

test('without bounds the range is open upwards', () => {
  expect(keyBounds({}, utf8)).toEqual({ from: new Uint8Array(0) })
})

test('a range behind a prefix holds the keys of the range behind the prefix, and no others', () => {
  fc.assert(
    fc.property(bytes, fc.option(bytes, { nil: undefined }), bytes, bytes, (from, to, prefix, key) => {
      const range = to === undefined ? { from } : { from, to }
      const inside = withPrefix(range, prefix)
      expect(isIn(Uint8Array.from([...prefix, ...key]), inside)).toBe(isIn(key, range))
      if (isIn(key, inside)) expect(begins(key, prefix)).toBe(true)
      const larger = Uint8Array.from([0xff, ...key, 0])
      expect(isPartIn(larger, 1, larger.length - 1, range)).toBe(isIn(key, range))
    }),
    RUNS,
  )
})

test('the successor is above all that begins with the bytes, and nothing that does not is between', () => {
  fc.assert(
    fc.property(bytes, bytes, (prefix, key) => {
      const next = successor(prefix)
      const isBetween = compareBytes(key, prefix) >= 0 && (next === undefined || compareBytes(key, next) < 0)
      expect(isBetween).toBe(begins(key, prefix))
    }),
    { numRuns: 10 * RUNS.numRuns },
  )
  expect(successor(Uint8Array.of(0x61, 0xff))).toEqual(Uint8Array.of(0x62))
  expect(successor(Uint8Array.of(0xff, 0xff))).toBeUndefined()
})
