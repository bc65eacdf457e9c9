/**
 * Hot path. Reads record batches into columns: where each key, value and header block stands in the fetched bytes, so that a record costs
 * no object, view or copy: 23 ns for a record of 113 bytes, 36 with the key's hash, 97 with the checksum too
 * (benchmarks/micro/record-batch.ts). Every length is checked against what is left of its record before it is used, and a record must end
 * where its length says, so nothing read points outside the batch, whatever the bytes are.
 */
import { readInt16, readInt32, readInt64, readUvarint, readVarlong, type Cursor } from '../base/bytes.ts'
import { ClusterError, StreamsError, type CodeOf } from '../base/errors.ts'
import { murmur2 } from '../base/murmur2.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { AT, ATTRIBUTE, MAGIC, UNCOUNTED } from './batch-layout.ts'
import { CODECS, compressionOf, MAX_BATCH_BYTES, type Codec } from './compression.ts'
import { crc32c } from '../base/crc32c.ts'

/** The most records of one run. */
export const RUN_RECORDS = 4096

/**
 * A run of records as columns. The object and its arrays are filled again by the next run; arrays are exchanged only when a run is longer
 * than any before it, so don't keep an array without its object. `bytes` is the fetched frame, or a batch's own array when it was
 * compressed.
 */
export interface RecordColumns extends PackedRows {
  /** The offset of row i is `baseOffset + (offsetDelta?.[i] ?? i)`. */
  readonly baseOffset: number
  /** Undefined when the offsets of the run are dense. */
  readonly offsetDelta: Int32Array | undefined
  /** The timestamp of row i is `baseTimestamp + timestampDelta[i]`, in milliseconds. */
  readonly baseTimestamp: number
  readonly timestampDelta: Float64Array
  /** Where the encoded header block (varint count, entries) begins; −1: no headers. */
  readonly headersAt: Int32Array
  /** Bytes of the header block; 0: no headers. */
  readonly headersLength: Int32Array
  /** murmur2 of the key; 0 for a null key, or when the reader was told not to hash. */
  readonly keyHash: Int32Array
}

/** What a batch says about itself, and where it is. */
export interface BatchHeader {
  /** Where the batch begins. */
  readonly at: number
  /** All its bytes, the header among them. */
  readonly length: number
  readonly baseOffset: number
  readonly leaderEpoch: number
  /** Unsigned. */
  readonly crc: number
  readonly attributes: number
  /** Undefined: a number that no known codec has. */
  readonly codec: Codec | undefined
  readonly logAppendTime: boolean
  readonly transactional: boolean
  readonly control: boolean
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
  /** The offset behind the batch: where a reader goes on. */
  readonly nextOffset: number
}

/** How batches are read. */
export interface ReaderOptions {
  /** Whether the checksum is compared; true when not given. */
  readonly checkCrc?: boolean
  /** The most bytes a compressed batch may become; 64 MiB when not given. */
  readonly maxBatchBytes?: number
  /** Whether keys are hashed; true when not given. */
  readonly hashKeys?: boolean
}

/**
 * The header of the batch at `at`; `undefined` when fewer bytes than a whole batch are left before `end` (an answer may end in part of a
 * batch). Throws `UNSUPPORTED_MAGIC` for the formats before Kafka 0.11 or after ours, `RECORD_CORRUPT` for lengths that cannot be.
 */
