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
import { backoffMs, Pauses, type BackoffPorts } from './backoff.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { byTopic } from './offsets.ts'
import { PartitionQueue, type SealedBatch } from './partition-queue.ts'
import type { ProducerIdentity } from './reseal.ts'

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

const LAST_EPOCH = 32_767
/** How long a partition that nothing can be written to is tried at least, in ms: leaders change, and new topics take their time. */
const PATIENCE_MS = 60_000

/** Writes partitions. */
export class Producer {
  readonly #options: ProducerOptions
  readonly #pauses: Pauses
  readonly #queues: Map<string, PartitionQueue> = new Map()
  readonly #ends: Map<string, number> = new Map()
  #identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
  #bytes = 0
  #failure: Error | undefined = undefined
  #waiters: { readonly until: () => boolean; readonly resolve: () => void; readonly reject: (why: Error) => void }[] = []
  #rewinding = false
  #closed = false

  constructor(options: ProducerOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
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
    this.#identity = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
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
      producer: () => this.#identity,
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
    this.#pauses.end()
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

  /** Sends, for each broker, one batch of each partition that may send one, and goes on while some may. */
  #pump(): void {
    if (this.#closed || this.#failure !== undefined) return
    let lost = false
    for (;;) {
      const byNode = new Map<number, Sending[]>()
      for (const queue of this.#queues.values()) {
        const batch = queue.next()
        if (batch === undefined) continue
        const leader = this.#options.cluster.leader(queue.tp)
        if (leader === undefined) {
          this.#hold(queue, 'nobody is known to lead it')
          lost ||= queue.outstanding === 0
          continue
        }
        queue.send(batch)
        byNode.set(leader.node, [...(byNode.get(leader.node) ?? []), { queue, batch }])
      }
      if (byNode.size === 0) break
      for (const [node, sendings] of byNode) void this.#produce(node, sendings)
    }
    if (lost) void this.#rewind()
  }

  async #produce(node: number, sendings: readonly Sending[]): Promise<void> {
    const topics = byTopic(
      sendings.map(({ queue, batch }) => ({ tp: queue.tp, records: batch.bytes })),
      ({ tp, records }) => ({ partition: tp.partition, records }),
    )
    const answers = new Map<string, ProducedPartition>()
    let trouble = 'the broker said nothing of it'
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
      trouble = error.message
    }
    for (const { queue, batch } of sendings) {
      queue.outstanding--
      const answer = answers.get(partitionKey(queue.tp))
      if (answer === undefined) this.#doubt(queue, batch, trouble)
      else this.#answered(queue, batch, answer)
    }
    this.#settle()
    if (sendings.some(({ queue }) => queue.rewinding && queue.outstanding === 0)) void this.#rewind()
    this.#pump()
  }

  /** Takes one partition's answer. */
  #answered(queue: PartitionQueue, batch: SealedBatch, answer: ProducedPartition): void {
    const { name, action } = wireError(answer.errorCode, 'produce')
    if (action === 'done') {
      if (queue.acknowledge(batch)) this.#wrote(queue.tp, answer.baseOffset + batch.count)
    } else if (action === 'rewind' || action === 'rewind-refresh') {
      this.#doubt(queue, batch, name)
    } else if (action === 'resequence' || action === 'bump') {
      // Behind a batch that wasn't appended, a gap is what has to be. A batch that nothing was before has met a broker that lost its memory.
      if (batch.alone || action === 'bump') queue.restarting = true
      this.#refused(queue, name)
    } else if (action === 'split' && batch.count > 1 && !batch.doubtful) {
      queue.halve(batch)
      queue.rewinding = true
    } else {
      this.#fail(this.#productionError(queue.tp, batch, answer))
    }
  }

  /** Notes that a batch may have been appended or not: the same bytes go again, after all that was before. */
  #doubt(queue: PartitionQueue, batch: SealedBatch, trouble: string): void {
    batch.doubtful = true
    this.#refused(queue, trouble)
  }

  #refused(queue: PartitionQueue, trouble: string): void {
    queue.attempts = Math.max(1, queue.attempts)
    this.#hold(queue, trouble)
  }

  /** Sends nothing more of a partition until it was looked after. */
  #hold(queue: PartitionQueue, trouble: string): void {
    queue.rewinding = true
    queue.trouble = trouble
    if (queue.failingSince < 0) queue.failingSince = this.#options.clock.monotonic()
  }

  #wrote(tp: TopicPartition, end: number): void {
    const key = partitionKey(tp)
    this.#ends.set(key, Math.max(end, this.#ends.get(key) ?? 0))
  }

  #productionError(tp: TopicPartition, batch: SealedBatch, { errorCode, errorMessage }: ProducedPartition): Error {
    const { name, becomes } = wireError(errorCode, 'produce')
    const where = `${tp.topic}[${tp.partition}]`
    if (becomes === 'RECORD_TOO_LARGE') {
      return new ProductionError(
        'RECORD_TOO_LARGE',
        `a ${batch.count === 1 ? 'record' : `batch of ${batch.count} records`} of ${batch.bytes.length} bytes is larger than ${where} takes${errorMessage === null ? '' : ` (${errorMessage})`}: raise the topic's max.message.bytes, or write smaller records`,
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

  /** Looks after the partitions that are held and have no answer outstanding: waits, looks for leaders again, and lets them be sent from the front. */
  async #rewind(): Promise<void> {
    if (this.#rewinding) return
    this.#rewinding = true
    try {
      for (let held = this.#held(); held.length > 0; held = this.#held()) {
        const attempts = Math.max(...held.map((queue) => queue.attempts++))
        await this.#pauses.wait(attempts === 0 ? 0 : backoffMs(attempts, this.#options.random))
        await this.#refresh()
        for (const queue of this.#held()) await this.#goOn(queue)
        this.#pump()
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#rewinding = false
    }
  }

  #held(): readonly PartitionQueue[] {
    if (this.#closed || this.#failure !== undefined) return []
    return [...this.#queues.values()].filter(({ rewinding, outstanding }) => rewinding && outstanding === 0)
  }

  async #goOn(queue: PartitionQueue): Promise<void> {
    if (!queue.restarting) {
      queue.rewind()
      return
    }
    const { producerId, producerEpoch } = queue.identity()
    if (producerEpoch >= LAST_EPOCH) await this.init()
    queue.restart(producerEpoch < LAST_EPOCH ? { producerId, producerEpoch: producerEpoch + 1 } : this.#identity)
    // What was acknowledged may be lost with the broker's memory: where the log ends is known with the next answer.
    this.#ends.delete(partitionKey(queue.tp))
  }

  /** Asks for leaders anew, and gives up where nothing got through for too long. */
  async #refresh(): Promise<void> {
    const { cluster, clock } = this.#options
    const topics = [...new Set([...this.#queues.values()].filter(({ batches }) => batches.length > 0).map(({ tp }) => tp.topic))]
    const found = await cluster.refresh(topics)
    const patienceMs = Math.max(PATIENCE_MS, cluster.retryMs)
    for (const { tp, failingSince, trouble } of this.#queues.values()) {
      if (failingSince < 0) continue
      const failingMs = clock.monotonic() - failingSince
      if (!found.has(tp.topic) && failingMs >= PATIENCE_MS)
        throw new ClusterError('SOURCE_MISSING', `there is no topic ${tp.topic} to write to: create it first`, { context: tp })
      if (failingMs >= patienceMs)
        throw new ClusterError(
          'TASK_TIMEOUT',
          `writing to ${tp.topic}[${tp.partition}] failed for ${Math.round(failingMs)} ms, last with: ${trouble}`,
          { context: tp },
        )
    }
  }
}
