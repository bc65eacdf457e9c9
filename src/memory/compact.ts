/**
 * Compaction, on demand: of each key the newest record stays where it was; offsets, base offsets and last offset deltas are kept, so logs have
 * gaps as a real cleaner leaves them. Tombstones stay too: a reader that is behind must still see them.
 */
import { toHex } from '../base/bytes.ts'
import { BatchReader, readHeader, type BatchHeader, type RecordColumns } from '../wire/batch-reader.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { PartitionLog } from './log.ts'

/** Leaves the newest record of each key. */
export function compact(log: PartitionLog): void {
  const batches = [...log.batches()].map(({ bytes, header }) => ({ bytes: bytes.slice(), header }))
  const newest = new Map<string, number>()
  for (const { bytes } of batches) each(bytes, (rows, i) => newest.set(keyOf(rows, i), offsetOf(rows, i)))
  log.clear()
  for (const { bytes, header } of batches) {
    const kept = rewrite(bytes, header, (rows, i) => newest.get(keyOf(rows, i)) === offsetOf(rows, i))
    log.keep(kept, readHeader(kept, 0, kept.length)!)
  }
}

function rewrite(bytes: Uint8Array, header: BatchHeader, keeps: (rows: RecordColumns, i: number) => boolean): Uint8Array {
  const writer = new BatchWriter({ initialBytes: bytes.length + 64 })
  each(bytes, (rows, i) => {
    if (!keeps(rows, i)) return
    writer.skipTo(offsetOf(rows, i) - header.baseOffset)
    const at = rows.headersAt[i]!
    const block = at < 0 ? undefined : rows.bytes.subarray(at, at + rows.headersLength[i]!)
    writer.appendRow(rows, i, rows.baseTimestamp + rows.timestampDelta[i]!, block)
  })
  const { producerId, producerEpoch, baseSequence, baseOffset, lastOffsetDelta } = header
  return writer.seal({ producerId, producerEpoch, baseSequence, baseOffset, lastOffsetDelta })
}

function each(bytes: Uint8Array, visit: (rows: RecordColumns, i: number) => void): void {
  const reader = new BatchReader({ checkCrc: false, hashKeys: false })
  reader.open(bytes, readHeader(bytes, 0, bytes.length)!)
  for (let rows = reader.next(); rows !== undefined; rows = reader.next()) for (let i = 0; i < rows.count; i++) visit(rows, i)
}

function keyOf(rows: RecordColumns, i: number): string {
  const at = rows.keyAt[i]!
  const length = rows.keyLength[i]!
  return length < 0 ? 'null' : toHex(rows.bytes.subarray(at, at + length))
}

function offsetOf(rows: RecordColumns, i: number): number {
  return rows.baseOffset + (rows.offsetDelta?.[i] ?? i)
}
