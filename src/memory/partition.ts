/** One partition of a memory cluster: its log, what it knows of producers, who leads it, and how much of it readers may see. */
import { CODE } from './codes.ts'
import { compact } from './compact.ts'
import { PartitionLog } from './log.ts'
import { ProducerStates } from './producers.ts'

/** One partition. */
export class MemoryPartition {
  readonly log: PartitionLog = new PartitionLog()
  readonly producers: ProducerStates = new ProducerStates()
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

  /** One behind the last record that no open transaction can take back; there are no transactions yet. */
  get lastStableOffset(): number {
    return this.highWatermark
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
    }
    this.log.epochs.next(this.log.endOffset)
  }

  /** Leaves the newest record of each key. */
  compact(): void {
    this.#cleanedTo = compact(this.log, this.#cleanedTo)
  }

  /** What is wrong with the leader epoch that a client knows (−1: it knows none), as an error code. */
  epochError(known: number): number {
    if (known < 0 || known === this.leaderEpoch) return CODE.NONE
    return known < this.leaderEpoch ? CODE.FENCED_LEADER_EPOCH : CODE.UNKNOWN_LEADER_EPOCH
  }
}
