/**
 * In which leader epochs a log was written, and from where: what `OffsetForLeaderEpoch` is answered from, so that a reader can tell whether a log
 * was cut off behind its back (`LeaderEpochFileCache` of Kafka).
 */

interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

/** An epoch and where it ended; both −1: not known. */
export interface EpochEnd {
  readonly leaderEpoch: number
  readonly endOffset: number
}

/** The epochs of one log. */
export class LeaderEpochs {
  #current = 0
  #starts: EpochStart[] = [{ epoch: 0, startOffset: 0 }]

  /** The epoch of the leader. */
  get current(): number {
    return this.#current
  }

  /** A new leader takes over, and writes from this offset on. */
  next(startOffset: number): void {
    this.#current++
    this.#starts = this.#starts.filter((start) => start.startOffset < startOffset)
    this.#starts.push({ epoch: this.#current, startOffset })
  }

  /** The log lost everything from this offset on. */
  loseFrom(offset: number): void {
    this.#starts = this.#starts.filter(({ startOffset }) => startOffset < offset)
  }

  /** The newest epoch up to `epoch`, and the offset behind its last record. */
  endOf(epoch: number, endOffset: number): EpochEnd {
    if (epoch === this.#current) return { leaderEpoch: epoch, endOffset }
    const next = this.#starts.find((start) => start.epoch > epoch)
    if (next === undefined) return { leaderEpoch: -1, endOffset: -1 }
    const found = this.#starts.findLast((start) => start.epoch <= epoch)
    return { leaderEpoch: found?.epoch ?? epoch, endOffset: next.startOffset }
  }
}
