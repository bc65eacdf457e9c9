/**
 * What becomes of a sealed batch that a broker refused as it is, and did not append: its records in two smaller batches, or the same records under
 * another producer epoch. The sealed bytes are never written: a log or a socket may still hold them.
 */
import { writeInt16, writeInt32, writeInt64 } from '../base/bytes.ts'
import { crc32c } from '../base/crc32c.ts'
import { assert } from '../base/errors.ts'
import { AT } from '../wire/batch-layout.ts'
import { BatchReader, readHeader } from '../wire/batch-reader.ts'
import { BatchWriter } from '../wire/batch-writer.ts'

const SEQUENCES = 2 ** 31

/** Whose sequence a batch counts in. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/** The sequence that follows `count` records; it wraps at 2^31. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCES
}

/** The same records, of that producer and from that sequence on. */
export function restamped(batch: Uint8Array, { producerId, producerEpoch }: ProducerIdentity, baseSequence: number): Uint8Array {
  const copy = Uint8Array.from(batch)
  writeInt64(copy, AT.producerId, producerId)
  writeInt16(copy, AT.producerEpoch, producerEpoch)
  writeInt32(copy, AT.baseSequence, baseSequence)
  writeInt32(copy, AT.crc, crc32c(copy, AT.attributes))
  return copy
}

/** The first half of the records and the others, in two batches that share the sequences of the one; it has at least two. */
export function halved(batch: Uint8Array): readonly [first: Uint8Array, second: Uint8Array] {
  const header = readHeader(batch, 0, batch.length)
  assert(header !== undefined && header.count > 1, 'a batch of several records is halved')
  const { producerId, producerEpoch, baseSequence, codec = 'none' } = header
  const half = header.count >> 1
  const first = new BatchWriter()
  const second = new BatchWriter()
  const reader = new BatchReader({ checkCrc: false, hashKeys: false })
  reader.open(batch, header)
  let n = 0
  for (let rows = reader.next(); rows !== undefined; rows = reader.next()) {
    for (let row = 0; row < rows.count; row++) {
      const at = rows.headersAt[row]!
      const headers = at < 0 ? undefined : rows.bytes.subarray(at, at + rows.headersLength[row]!)
      ;(n++ < half ? first : second).appendRow(rows, row, rows.baseTimestamp + rows.timestampDelta[row]!, headers)
    }
  }
  const whose = { producerId, producerEpoch, codec }
  return [
    first.seal({ ...whose, baseSequence }),
    second.seal({ ...whose, baseSequence: baseSequence < 0 ? baseSequence : sequenceAfter(baseSequence, half) }),
  ]
}
