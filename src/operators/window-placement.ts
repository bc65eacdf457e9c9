/**
 * Where an event belongs. Tumbling and hopping windows lie over event time, aligned to the epoch, half-open [start, end); the first start is
 * floor(max(0, t − size + advance) ÷ advance) × advance (Kafka Streams' `TimeWindows.windowsFor`), so no window has a negative one; the others follow
 * every advance, up to the timestamp. An unlimited window begins once and never ends. Placing is pure: a timestamp (and, for sliding and session
 * windows, the live windows around it) in, windows out, in the order in which they are updated.
 */
import { TopologyError } from '../base/errors.ts'
import type { LiveWindows, Placements } from './placements.ts'
import { placeSession, placeSliding } from './live-placement.ts'

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

/** One window that begins at a time and never ends. Its `end` is `Number.MAX_SAFE_INTEGER`. */
export interface UnlimitedWindows {
  readonly kind: 'unlimited'
  /** Milliseconds since the epoch; events before it belong nowhere. */
  readonly startMs: number
  readonly graceMs: 0
  /** The same window: what never ends needs no grace. */
  grace(ms: number): UnlimitedWindows
}

/** Sliding windows: one for each set of events that lie within the difference of each other. Both ends are inclusive. Times are milliseconds. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  readonly differenceMs: number
  /** How long after its end a window still takes records, in stream time; 0 unless `grace` says otherwise. */
  readonly graceMs: number
  /** The same windows with a grace. Throws `WINDOW_INVALID` when it is negative. */
  grace(ms: number): SlidingWindows
}

/** Sessions: events of a key that follow each other within the gap. Both ends are inclusive. Times are milliseconds. */
export interface SessionWindows {
  readonly kind: 'session'
  readonly gapMs: number
  /** How long after its gap a session still takes records, in stream time; 0 unless `grace` says otherwise. */
  readonly graceMs: number
  /** The same windows with a grace. Throws `WINDOW_INVALID` when it is negative. */
  grace(ms: number): SessionWindows
}

/** Windows whose aggregates a window store keeps. */
export type StoredWindows = TimeWindows | UnlimitedWindows | SlidingWindows

/** Windows of any kind. */
export type AnyWindows = StoredWindows | SessionWindows

/** Windows of a size, in ms, that follow one another. Throws `WINDOW_INVALID`. `tumbling(minutes(1)).grace(seconds(5))` */
export function tumbling(sizeMs: number): TimeWindows {
  return timeWindows('tumbling', { sizeMs, advanceMs: sizeMs, graceMs: 0 })
}

/** Windows of a size that start every `advance`, both in ms, and so overlap. Throws `WINDOW_INVALID`. `hopping(minutes(5), { advance: minutes(1) })` */
export function hopping(sizeMs: number, { advance }: { readonly advance: number }): TimeWindows {
  return timeWindows('hopping', { sizeMs, advanceMs: advance, graceMs: 0 })
}

/** One window from `start`, in ms since the epoch, on. Throws `WINDOW_INVALID`. `unlimited(Date.UTC(2026, 0, 1))` */
export function unlimited(startMs = 0): UnlimitedWindows {
  if (!isWhole(startMs, 0))
    throw invalid(`unlimited(start): the start is ${String(startMs)}; give a whole number of milliseconds since the epoch`)
  const windows: UnlimitedWindows = Object.freeze({ kind: 'unlimited', startMs, graceMs: 0, grace: () => windows })
  return windows
}

/** Windows of events at most `difference` ms apart. Throws `WINDOW_INVALID`. `sliding(minutes(5)).grace(seconds(30))` */
export function sliding(differenceMs: number): SlidingWindows {
  return slidingWindows(differenceMs, 0)
}

/** Sessions that end after `gap` ms without an event. Throws `WINDOW_INVALID`. `session(minutes(30)).grace(minutes(1))` */
export function session(gapMs: number): SessionWindows {
  return sessionWindows(gapMs, 0)
}

