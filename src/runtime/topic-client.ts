/**
 * Writes and reads topics from outside a topology, with a topic's serdes: for programs that feed an application or look at what it wrote. Producing
 * is idempotent and settles when every record is acknowledged; reading belongs to no group and commits nothing.
 */
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { Admin } from '../kafka/admin.ts'
import { Cluster } from '../kafka/cluster.ts'
import { Fetcher } from '../kafka/fetcher.ts'
import type { Transport } from '../kafka/lane.ts'
import { GroupOffsets } from '../kafka/offsets.ts'
import { Producer } from '../kafka/producer.ts'
import { partitionKey, type Topic } from '../model/topic.ts'
import { EARLIEST, LATEST } from '../wire/api/list-offsets.ts'
import type { PartitionWriter } from '../wire/partition-writer.ts'
import { decodeRecords, encodeRecords, type ProduceRecord, type ReadOptions, type ReadRecord } from './topic-records.ts'

/** Topics of a cluster, or of the in-process broker. */
export interface TopicClient extends AsyncDisposable {
  /** Makes a topic; one that exists stays as it is. Throws a `ClusterError` for what a broker refuses. */
  createTopic(name: string, options?: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> }): Promise<void>
  /** Writes records, in order; settles when they are acknowledged. */
  produce<K, V>(topic: Topic<K, V>, records: ProduceRecord<K, V> | readonly ProduceRecord<K, V>[]): Promise<void>
  /** The records of a topic from its start, each partition in order. */
  read<K, V>(topic: Topic<K, V>, options?: ReadOptions): AsyncIterable<ReadRecord<K, V>>
  close(): Promise<void>
}

/** What a topic client runs on. */
export interface TopicClientPorts {
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
}

const RETRY_MS = 30_000
const PATIENCE_MS = 100

/** Topics of the cluster that a transport leads to. */
export class ClusterTopics implements TopicClient {
  readonly #ports: TopicClientPorts
  readonly #cluster: Cluster
  readonly #offsets: GroupOffsets
  readonly #admin: Admin
  #producer: Promise<Producer> | undefined = undefined
  readonly #writers: Map<string, PartitionWriter> = new Map()

  constructor(ports: TopicClientPorts) {
    this.#ports = ports
    this.#cluster = new Cluster({ ...ports, retryMs: RETRY_MS })
    this.#offsets = new GroupOffsets(this.#cluster)
    this.#admin = new Admin(this.#cluster)
  }

  async createTopic(
    name: string,
    { partitions = 1, configs = {} }: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    await this.#admin.createTopics([{ name, partitions, configs, replicationFactor: -1 }])
    await this.#cluster.retried(async () => {
      await this.#cluster.refresh([name])
      if (this.#cluster.partitions(name) === undefined)
        throw new ClusterError('BROKER_NOT_READY', `the brokers don't know topic ${name} yet`, { retriable: true })
    }, `waiting for topic ${name}`)
  }

  async produce<K, V>(topic: Topic<K, V>, records: ProduceRecord<K, V> | readonly ProduceRecord<K, V>[]): Promise<void> {
    const list = isList(records) ? records : [records]
    const partitions = await this.#partitions(topic.name)
    const producer = await (this.#producer ??= this.#makeProducer())
    const now = this.#ports.clock.now()
    for (const { key, value, timestamp, headers, partition } of encodeRecords(topic, list, { partitions, now })) {
      this.#writer(producer, topic.name, partition).append(key, value, timestamp, headers)
      const full = producer.backPressure()
      if (full !== undefined) {
        producer.send(false)
        await full
      }
    }
    await producer.flush()
  }

  async *read<K, V>(topic: Topic<K, V>, { quietMs = 0, waitMs = quietMs }: ReadOptions = {}): AsyncGenerator<ReadRecord<K, V>> {
    const count = await this.#partitions(topic.name)
    const tps = Array.from({ length: count }, (_, partition) => ({ topic: topic.name, partition }))
    const ends = new Map((await this.#offsets.at(tps, LATEST)).map(({ tp, offset }) => [partitionKey(tp), offset]))
    const fetcher = new Fetcher({
      ...this.#ports,
      cluster: this.#cluster,
      kind: `fetch:read-${topic.name}`,
      maxBytes: 16 * 1024 * 1024,
      maxPartitionBytes: 1024 * 1024,
      outOfRange: async (tp) => (await this.#offsets.at([tp], EARLIEST))[0]?.offset ?? 0,
    })
    try {
      fetcher.assign(await this.#offsets.at(tps, EARLIEST))
      const { clock } = this.#ports
      let deadline = clock.monotonic() + waitMs
      for (;;) {
        const chunks = await fetcher.poll({ timeoutMs: PATIENCE_MS })
        for (const chunk of chunks) {
          const { tp, buffer, from, to } = chunk
          yield* decodeRecords(topic, { bytes: buffer, from, to }, { partition: tp.partition, from: 0 })
          chunk.release()
        }
        if (chunks.length > 0) deadline = clock.monotonic() + quietMs
        const done = tps.every((tp) => fetcher.position(tp) >= (ends.get(partitionKey(tp)) ?? 0))
        if (done && clock.monotonic() >= deadline) return
      }
    } finally {
      fetcher.close()
    }
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined)
    producer?.close()
    await this.#cluster.close()
    await this.#ports.transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #partitions(topic: string): Promise<number> {
    if (this.#cluster.partitions(topic) === undefined) await this.#cluster.refresh([topic], { create: true })
    if (this.#cluster.partitions(topic) === undefined) await this.createTopic(topic)
    return this.#cluster.partitions(topic) ?? 1
  }

  async #makeProducer(): Promise<Producer> {
    const producer = new Producer({
      ...this.#ports,
      cluster: this.#cluster,
      batchSize: 256 * 1024,
      lingerMs: 0,
      codec: 'none',
      bufferBytes: 32 * 1024 * 1024,
      requestTimeoutMs: RETRY_MS,
    })
    await producer.init()
    return producer
  }

  #writer(producer: Producer, topic: string, partition: number): PartitionWriter {
    const key = partitionKey({ topic, partition })
    const known = this.#writers.get(key)
    if (known !== undefined) return known
    const made = producer.writer({ topic, partition }, { count: 0 })
    this.#writers.set(key, made)
    return made
  }
}

function isList<T>(records: T | readonly T[]): records is readonly T[] {
  return Array.isArray(records)
}
