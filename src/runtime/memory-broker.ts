/**
 * The in-process broker that users see: one memory cluster a name, shared by every application of that name in this process. A topic that it lacks
 * is made when it is first named, with one partition. It runs on the system clock until it is closed; nothing outlives the process.
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Topic } from '../model/topic.ts'
import { MemoryCluster } from '../memory/cluster.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import { offsetBehind } from '../wire/runs.ts'
import { decodeRecords, encodeRecords, type ProduceRecord, type ReadOptions, type ReadRecord } from './topic-records.ts'

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

function write<K, V>(cluster: MemoryCluster, { topic, now }: Target<K, V>, records: readonly ProduceRecord<K, V>[]): void {
  cluster.createTopic(topic.name)
  const count = cluster.topic(topic.name)!.partitions.length
  const writers = new Map<number, BatchWriter>()
  for (const { key, value, timestamp, headers, partition } of encodeRecords(topic, records, { partitions: count, now })) {
    const writer = writers.get(partition) ?? new BatchWriter()
    writers.set(partition, writer)
    writer.append(key, value, timestamp, headers)
    if (writer.byteLength > BATCH_BYTES) appendBatch(cluster, { topic: topic.name, partition }, writer)
  }
  for (const [partition, writer] of writers) appendBatch(cluster, { topic: topic.name, partition }, writer)
}

interface Target<K, V> {
  readonly topic: Topic<K, V>
  readonly now: number
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

interface Reading {
  readonly cluster: MemoryCluster
  readonly clock: Clock
}

async function* readTopic<K, V>(
  { cluster, clock }: Reading,
  topic: Topic<K, V>,
  { quietMs = 0, waitMs = quietMs }: ReadOptions = {},
): AsyncGenerator<ReadRecord<K, V>> {
  const positions = new Map<number, number>()
  let deadline = clock.monotonic() + waitMs
  for (;;) {
    let found = false
    for (const record of unread(cluster, topic, positions)) {
      found = true
      yield record
    }
    if (found) deadline = clock.monotonic() + quietMs
    const left = deadline - clock.monotonic()
    if (left <= 0) return
    if (!found) await cluster.nextAppend(left)
  }
}

/** What lies behind these positions, which go on with it. */
function* unread<K, V>(cluster: MemoryCluster, topic: Topic<K, V>, positions: Map<number, number>): Generator<ReadRecord<K, V>> {
  for (const [partition, { log }] of (cluster.topic(topic.name)?.partitions ?? []).entries()) {
    for (let at = Math.max(positions.get(partition) ?? 0, log.startOffset); at < log.endOffset; at = positions.get(partition)!) {
      const bytes = log.read(at, BATCH_BYTES)
      positions.set(partition, offsetBehind({ bytes, from: 0, to: bytes.length }, at))
      yield* decodeRecords(topic, { bytes, from: 0, to: bytes.length }, { partition, from: at })
    }
  }
}
