/** Records of a topic as users see them, in and out: serialised and placed as Kafka's own producer does, read from batches as they were written. */
import { murmur2, partitionOf } from '../base/murmur2.ts'
import { decodeHeaders, encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import { invalidTime, isTime } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Topic } from '../model/topic.ts'
import { BatchReader, type RecordColumns } from '../wire/batch-reader.ts'
import { runs, type BatchRange } from '../wire/runs.ts'

/** A record to produce. */
export interface ProduceRecord<K, V> {
  /** Null when left out. */
  readonly key?: K | null
  readonly value: V | null
  /** Milliseconds since the epoch; now when left out. */
  readonly timestamp?: number
  readonly headers?: Headers
  /** The key decides when left out. */
  readonly partition?: number
}

/** A record that was read. */
export interface ReadRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
  readonly partition: number
  readonly offset: number
}

/** How a topic is read. */
export interface ReadOptions {
  /** Read on for new records until none has come for so many ms; 0 (default): end where the topic ends. */
  readonly quietMs?: number
  /** How long the first record may take, in ms; as long as `quietMs` when not given. On a real Kafka a program's first results take seconds. */
  readonly waitMs?: number
}

/** A record in bytes, with its partition. */
export interface EncodedRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: Uint8Array | undefined
  readonly partition: number
}

/** Serialises records and places them: by their key's murmur2, records without a key on partition 0. */
export function* encodeRecords<K, V>(
  topic: Topic<K, V>,
  records: readonly ProduceRecord<K, V>[],
  { partitions, now }: { readonly partitions: number; readonly now: number },
): Generator<EncodedRecord> {
  for (const { key, value, timestamp = now, headers = noHeaders, partition } of records) {
    if (!isTime(timestamp)) throw invalidTime(timestamp)
    const keyBytes = bytesOf(topic.key, key, { topic: topic.name, side: 'key', headers })
    yield {
      key: keyBytes,
      value: bytesOf(topic.value, value, { topic: topic.name, side: 'value', headers }),
      timestamp,
      headers: headers.length === 0 ? undefined : encodeHeaders(headers),
      partition: partition ?? (keyBytes === null ? 0 : partitionOf(murmur2(keyBytes), partitions)),
    }
  }
}

/** The records in whole batches of a partition, from an offset on. */
export function* decodeRecords<K, V>(
  topic: Topic<K, V>,
  range: BatchRange,
  { partition, from }: { readonly partition: number; readonly from: number },
): Generator<ReadRecord<K, V>> {
  const reader = new BatchReader({ checkCrc: false, hashKeys: false })
  for (const { rows } of runs(reader, range, `${topic.name}[${partition}]`)) {
    for (let i = 0; i < rows.count; i++) {
      const offset = rows.baseOffset + (rows.offsetDelta?.[i] ?? i)
      if (offset >= from) yield recordAt(rows, i, { topic, partition, offset })
    }
  }
}

function bytesOf(
  serde: AnySerde,
  value: unknown,
  context: { readonly topic: string; readonly side: 'key' | 'value'; readonly headers: Headers },
): Uint8Array | null {
  return value === null || value === undefined ? null : serde.serialize(value, context)
}

function recordAt<K, V>(
  rows: RecordColumns,
  i: number,
  { topic, partition, offset }: { readonly topic: Topic<K, V>; readonly partition: number; readonly offset: number },
): ReadRecord<K, V> {
  const headers = rows.headersAt[i]! < 0 ? noHeaders : decodeHeaders(rows.bytes, rows.headersAt[i]!, rows.headersLength[i]!)
  const side = (at: number, length: number): Uint8Array | null => (length < 0 ? null : rows.bytes.slice(at, at + length))
  const key = side(rows.keyAt[i]!, rows.keyLength[i]!)
  const value = side(rows.valueAt[i]!, rows.valueLength[i]!)
  return {
    key: key === null ? null : topic.key.deserialize(key, { topic: topic.name, side: 'key', headers }),
    value: value === null ? null : topic.value.deserialize(value, { topic: topic.name, side: 'value', headers }),
    timestamp: rows.baseTimestamp + rows.timestampDelta[i]!,
    headers,
    partition,
    offset,
  }
}
