import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { serdes } from '../../src/model/serdes.ts'
import { decoded, readRow, rowBytes } from '../../src/state/row-values.ts'
import { resolvedStore } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const timestamped = resolvedStore({ kind: 'keyValue', name: 'store' })
const plain = resolvedStore({ kind: 'keyValue', name: 'store', format: 'plain' })

test('a row of a timestamped store has 8 bytes of time before the value, one of a plain store the value alone', () => {
  expect(toHex(rowBytes(timestamped, 'ab', 0x0102_0304_0506))).toBe('00000102030405066162')
  expect(toHex(rowBytes(plain, 'ab', 5))).toBe('6162')
  expect(toHex(rowBytes(timestamped, '', -1))).toBe('ffffffffffffffff')
})

test('what was written is read, wherever it stands', () => {
  for (const [store, expected] of [
    [timestamped, 1234],
    [plain, -1],
  ] as const)
    // prettier-ignore
    for (const value of ['', 'ab', 'x'.repeat(500)]) {
      const row = rowBytes(store, value, 1234)
      const within = Uint8Array.from([9, 9, ...row, 9])
      expect(readRow(store, within, 2, row.length)).toEqual({ value, timestamp: expected })
    }
})

test('serdes with and without a reader of positions read the same', () => {
  const deserialize = (bytes: Uint8Array): string => serdes.string.deserialize(bytes)
  for (const serde of [untyped(serdes.string), untyped({ deserialize })]) expect(decoded(serde, utf8('--value--'), 2, 5)).toBe('value')
})
