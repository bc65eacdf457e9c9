import { expect, test } from 'vitest'
import { readManifest } from '../../src/platform/manifest.ts'
import { lengthAnd, varint } from '../support/log-bytes.ts'

const KEY = lengthAnd([1, 2, 3])
const text = (value: string): number[] => lengthAnd([...new TextEncoder().encode(value)])
const record = (...fields: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(fields.flat())
const logNumber = (value: number): number[] => [2, ...varint(value)]
const sequence = (value: number): number[] => [4, ...varint(value)]
const levelTable = (file: number): number[] => [7, 0, ...varint(file), ...varint(5000), ...KEY, ...KEY]
const rocksTable = (file: number, last: number): number[] => {
  const seen = [...varint(1), ...varint(last), 5, ...lengthAnd([9]), 6, ...lengthAnd([9, 9]), 1]
  return [103, 0, ...varint(file), ...varint(5000), ...KEY, ...KEY, ...seen]
}
const deleted = (file: number): number[] => [6, 0, ...varint(file)]

test('edits add up: the last log and sequence number, and the tables that were added and not deleted', () => {
  const manifest = readManifest([
    record([1, ...text('leveldb.BytewiseComparator')], logNumber(3), [9, 0], [3, ...varint(5)], sequence(0)),
    record(logNumber(300), sequence(70_000), levelTable(7), levelTable(200)),
    record([5, 1, ...KEY], deleted(7), levelTable(9), sequence(2 ** 40)),
  ])
  expect(manifest).toMatchObject({ logNumber: 300, lastSequence: 2 ** 40 })
  expect(manifest.tables).toEqual(new Set([9, 200]))
})

test('tables hold everything up to the first sequence number, and then up to the last of a table', () => {
  const opened = [
    record([...varint(8193), ...text('an id')], [...varint(201), ...text('default')], sequence(100)),
    record(logNumber(8), sequence(100)),
  ]
  expect(readManifest(opened).durable).toBe(100)
  expect(readManifest([...opened, record(sequence(900), rocksTable(11, 500))])).toMatchObject({ durable: 500, lastSequence: 900 })
  expect(
    readManifest([
      ...opened,
      record(sequence(900), [...varint(200), 0], rocksTable(11, 500), rocksTable(12, 700), [...varint(203), 1], [...varint(300), 0]),
    ]).durable,
  ).toBe(700)
})

test('older forms of a new file are read too', () => {
  const second = [100, 0, 11, ...varint(5000), ...KEY, ...KEY, 1, 40]
  const third = [102, 0, 12, 0, ...varint(5000), ...KEY, ...KEY, 1, 41]
  expect(readManifest([record(second, third, logNumber(6))])).toMatchObject({ durable: 41, logNumber: 6 })
})

test('a field that is not known ends its record, not the manifest', () => {
  expect(readManifest([record(logNumber(6), [99, 1, 2]), record(sequence(7))])).toMatchObject({ logNumber: 6, lastSequence: 7 })
})

test('a field that reaches past its record is refused', () => {
  expect(() => readManifest([record([4, 200])])).toThrow(RangeError)
  expect(() => readManifest([record([1, 200, 1])])).toThrow(RangeError)
})
