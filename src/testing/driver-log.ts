/**
 * The topics of a test driver: what tasks and inputs write, as encoded batches of one record, in order of writing over all topics. Offsets
 * count from 0 in each partition. Nothing is sent anywhere: the driver feeds batches of topics that tasks read back to them.
 */
import { writeInt64 } from '../base/bytes.ts'
import { readHeader, BatchReader } from '../wire/batch-reader.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { PartitionWriter, WriteFace } from '../wire/partition-writer.ts'
import { decodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
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
}

/** Everything written since it was last taken, in order. */
export class DriverLog {
  readonly #offsets: Map<string, number> = new Map()
  #written: LoggedBatch[] = []

  /** A writer that makes a batch of each record. */
  writer(tp: TopicPartition): PartitionWriter {
    return new LogWriter((batch) => this.#written.push({ tp, bytes: this.#at(tp, batch) }))
  }

  /** What was written since the last call. */
  take(): readonly LoggedBatch[] {
    const taken = this.#written
    this.#written = []
    return taken
  }

  /** Gives a batch of one record its offset: the eight bytes before the checksummed part. */
  #at(tp: TopicPartition, batch: Uint8Array): Uint8Array {
    const key = partitionKey(tp)
    const offset = this.#offsets.get(key) ?? 0
    this.#offsets.set(key, offset + 1)
    writeInt64(batch, 0, offset)
    return batch
  }
}

/** Reads a logged batch back. */
export function readLogged({ tp, bytes }: LoggedBatch): RawTestRecord {
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

class LogWriter implements PartitionWriter {
  readonly #batch: BatchWriter = new BatchWriter({ initialBytes: 256 })
  readonly #sealed: (batch: Uint8Array) => void

  constructor(sealed: (batch: Uint8Array) => void) {
    this.#sealed = sealed
  }

  append(key: Uint8Array | null, value: Uint8Array | null, timestamp: number, headers: Uint8Array | undefined): void {
    this.#batch.append(key, value, timestamp, headers)
    this.#seal()
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
    this.#seal()
  }

  #seal(): void {
    const sealed = this.#batch.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
    this.#batch.reset()
    this.#sealed(sealed)
  }
}