/** How long after its end a window is closed, in ms of stream time: it takes no more events when stream time is its end and this. */
export function closesAfter(windows: AnyWindows): number {
  switch (windows.kind) {
    case 'tumbling':
    case 'hopping':
      return windows.graceMs
    case 'sliding':
      return windows.graceMs + 1
    case 'session':
      return windows.graceMs + windows.gapMs + 1
    case 'unlimited':
      return Infinity
  }
}

/** How long the store of windows keeps them at least, in ms of stream time: Kafka Streams' default retention. */
export function retentionOf(windows: AnyWindows): number {
  switch (windows.kind) {
    case 'tumbling':
    case 'hopping':
      return windows.sizeMs + windows.graceMs
    case 'sliding':
      return 2 * windows.differenceMs + windows.graceMs
    case 'session':
      return windows.gapMs + windows.graceMs
    case 'unlimited':
      return Number.MAX_SAFE_INTEGER
  }
}

/** From the start of a window to its end, in ms. */
export function sizeOf(windows: StoredWindows): number {
  switch (windows.kind) {
    case 'tumbling':
    case 'hopping':
      return windows.sizeMs
    case 'sliding':
      return windows.differenceMs
    case 'unlimited':
      return Number.MAX_SAFE_INTEGER
  }
}

/** Writes the windows of an event at a time, in ms since the epoch, into `into`. Only sliding and session windows look at `live`. */
export function place(windows: AnyWindows, timestamp: number, live: LiveWindows, into: Placements): void {
  switch (windows.kind) {
    case 'tumbling':
    case 'hopping':
      return placeTime(windows, timestamp, into)
    case 'unlimited':
      return placeUnlimited(windows, timestamp, into)
    case 'sliding':
      return placeSliding(windows.differenceMs, timestamp, live, into)
    case 'session':
      return placeSession(timestamp, live, into)
  }
}

function placeTime({ sizeMs, advanceMs }: TimeWindows, timestamp: number, into: Placements): void {
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

function placeUnlimited({ startMs }: UnlimitedWindows, timestamp: number, into: Placements): void {
  into.starts[0] = startMs
  into.ends[0] = Number.MAX_SAFE_INTEGER
  into.count = timestamp >= startMs ? 1 : 0
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
  return Object.freeze({
    kind,
    ...sizes,
    graceMs: checkedGrace(graceMs),
    grace: (ms: number) => timeWindows(kind, { ...sizes, graceMs: ms }),
  })
}

function slidingWindows(differenceMs: number, graceMs: number): SlidingWindows {
  if (!isWhole(differenceMs, 0))
    throw invalid(`sliding(difference): the difference is ${String(differenceMs)}; give a whole number of milliseconds, at least 0`)
  const grace = (ms: number): SlidingWindows => slidingWindows(differenceMs, ms)
  return Object.freeze({ kind: 'sliding', differenceMs, graceMs: checkedGrace(graceMs), grace })
}

function sessionWindows(gapMs: number, graceMs: number): SessionWindows {
  if (!isWhole(gapMs, 0))
    throw invalid(`session(gap): the gap is ${String(gapMs)}; give a whole number of milliseconds, at least 0, as minutes(30)`)
  const grace = (ms: number): SessionWindows => sessionWindows(gapMs, ms)
  return Object.freeze({ kind: 'session', gapMs, graceMs: checkedGrace(graceMs), grace })
}

function checkedGrace(graceMs: number): number {
  if (!isWhole(graceMs, 0)) throw invalid(`grace(ms): the grace is ${String(graceMs)}; give a whole number of milliseconds, at least 0`)
  return graceMs
}

function isWhole(ms: number, least: number): boolean {
  return Number.isSafeInteger(ms) && ms >= least
}

function invalid(message: string): TopologyError {
  return new TopologyError([{ code: 'WINDOW_INVALID', message }])
}
