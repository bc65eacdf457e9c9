import { expect, it } from 'vitest'
import { AT, ATTRIBUTE, MAGIC, UNCOUNTED } from '../../src/wire/batch-layout.ts'
import { crc32cBytewise } from '../../src/base/crc32c.ts'
import { jvmBatches, jvmMarkers } from './jvm-batches.ts'

it('finds every field of a batch where the JVM put it', () => {
  const batch = Buffer.from(jvmBatches.none)
  const long = (at: number): number => Number(batch.readBigInt64BE(at))
  expect([long(AT.baseOffset), batch.readInt32BE(AT.length), batch.readInt32BE(AT.leaderEpoch), batch[AT.magic]]).toEqual([
    1000,
    batch.length - UNCOUNTED,
    -1,
    MAGIC,
  ])
  expect([batch.readUInt32BE(AT.crc), batch.readInt16BE(AT.attributes)]).toEqual([
    crc32cBytewise(batch, AT.attributes),
    ATTRIBUTE.transactional,
  ])
  expect([batch.readInt32BE(AT.lastOffsetDelta), long(AT.baseTimestamp), long(AT.maxTimestamp)]).toEqual([15, 1700000000500, 1700000012000])
  expect([
    long(AT.producerId),
    batch.readInt16BE(AT.producerEpoch),
    batch.readInt32BE(AT.baseSequence),
    batch.readInt32BE(AT.count),
  ]).toEqual([77, 3, 42, 16])
  expect(Buffer.from(jvmMarkers.commit).readInt16BE(AT.attributes)).toBe(ATTRIBUTE.transactional | ATTRIBUTE.control)
  expect(AT.records).toBe(61)
})