export function readHeader(bytes: Uint8Array, at: number, end: number): BatchHeader | undefined {
  if (end - at <= AT.magic) return undefined
  const baseOffset = readInt64(bytes, at)
  const length = readInt32(bytes, at + AT.length) + UNCOUNTED
  const magic = bytes[at + AT.magic]!
  if (magic !== MAGIC)
    throw unread('UNSUPPORTED_MAGIC', baseOffset, `the batch has format ${magic}; only ${MAGIC} (Kafka 0.11 and later) is read`)
  if (length < AT.records) throw unread('RECORD_CORRUPT', baseOffset, `the batch claims to have ${length} bytes`)
  if (length > end - at) return undefined
  const attributes = readInt16(bytes, at + AT.attributes)
  const lastOffsetDelta = readInt32(bytes, at + AT.lastOffsetDelta)
  return {
    at,
    length,
    baseOffset,
    leaderEpoch: readInt32(bytes, at + AT.leaderEpoch),
    crc: readInt32(bytes, at + AT.crc) >>> 0,
    attributes,
    codec: CODECS[attributes & ATTRIBUTE.codec],
    logAppendTime: (attributes & ATTRIBUTE.logAppendTime) !== 0,
    transactional: (attributes & ATTRIBUTE.transactional) !== 0,
    control: (attributes & ATTRIBUTE.control) !== 0,
    lastOffsetDelta,
    baseTimestamp: readInt64(bytes, at + AT.baseTimestamp),
    maxTimestamp: readInt64(bytes, at + AT.maxTimestamp),
    producerId: readInt64(bytes, at + AT.producerId),
    producerEpoch: readInt16(bytes, at + AT.producerEpoch),
    baseSequence: readInt32(bytes, at + AT.baseSequence),
    count: readInt32(bytes, at + AT.count),
    nextOffset: baseOffset + lastOffsetDelta + 1,
  }
}

/** Reads one batch after the other into the same columns. */
export class BatchReader {
  readonly #checkCrc: boolean
  readonly #maxBatchBytes: number
  readonly #hashKeys: boolean
  #columns: Columns = columnsFor(0)
  #header: BatchHeader | undefined
  #where = ''
  /** The records that are still to be read. */
  #cursor = { bytes: this.#columns.bytes, at: 0, end: 0 }
  #left = 0
  #lastDelta = -1

  constructor(options: ReaderOptions = {}) {
    this.#checkCrc = options.checkCrc ?? true
    this.#maxBatchBytes = options.maxBatchBytes ?? MAX_BATCH_BYTES
    this.#hashKeys = options.hashKeys ?? true
  }

