/**
 * The log of one partition, as encoded batches. A batch is copied once, into the open segment, where it gets its offset; a fetch answers a view
 * of whole batches of one segment, so nothing is done per record. Segments are only ever appended to, so views stay valid.
 */
import { readHeader, type BatchHeader } from '../wire/batch-reader.ts'
import { stampAppendTime, stampOffset } from '../wire/batch-stamp.ts'

/** One batch in a segment. */
export interface LoggedBatch {
  readonly baseOffset: number
  /** One behind its last offset. */
  readonly nextOffset: number
  readonly at: number
  readonly length: number
  /** Milliseconds since the epoch. */
  readonly maxTimestamp: number
}

interface Segment {
  readonly bytes: Uint8Array
  used: number
  readonly batches: LoggedBatch[]
}

const SMALLEST_SEGMENT = 64 * 1024
const LARGEST_SEGMENT = 4 * 1024 * 1024
const NOTHING = new Uint8Array(0)

/** Batches of one partition, in order of offsets. */
export class PartitionLog {
  readonly #segments: Segment[] = []
  #startOffset = 0
  #endOffset = 0
  #nextSegment = SMALLEST_SEGMENT

  /** First offset that can be read. */
  get startOffset(): number {
    return this.#startOffset
  }

  /** One behind the last record: the high watermark. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Takes a batch whose header is given; answers its base offset. With `appendTime`, in ms, all its records get that time. */
  append(batch: Uint8Array, header: BatchHeader, appendTime: number | undefined): number {
    const baseOffset = this.#endOffset
    this.#store(batch, { header, baseOffset, appendTime })
    return baseOffset
  }

  /** Puts back a batch with the offsets it had (compaction). */
  keep(batch: Uint8Array, header: BatchHeader): void {
    this.#store(batch, { header, baseOffset: header.baseOffset, appendTime: undefined })
  }

  /** Whole batches from the one that holds `offset` on: at least one, then as many as fit into `maxBytes`, of one segment. */
  read(offset: number, maxBytes: number): Uint8Array {
    for (const segment of this.#segments) {
      const last = segment.batches.at(-1)
      if (last === undefined || last.nextOffset <= offset) continue
      const first = firstFrom(segment.batches, offset)
      const from = segment.batches[first]!.at
      let end = first
      while (end + 1 < segment.batches.length && endOf(segment.batches[end + 1]!) - from <= maxBytes) end++
      return segment.bytes.subarray(from, endOf(segment.batches[end]!))
    }
    return NOTHING
  }

  /** How many bytes could be read from an offset on. */
  bytesFrom(offset: number): number {
    return this.#segments.reduce((sum, { batches, used }) => {
      const last = batches.at(-1)
      if (last === undefined || last.nextOffset <= offset) return sum
      return sum + used - batches[firstFrom(batches, offset)]!.at
    }, 0)
  }

  /** The batches with their headers, in order. */
  *batches(): Generator<{ readonly bytes: Uint8Array; readonly header: BatchHeader }> {
    for (const { bytes, batches } of this.#segments) {
      for (const { at, length } of batches) {
        const view = bytes.subarray(at, at + length)
        yield { bytes: view, header: readHeader(view, 0, length)! }
      }
    }
  }

  /** The first batch that may hold a record at or after a time, in ms. */
  batchAt(timestamp: number): Uint8Array | undefined {
    for (const { bytes, batches } of this.#segments) {
      const found = batches.find(({ maxTimestamp, nextOffset }) => maxTimestamp >= timestamp && nextOffset > this.#startOffset)
      if (found !== undefined) return bytes.subarray(found.at, endOf(found))
    }
    return undefined
  }

  /** Moves the start up to an offset; segments wholly below it go. */
  truncateTo(offset: number): void {
    this.#startOffset = Math.max(this.#startOffset, Math.min(offset, this.#endOffset))
    while (this.#segments.length > 1 && (this.#segments[0]!.batches.at(-1)?.nextOffset ?? 0) <= this.#startOffset) this.#segments.shift()
  }

  /** Begins anew with nothing, offsets going on (compaction puts back what it keeps). */
  clear(): void {
    this.#segments.length = 0
  }

  #store(batch: Uint8Array, { header, baseOffset, appendTime }: { header: BatchHeader; baseOffset: number; appendTime: number | undefined }): void {
    const segment = this.#roomFor(batch.length)
    const at = segment.used
    segment.bytes.set(batch, at)
    const stored = segment.bytes.subarray(at, at + batch.length)
    stampOffset(stored, baseOffset, 0)
    if (appendTime !== undefined) stampAppendTime(stored, appendTime)
    const nextOffset = baseOffset + header.lastOffsetDelta + 1
    segment.batches.push({ baseOffset, nextOffset, at, length: batch.length, maxTimestamp: appendTime ?? header.maxTimestamp })
    segment.used += batch.length
    this.#endOffset = Math.max(this.#endOffset, nextOffset)
  }

  #roomFor(length: number): Segment {
    const open = this.#segments.at(-1)
    if (open !== undefined && open.used + length <= open.bytes.length) return open
    const made: Segment = { bytes: new Uint8Array(Math.max(length, this.#nextSegment)), used: 0, batches: [] }
    this.#nextSegment = Math.min(LARGEST_SEGMENT, this.#nextSegment * 4)
    this.#segments.push(made)
    return made
  }
}

function endOf({ at, length }: LoggedBatch): number {
  return at + length
}

/** Index of the first batch whose last offset is at or behind `offset`. */
function firstFrom(batches: readonly LoggedBatch[], offset: number): number {
  let low = 0
  let high = batches.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (batches[middle]!.nextOffset <= offset) low = middle + 1
    else high = middle
  }
  return low
}
