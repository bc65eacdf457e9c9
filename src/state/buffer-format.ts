/**
 * A buffered row as bytes, in the changelog and in the engine alike: what Kafka Streams' BufferValue (version 3) writes, all big-endian. Record context
 * (ProcessorRecordContext): timestamp 8, offset 8, topic, partition 4, count of headers 4, name and value of each; then the value before the buffer held
 * the key, the old and the new value of the last update; then the row's time 8. Texts, names and values have their length in 4 bytes before them: −1 is
 * null, −2 (old value only) is equal to the one before.
 */
import { equalBytes, readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import { StateError } from '../base/errors.ts'
import { decodeText, utf8 } from '../base/text.ts'
import { noHeaders, type Headers } from '../model/headers.ts'
import type { RecordMetadata } from '../model/record.ts'

/** A row with its values as bytes. */
export interface BufferedBytes {
  readonly record: RecordMetadata
  /** What the table held before the row came into the buffer. */
  readonly prior: Uint8Array | null
  readonly old: Uint8Array | null
  readonly value: Uint8Array | null
  /** The row's time, in ms. */
  readonly time: number
}

const NULL = -1
const AS_PRIOR = -2
const LENGTH = 4
const TIME = 8
/** Timestamp, offset, partition: what Kafka Streams counts of a context besides its texts. */
const CONTEXT_BYTES = 20

/** The bytes of a row. */
export function encodeBuffered({ record, prior, old, value, time }: BufferedBytes): Uint8Array {
  const topic = utf8(record.topic)
  const headers = record.headers.map(([name, bytes]) => [utf8(name), bytes] as const)
  const asPrior = old !== null && prior !== null && equalBytes(prior, old)
  const values = [prior, asPrior ? null : old, value]
  const sized = [topic, ...headers.flat(), ...values]
  const size = sized.reduce((sum, bytes) => sum + LENGTH + (bytes?.length ?? 0), TIME + TIME + LENGTH + LENGTH + TIME)
  const into = new Uint8Array(size)
  writeInt64(into, 0, record.timestamp)
  writeInt64(into, TIME, record.offset)
  let at = writeSized(into, 2 * TIME, topic)
  writeInt32(into, at, record.partition)
  writeInt32(into, at + LENGTH, headers.length)
  at += 2 * LENGTH
  for (const [name, bytes] of headers) at = writeSized(into, writeSized(into, at, name), bytes)
  const oldAt = writeSized(into, at, prior)
  at = writeSized(into, oldAt, values[1]!)
  if (asPrior) writeInt32(into, oldAt, AS_PRIOR)
  at = writeSized(into, at, value)
  writeInt64(into, at, time)
  return into
}

/** The row of these bytes; its values are copies. Throws `STATE_CORRUPT`. */
export function decodeBuffered(bytes: Uint8Array, from: number, length: number): BufferedBytes {
  const reader = new Reader(bytes, from, from + length)
  const timestamp = reader.int64()
  const offset = reader.int64()
  const topic = reader.text()
  const partition = reader.int32()
  const headers = reader.headers(reader.int32())
  const prior = reader.sized(reader.int32())
  const oldLength = reader.int32()
  const old = oldLength === AS_PRIOR ? prior : reader.sized(oldLength)
  const value = reader.sized(reader.int32())
  const time = reader.int64()
  return { record: Object.freeze({ topic, partition, offset, timestamp, headers }), prior, old, value, time }
}

/** How many bytes a row counts for against `maxBytes`: Kafka Streams' estimate, without the key. Names and topics count their UTF-16 units. */
export function bufferedSize({ record, prior, old, value }: BufferedBytes): number {
  const oldBytes = old === null || (prior !== null && equalBytes(prior, old)) ? 0 : old.length
  const headers = record.headers.reduce((sum, [name, bytes]) => sum + name.length + (bytes?.length ?? 0), 0)
  return TIME + (prior?.length ?? 0) + oldBytes + (value?.length ?? 0) + CONTEXT_BYTES + record.topic.length + headers
}

function writeSized(into: Uint8Array, at: number, bytes: Uint8Array | null): number {
  writeInt32(into, at, bytes === null ? NULL : bytes.length)
  if (bytes === null) return at + LENGTH
  into.set(bytes, at + LENGTH)
  return at + LENGTH + bytes.length
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes
    this.#at = from
    this.#end = end
  }

  int32(): number {
    return readInt32(this.#bytes, this.#take(LENGTH))
  }

  int64(): number {
    return readInt64(this.#bytes, this.#take(TIME))
  }

  text(): string {
    const length = this.int32()
    const at = this.#take(length)
    return decodeText(this.#bytes, at, at + length)
  }

  sized(length: number): Uint8Array | null {
    if (length === NULL) return null
    const at = this.#take(length)
    return this.#bytes.slice(at, at + length)
  }

  headers(count: number): Headers {
    // Rows of old versions say −1 where there are none.
    if (count <= 0) return noHeaders
    if (count > this.#end - this.#at) throw corrupt()
    return Array.from({ length: count }, () => [this.text(), this.sized(this.int32())] as const)
  }

  /** Where the next bytes are. */
  #take(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.#end) throw corrupt()
    this.#at = at + length
    return at
  }
}

function corrupt(): StateError {
  return new StateError('STATE_CORRUPT', 'a buffer holds a row that is none: it is damaged, or of a version before 2.4')
}
