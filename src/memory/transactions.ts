/**
 * The transactions of one partition, as its batches tell of them: a transactional batch opens its producer's, a marker ends it. From that follow the
 * last stable offset, up to which every record's fate is decided, and the aborted transactions that a reader of committed records is told of, in order
 * of their completion (`ProducerStateManager` and `TransactionIndex` of Kafka). No coordinator is here: who appends batches decides.
 */
import type { FetchedPartition } from '../wire/api/fetch.ts'
import type { BatchHeader } from '../wire/batch-reader.ts'
import { readMarker } from '../wire/control.ts'

interface Ended {
  readonly producerId: number
  readonly firstOffset: number
  /** Of the marker. */
  readonly lastOffset: number
}

/** The transactions of one partition. */
export class PartitionTransactions {
  /** First offset of each producer's open transaction. */
  readonly #open: Map<number, number> = new Map()
  #aborted: Ended[] = []
  /** Ended ones whose markers readers may not see yet. */
  #unseen: Ended[] = []

  /** Takes note of a batch that was appended at an offset. */
  appended(batch: Uint8Array, header: BatchHeader, baseOffset: number): void {
    const { producerId, transactional, control } = header
    if (!transactional) return
    if (!control) {
      if (!this.#open.has(producerId)) this.#open.set(producerId, baseOffset)
      return
    }
    const marker = readMarker(batch, header)
    const firstOffset = this.#open.get(producerId)
    if (marker === undefined || firstOffset === undefined) return
    this.#open.delete(producerId)
    const ended = { producerId, firstOffset, lastOffset: baseOffset }
    this.#unseen.push(ended)
    if (marker.verdict === 'abort') this.#aborted.push(ended)
  }

  /** One behind the last record that no transaction can take back, of those below a high watermark. */
  lastStableOffset(highWatermark: number): number {
    if (this.#open.size === 0 && this.#unseen.length === 0) return highWatermark
    this.#unseen = this.#unseen.filter(({ lastOffset }) => lastOffset >= highWatermark)
    return Math.min(highWatermark, ...this.#open.values(), ...this.#unseen.map(({ firstOffset }) => firstOffset))
  }

  /** The aborted transactions that have records at or behind `from` and before `before`, in order of their completion. */
  abortedIn(from: number, before: number): FetchedPartition['aborted'] {
    return this.#aborted
      .filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < before)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
  }

  /** Was what a producer wrote at an offset aborted? */
  isAborted(producerId: number, offset: number): boolean {
    return this.#aborted.some((ended) => ended.producerId === producerId && ended.firstOffset <= offset && offset <= ended.lastOffset)
  }

  /** Forgets what ended below an offset. */
  startAt(offset: number): void {
    this.#aborted = this.#aborted.filter(({ lastOffset }) => lastOffset >= offset)
  }

  /** Knows only what these batches tell, in order: the others were lost. */
  rebuild(batches: Iterable<{ readonly bytes: Uint8Array; readonly header: BatchHeader }>): void {
    this.#open.clear()
    this.#aborted = []
    this.#unseen = []
    for (const { bytes, header } of batches) this.appended(bytes, header, header.baseOffset)
  }
}