  /**
   * Begins with a batch. Throws a `ClusterError`: `RECORD_CORRUPT` when the checksum is wrong or the compressed block broken,
   * `CODEC_UNAVAILABLE`, `BATCH_TOO_LARGE`. `where` (`topic[partition]`) is for messages.
   */
  open(bytes: Uint8Array, header: BatchHeader, where = ''): void {
    const { at, count, codec } = header
    const end = at + header.length
    this.#header = header
    this.#where = where
    this.#left = 0
    this.#lastDelta = -1
    if (this.#checkCrc) this.#verify(bytes, end)
    if (header.control || count === 0) return
    if (codec === undefined)
      throw this.#failure('CODEC_UNAVAILABLE', `the batch has codec ${header.attributes & ATTRIBUTE.codec}, which no Kafka knows`)
    this.#cursor = { bytes, at: at + AT.records, end }
    if (codec !== 'none') this.#decompress(codec)
    const size = this.#cursor.end - this.#cursor.at
    if (count < 0 || count > size / SMALLEST_RECORD)
      throw this.#failure('RECORD_CORRUPT', `the batch claims to have ${count} records in ${size} bytes`)
    this.#left = count
  }

  /**
   * The next run of at most 4,096 records, always the same object; `undefined` at the end of the batch, and at once for a control batch.
   * Throws `RECORD_CORRUPT` when a record is not what its lengths say; then the batch yields nothing more.
   */
  next(): RecordColumns | undefined {
    const header = this.#header
    const count = Math.min(this.#left, RUN_RECORDS)
    if (header === undefined || count === 0) return undefined
    const left = this.#left - count
    this.#left = 0
    const first = this.#lastDelta + 1
    const columns = this.#room(count)
    const dense = this.#fill(columns, count)
    const { at, end } = this.#cursor
    if (left === 0 && at !== end) throw this.#failure('RECORD_CORRUPT', `${end - at} bytes follow the last record`)
    this.#left = left
    columns.baseOffset = dense ? header.baseOffset + first : header.baseOffset
    columns.offsetDelta = dense ? undefined : columns.deltas
    columns.baseTimestamp = header.logAppendTime ? header.maxTimestamp : header.baseTimestamp
    if (header.logAppendTime) columns.timestampDelta.fill(0, 0, count)
    if (this.#hashKeys) hashKeys(columns)
    return columns
  }

  #room(count: number): Columns {
    if (this.#columns.deltas.length < count) this.#columns = columnsFor(Math.min(RUN_RECORDS, 2 ** Math.ceil(Math.log2(count))))
    this.#columns.count = count
    this.#columns.bytes = this.#cursor.bytes
    return this.#columns
  }

  /**
   * Reads the next `count` records; answers whether their offsets follow each other without a gap. Varints of one byte are read in place,
   * the others by a call. A read behind the end of the array gives 0 bits, and the check that follows it refuses the record.
   */
  #fill(columns: Columns, count: number): boolean {
    const { bytes, deltas, timestampDelta, keyAt, keyLength, valueAt, valueLength } = columns
    const cursor = this.#cursor
    const { end } = cursor
    const first = this.#lastDelta + 1
    let { at } = cursor
    let gaps = 0
    for (let row = 0; row < count; row++) {
      let raw = bytes[at++]!
      if (raw >= 0x80) {
        raw = this.#long(raw, at)
        ;({ at } = cursor)
      }
      let length = (raw >>> 1) ^ -(raw & 1)
      if (length >>> 0 > end - at) throw this.#broken(row, 'length', length)
      const recordEnd = at + length
      at += 2
      raw = bytes[at - 1]!
      timestampDelta[row] = (raw >>> 1) ^ -(raw & 1)
      if (raw >= 0x80) {
        timestampDelta[row] = this.#time(raw, at)
        ;({ at } = cursor)
      }
      raw = bytes[at++]!
      if (raw >= 0x80) {
        raw = this.#long(raw, at)
        ;({ at } = cursor)
      }
      const delta = (raw >>> 1) ^ -(raw & 1)
      gaps |= delta - first - row
      deltas[row] = delta
      raw = bytes[at++]!
      if (raw >= 0x80) {
        raw = this.#long(raw, at)
        ;({ at } = cursor)
      }
      length = (raw >>> 1) ^ -(raw & 1)
      if ((length + 1) >>> 0 > recordEnd - at + 1) throw this.#broken(row, 'key length', length)
      keyAt[row] = at
      keyLength[row] = length
      at += Math.max(length, 0)
      raw = bytes[at++]!
      if (raw >= 0x80) {
        raw = this.#long(raw, at)
        ;({ at } = cursor)
      }
      length = (raw >>> 1) ^ -(raw & 1)
      if ((length + 1) >>> 0 > recordEnd - at + 1) throw this.#broken(row, 'value length', length)
      valueAt[row] = at
      valueLength[row] = length
      this.#headers(row, at + Math.max(length, 0), recordEnd)
      at = recordEnd
    }
    cursor.at = at
    return this.#ordered(gaps === 0, count)
  }

  #headers(row: number, at: number, end: number): void {
    const { bytes, headersAt, headersLength } = this.#columns
    const none = end - at === 1 && bytes[at] === 0
    if (end === at || (bytes[at] === 0 && !none)) throw this.#broken(row, 'header block of bytes', end - at)
    headersAt[row] = none ? -1 : at
    headersLength[row] = none ? 0 : end - at
  }

  /** A varint of at least two bytes, without its zig-zag undone; leaves the position behind it in the cursor. */
  #long(first: number, at: number): number {
    const cursor = this.#cursor
    const second = cursor.bytes[at]!
    cursor.at = at + 1
    if (second < 0x80) return (first & 0x7f) | (second << 7)
    return this.#longer(readUvarint, at - 1) | 0
  }

