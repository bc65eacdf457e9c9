import { expect, test } from 'vitest'
import { rowKeys } from '../../src/state/row-keys.ts'

test('keys stand behind the prefix of their store, without values', () => {
  const rows = rowKeys(new Uint8Array([0, 7]), [
    { key: new Uint8Array([1]), hash: 5 },
    { key: new Uint8Array(0), hash: 6 },
  ])
  const keys = [0, 1].map((row) => Array.from(rows.bytes.subarray(rows.keyAt[row], rows.keyAt[row]! + rows.keyLength[row]!)))
  expect(keys).toEqual([
    [0, 7, 1],
    [0, 7],
  ])
  expect([rows.count, rows.valueLength[0], rows.valueLength[1]]).toEqual([2, -1, -1])
})
