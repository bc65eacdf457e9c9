/**
 * Writes partitions, idempotently and with the acknowledgement of all replicas. Records go straight into the open batch of their partition;
 * `send` seals what is due and gives every broker one request with a batch from each ready partition. A batch is never changed once it is
 * sealed: an answer that leaves its outcome open is followed by the same bytes, in order.
 */
import { ClusterError, ProductionError } from '../base/errors.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import { INIT_PRODUCER_ID } from '../wire/api/coordinator.ts'
import { PRODUCE, type ProducedPartition } from '../wire/api/produce.ts'
import type { Codec } from '../wire/compression.ts'
import { wireError } from '../wire/error-table.ts'
import type { InFlight, PartitionWriter } from '../wire/partition-writer.ts'
import { backoffMs, wait, type BackoffPorts } from './backoff.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { byTopic } from './offsets.ts'
import { PartitionQueue, type SealedBatch } from './partition-queue.ts'

/** How a producer writes. */
export interface ProducerOptions extends BackoffPorts {
  readonly cluster: Cluster
  readonly batchSize: number
  readonly lingerMs: number
  readonly codec: Codec
  /** Unacknowledged bytes above which `backPressure` waits. */
  readonly bufferBytes: number
  readonly requestTimeoutMs: number
}

interface Sending {
  readonly queue: PartitionQueue
  readonly batch: SealedBatch
}

/** Writes partitions. */
export class Producer {
  readonly #options: ProducerOptions
  readonly #queues: Map<string, PartitionQueue> = new Map()
  readonly #ends: Map<string, number> = new Map()
  #producerId = -1
  #producerEpoch = -1
  #bytes = 0
  #failure: Error | undefined = undefined
  #waiters: { readonly until: () => boolean; readonly resolve: () => void; readonly reject: (why: Error) => void }[] = []
  #attempts = 0
  #closed = false

  constructor(options: ProducerOptions) {
    this.#options = options
  }

  /** Asks for the producer id; nothing can be written before. */
  async init(): Promise<void> {
    const { cluster } = this.#options
    const request = { transactionalId: null, transactionTimeoutMs: -1, producerId: -1, producerEpoch: -1 }
    // A broker that has just started may still be loading what it needs to give one.
    const answer = await cluster.retried(async () => {
      const found = await cluster.callAny(INIT_PRODUCER_ID, request)
      if (found.errorCode !== 0) throw brokerError(found.errorCode, 'transaction', 'asking for a producer id')
      return found
    }, 'asking for a producer id')
    this.#producerId = answer.producerId
    this.#producerEpoch = answer.producerEpoch
  }

  /** The writer of a partition for one task, whose records in flight it counts. */
  writer(tp: TopicPartition, sent: InFlight): PartitionWriter {
    const key = partitionKey(tp)
    const known = this.#queues.get(key)
    if (known !== undefined) return known.writer(sent)
    const { batchSize, codec } = this.#options
    const queue = new PartitionQueue(tp, {
      batchSize,
      codec,
      producer: () => ({ producerId: this.#producerId, producerEpoch: this.#producerEpoch }),
      sealed: (bytes) => {
        this.#bytes += bytes
      },
    })
    this.#queues.set(key, queue)
    return queue.writer(sent)
  }

  /** Sends what is full or has waited for the linger; with `all`, everything. */
  send(all: boolean): void {
    const now = this.#options.clock.monotonic()
    for (const queue of this.#queues.values()) {
      if (queue.open === 0) continue
      if (queue.openSince < 0) queue.openSince = now
      if (all || now - queue.openSince >= this.#options.lingerMs) queue.seal()
    }
    this.#pump()
  }

  /** Sends everything and settles when it is acknowledged; rejects with the first failure. */
  flush(): Promise<void> {
    this.send(true)
    return this.#until(() => [...this.#queues.values()].every(({ batches }) => batches.length === 0))
  }

  /** Settles when there is room again; undefined: there is. */
  backPressure(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const { bufferBytes } = this.#options
    return this.#bytes <= bufferBytes ? undefined : this.#until(() => this.#bytes <= bufferBytes / 2)
  }

  /** One behind the last acknowledged record of a partition; undefined: none was written. */
  written(tp: TopicPartition): number | undefined {
    return this.#ends.get(partitionKey(tp))
  }

  /** Forgets what isn't sent; what is in flight may still arrive. */
  close(): void {
    this.#closed = true
    this.#fail(new ClusterError('CONNECTION_LOST', 'the producer is closed'))
  }

  #until(until: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (until()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ until, resolve, reject })
    })
  }

