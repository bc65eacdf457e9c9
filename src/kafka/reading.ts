/** How far a fetcher is with one partition. */
import type { TopicPartition } from '../model/topic.ts'
import type { FetchRequest } from '../wire/api/fetch.ts'
import { CommittedFilter } from './committed-filter.ts'

/** Answers of a partition that may wait to be used up; with so many it is left out. */
const CHUNKS = 2

/** A partition that is read. */
export interface Reading {
  readonly tp: TopicPartition
  /** The next offset to ask for. */
  position: number
  /** The next offset to hand out, while something waits for that. */
  handedOut: number
  /** In which leader's epoch the record before the position was written; −1: none was read. */
  epoch: number
  /** The epoch of the newest leader whose log is known to have what was read. */
  checkedEpoch: number
  /** One behind the last record that may be read; −1: not known yet. */
  end: number
  /** When the last answer was asked for, in ms of the monotonic clock. */
  askedAt: number
  /** Undefined: transactions don't matter. */
  readonly filter: CommittedFilter | undefined
  /** Answers handed out, or waiting to be, that aren't released. */
  chunks: number
  paused: boolean
  /** False while a fetch that includes it is under way. */
  idle: boolean
  /** True while it is left out because its leader isn't known, has refused it, or is asked whether its log has what was read. */
  resting: boolean
  /** Refusals since the last answer, and when the first was, in ms of the monotonic clock. */
  refusals: number
  refusedSince: number
}

/** A partition read from an offset on. */
export function readingFrom(tp: TopicPartition, position: number, isolation: FetchRequest['isolation'] | undefined): Reading {
  const filter = isolation === 'read_committed' ? new CommittedFilter() : undefined
  const fresh = { chunks: 0, paused: false, idle: true, resting: false, refusals: 0, refusedSince: 0 }
  return { tp, position, handedOut: position, epoch: -1, checkedEpoch: -1, end: -1, askedAt: 0, filter, ...fresh }
}

/** Reading goes on elsewhere: what was known of the place before doesn't count. */
export function moveTo(reading: Reading, position: number): void {
  reading.position = position
  reading.epoch = -1
  reading.end = -1
  reading.filter?.reset()
}

/** True when it may be asked for. */
export function mayRead({ paused, idle, resting, chunks }: Reading): boolean {
  return !paused && idle && !resting && chunks < CHUNKS
}

/** True when all that the log had at the last answer has been fetched. */
export function isAtEnd({ end, position }: Reading): boolean {
  return end >= 0 && end <= position
}

/** Calls `f` the first time that it is called. */
export function once(f: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    f()
  }
}
