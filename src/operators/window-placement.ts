/**
 * Where an event belongs: tumbling and hopping windows over event time, aligned to the epoch, half-open [start, end). Placing is pure: a
 * timestamp in, windows out, in ascending order of their starts. The first start is floor(max(0, t − size + advance) ÷ advance) × advance (Kafka
 * Streams' `TimeWindows.windowsFor`), so no window has a negative one; the others follow every advance, up to the timestamp.
 */
import { TopologyError } from '../base/errors.ts'

/** Tumbling or hopping windows. Times are milliseconds. */
export interface TimeWindows {
  readonly kind: 'tumbling' | 'hopping'
  readonly sizeMs: number
  /** From one window's start to the next; the size for tumbling windows. */
  readonly advanceMs: number
  /** How long after its end a window still takes records, in stream time; 0 unless `grace` says otherwise. */
  readonly graceMs: number
  /** The same windows with a grace. Throws `WINDOW_INVALID` when it is negative. */
  grace(ms: number): TimeWindows
}

/** The windows of one event, as columns, so that placing it makes no object: one a step, overwritten. Times are milliseconds since the epoch. */
export interface Placements {
  count: number
  readonly starts: number[]
  /** Exclusive. */
  readonly ends: number[]
}

/** Windows of a size, in ms, that follow one another. Throws `WINDOW_INVALID`. `tumbling(minutes(1)).grace(seconds(5))` */
export function tumbling(sizeMs: number): TimeWindows {
  return timeWindows('tumbling', { sizeMs, advanceMs: sizeMs, graceMs: 0 })
}

/** Windows of a size that start every `advance`, both in ms, and so overlap. Throws `WINDOW_INVALID`. `hopping(minutes(5), { advance: minutes(1) })` */
export function hopping(sizeMs: number, { advance }: { readonly advance: number }): TimeWindows {
  return timeWindows('hopping', { sizeMs, advanceMs: advance, graceMs: 0 })
}

/** No windows yet, to be overwritten. */
export function newPlacements(): Placements {
  return { count: 0, starts: [], ends: [] }
}

/** Writes the windows that hold a time, in ms since the epoch, into `into`. These kinds don't depend on which windows there are already. */
export function place({ sizeMs, advanceMs }: TimeWindows, timestamp: number, into: Placements): void {
  const { starts, ends } = into
  let count = 0
  const earliest = Math.max(0, timestamp - sizeMs + advanceMs)
  // The remainder of doubles is exact, their quotient isn't.
  for (let start = earliest - (earliest % advanceMs); start <= timestamp; start += advanceMs) {
    starts[count] = start
    ends[count] = start + sizeMs
    count++
  }
  into.count = count
}

type Sizes = Pick<TimeWindows, 'sizeMs' | 'advanceMs' | 'graceMs'>

function timeWindows(kind: TimeWindows['kind'], sizes: Sizes): TimeWindows {
  const { sizeMs, advanceMs, graceMs } = sizes
  const call = kind === 'tumbling' ? 'tumbling(size)' : 'hopping(size, { advance })'
  if (!isWhole(sizeMs, 1))
    throw invalid(`${call}: the size is ${String(sizeMs)}; give a whole number of milliseconds above 0, as minutes(1)`)
  if (!isWhole(advanceMs, 1) || advanceMs > sizeMs) {
    throw invalid(
      `${call}: the advance is ${String(advanceMs)}; give a whole number of milliseconds above 0 and at most the size (${sizeMs})`,
    )
  }
  if (!isWhole(graceMs, 0)) throw invalid(`grace(ms): the grace is ${String(graceMs)}; give a whole number of milliseconds, at least 0`)
  return Object.freeze({ kind, ...sizes, grace: (ms: number) => timeWindows(kind, { ...sizes, graceMs: ms }) })
}

function isWhole(ms: number, least: number): boolean {
  return Number.isSafeInteger(ms) && ms >= least
}

function invalid(message: string): TopologyError {
  return new TopologyError([{ code: 'WINDOW_INVALID', message }])
}
