/** One partition of a memory cluster: its log, what it knows of producers, who leads it, and how much of it readers may see. */
import type { FetchRequest } from '../wire/api/fetch.ts'
import { readHeader, type BatchHeader } from '../wire/batch-reader.ts'
import { CODE } from './codes.ts'
import { compact } from './compact.ts'
import { PartitionLog } from './log.ts'
import { ProducerStates } from './producers.ts'
import { PartitionTransactions } from './transactions.ts'

/** One partition. */
export class MemoryPartition {
  readonly log: PartitionLog = new PartitionLog()
  readonly producers: ProducerStates = new ProducerStates()
  readonly transactions: PartitionTransactions = new PartitionTransactions()
  #leader: number
  #heldAt = Infinity
  /** Where the last compaction ended. */
  #cleanedTo = 0

  constructor(leader: number) {
    this.#leader = leader
  }

  /** Id of the broker that leads it. */
  get leader(): number {
    return this.#leader
  }

  /** Counts its leaders. */
  get leaderEpoch(): number {
    return this.log.epochs.current
  }

  /** One behind the last record that readers may see. */
  get highWatermark(): number {
    return Math.min(this.#heldAt, this.log.endOffset)
  }

  /** One behind the last record that no open transaction can take back. */
  get lastStableOffset(): number {
    return this.transactions.lastStableOffset(this.highWatermark)
  }

  /** One behind the last record that a reader may see. */
  endFor(isolation: FetchRequest['isolation']): number {
    return isolation === 'read_committed' ? this.lastStableOffset : this.highWatermark
  }

  /** Keeps the high watermark from rising above an offset, as when followers lag; undefined lets it go. */
  holdHighWatermark(offset: number | undefined): void {
    this.#heldAt = offset ?? Infinity
  }

  /** A broker takes over, in a new epoch; what it hadn't copied (everything from `loseFrom` on) is lost. */
  lead(node: number, loseFrom: number = Infinity): void {
    this.#leader = node
    if (loseFrom < this.log.endOffset) {
      this.log.loseFrom(loseFrom)
      this.producers.loseFrom(this.log.endOffset)
      this.transactions.rebuild(this.#batches())
    }
    this.log.epochs.next(this.log.endOffset)
  }

  /** Moves the start of the log up to an offset. */
  deleteBefore(offset: number): void {
    this.log.truncateTo(offset)
    this.transactions.startAt(this.log.startOffset)
  }

  /** Leaves the newest record of each key, of those that are decided. */
  compact(): void {
    const isAborted = (producerId: number, offset: number): boolean => this.transactions.isAborted(producerId, offset)
    this.#cleanedTo = compact(this.log, { cleanedTo: this.#cleanedTo, before: this.lastStableOffset, isAborted })
  }

  /** What is wrong with the leader epoch that a client knows (−1: it knows none), as an error code. */
  epochError(known: number): number {
    if (known < 0 || known === this.leaderEpoch) return CODE.NONE
    return known < this.leaderEpoch ? CODE.FENCED_LEADER_EPOCH : CODE.UNKNOWN_LEADER_EPOCH
  }

  *#batches(): Generator<{ readonly bytes: Uint8Array; readonly header: BatchHeader }> {
    for (const { bytes } of this.log.batches(0)) yield { bytes, header: readHeader(bytes, 0, bytes.length)! }
  }
}
