/**
 * Hot path. Writes records straight into their batch: one growing buffer, records from byte 61 on, header and checksum at `seal`. What has
 * a length that isn't known yet (a record, a value that its serde writes) leaves as many bytes for it as the one before needed, and is
 * moved only when that was wrong. A record of 113 bytes costs 65 to 80 ns, 150 when sealed with its checksum (benchmarks/micro/writer.ts).
 */
import { varintSize, writeInt16, writeInt32, writeInt64, writeVarint, writeVarlong } from '../base/bytes.ts'
import { assert, ClusterError } from '../base/errors.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { AT, ATTRIBUTE, MAGIC, UNCOUNTED } from './batch-layout.ts'
import { CODECS, compressionOf, MAX_BATCH_BYTES, type Codec } from './compression.ts'
import { crc32c } from '../base/crc32c.ts'
import type { PartitionWriter, WriteFace } from './partition-writer.ts'

/** How a batch grows. */
export interface WriterOptions {
  /** The first size of the buffer; 16 KiB when not given. */
  readonly initialBytes?: number
  /** The most bytes a batch may have before compression; 64 MiB when not given. */
  readonly maxBytes?: number
}

/** What the header of a batch says besides what the records give. */
export interface SealOptions {
  /** −1: not idempotent; then the epoch and the sequence are −1 too. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional?: boolean
  /** None when not given. */
  readonly codec?: Codec
  readonly control?: boolean
  /** 0 when not given: brokers assign it. */
  readonly baseOffset?: number
  /** −1 when not given: brokers assign it. */
  readonly leaderEpoch?: number
  /** The last record's when not given; compaction keeps the one a batch had. */
  readonly lastOffsetDelta?: number
}

/** Fills one batch after the other. */
export class BatchWriter implements PartitionWriter {
  readonly #maxBytes: number
  #capacity: number
  #bytes = NOTHING
  #view = NO_VIEW
  /** The array that parts were last copied from, the one `#source` looks at, and that view. */
  #seenBytes = NOTHING
  #viewedBytes = NOTHING
  #source = NO_VIEW
  /** Where the next byte goes. */
  #at: number = AT.records
  /** Where the open record begins, and −1 between records. */
  #start = -1
  #count = 0
  #nextDelta = 0
  #timestamp = 0
  #baseTimestamp = 0
  #maxTimestamp = 0
  #sealed = false
  /** Bytes left for the lengths of the next record and the next written value. */
  #recordGap = 1
  #valueGap = 1

  constructor(options: WriterOptions = {}) {
    this.#capacity = Math.max(options.initialBytes ?? 16 * 1024, SMALLEST)
    this.#maxBytes = options.maxBytes ?? MAX_BATCH_BYTES
  }

