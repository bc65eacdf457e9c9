/**
 * Hot path. The log of one partition, as encoded batches: of a batch only its offset and leader epoch are written (bytes 0 to 15, which the checksum
 * doesn't cover), and a fetch answers a view of whole batches that stand side by side, so nothing is done per record.
 * A batch of 32 KiB or more that no log has stamped yet (its leader epoch is −1, as producers write it) is kept as it is: whoever appends it gives it
 * away, and may send the same bytes again but not change them. All others are copied into a chunk, behind each other. Written bytes are never moved
 * or written again, so views stay valid whatever becomes of the log.
 * Appending and fetching costs 0.1 ns a record in batches that are kept (a checksum adds 60), 11 to 40 in batches that are copied (the more, the
 * fresher the memory is), and 0.9 µs for a record in a batch of its own (benchmarks/micro/memory-log.ts).
 */
import { readInt32 } from '../base/bytes.ts'
import { AT } from '../wire/batch-layout.ts'
import { readHeader, type BatchHeader } from '../wire/batch-reader.ts'
import { stampAppendTime, stampOffset } from '../wire/batch-stamp.ts'
import { LeaderEpochs } from './leader-epochs.ts'

/** One batch in the log. */
export interface LoggedBatch {
  readonly baseOffset: number
  /** One behind its last offset. */
  readonly nextOffset: number
  /** Where it begins in its segment's bytes. */
  readonly at: number
  readonly length: number
  /** Milliseconds since the epoch. */
  readonly maxTimestamp: number
  readonly leaderEpoch: number
}

/** What a read is bounded by. */
export interface ReadLimits {
  /** Only batches that end at or before this offset. */
  readonly before?: number
  /** False: nothing when the first batch is larger than the limit. True when not given. */
  readonly atLeastOne?: boolean
  /** True: go on to the byte limit and end within a batch, as brokers do. */
  readonly cut?: boolean
}

/** Batches that stand side by side; the answer to a fetch never crosses one. */
interface Segment {
  readonly bytes: Uint8Array
  /** Bytes of the log before it. */
  readonly position: number
  readonly batches: LoggedBatch[]
  maxTimestamp: number
}

const KEPT_BYTES = 32 * 1024
const SMALLEST_CHUNK = 16 * 1024
const LARGEST_CHUNK = 1024 * 1024
const NOTHING = new Uint8Array(0)

/** Batches of one partition, in order of offsets. */
export class PartitionLog {
  /** The epochs in which it was written. */
  readonly epochs: LeaderEpochs = new LeaderEpochs()
  #segments: Segment[] = []
  #startOffset = 0
  #endOffset = 0
  /** Bytes ever appended. */
  #position = 0
  #chunk = NOTHING
  #chunkUsed = 0

  /** First offset that can be read. */
  get startOffset(): number {
    return this.#startOffset
  }

