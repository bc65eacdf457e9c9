import { expect, it } from 'vitest'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { stampAppendTime, stampOffset } from '../../src/wire/batch-stamp.ts'
import { jvmBatches } from './jvm-batches.ts'
import { readAll } from './reading.ts'

it('moves a batch to its offset without touching what the checksum covers', () => {
  const batch = jvmBatches.snappy.slice()
  stampOffset(batch, 2 ** 40, 12)
  expect(batch.subarray(16)).toEqual(jvmBatches.snappy.subarray(16))
  expect(readHeader(batch, 0, batch.length)).toMatchObject({ baseOffset: 2 ** 40, leaderEpoch: 12, length: batch.length })
  expect(readAll(batch).at(-1)?.offset).toBe(2 ** 40 + 15)
})

it('gives the time of appending to every record, and a checksum that fits', () => {
  const batch = jvmBatches.none.slice()
  stampAppendTime(batch, 1234)
  expect(readHeader(batch, 0, batch.length)).toMatchObject({ logAppendTime: true, transactional: true, maxTimestamp: 1234 })
  expect(new Set(readAll(batch).map((record) => record.timestamp))).toEqual(new Set([1234]))
})
