/**
 * What waits to be written to one partition: an open batch, and sealed ones in order, each with the sequence it got when it was sealed. At most
 * five are in flight, one until the first was acknowledged (a broker that knows nothing of a producer takes any first sequence). After an answer
 * that leaves the outcome open, nothing more is sent until all answers are in; then the same bytes go again, from the front.
 */
import type { TopicPartition } from '../model/topic.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { Codec } from '../wire/compression.ts'
import type { InFlight, PartitionWriter, WriteFace } from '../wire/partition-writer.ts'

const IN_FLIGHT = 5
const SEQUENCES = 2 ** 31

/** A batch that waits for its acknowledgement. */
export interface SealedBatch {
  readonly bytes: Uint8Array
  readonly count: number
  /** Whose records are in it. */
  readonly shares: readonly Readonly<Share>[]
  sent: boolean
}

/** How many records of a batch are whose. */
interface Share {
  readonly owner: InFlight
  count: number
}

/** How batches are sealed. */
export interface QueueOptions {
  readonly batchSize: number
  readonly codec: Codec
  producer(): { readonly producerId: number; readonly producerEpoch: number }
  /** Told of each sealed batch's bytes. */
  sealed(bytes: number): void
}

/** The queue of one partition. */
export class PartitionQueue {
  readonly tp: TopicPartition
  /** Sealed and not acknowledged, in order. */
  readonly batches: SealedBatch[] = []
  /** True while a resend waits for outstanding answers. */
  rewinding = false
  /** When the open batch was first seen, in ms of the monotonic clock; −1: it is empty. */
  openSince = -1
  readonly #options: QueueOptions
  readonly #open: BatchWriter
  /** Whose records are in the open batch, one for each writer. */
  readonly #shares: Share[] = []
  #sequence = 0
  #acknowledged = false

  constructor(tp: TopicPartition, options: QueueOptions) {
    this.tp = tp
    this.#options = options
    this.#open = new BatchWriter({ initialBytes: 4 * 1024 })
  }

  /** Records in the open batch. */
  get open(): number {
    return this.#open.count
  }

  /** A writer that counts for one task. */
  writer(owner: InFlight): PartitionWriter {
    const share: Share = { owner, count: 0 }
    this.#shares.push(share)
    return new QueueWriter(this.#open, () => {
      owner.count++
      share.count++
      if (this.#open.byteLength >= this.#options.batchSize) this.seal()
    })
  }

  /** Closes the open batch, if it has records. */
  seal(): void {
    const { count } = this.#open
    if (count === 0) return
    const { producerId, producerEpoch } = this.#options.producer()
    const bytes = this.#open.seal({ producerId, producerEpoch, baseSequence: this.#sequence, codec: this.#options.codec })
    this.#open.reset()
    this.#sequence = (this.#sequence + count) % SEQUENCES
    this.batches.push({ bytes, count, shares: this.#shares.filter((share) => share.count > 0).map((share) => ({ ...share })), sent: false })
    for (const share of this.#shares) share.count = 0
    this.openSince = -1
    this.#options.sealed(bytes.length)
  }

  /** The next batch that may be sent now. */
  next(): SealedBatch | undefined {
    if (this.rewinding) return undefined
    const inFlight = this.batches.filter(({ sent }) => sent).length
    if (inFlight >= (this.#acknowledged ? IN_FLIGHT : 1)) return undefined
    return this.batches[inFlight]
  }

  /** Takes out an acknowledged batch and counts down for its owners. */
  acknowledge(batch: SealedBatch): void {
    this.#acknowledged = true
    const at = this.batches.indexOf(batch)
    if (at < 0) return
    this.batches.splice(at, 1)
    for (const { owner, count } of batch.shares) owner.count -= count
  }

  /** Lets everything be sent again once no answer is outstanding. */
  rewind(): void {
    this.rewinding = false
    for (const batch of this.batches) batch.sent = false
  }
}

class QueueWriter implements PartitionWriter {
  readonly #batch: BatchWriter
  readonly #appended: () => void

  constructor(batch: BatchWriter, appended: () => void) {
    this.#batch = batch
    this.#appended = appended
  }

  append(key: Uint8Array | null, value: Uint8Array | null, timestamp: number, headers: Uint8Array | undefined): void {
    this.#batch.append(key, value, timestamp, headers)
    this.#appended()
  }

  begin(timestamp: number): void {
    this.#batch.begin(timestamp)
  }

  key(bytes: Uint8Array, at: number, length: number): void {
    this.#batch.key(bytes, at, length)
  }

  value(bytes: Uint8Array, at: number, length: number): void {
    this.#batch.value(bytes, at, length)
  }

  written<T>(serde: WriteFace<T>, value: T): void {
    this.#batch.written(serde, value)
  }

  end(headers: Uint8Array | undefined): void {
    this.#batch.end(headers)
    this.#appended()
  }
}