  #time(first: number, at: number): number {
    const cursor = this.#cursor
    const second = cursor.bytes[at]!
    cursor.at = at + 1
    if (second < 0x80) return (((first & 0x7f) | (second << 7)) >>> 1) ^ -(first & 1)
    return this.#longer(readVarlong, at - 1)
  }

  #longer(read: (cursor: Cursor) => number, at: number): number {
    this.#cursor.at = at
    return this.#located(() => read(this.#cursor))
  }

  /** Checks the offsets of the run: they rise, and stay within what the header says. */
  #ordered(dense: boolean, count: number): boolean {
    const { deltas } = this.#columns
    let before = this.#lastDelta
    for (let row = dense ? count - 1 : 0; row < count; row++) {
      const delta = deltas[row]!
      if (delta <= before || delta > this.#header!.lastOffsetDelta) throw this.#broken(row, 'offset delta', delta)
      before = delta
    }
    this.#lastDelta = before
    return dense
  }

  #verify(bytes: Uint8Array, end: number): void {
    const header = this.#header!
    const found = crc32c(bytes, header.at + AT.attributes, end)
    if (found === header.crc) return
    throw this.#failure(
      'RECORD_CORRUPT',
      `the batch has checksum ${hex(found)} and says ${hex(header.crc)}: its bytes were changed after it was written`,
    )
  }

  #decompress(codec: Codec): void {
    const { bytes, at, end } = this.#cursor
    const records = this.#located(() => compressionOf(codec).decompress(bytes.subarray(at, end), this.#maxBatchBytes))
    this.#cursor = { bytes: records, at: 0, end: records.length }
  }

  /** Runs what knows nothing of topics, and says in its errors where they happened. */
  #located<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      const code =
        error instanceof StreamsError && (error.code === 'BATCH_TOO_LARGE' || error.code === 'CODEC_UNAVAILABLE')
          ? error.code
          : 'RECORD_CORRUPT'
      throw this.#failure(code, error instanceof Error ? error.message : String(error), error)
    }
  }

  #broken(row: number, field: string, value: number): ClusterError {
    return this.#failure('RECORD_CORRUPT', `record ${this.#lastDelta + 1 + row} of the batch cannot have ${field} ${value}`)
  }

  #failure(code: CodeOf<'ClusterError'>, what: string, cause?: unknown): ClusterError {
    const offset = this.#header!.baseOffset
    return new ClusterError(code, `${this.#where}@${offset}: ${what}`, { cause, context: { offset } })
  }
}

/** A record has at least a length, attributes, two deltas, two lengths and a header count, of a byte each. */
const SMALLEST_RECORD = 7

/** The columns as the reader sees them; `deltas` are the offsets' also while they are dense. */
type Columns = { -readonly [Field in keyof RecordColumns]: RecordColumns[Field] } & { readonly deltas: Int32Array }

function columnsFor(rows: number): Columns {
  const column = (): Int32Array => new Int32Array(rows)
  return {
    bytes: new Uint8Array(0),
    count: 0,
    keyAt: column(),
    keyLength: column(),
    valueAt: column(),
    valueLength: column(),
    baseOffset: 0,
    offsetDelta: undefined,
    deltas: column(),
    baseTimestamp: 0,
    timestampDelta: new Float64Array(rows),
    headersAt: column(),
    headersLength: column(),
    keyHash: column(),
  }
}

function unread(code: CodeOf<'ClusterError'>, offset: number, what: string): ClusterError {
  return new ClusterError(code, `@${offset}: ${what}`, { context: { offset } })
}

function hashKeys(columns: Columns): void {
  const { bytes, count, keyAt, keyLength, keyHash } = columns
  for (let row = 0; row < count; row++) {
    const at = keyAt[row]!
    const length = keyLength[row]!
    keyHash[row] = length < 0 ? 0 : murmur2(bytes, at, at + length)
  }
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}
