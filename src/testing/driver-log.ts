/**
 * The topics of a test driver: what tasks and inputs write, as encoded batches of one record, in order of writing over all topics. Offsets
 * count from 0 in each partition. Nothing is sent anywhere: the driver feeds batches of topics that tasks read back to them.
 */
import { readInt64, writeInt64 } from '../base/bytes.ts'
import { readHeader, BatchReader } from '../wire/batch-reader.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { PartitionWriter, WriteFace } from '../wire/partition-writer.ts'
import { decodeHeaders, encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'

/** A record as bytes. */
export interface RawTestRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
}

/** One record as a batch of its own, with its offset. */
export interface LoggedBatch {
  readonly tp: TopicPartition
  readonly bytes: Uint8Array
  readonly hasHeaders: boolean
}

/** Told of every record when it is written, and by whom; nobody: the test sent it. */
export type OnWritten<By> = (batch: LoggedBatch, by: By) => void

interface NextOffset {
  offset: number
}

/** Everything that tasks have written since it was last taken, in order. */
export class DriverLog<By> {
  readonly #offsets: Map<string, NextOffset> = new Map()
  readonly #onWritten: OnWritten<By>
  #written: LoggedBatch[] = []

  constructor(onWritten: OnWritten<By>) {
    this.#onWritten = onWritten
  }

  /** A writer that makes a batch of each record. */
  writer(tp: TopicPartition, by: () => By): PartitionWriter {
    const next = this.#next(tp)
    return new LogWriter((bytes, hasHeaders) => {
      const batch = this.#numbered({ tp, bytes, hasHeaders }, next)
      this.#written.push(batch)
      this.#onWritten(batch, by())
    })
  }

  /** Puts a test's own batch of one record at the end of its partition. */
  append(batch: LoggedBatch): LoggedBatch {
    return this.#numbered(batch, this.#next(batch.tp))
  }

  /** What was written since the last call. */
  take(): readonly LoggedBatch[] {
    const taken = this.#written
    this.#written = []
    return taken
  }

  #next(tp: TopicPartition): NextOffset {
    const key = partitionKey(tp)
    const known = this.#offsets.get(key)
    if (known !== undefined) return known
    const made = { offset: 0 }
    this.#offsets.set(key, made)
    return made
  }

  /** Gives a batch of one record its offset: the eight bytes before the checksummed part. */
  #numbered(batch: LoggedBatch, next: NextOffset): LoggedBatch {
    writeInt64(batch.bytes, 0, next.offset++)
    return batch
  }
}

/** A record as a batch of its own, without an offset yet. */
export function batchOf(
  tp: TopicPartition,
  { key, value, timestamp, headers }: Omit<RawTestRecord, 'topic' | 'partition' | 'offset'>,
): LoggedBatch {
  const batch = new BatchWriter({ initialBytes: 256 })
  batch.append(key, value, timestamp, headers.length === 0 ? undefined : encodeHeaders(headers))
  return { tp, bytes: batch.seal(ALONE), hasHeaders: headers.length > 0 }
}

/** The offset of a logged batch. */
export function offsetOf({ bytes }: LoggedBatch): number {
  return readInt64(bytes, 0)
}

/** Reads a logged batch back. */
export function readLogged({ tp, bytes }: Pick<LoggedBatch, 'tp' | 'bytes'>): RawTestRecord {
  const reader = new BatchReader()
  reader.open(bytes, readHeader(bytes, 0, bytes.length)!)
  const rows = reader.next()!
  const slice = (at: number, length: number): Uint8Array | null => (length < 0 ? null : rows.bytes.slice(at, at + length))
  return {
    ...tp,
    offset: rows.baseOffset,
    key: slice(rows.keyAt[0]!, rows.keyLength[0]!),
    value: slice(rows.valueAt[0]!, rows.valueLength[0]!),
    timestamp: rows.baseTimestamp + rows.timestampDelta[0]!,
    headers: rows.headersAt[0]! < 0 ? noHeaders : decodeHeaders(rows.bytes, rows.headersAt[0]!, rows.headersLength[0]!),
  }
}

const ALONE = { producerId: -1, producerEpoch: -1, baseSequence: -1 }

class LogWriter implements PartitionWriter {
  readonly #batch: BatchWriter = new BatchWriter({ initialBytes: 256 })
  readonly #sealed: (batch: Uint8Array, hasHeaders: boolean) => void

  constructor(sealed: (batch: Uint8Array, hasHeaders: boolean) => void) {
    this.#sealed = sealed
  }

  append(key: Uint8Array | null, value: Uint8Array | null, timestamp: number, headers: Uint8Array | undefined): void {
    this.#batch.append(key, value, timestamp, headers)
    this.#seal(headers !== undefined)
  }

  begin(timestamp: number): void {
    this.#batch.begin(timestamp)
  }

  key(bytes: Uint8Array, at: number, length: number): void {
    this.#batch.key(bytes, at, length)
  }

  value(bytes: Uint8Array, at: number, length: number): void {
    this.#batch.value(bytes, at, length)
  }

  written<T>(serde: WriteFace<T>, value: T): void {
    this.#batch.written(serde, value)
  }

  end(headers: Uint8Array | undefined): void {
    this.#batch.end(headers)
    this.#seal(headers !== undefined)
  }

  #seal(hasHeaders: boolean): void {
    const sealed = this.#batch.seal(ALONE)
    this.#batch.reset()
    this.#sealed(sealed, hasHeaders)
  }
}
