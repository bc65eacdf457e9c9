/**
 * What a reader of committed records leaves out: the batches of transactions that were aborted. A broker lists with each answer the aborted
 * transactions in it, by producer and first offset, in order of their completion; sorted by first offset, each is open from that offset until the
 * producer's abort marker, which may come in a later answer. So a batch belongs to an aborted transaction exactly when its producer's is open there.
 * Markers stay: they show no records and move the position. Batches behind the last stable offset aren't in an answer, so none is undecided.
 */
import type { FetchedPartition } from '../wire/api/fetch.ts'
import { readHeader, type BatchHeader } from '../wire/batch-reader.ts'
import { readMarker } from '../wire/control.ts'

type Aborted = FetchedPartition['aborted'][number]

/** Batches that stand side by side: `[from, to)`. */
export interface BatchRun {
  readonly from: number
  readonly to: number
  /** The first offset in them. */
  readonly baseOffset: number
}

/** The whole batches of an answer. */
export interface WholeBatches {
  /** Those that stay. */
  readonly runs: readonly BatchRun[]
  /** Bytes of all. */
  readonly length: number
  /** The offset behind all; −1: there are none. */
  readonly nextOffset: number
  /** False: from some batch on, bytes can be no batch. They are in the last run, so that who reads it finds them behind what is before. */
  readonly isReadable: boolean
  /** In which leader's epoch the last one was written; −1: there are none. */
  readonly leaderEpoch: number
}

/** The whole batches of an answer (a part of one may follow them), without those that a filter drops. */
export function wholeBatches({ records, aborted }: FetchedPartition, filter?: CommittedFilter): WholeBatches {
  const runs: BatchRun[] = []
  filter?.expect(aborted)
  let from = 0
  let baseOffset = -1
  let at = 0
  let nextOffset = -1
  let leaderEpoch = -1
  let isReadable = true
  const headerAt = (where: number): BatchHeader | undefined => {
    try {
      return readHeader(records, where, records.length)
    } catch {
      isReadable = false
      return undefined
    }
  }
  for (let header = headerAt(0); header !== undefined; header = headerAt(at)) {
    if (filter?.drops(records, header) === true) {
      if (from < at) runs.push({ from, to: at, baseOffset })
      from = at + header.length
      baseOffset = header.nextOffset
    } else if (from === at) ({ baseOffset } = header)
    at += header.length
    ;({ nextOffset, leaderEpoch } = header)
  }
  if (!isReadable) at = records.length
  if (from < at) runs.push({ from, to: at, baseOffset })
  return { runs, length: at, nextOffset, leaderEpoch, isReadable }
}

/** Tells the batches of aborted transactions in one partition, read in order. */
export class CommittedFilter {
  /** Producers whose transaction at this place was aborted. */
  readonly #open: Set<number> = new Set()
  /** Aborted transactions that begin further on, the next one last. */
  #ahead: Aborted[] = []

  /** The next answer has these aborted transactions. */
  expect(aborted: readonly Aborted[]): void {
    this.#ahead = aborted.toSorted((a, b) => b.firstOffset - a.firstOffset)
  }

  /** True: the batch isn't to be read. */
  drops(bytes: Uint8Array, header: BatchHeader): boolean {
    for (let next = this.#ahead.at(-1); next !== undefined && next.firstOffset < header.nextOffset; next = this.#ahead.at(-1)) {
      this.#open.add(next.producerId)
      this.#ahead.pop()
    }
    if (!header.control) return header.transactional && this.#open.has(header.producerId)
    if (this.#open.has(header.producerId) && readMarker(bytes, header)?.verdict === 'abort') this.#open.delete(header.producerId)
    return false
  }

  /** Reading goes on elsewhere. */
  reset(): void {
    this.#open.clear()
    this.#ahead = []
  }
}