  #settle(): void {
    const ready = this.#waiters.filter(({ until }) => until())
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }

  #fail(why: Error): void {
    this.#failure ??= why
    for (const { reject } of this.#waiters.splice(0)) reject(why)
  }

  /** Sends, for each broker, one batch of each partition that may send one. */
  #pump(): void {
    if (this.#closed || this.#failure !== undefined) return
    const byNode = new Map<number, Sending[]>()
    let unknown = false
    for (const queue of this.#queues.values()) {
      const batch = queue.next()
      if (batch === undefined || batch.sent) continue
      const leader = this.#options.cluster.leader(queue.tp)
      if (leader === undefined) unknown = true
      else byNode.set(leader.node, [...(byNode.get(leader.node) ?? []), { queue, batch }])
    }
    if (unknown) void this.#refresh()
    for (const [node, sendings] of byNode) void this.#produce(node, sendings)
  }

  async #produce(node: number, sendings: readonly Sending[]): Promise<void> {
    for (const { batch } of sendings) batch.sent = true
    const topics = byTopic(
      sendings.map(({ queue, batch }) => ({ tp: queue.tp, records: batch.bytes })),
      ({ tp, records }) => ({ partition: tp.partition, records }),
    )
    const answers = new Map<string, ProducedPartition>()
    try {
      const { requestTimeoutMs } = this.#options
      const lane = await this.#options.cluster.lane(node, 'produce')
      const { topics: answered } = await lane.request(
        PRODUCE,
        { transactionalId: null, acks: -1, timeoutMs: requestTimeoutMs, topics },
        { timeoutMs: requestTimeoutMs },
      )
      for (const { topic, partitions } of answered)
        for (const partition of partitions) answers.set(partitionKey({ topic, partition: partition.partition }), partition)
    } catch (error) {
      if (!(error instanceof ClusterError) || !error.retriable) return this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
    let again = false
    for (const sending of sendings) again = this.#answered(sending, answers.get(partitionKey(sending.queue.tp))) || again
    this.#settle()
    if (again) await this.#rewind()
    else this.#attempts = 0
    this.#pump()
  }

  /** Takes one partition's answer; true when its queue has to be sent again. */
  #answered({ queue, batch }: Sending, answer: ProducedPartition | undefined): boolean {
    if (answer !== undefined && answer.errorCode === 0) {
      queue.acknowledge(batch)
      this.#bytes -= batch.bytes.length
      this.#ends.set(partitionKey(queue.tp), answer.baseOffset + batch.count)
      return false
    }
    if (answer === undefined) {
      queue.rewinding = true
      return true
    }
    const { action } = wireError(answer.errorCode, 'produce')
    if (action === 'done') {
      queue.acknowledge(batch)
      this.#bytes -= batch.bytes.length
      return false
    }
    if (action === 'rewind' || action === 'rewind-refresh' || (action === 'resequence' && queue.batches[0] !== batch)) {
      queue.rewinding = true
      return true
    }
    this.#fail(this.#productionError(queue.tp, batch, answer))
    return false
  }

  #productionError(tp: TopicPartition, batch: SealedBatch, { errorCode, errorMessage }: ProducedPartition): Error {
    const { name, becomes } = wireError(errorCode, 'produce')
    const where = `${tp.topic}[${tp.partition}]`
    if (becomes === 'RECORD_TOO_LARGE') {
      return new ProductionError(
        'RECORD_TOO_LARGE',
        `a batch of ${batch.count} records and ${batch.bytes.length} bytes is larger than ${where} takes: raise the topic's max.message.bytes, or write smaller records`,
        { context: tp },
      )
    }
    if (becomes === 'RECORD_INVALID') {
      return new ProductionError(
        'RECORD_INVALID',
        `${where} refused a batch of ${batch.count} records: ${name}${errorMessage === null ? '' : ` (${errorMessage})`}; a compacted topic needs keys, and times must be near the broker's clock`,
        { context: tp },
      )
    }
    return brokerError(errorCode, 'produce', `writing to ${where}`, tp)
  }

  /** After an open outcome: waits, looks for leaders again, and lets the queues be sent from the front. */
  async #rewind(): Promise<void> {
    await wait(this.#options.clock, backoffMs(++this.#attempts, this.#options.random))
    await this.#refresh()
    for (const queue of this.#queues.values()) if (queue.rewinding) queue.rewind()
  }

  async #refresh(): Promise<void> {
    const topics = [...new Set([...this.#queues.values()].filter(({ batches }) => batches.length > 0).map(({ tp }) => tp.topic))]
    try {
      const found = await this.#options.cluster.refresh(topics)
      const missing = topics.filter((topic) => !found.has(topic))
      if (missing.length > 0)
        this.#fail(
          new ClusterError('SOURCE_MISSING', `there is no topic ${missing.join(', ')} to write to: create it first`, {
            context: { topic: missing[0]! },
          }),
        )
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
    this.#pump()
  }
}
