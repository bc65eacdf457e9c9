/**
 * A request of Kafka's protocol as a typed value: `Api<Q, R>` names it, says which versions this client speaks and turns it into bytes and back.
 * `Q` is what is asked, `R` what is answered. Field names follow Kafka's message definitions; 64-bit numbers are plain numbers; record batches are
 * views, never copies. Fields that this client has no use for are passed over.
 */
import { ClusterError } from '../../base/errors.ts'
import { Reader, Writer } from '../primitives.ts'

/** One kind of request. */
export interface Api<Q, R> {
  /** Kafka's number of it. */
  readonly key: number
  readonly name: string
  /** Versions this client speaks; all of them are "flexible". */
  readonly min: number
  readonly max: number
  /** The body of a request, as pieces to be sent one after the other. */
  encode(request: Q, version: number): Uint8Array[]
  /** Reads the body of a response that begins at `at` and ends with the frame; record batches in it are views of the frame. */
  decode(frame: Uint8Array, at: number, version: number): R
}

/** What every response has, when it comes from a real broker: how long it asks to be left alone. */
export interface Throttled {
  readonly throttleTimeMs?: number
}

/** How the fields of a request are written, and those of its response read; neither sees the tags at the end. */
export interface BodyCodec<Q, R> {
  write(writer: Writer, request: Q, version: number): void
  read(reader: Reader, version: number): R
}

/** Describes a request. */
export function api<Q, R>(key: number, name: string, [min, max]: readonly [number, number], codec: BodyCodec<Q, R>): Api<Q, R> {
  return Object.freeze({
    key,
    name,
    min,
    max,
    encode(request: Q, version: number) {
      const writer = new Writer()
      codec.write(writer, request, version)
      return writer.tags().finish()
    },
    decode(frame: Uint8Array, at: number, version: number) {
      const reader = new Reader(frame, at)
      const response = codec.read(reader, version)
      reader.tags()
      if (reader.left > 0) throw new ClusterError('RECORD_CORRUPT', `an answer to ${name} v${version} has ${reader.left} bytes too many`)
      return response
    },
  })
}

/** Topics with their partitions, as most requests list them. */
export interface TopicOf<P> {
  readonly topic: string
  readonly partitions: readonly P[]
}

/** Writes topics, each with its partitions as structs. */
export function writeTopics<P>(writer: Writer, topics: readonly TopicOf<P>[], partition: (value: P) => void): void {
  writer.structs(topics, ({ topic, partitions }) => {
    writer.string(topic).structs(partitions, partition)
  })
}

/** Reads topics, each with its partitions as structs. */
export function readTopics<P>(reader: Reader, partition: () => P): TopicOf<P>[] {
  return reader.structs(() => ({ topic: reader.string(), partitions: reader.structs(partition) }))
}

/** Writes topics, each with the numbers of its partitions. */
export function writeTopicNumbers(writer: Writer, topics: readonly TopicOf<number>[]): void {
  writer.structs(topics, ({ topic, partitions }) => {
    writer.string(topic).array(partitions, (partition) => {
      writer.int32(partition)
    })
  })
}

/** The number of an isolation level. */
export function isolationLevel(isolation: 'read_uncommitted' | 'read_committed'): number {
  return isolation === 'read_committed' ? 1 : 0
}
