import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchOf, checks, readLog } from '../../src/platform/log-records.ts'
import { batchRecord, logFile, masked } from '../support/log-bytes.ts'

const BLOCK = 32_768
const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const recordSizes = fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 5 })
const filled = (size: number): Uint8Array => new Uint8Array(size).fill(size & 255)

test('records come back as they were written, over blocks and empty', () => {
  const written = [0, 1, BLOCK - 7 - 7 - 8 - 3, 3, BLOCK, 2 * BLOCK + 5, 0].map((size) => new Uint8Array(size).fill(size % 251))
  const { records: read, soundRecords, damaged } = readLog(logFile(written))
  expect(read.map((record) => record.length)).toEqual(written.map((record) => record.length))
  expect(read.every((record, i) => Buffer.compare(record, written[i]!) === 0)).toBe(true)
  expect({ soundRecords, damaged }).toEqual({ soundRecords: written.length, damaged: false })
})

test('a log cut off anywhere has a beginning of its records and counts as sound', () => {
  fc.assert(
    fc.property(recordSizes, fc.nat(), (sizes, random) => {
      const written = sizes.map(filled)
      const bytes = logFile(written)
      const { records: read, damaged } = readLog(bytes.subarray(0, random % (bytes.length + 1)))
      expect(damaged).toBe(false)
      expect(read.every((record, i) => Buffer.compare(record, written[i]!) === 0)).toBe(true)
    }),
    runs,
  )
})

test('a changed byte never makes another record of one, and what is behind it is not counted as sound', () => {
  fc.assert(
    fc.property(recordSizes, fc.nat(), fc.integer({ min: 1, max: 255 }), (sizes, random, change) => {
      const written = sizes.map(filled)
      const bytes = logFile(written)
      if (bytes.length === 0) return
      bytes[random % bytes.length]! ^= change
      const { records: read, soundRecords } = readLog(bytes)
      const known = new Set(written.map((record) => `${record.length}`))
      expect(read.every((record) => known.has(`${record.length}`))).toBe(true)
      expect(read.slice(0, soundRecords).every((record, i) => Buffer.compare(record, written[i]!) === 0)).toBe(true)
    }),
    runs,
  )
})

test('a changed byte in a block that others follow is damage', () => {
  const bytes = logFile([batchRecord(1, 1), new Uint8Array(BLOCK), batchRecord(2, 1)])
  bytes[10]! ^= 1
  expect(readLog(bytes)).toMatchObject({ soundRecords: 0, damaged: true })
})

test('a batch says its sequence number and how many rows it has', () => {
  expect(batchOf(batchRecord(2 ** 40 + 5, 17))).toEqual({ sequence: 2 ** 40 + 5, count: 17 })
  expect(batchOf(new Uint8Array(11))).toBeUndefined()
})

test('a checksum is compared in its masked form', () => {
  const bytes = Uint8Array.from([...masked([1, 2, 3]), 1, 2, 3])
  expect(checks(bytes, 0, 4, 7)).toBe(true)
  bytes[5]! ^= 1
  expect(checks(bytes, 0, 4, 7)).toBe(false)
})