  /** One behind the last record. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Takes a batch whose header is given; answers its base offset. With `appendTime`, in ms, all its records get that time. */
  append(batch: Uint8Array, header: BatchHeader, appendTime?: number): number {
    const baseOffset = this.#endOffset
    this.#store(batch, {
      baseOffset,
      lastOffsetDelta: header.lastOffsetDelta,
      maxTimestamp: header.maxTimestamp,
      appendTime,
      leaderEpoch: this.epochs.current,
    })
    return baseOffset
  }

  /** Whole batches from the one that holds `offset` on, as many as fit into `maxBytes`, but at least one; none at the end. */
  read(offset: number, maxBytes: number, limits: ReadLimits = {}): Uint8Array {
    const segment = this.#segments[firstBehind(this.#segments, offset, endOfSegment)]
    if (segment === undefined) return NOTHING
    const { batches, bytes } = segment
    const first = firstBehind(batches, offset, nextOffsetOf)
    const from = batches[first]!.at
    const { before = Infinity, atLeastOne = true, cut = false } = limits
    const visible = before >= this.#endOffset ? batches.length : firstBehind(batches, before, nextOffsetOf)
    if (visible <= first) return NOTHING
    const whole = Math.min(visible, firstBehind(batches, from + maxBytes, endInSegment))
    if (whole <= first && !atLeastOne) return NOTHING
    const end = endInSegment(batches[Math.max(whole, first + 1) - 1]!)
    return bytes.subarray(from, cut ? Math.max(end, Math.min(from + maxBytes, endInSegment(batches[visible - 1]!))) : end)
  }

  /** How many bytes stand between two offsets. */
  bytesBetween(from: number, before: number): number {
    return Math.max(0, this.#positionOf(before) - this.#positionOf(from))
  }

  /** The batches that hold offsets at or behind `offset`, in order, with their bytes. */
  *batches(offset: number = this.#startOffset): Generator<LoggedBatch & { readonly bytes: Uint8Array }> {
    for (const segment of this.#segments.slice(firstBehind(this.#segments, offset, endOfSegment))) {
      for (const batch of segment.batches)
        if (batch.nextOffset > offset) yield { ...batch, bytes: segment.bytes.subarray(batch.at, endInSegment(batch)) }
    }
  }

  /** The batches that may hold records at or after a time, in ms, in order. */
  *batchesSince(timestamp: number): Generator<Uint8Array> {
    for (const { bytes, batches, maxTimestamp } of this.#segments) {
      if (maxTimestamp < timestamp) continue
      for (const batch of batches) {
        if (batch.maxTimestamp >= timestamp && batch.nextOffset > this.#startOffset) yield bytes.subarray(batch.at, endInSegment(batch))
      }
    }
  }

  /** Moves the start up to an offset; segments wholly below it go. */
  truncateTo(offset: number): void {
    this.#startOffset = Math.max(this.#startOffset, Math.min(offset, this.#endOffset))
    const gone = firstBehind(this.#segments, this.#startOffset, endOfSegment)
    if (gone > 0) this.#segments.splice(0, gone)
  }

  /** Loses everything from an offset on, whole batches, as when a leader takes over that hadn't copied them. */
  loseFrom(offset: number): void {
    for (let last = this.#segments.at(-1); last !== undefined && endOfSegment(last) > offset; last = this.#segments.at(-1)) {
      const lost = last.batches.pop()!
      this.#endOffset = Math.min(offset, lost.baseOffset)
      this.#position -= lost.length
      if (last.batches.length === 0) this.#segments.pop()
    }
    this.#startOffset = Math.min(this.#startOffset, this.#endOffset)
    this.epochs.loseFrom(this.#endOffset)
    // What was lost may still be looked at: nothing is written over it.
    this.#chunk = NOTHING
  }

  /** Exchanges all batches for others with the offsets they have; end and start stay (compaction). */
  replace(batches: readonly Uint8Array[]): void {
    this.#segments = []
    this.#position = 0
    this.#chunk = NOTHING
    const end = this.#endOffset
    for (const batch of batches) {
      const { baseOffset, lastOffsetDelta, maxTimestamp, leaderEpoch } = readHeader(batch, 0, batch.length)!
      this.#store(batch, { baseOffset, lastOffsetDelta, maxTimestamp, appendTime: undefined, leaderEpoch })
    }
    this.#endOffset = end
  }

  #store(batch: Uint8Array, stamp: Stamp): void {
    const { baseOffset, appendTime, leaderEpoch } = stamp
    const nextOffset = baseOffset + stamp.lastOffsetDelta + 1
    const kept = batch.length >= KEPT_BYTES && readInt32(batch, AT.leaderEpoch) === -1
    const bytes = kept ? batch : this.#copied(batch)
    const at = kept ? 0 : this.#chunkUsed - batch.length
    stampOffset(at === 0 ? bytes : bytes.subarray(at), baseOffset, leaderEpoch)
    if (appendTime !== undefined) stampAppendTime(bytes.subarray(at, at + batch.length), appendTime)
    const maxTimestamp = appendTime ?? stamp.maxTimestamp
    let segment = this.#segments.at(-1)
    if (segment === undefined || segment.bytes !== bytes || endInSegment(segment.batches.at(-1)!) !== at) {
      segment = { bytes, position: this.#position, batches: [], maxTimestamp }
      this.#segments.push(segment)
    }
    segment.batches.push({ baseOffset, nextOffset, at, length: batch.length, maxTimestamp, leaderEpoch })
    segment.maxTimestamp = Math.max(segment.maxTimestamp, maxTimestamp)
    this.#position += batch.length
    this.#endOffset = nextOffset
  }

  /** Copies a batch to the end of the chunk; a chunk is as large as all before it, within bounds. */
  #copied(batch: Uint8Array): Uint8Array {
    if (this.#chunkUsed + batch.length > this.#chunk.length) {
      this.#chunk = new Uint8Array(Math.max(batch.length, Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, this.#position))))
      this.#chunkUsed = 0
    }
    this.#chunk.set(batch, this.#chunkUsed)
    this.#chunkUsed += batch.length
    return this.#chunk
  }

  #positionOf(offset: number): number {
    const segment = this.#segments[firstBehind(this.#segments, offset, endOfSegment)]
    if (segment === undefined) return this.#position
    const { batches, position } = segment
    return position + batches[firstBehind(batches, offset, nextOffsetOf)]!.at - batches[0]!.at
  }
}

interface Stamp {
  readonly baseOffset: number
  readonly lastOffsetDelta: number
  readonly maxTimestamp: number
  readonly appendTime: number | undefined
  readonly leaderEpoch: number
}

function nextOffsetOf({ nextOffset }: LoggedBatch): number {
  return nextOffset
}

function endInSegment({ at, length }: LoggedBatch): number {
  return at + length
}

function endOfSegment({ batches }: Segment): number {
  return batches.at(-1)!.nextOffset
}

/** Index of the first item whose end is behind `limit`; the length when there is none. Ends rise. */
function firstBehind<T>(items: readonly T[], limit: number, end: (item: T) => number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (end(items[middle]!) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
