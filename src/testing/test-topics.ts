/**
 * The two faces of a topic in a test: an input that sends typed records, and an output that reads what was written, in order of writing.
 */
import { noHeaders, type Headers } from '../model/headers.ts'
import type { AnySerde, SerdeContext } from '../model/serde.ts'
import type { Topic } from '../model/topic.ts'
import type { RawTestRecord } from './driver-log.ts'

/** A record that a test sends. */
export interface TestInputRecord<K, V> {
  /** Null when left out. */
  readonly key?: K | null
  readonly value: V | null
  /** Milliseconds since the epoch; the driver's wall clock when left out. */
  readonly timestamp?: number
  readonly headers?: Headers
  /** The partition; the key decides when left out. */
  readonly partition?: number
}

/** A record that a test reads. */
export interface TestOutputRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
}

/** Sends records to a topic. */
export interface TestInput<K, V> {
  /** Runs the record, and what it causes, through all tasks before it returns. */
  send(record: TestInputRecord<K, V>): void
}

/** Reads what was written to a topic. */
export interface TestOutput<K, V> {
  /** The next record; undefined when there is none. */
  read(): TestOutputRecord<K, V> | undefined
  /** All that wait. */
  readAll(): TestOutputRecord<K, V>[]
  isEmpty(): boolean
}

/** The bytes of one side; null stays null. */
export function sideBytes(serde: AnySerde, value: unknown, context: SerdeContext): Uint8Array | null {
  return value === null || value === undefined ? null : serde.serialize(value, context)
}

/** An input over a function that sends bytes. */
export function testInput<K, V>(
  topic: { readonly name: string; readonly key: AnySerde; readonly value: AnySerde },
  send: (record: { key: Uint8Array | null; value: Uint8Array | null } & Omit<TestInputRecord<K, V>, 'key' | 'value'>) => void,
): TestInput<K, V> {
  return {
    send: ({ key, value, ...rest }) => {
      const headers = rest.headers ?? noHeaders
      send({
        ...rest,
        key: sideBytes(topic.key, key, { topic: topic.name, side: 'key', headers }),
        value: sideBytes(topic.value, value, { topic: topic.name, side: 'value', headers }),
      })
    },
  }
}

/** Where an output takes its records from. */
export interface OutputQueue {
  next(): RawTestRecord | undefined
  isEmpty(): boolean
  /** Told where a record stands that was read. */
  seen(record: object, at: RawTestRecord): void
}

/** An output over the queue of its topic. */
export function testOutput<K, V>(topic: Topic<K, V>, queue: OutputQueue): TestOutput<K, V> {
  const read = (): TestOutputRecord<K, V> | undefined => {
    const raw = queue.next()
    if (raw === undefined) return undefined
    const { timestamp, headers } = raw
    const record = {
      key: raw.key === null ? null : topic.key.deserialize(raw.key, { topic: topic.name, side: 'key', headers }),
      value: raw.value === null ? null : topic.value.deserialize(raw.value, { topic: topic.name, side: 'value', headers }),
      timestamp,
      headers,
    }
    queue.seen(record, raw)
    return record
  }
  return {
    read,
    readAll: () => {
      const all: TestOutputRecord<K, V>[] = []
      for (let record = read(); record !== undefined; record = read()) all.push(record)
      return all
    },
    isEmpty: () => queue.isEmpty(),
  }
}
