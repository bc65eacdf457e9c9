/**
 * Compaction of a partition, on demand: of each key the newest record stays where it is. Offsets, base offsets and last offset deltas are kept, so logs
 * get gaps as from a real cleaner; a batch that loses nothing keeps its bytes, one that loses everything goes, unless it is a producer's last (its
 * sequence must be found again) or the log's (a reader must get to the end). A tombstone is kept by the first pass that meets it, for readers that
 * are behind, and removed by the next, which stands for `delete.retention.ms`; records without a key go. What is behind the last stable offset stays as it is. What was
 * aborted goes; markers stay, as with a real cleaner for as long as `delete.retention.ms`.
 */
import { toHex } from '../base/bytes.ts'
import { readHeader, type BatchHeader, type RecordColumns } from '../wire/batch-reader.ts'
import { stampAppendTime } from '../wire/batch-stamp.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { PartitionLog } from './log.ts'
import { eachRow, offsetOf } from './rows.ts'

/** What a pass is told. */
export interface CleaningOptions {
  /** What the pass before answered; 0: there was none. */
  readonly cleanedTo: number
  /** The last stable offset: batches that end behind it aren't looked at. */
  readonly before: number
  /** Was what a producer wrote at an offset aborted? */
  readonly isAborted: (producerId: number, offset: number) => boolean
}

/** Leaves the newest record of each key. Answers where the pass ended. */
export function compact(log: PartitionLog, { cleanedTo, before, isAborted }: CleaningOptions): number {
  const all = [...log.batches()].map(({ bytes }) => {
    const header = readHeader(bytes, 0, bytes.length)!
    return { bytes, header, aborted: header.transactional && !header.control && isAborted(header.producerId, header.baseOffset) }
  })
  const batches = all.filter(({ header }) => header.nextOffset <= before)
  const newest = new Map<string, number>()
  const lastOf = new Map<number, BatchHeader>()
  for (const { header } of all) lastOf.set(header.producerId, header)
  for (const { bytes } of batches.filter(({ aborted }) => !aborted)) {
    eachRow(bytes, (rows, i) => {
      if (rows.keyLength[i]! >= 0) newest.set(keyOf(rows, i), offsetOf(rows, i))
    })
  }
  const kept = batches.flatMap(({ bytes, header, aborted }, at): Uint8Array[] => {
    const mustStay = header.control || at === all.length - 1 || (header.producerId >= 0 && lastOf.get(header.producerId) === header)
    const left = cleaned(bytes, header, (rows, i) => {
      const offset = offsetOf(rows, i)
      return (
        !aborted && rows.keyLength[i]! >= 0 && newest.get(keyOf(rows, i)) === offset && (rows.valueLength[i]! >= 0 || offset >= cleanedTo)
      )
    })
    return left.count > 0 || mustStay ? [left.bytes] : []
  })
  log.replace([...kept, ...all.slice(batches.length).map(({ bytes }) => bytes)])
  return Math.min(before, log.endOffset)
}

/** A batch without the records that don't stay, and how many are left. */
function cleaned(
  bytes: Uint8Array,
  header: BatchHeader,
  stays: (rows: RecordColumns, i: number) => boolean,
): { readonly bytes: Uint8Array; readonly count: number } {
  const { baseOffset, leaderEpoch, lastOffsetDelta, producerId, producerEpoch, baseSequence, transactional, control, count } = header
  if (control) return { bytes, count }
  const writer = new BatchWriter({ initialBytes: bytes.length })
  eachRow(bytes, (rows, i) => {
    if (!stays(rows, i)) return
    writer.skipTo(offsetOf(rows, i) - baseOffset)
    const at = rows.headersAt[i]!
    const headers = at < 0 ? undefined : rows.bytes.subarray(at, at + rows.headersLength[i]!)
    writer.appendRow(rows, i, rows.baseTimestamp + rows.timestampDelta[i]!, headers)
  })
  if (writer.count === count) return { bytes, count }
  const codec = header.codec ?? 'none'
  const left = writer.seal({ producerId, producerEpoch, baseSequence, transactional, codec, baseOffset, leaderEpoch, lastOffsetDelta })
  if (header.logAppendTime) stampAppendTime(left, header.maxTimestamp)
  return { bytes: left, count: writer.count }
}

function keyOf(rows: RecordColumns, i: number): string {
  const at = rows.keyAt[i]!
  return toHex(rows.bytes.subarray(at, at + rows.keyLength[i]!))
}
