/**
 * How far apart in time two records may be that a join of streams pairs: the right one from `before` earlier to `after` later than the left one, both
 * inclusive (Kafka Streams' JoinWindows). Both sides are kept for the whole window and its grace.
 */
import { TopologyError } from '../../base/errors.ts'

/** The window of a join of two streams. Times are milliseconds. */
export interface JoinWindows {
  /** How much earlier than the left record the right one may be; negative: how much later it is at least. */
  readonly beforeMs: number
  /** How much later than the left record the right one may be; negative: how much earlier it is at least. */
  readonly afterMs: number
  /** How long records may be late, in stream time; 0 unless `grace` says otherwise. */
  readonly graceMs: number
  /** True: records that meet nothing are told at once, not when their window has closed. */
  readonly isEager: boolean
  /** The same with another bound. Throws `WINDOW_INVALID` when before + after is negative. */
  before(ms: number): JoinWindows
  /** The same with another bound. Throws `WINDOW_INVALID` when before + after is negative. */
  after(ms: number): JoinWindows
  /** The same with a grace. Throws `WINDOW_INVALID` when it is negative. */
  grace(ms: number): JoinWindows
  /** The same, with unmatched records at once: a result may follow for a record that was told to have none. */
  eager(): JoinWindows
}

type Bounds = Pick<JoinWindows, 'beforeMs' | 'afterMs' | 'graceMs' | 'isEager'>

/** Records that are at most so many milliseconds apart. Throws `WINDOW_INVALID`. `joinWindow(minutes(5)).after(hours(1)).grace(seconds(30))` */
export function joinWindow(differenceMs: number): JoinWindows {
  return joinWindows({ beforeMs: differenceMs, afterMs: differenceMs, graceMs: 0, isEager: false })
}

/** How long the window lasts, in ms. */
export function joinSize({ beforeMs, afterMs }: JoinWindows): number {
  return beforeMs + afterMs
}

/** How long both sides are kept, in ms of stream time. */
export function joinRetention(windows: JoinWindows): number {
  return joinSize(windows) + windows.graceMs
}

function joinWindows(bounds: Bounds): JoinWindows {
  const { beforeMs, afterMs, graceMs } = bounds
  for (const [name, ms] of [['before', beforeMs] as const, ['after', afterMs] as const, ['grace', graceMs] as const])
    if (!Number.isSafeInteger(ms)) throw invalid(`${name} is ${String(ms)}; give a whole number of milliseconds, as minutes(5)`)
  if (beforeMs + afterMs < 0)
    throw invalid(`before (${beforeMs}) and after (${afterMs}) leave no time between them: their sum must be at least 0`)
  if (graceMs < 0) throw invalid(`the grace is ${graceMs}; give milliseconds, at least 0`)
  return Object.freeze({
    ...bounds,
    before: (ms: number) => joinWindows({ ...bounds, beforeMs: ms }),
    after: (ms: number) => joinWindows({ ...bounds, afterMs: ms }),
    grace: (ms: number) => joinWindows({ ...bounds, graceMs: ms }),
    eager: () => joinWindows({ ...bounds, isEager: true }),
  })
}

function invalid(message: string): TopologyError {
  return new TopologyError([{ code: 'WINDOW_INVALID', message: `joinWindow: ${message}` }])
}