  /** Complete records so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the batch with its complete records, before compression; 0 when there are none. */
  get byteLength(): number {
    if (this.#count === 0) return 0
    return this.#start < 0 ? this.#at : this.#start
  }

  /** Appends a record; headers are an encoded block (varint count, entries). */
  append(key: Uint8Array | null, value: Uint8Array | null, timestamp: number, headers: Uint8Array | undefined): void {
    this.begin(timestamp)
    if (key === null) this.#absent()
    else this.key(key, 0, key.length)
    if (value === null) this.#absent()
    else this.value(value, 0, value.length)
    this.end(headers)
  }

  /** Appends a row of packed rows. */
  appendRow(rows: PackedRows, row: number, timestamp: number, headers: Uint8Array | undefined): void {
    this.begin(timestamp)
    this.key(rows.bytes, rows.keyAt[row]!, rows.keyLength[row]!)
    this.value(rows.bytes, rows.valueAt[row]!, rows.valueLength[row]!)
    this.end(headers)
  }

  /** Starts a record. One that was begun and not ended, because a serde threw, is forgotten. */
  begin(timestamp: number): void {
    assert(!this.#sealed, 'a sealed batch takes no more records: reset the writer')
    if (this.#start >= 0) this.#at = this.#start
    if (this.#count === 0) this.#baseTimestamp = timestamp
    this.#start = this.#at
    this.#timestamp = timestamp
    this.#reserve(MOST_BEFORE_KEY)
    const bytes = this.#bytes
    const delta = timestamp - this.#baseTimestamp
    let at = this.#at + this.#recordGap
    bytes[at++] = 0
    at = delta === (delta | 0) ? writeVarint(bytes, at, delta) : writeVarlong(bytes, at, delta)
    this.#at = writeVarint(bytes, at, this.#nextDelta)
  }

  /** The key: `length` bytes at `at`; a length of −1 is null. */
  key(bytes: Uint8Array, at: number, length: number): void {
    this.#sized(bytes, at, length)
  }

  /** The value: `length` bytes at `at`; a length of −1 is null. */
  value(bytes: Uint8Array, at: number, length: number): void {
    this.#sized(bytes, at, length)
  }

  /** The value, written by its serde straight into the batch. */
  written<T>(serde: WriteFace<T>, value: T): void {
    if (serde.write === undefined) {
      const bytes = serde.serialize(value)
      this.#sized(bytes, 0, bytes.length)
      return
    }
    this.#reserve(MOST_OF_VARINT)
    let length = serde.write(value, this.#bytes, this.#at + this.#valueGap)
    while (length < 0) {
      this.#reserve(this.#bytes.length - this.#at + 1)
      length = serde.write(value, this.#bytes, this.#at + this.#valueGap)
    }
    const size = varintSize(length)
    this.#reserve(MOST_OF_VARINT + length)
    if (size !== this.#valueGap) this.#move(this.#at, this.#valueGap, size, length)
    this.#valueGap = size
    this.#at = writeVarint(this.#bytes, this.#at, length) + length
  }

  /** Ends the record with its headers. */
  end(headers: Uint8Array | undefined): void {
    this.#reserve(MOST_OF_VARINT + (headers?.length ?? 1))
    if (headers === undefined) this.#bytes[this.#at++] = 0
    else this.#copy(headers, 0, headers.length)
    const start = this.#start
    const length = this.#at - start - this.#recordGap
    const size = varintSize(length)
    if (size !== this.#recordGap) this.#move(start, this.#recordGap, size, length)
    this.#recordGap = size
    this.#at = writeVarint(this.#bytes, start, length) + length
    if (this.#count === 0 || this.#timestamp > this.#maxTimestamp) this.#maxTimestamp = this.#timestamp
    this.#start = -1
    this.#count++
    this.#nextDelta++
  }

  /** Leaves a gap, as compaction does: the next record gets this offset delta. */
  skipTo(offsetDelta: number): void {
    assert(offsetDelta >= this.#nextDelta, `offset deltas rise: ${offsetDelta} after ${this.#nextDelta - 1}`)
    this.#nextDelta = offsetDelta
  }

  /** The encoded batch, in bytes of its own. `count` stays readable until `reset`. */
  seal(options: SealOptions): Uint8Array {
    assert(!this.#sealed, 'a batch is sealed once')
    if (this.#start >= 0) this.#at = this.#start
    this.#start = -1
    this.#sealed = true
    const batch = this.#taken(options.codec ?? 'none')
    this.#writeHeader(batch, options)
    return batch
  }

  /** Begins with the next batch; what was appended and not sealed is forgotten. */
  reset(): void {
    this.#at = AT.records
    this.#start = -1
    this.#count = 0
    this.#nextDelta = 0
    this.#maxTimestamp = 0
    this.#sealed = false
    this.#seenBytes = NOTHING
    this.#viewedBytes = NOTHING
    this.#source = NO_VIEW
  }

  /**
   * The records behind room for a header: the buffer itself when it is well filled, else a copy, so that little batches keep little memory
   * alive.
   */
  #taken(codec: Codec): Uint8Array {
    const buffer = this.#bytes
    const at = this.#at
    if (at === AT.records) return new Uint8Array(AT.records)
    if (codec !== 'none') {
      const block = compressionOf(codec).compress(buffer.subarray(AT.records, at))
      const batch = new Uint8Array(AT.records + block.length)
      batch.set(block, AT.records)
      return batch
    }
    if (at < buffer.length >> 1) return buffer.slice(0, at)
    this.#bytes = NOTHING
    // Batches are sealed at about the same size: a little room is enough, and memory that isn't used isn't cleared.
    this.#capacity = at + (at >> 4) + SMALLEST
    return buffer.subarray(0, at)
  }

  #writeHeader(batch: Uint8Array, options: SealOptions): void {
    const empty = this.#count === 0
    const codec = empty ? 0 : CODECS.indexOf(options.codec ?? 'none')
    const attributes =
      codec | (options.transactional === true ? ATTRIBUTE.transactional : 0) | (options.control === true ? ATTRIBUTE.control : 0)
    writeInt64(batch, AT.baseOffset, options.baseOffset ?? 0)
    writeInt32(batch, AT.length, batch.length - UNCOUNTED)
    writeInt32(batch, AT.leaderEpoch, options.leaderEpoch ?? -1)
    batch[AT.magic] = MAGIC
    writeInt16(batch, AT.attributes, attributes)
    writeInt32(batch, AT.lastOffsetDelta, options.lastOffsetDelta ?? this.#nextDelta - 1)
    writeInt64(batch, AT.baseTimestamp, empty ? -1 : this.#baseTimestamp)
    writeInt64(batch, AT.maxTimestamp, empty ? -1 : this.#maxTimestamp)
    writeInt64(batch, AT.producerId, options.producerId)
    writeInt16(batch, AT.producerEpoch, options.producerEpoch)
    writeInt32(batch, AT.baseSequence, options.baseSequence)
    writeInt32(batch, AT.count, this.#count)
    writeInt32(batch, AT.crc, crc32c(batch, AT.attributes))
  }

  #absent(): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = 1
  }

  #sized(from: Uint8Array, at: number, length: number): void {
    if (length < 0) {
      this.#absent()
      return
    }
    this.#reserve(MOST_OF_VARINT + length)
    this.#at = writeVarint(this.#bytes, this.#at, length)
    this.#copy(from, at, length)
  }

  /**
   * Copies to the end. A whole array goes by a call (18 ns). A part of one would need a view for that (45 ns and garbage), so up to 160
   * bytes it goes by words instead (11 ns for 14 bytes, 38 for 88), the last of which may overlap the one before.
   */
  #copy(from: Uint8Array, at: number, length: number): void {
    const to = this.#at
    this.#at = to + length
    if (length < SHORTEST_CALL && (length < 4 || length === from.length)) {
      const into = this.#bytes
      for (let i = 0; i < length; i++) into[to + i] = from[at + i]!
    } else if (length === from.length) this.#bytes.set(from, to)
    else if (length > LONGEST_BY_WORDS || !this.#viewed(from)) this.#bytes.set(from.subarray(at, at + length), to)
    else {
      const into = this.#view
      const source = this.#source
      const last = length - 4
      for (let i = 0; i < last; i += 4) into.setInt32(to + i, source.getInt32(at + i))
      into.setInt32(to + last, source.getInt32(at + last))
    }
  }

  /** Whether `#source` looks at this array. It is made when an array comes for the second time in a row, as fetched frames do. */
  #viewed(from: Uint8Array): boolean {
    if (from === this.#viewedBytes) return true
    if (from === this.#seenBytes) {
      this.#source = new DataView(from.buffer, from.byteOffset, from.length)
      this.#viewedBytes = from
      return true
    }
    this.#seenBytes = from
    return false
  }

  /** Moves `length` bytes that stand `left` behind `start` so that `wanted` bytes are before them; there is room. */
  #move(start: number, left: number, wanted: number, length: number): void {
    this.#bytes.copyWithin(start + wanted, start + left, start + left + length)
  }

  /** Makes room for this many bytes. Throws `BATCH_TOO_LARGE`, without the open record, when the batch would pass its limit. */
  #reserve(more: number): void {
    if (this.#at + more > this.#bytes.length) this.#grow(this.#at + more)
  }

  #grow(needed: number): void {
    if (needed > this.#maxBytes) {
      this.#at = this.#start
      this.#start = -1
      throw new ClusterError(
        'BATCH_TOO_LARGE',
        `a batch of ${this.#count} records would pass its limit of ${this.#maxBytes} bytes: send smaller records, or raise the limit`,
      )
    }
    const used = this.#bytes.length === 0 ? 0 : this.#at
    this.#capacity = Math.max(needed, Math.min(this.#maxBytes, used === 0 ? this.#capacity : 2 * this.#bytes.length))
    const bytes = new Uint8Array(this.#capacity)
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)
const NO_VIEW = new DataView(NOTHING.buffer)
const SMALLEST = 256
const MOST_OF_VARINT = 5
/** Length, attributes, timestamp and offset deltas. */
const MOST_BEFORE_KEY = 5 + 1 + 10 + 5
/** Bytes from which a call copies a whole array faster than a loop, and up to which words copy a part faster than a call. */
const SHORTEST_CALL = 8
const LONGEST_BY_WORDS = 160
