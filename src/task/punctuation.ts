/**
 * Punctuations of one task: what is due by stream time and by the wall clock. Both kinds stand in a binary heap by due time, as in Kafka
 * Streams, so that several due at once run in the same order as there. Skipped intervals collapse into one call and the grid is kept.
 */
import { ConfigError } from '../base/errors.ts'
import { heap, type Heap } from '../base/heap.ts'
import type { Cancellable, Schedule } from '../topology/operator.ts'

interface Entry {
  due: number
  readonly every: number
  readonly run: (timestamp: number) => void | Promise<void>
  cancelled: boolean
}

/** The due punctuations of one time base, wall clock or stream time. */
export class Punctuations {
  readonly #heap: Heap<Entry> = heap((a, b) => a.due - b.due)

  /** Adds one that is due first at `first`, in ms of its time base, then every so many ms. */
  add(first: number, every: number, run: (timestamp: number) => void | Promise<void>): Cancellable {
    const entry: Entry = { due: first, every, run, cancelled: false }
    this.#heap.push(entry)
    return {
      cancel: () => {
        entry.cancelled = true
      },
    }
  }

  /** True when something is due at that time. */
  isDue(now: number): boolean {
    const first = this.#heap.peek()
    return first !== undefined && first.due <= now
  }

  /** Runs all that is due, in order of due time; each gets `now`, not the time it was due. Answers whether anything ran; a promise only when a callback had to wait. */
  run(now: number): boolean | Promise<boolean> {
    let ran = false
    for (let entry = this.#heap.peek(); entry !== undefined && entry.due <= now; entry = this.#heap.peek()) {
      this.#heap.pop()
      if (entry.cancelled) continue
      ran = true
      const waiting = entry.run(now)
      if (waiting !== undefined) return this.#runLater(now, waiting, entry)
      this.#again(entry, now)
    }
    return ran
  }

  async #runLater(now: number, waiting: Promise<void>, entry: Entry): Promise<boolean> {
    await waiting
    this.#again(entry, now)
    await this.run(now)
    return true
  }

  #again(entry: Entry, now: number): void {
    if (entry.cancelled) return
    entry.due += (Math.floor((now - entry.due) / entry.every) + 1) * entry.every
    this.#heap.push(entry)
  }
}

/** When a schedule is due first: stream time at once (from 0 on), wall clock after one interval; an anchored one at its start, or the next point of its grid after `now`. Throws `CONFIG_RANGE`. */
export function firstDue(schedule: Schedule, now: number, node: string): number {
  const { every, by, startAt } = schedule
  if (!Number.isInteger(every) || every < 1) {
    throw new ConfigError(
      'CONFIG_RANGE',
      `step ${node} schedules a punctuation every ${every} ms: give a whole number of milliseconds, at least 1`,
      { context: { node } },
    )
  }
  if (startAt === undefined) return by === 'stream-time' ? 0 : now + every
  if (!(startAt >= 0)) {
    throw new ConfigError(
      'CONFIG_RANGE',
      `step ${node} schedules a punctuation from ${startAt}: give milliseconds since the epoch, at least 0`,
      { context: { node } },
    )
  }
  return startAt > now ? startAt : startAt + (Math.floor((now - startAt) / every) + 1) * every
}
