/**
 * What a log changes in a batch it takes: base offset and leader epoch, which the checksum doesn't cover, and the time of appending, after
 * which it is computed anew.
 */
import { readInt16, writeInt16, writeInt32, writeInt64 } from '../base/bytes.ts'
import { AT, ATTRIBUTE } from './batch-layout.ts'
import { crc32c } from '../base/crc32c.ts'

/** Gives the batch its place in the log, in place. */
export function stampOffset(batch: Uint8Array, baseOffset: number, leaderEpoch: number): void {
  writeInt64(batch, AT.baseOffset, baseOffset)
  writeInt32(batch, AT.leaderEpoch, leaderEpoch)
}

/** Gives all records of the batch the time they were appended (`message.timestamp.type=LogAppendTime`), in milliseconds, in place. */
export function stampAppendTime(batch: Uint8Array, timestamp: number): void {
  writeInt16(batch, AT.attributes, readInt16(batch, AT.attributes) | ATTRIBUTE.logAppendTime)
  writeInt64(batch, AT.maxTimestamp, timestamp)
  writeInt32(batch, AT.crc, crc32c(batch, AT.attributes))
}
