/**
 * The in-process broker that users see: one memory cluster a name, shared by every application of that name in this process. A topic that it lacks
 * is made when it is first named, with one partition. It runs on the system clock until it is closed; nothing outlives the process.
 */
import type { Clock } from '../base/clock.ts'
import { murmur2, partitionOf } from '../base/murmur2.ts'
import type { Random } from '../base/random.ts'
import { decodeHeaders, encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Topic } from '../model/topic.ts'
import { MemoryCluster } from '../memory/cluster.ts'
import { BatchReader, type RecordColumns } from '../wire/batch-reader.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import { offsetBehind, runs } from '../wire/runs.ts'

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
}

/** A broker in this process. */
export interface MemoryBroker extends Disposable {
  /** Its name, as in `brokers: 'memory:name'`. */
  readonly name: string
  /** Makes a topic; one that exists stays as it is. Throws a `ClusterError` for a name or partition count that a broker refuses. */
  createTopic(name: string, options?: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> }): void
  /** Names of its topics. */
  topics(): readonly string[]
  /** Writes records, in order. */
  produce<K, V>(topic: Topic<K, V>, records: ProduceRecord<K, V> | readonly ProduceRecord<K, V>[]): Promise<void>
  /** The records of a topic from its start, partition by partition as they were written. */
  read<K, V>(topic: Topic<K, V>, options?: ReadOptions): AsyncIterable<ReadRecord<K, V>>
  /** Cuts all connections and forgets everything; may be called twice. */
  close(): void
}

/** A broker with the cluster behind it. */
export interface OpenBroker extends MemoryBroker {
  readonly cluster: MemoryCluster
}

const brokers = new Map<string, OpenBroker>()

/** The broker of a name, made when it is first asked for. `checkCrc` and the ports count only then. */
export function openMemoryBroker(name: string, ports: { readonly clock: Clock; readonly random: Random }): OpenBroker {
  const known = brokers.get(name)
  if (known !== undefined) return known
  const cluster = new MemoryCluster({ ...ports, autoCreateTopics: true, checkCrc: false })
  const close = (): void => {
    brokers.delete(name)
    void cluster.close()
  }
  const broker: OpenBroker = {
    name,
    cluster,
    createTopic: (topic, options) => void cluster.createTopic(topic, options),
    topics: () => cluster.topicNames(),
    produce: (topic, records) => {
      write(cluster, { topic, now: ports.clock.now() }, Array.isArray(records) ? records : [records])
      return Promise.resolve()
    },
    read: (topic, options) => readTopic({ cluster, clock: ports.clock }, topic, options),
    close,
    [Symbol.dispose]: close,
  }
  brokers.set(name, broker)
  return broker
}

interface Target<K, V> {
  readonly topic: Topic<K, V>
  readonly now: number
}

function write<K, V>(cluster: MemoryCluster, { topic, now }: Target<K, V>, records: readonly ProduceRecord<K, V>[]): void {
  cluster.createTopic(topic.name)
  const count = cluster.topic(topic.name)!.partitions.length
  const writers = new Map<number, BatchWriter>()
  for (const { key, value, timestamp = now, headers = noHeaders, partition } of records) {
    const keyBytes = bytesOf(topic.key, key, { topic: topic.name, side: 'key', headers })
    const valueBytes = bytesOf(topic.value, value, { topic: topic.name, side: 'value', headers })
    const to = partition ?? (keyBytes === null ? 0 : partitionOf(murmur2(keyBytes), count))
    const writer = writers.get(to) ?? new BatchWriter()
    writers.set(to, writer)
    writer.append(keyBytes, valueBytes, timestamp, headers.length === 0 ? undefined : encodeHeaders(headers))
    if (writer.byteLength > BATCH_BYTES) appendBatch(cluster, { topic: topic.name, partition: to }, writer)
  }
  for (const [partition, writer] of writers) appendBatch(cluster, { topic: topic.name, partition }, writer)
}

const BATCH_BYTES = 256 * 1024

function appendBatch(
  cluster: MemoryCluster,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  writer: BatchWriter,
): void {
  if (writer.count === 0) return
  cluster.append(topic, partition, writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }))
  writer.reset()
}

function bytesOf(
  serde: AnySerde,
  value: unknown,
  context: { readonly topic: string; readonly side: 'key' | 'value'; readonly headers: Headers },
): Uint8Array | null {
  return value === null || value === undefined ? null : serde.serialize(value, context)
}

interface Reading {
  readonly cluster: MemoryCluster
  readonly clock: Clock
}

async function* readTopic<K, V>(
  { cluster, clock }: Reading,
  topic: Topic<K, V>,
  { quietMs = 0 }: ReadOptions = {},
): AsyncGenerator<ReadRecord<K, V>> {
  const positions = new Map<number, number>()
  let deadline = clock.monotonic() + quietMs
  for (;;) {
    let found = false
    for (const [partition, { log }] of (cluster.topic(topic.name)?.partitions ?? []).entries()) {
      for (let at = Math.max(positions.get(partition) ?? 0, log.startOffset); at < log.endOffset; at = positions.get(partition)!) {
        found = true
        const bytes = log.read(at, BATCH_BYTES)
        positions.set(partition, offsetBehind({ bytes, from: 0, to: bytes.length }, at))
        yield* recordsOf(bytes, { topic, partition, from: at })
      }
    }
    if (found) deadline = clock.monotonic() + quietMs
    const left = deadline - clock.monotonic()
    if (left <= 0) return
    if (!found) await cluster.nextAppend(left)
  }
}

function* recordsOf<K, V>(
  bytes: Uint8Array,
  { topic, partition, from }: { readonly topic: Topic<K, V>; readonly partition: number; readonly from: number },
): Generator<ReadRecord<K, V>> {
  const reader = new BatchReader({ checkCrc: false, hashKeys: false })
  for (const { rows } of runs(reader, { bytes, from: 0, to: bytes.length }, `${topic.name}[${partition}]`)) {
    for (let i = 0; i < rows.count; i++) {
      const offset = rows.baseOffset + (rows.offsetDelta?.[i] ?? i)
      if (offset >= from) yield recordAt(rows, i, { topic, partition, offset })
    }
  }
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
