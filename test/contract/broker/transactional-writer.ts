/**
 * Writes transactions to a topic's only partition, step by step, so that the log has them in that order. On a real Kafka by the requests of a transactional
 * producer, of whichever version the cluster has; on the memory cluster, which has no coordinator for them, as the batches and markers that they leave.
 */
import { utf8 } from '../../../src/base/text.ts'
import {
  ADD_OFFSETS_TO_TXN,
  ADD_PARTITIONS_TO_TXN,
  END_TXN,
  TXN_OFFSET_COMMIT,
  type TxnOffsetCommitResponse,
} from '../../../src/wire/api/txn.ts'
import { INIT_PRODUCER_ID } from '../../../src/wire/api/coordinator.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { markerBatch, type Verdict } from '../../../src/wire/control.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { fresh, type BrokerClient } from './broker-client.ts'

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

let made = 0

/** One transactional producer. */
export class TransactionalWriter {
  readonly #client: BrokerClient
  readonly #topic: string
  #producer: Producer
  readonly #second: boolean
  #sequence = 0
  #open = false

  private constructor(client: BrokerClient, topic: string, producer: Producer, second: boolean) {
    this.#client = client
    this.#topic = topic
    this.#producer = producer
    this.#second = second
  }

  /** A producer that nobody else is. */
  static async make(client: BrokerClient, topic: string): Promise<TransactionalWriter> {
    const transactionalId = fresh('txn')
    if (client.memory !== undefined)
      return new TransactionalWriter(client, topic, { transactionalId, producerId: 10_000 + made++, producerEpoch: 0 }, false)
    const request = { transactionalId, transactionTimeoutMs: 30_000, producerId: -1, producerEpoch: -1 }
    const { errorCode, ...ids } = await client.toTransactionCoordinator(INIT_PRODUCER_ID, request, (answer) => answer.errorCode)
    succeeded(errorCode)
    return new TransactionalWriter(client, topic, { transactionalId, ...ids }, client.transactions === 2)
  }

  get producerId(): number {
    return this.#producer.producerId
  }

  get transactionalId(): string {
    return this.#producer.transactionalId
  }

  /** Writes one batch, in the open transaction or a new one. */
  async write(...values: readonly string[]): Promise<void> {
    const { memory } = this.#client
    const writer = new BatchWriter()
    for (const value of values) writer.append(null, utf8(value), Date.now(), undefined)
    const { transactionalId, ...ids } = this.#producer
    const batch = writer.seal({ ...ids, baseSequence: this.#sequence, transactional: true })
    this.#sequence += values.length
    if (memory !== undefined) memory.appendTransactional(this.#topic, 0, batch)
    else {
      if (!this.#second && !this.#open) await this.#addPartition()
      succeeded((await this.#client.produce(this.#topic, batch, 0, transactionalId)).errorCode)
    }
    this.#open = true
  }

  /** Lets the open transaction commit a position of a group in its topic; not on the memory cluster, where nobody coordinates that. */
  async commitOffset(groupId: string, offset: number): Promise<void> {
    if (!this.#second) {
      const added = await this.#client.toTransactionCoordinator(
        ADD_OFFSETS_TO_TXN,
        { ...this.#producer, groupId },
        ({ errorCode }) => errorCode,
      )
      succeeded(added.errorCode)
    }
    const topics = [{ topic: this.#topic, partitions: [{ partition: 0, offset, leaderEpoch: -1, metadata: null }] }]
    const request = { ...this.#producer, groupId, generationId: -1, memberId: '', groupInstanceId: null, topics }
    const errorOf = (answer: TxnOffsetCommitResponse): number => answer.topics[0]!.partitions[0]!.errorCode
    succeeded(errorOf(await this.#client.toCoordinator(TXN_OFFSET_COMMIT, request, errorOf)))
  }

  /** Ends the open transaction; settles when its marker is in the log. */
  async end(verdict: Verdict): Promise<void> {
    const { transactionalId, ...ids } = this.#producer
    this.#open = false
    if (this.#client.memory !== undefined) {
      const marker = markerBatch({ ...ids, verdict, coordinatorEpoch: 0, timestamp: Date.now() })
      this.#client.memory.appendTransactional(this.#topic, 0, marker)
      return
    }
    const before = await this.#endOfLog()
    const request = { ...this.#producer, committed: verdict === 'commit' }
    const answer = await this.#client.toTransactionCoordinator(END_TXN, request, ({ errorCode }) => errorCode)
    succeeded(answer.errorCode)
    if (this.#second) {
      this.#producer = { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
      this.#sequence = 0
    }
    while ((await this.#endOfLog()) === before) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async #addPartition(): Promise<void> {
    const request = { ...this.#producer, topics: [{ topic: this.#topic, partitions: [0] }] }
    const answer = await this.#client.toTransactionCoordinator(
      ADD_PARTITIONS_TO_TXN,
      request,
      ({ topics }) => topics[0]!.partitions[0]!.errorCode,
    )
    succeeded(answer.topics[0]!.partitions[0]!.errorCode)
  }

  async #endOfLog(): Promise<number> {
    return (await this.#client.fetch(this.#topic, 0, { maxBytes: 1 })).highWatermark
  }
}

function succeeded(errorCode: number): void {
  if (errorCode !== 0) throw new Error(errorName(errorCode))
}
