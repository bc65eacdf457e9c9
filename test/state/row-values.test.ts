import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { encodeHeaders } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import { decoded, readRow, restoredHeaders, rowBytes, rowPrefix } from '../../src/state/row-values.ts'
import { resolvedStore } from '../support/state-world.ts'
import { untyped } from '../support/untyped.ts'

const timestamped = resolvedStore({ kind: 'keyValue', name: 'store' })
const hex = (parts: string): string => parts.replaceAll(' ', '')
const headed = resolvedStore({ kind: 'keyValue', name: 'store', format: 'headers' })
const plain = resolvedStore({ kind: 'keyValue', name: 'store', format: 'plain' })

test('a row of a timestamped store has 8 bytes of time before the value, one of a plain store the value alone', () => {
  expect(toHex(rowBytes(timestamped, { value: 'ab', timestamp: 0x0102_0304_0506 }))).toBe('00000102030405066162')
  expect(toHex(rowBytes(plain, { value: 'ab', timestamp: 5 }))).toBe('6162')
  expect(toHex(rowBytes(timestamped, { value: '', timestamp: -1 }))).toBe('ffffffffffffffff')
})

test('a row of a store with headers has their block before the time, behind its length; no headers are an empty block', () => {
  const headers = [['h', utf8('39')]] as const
  expect(toHex(rowBytes(headed, { value: 'ab', timestamp: 0x81, headers }))).toBe(hex('0c020268043339 0000000000000081 6162'))
  expect(toHex(rowPrefix(headed, 5, []))).toBe(hex('00 0000000000000005'))
  for (const kept of [headers, []]) {
    const row = rowBytes(headed, { value: 'ab', timestamp: 1234, headers: kept })
    expect(readRow(headed, Uint8Array.from([9, ...row, 9]), 1, row.length)).toEqual({ value: 'ab', timestamp: 1234, headers: kept })
  }
})

test('what was written is read, wherever it stands', () => {
  for (const [store, expected] of [
    [timestamped, 1234],
    [plain, -1],
  ] as const)
    // prettier-ignore
    for (const value of ['', 'ab', 'x'.repeat(500)]) {
      const row = rowBytes(store, { value, timestamp: 1234 })
      const within = Uint8Array.from([9, 9, ...row, 9])
      expect(readRow(store, within, 2, row.length)).toEqual({ value, timestamp: expected })
    }
})

test('serdes with and without a reader of positions read the same', () => {
  const deserialize = (bytes: Uint8Array): string => serdes.string.deserialize(bytes)
  for (const serde of [untyped(serdes.string), untyped({ deserialize })]) expect(decoded(serde, utf8('--value--'), 2, 5)).toBe('value')
})

test('a value that the serde does not read is told with its store', () => {
  const numbers = { ...timestamped, value: serdes.integer }
  const row = rowBytes(timestamped, { value: 'text', timestamp: 1 })
  expect(readRow(numbers, row, 0, row.length).value).toBeTypeOf('number')
  const longer = rowBytes(timestamped, { value: 'longer', timestamp: 1 })
  expect(() => readRow(numbers, longer, 0, longer.length)).toThrow(
    expect.objectContaining({
      code: 'SERDE_DECODE',
      context: { store: 'store' },
      message: expect.stringMatching(
        /^store store holds a value that its serde can't read: 6 bytes are not an integer.*give the store another name$/,
      ),
    }),
  )
})

test('a row of a session store has no time, with headers or without', () => {
  const session = (format: 'plain' | 'headers') => resolvedStore({ kind: 'session', name: 'store', retentionMs: 1, format })
  const headers = [['h', utf8('39')]] as const
  expect(toHex(rowBytes(session('plain'), { value: 'ab', timestamp: 5 }))).toBe('6162')
  expect(toHex(rowBytes(session('headers'), { value: 'ab', timestamp: 5, headers }))).toBe(hex('0c020268043339 6162'))
  const row = rowBytes(session('headers'), { value: 'ab', timestamp: 5, headers })
  expect(readRow(session('headers'), row, 0, row.length)).toEqual({ value: 'ab', timestamp: -1, headers })
})

test('the headers of a restored row are those of its changelog record, where the store keeps them', () => {
  const bytes = encodeHeaders([['h', utf8('1')]])
  const nowhere = new Int32Array(1)
  const columns = { bytes, count: 1, keyAt: nowhere, keyLength: nowhere, valueAt: nowhere, valueLength: nowhere }
  const rows = { ...columns, headersAt: new Int32Array([0]), headersLength: new Int32Array([bytes.length]) }
  expect(restoredHeaders(headed, rows, 0)).toEqual([['h', utf8('1')]])
  expect(restoredHeaders(timestamped, rows, 0)).toEqual([])
  expect(restoredHeaders(headed, columns, 0)).toEqual([])
})
