/**
 * What waits to be written to one partition: an open batch, and sealed ones in order, each with the sequence it got when it was sealed. At most
 * five are in flight, one until the first was acknowledged (a broker that knows nothing of a producer takes any first sequence). After an answer
 * that leaves the outcome open, nothing more is sent until all answers are in; then the same bytes go again, from the front.
 */
import type { TopicPartition } from '../model/topic.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { Codec } from '../wire/compression.ts'
import type { InFlight, PartitionWriter, WriteFace } from '../wire/partition-writer.ts'
import { halved, restamped, sequenceAfter, type ProducerIdentity } from './reseal.ts'

const IN_FLIGHT = 5

/** A batch that waits for its acknowledgement. */
export interface SealedBatch {
  readonly bytes: Uint8Array
  readonly count: number
  /** Whose records are in it. */
  readonly shares: readonly Readonly<Share>[]
  sent: boolean
  /** True when all batches before it were acknowledged when it was sent. */
  alone: boolean
  /** True when an answer left open whether it was appended: its bytes must not change. */
  doubtful: boolean
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
  producer(): ProducerIdentity
  /** Told of each sealed batch's bytes; negative: they are acknowledged. */
  sealed(bytes: number): void
}

/** The queue of one partition. */
export class PartitionQueue {
  readonly tp: TopicPartition
  /** Sealed and not acknowledged, in order. */
  readonly batches: SealedBatch[] = []
  /** True while nothing is sent: a resend waits for outstanding answers, and for what was asked of the cluster. */
  rewinding = false
  /** True when the broker has lost what it knew of the producer, or knows better: the sequences begin anew under another epoch. */
  restarting = false
  /** Batches that are sent and not answered. */
  outstanding = 0
  /** Attempts since the last acknowledgement. */
  attempts = 0
  /** Since when nothing gets through, in ms of the monotonic clock; −1: it does. */
  failingSince = -1
  /** What went wrong last. */
  trouble = ''
  /** When the open batch was first seen, in ms of the monotonic clock; −1: it is empty. */
  openSince = -1
  readonly #options: QueueOptions
  readonly #open: BatchWriter
  /** Whose records are in the open batch, one for each writer. */
  readonly #shares: Share[] = []
  #identity: ProducerIdentity | undefined = undefined
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
    const { producerId, producerEpoch } = this.identity()
    const bytes = this.#open.seal({ producerId, producerEpoch, baseSequence: this.#sequence, codec: this.#options.codec })
    this.#open.reset()
    this.#sequence = sequenceAfter(this.#sequence, count)
    this.batches.push(
      sealed(
        bytes,
        count,
        this.#shares.filter((share) => share.count > 0).map((share) => ({ ...share })),
      ),
    )
    for (const share of this.#shares) share.count = 0
    this.openSince = -1
    this.#options.sealed(bytes.length)
  }

  /** Whose sequence its batches count in. */
  identity(): ProducerIdentity {
    return (this.#identity ??= this.#options.producer())
  }

  /** The next batch that may be sent now. */
  next(): SealedBatch | undefined {
    if (this.rewinding) return undefined
    const inFlight = this.batches.filter(({ sent }) => sent).length
    if (inFlight >= (this.#acknowledged ? IN_FLIGHT : 1)) return undefined
    return this.batches[inFlight]
  }

  /** Notes that a batch was sent. */
  send(batch: SealedBatch): void {
    batch.sent = true
    batch.alone = batch === this.batches[0]
    this.outstanding++
  }

  /** Takes out an acknowledged batch and counts down for its owners; false: it was acknowledged before. */
  acknowledge(batch: SealedBatch): boolean {
    this.#acknowledged = true
    this.attempts = 0
    this.failingSince = -1
    const at = this.batches.indexOf(batch)
    if (at < 0) return false
    this.batches.splice(at, 1)
    this.#options.sealed(-batch.bytes.length)
    for (const { owner, count } of batch.shares) owner.count -= count
    return true
  }

  /** Puts two smaller batches in the place of one that was too large. Their sequences are the ones it had. */
  halve(batch: SealedBatch): void {
    const [first, second] = halved(batch.bytes)
    const count = batch.count >> 1
    // Owners are counted down with the last record: which of them wrote which is not known any more.
    const halves = [sealed(first, count, []), sealed(second, batch.count - count, batch.shares)]
    this.batches.splice(this.batches.indexOf(batch), 1, ...halves)
    this.#options.sealed(first.length + second.length - batch.bytes.length)
  }

  /** Lets everything be sent again; no answer is outstanding. */
  rewind(): void {
    this.rewinding = false
    for (const batch of this.batches) batch.sent = false
  }

  /** Lets everything be sent again, from sequence 0 of another producer epoch; no answer is outstanding, and none of the batches was appended. */
  restart(identity: ProducerIdentity): void {
    this.#identity = identity
    this.#sequence = 0
    this.#acknowledged = false
    this.restarting = false
    const batches = this.batches.splice(0)
    for (const { bytes, count, shares } of batches) {
      this.batches.push(sealed(restamped(bytes, identity, this.#sequence), count, shares))
      this.#sequence = sequenceAfter(this.#sequence, count)
    }
    this.rewind()
  }
}

function sealed(bytes: Uint8Array, count: number, shares: readonly Readonly<Share>[]): SealedBatch {
  return { bytes, count, shares, sent: false, alone: false, doubtful: false }
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
