/**
 * Where an event belongs: tumbling and hopping windows over event time, aligned to the epoch, half-open [start, end). Placement is pure: a
 * timestamp in, the starts of its windows out, in ascending order. No window has a negative start.
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

/** Windows of a size that follow one another. Throws `WINDOW_INVALID`. */
export function tumbling(sizeMs: number): TimeWindows {
  return timeWindows('tumbling', sizeMs, sizeMs, 0)
}

/** Windows of a size that start every `advance` ms and so overlap. Throws `WINDOW_INVALID`. */
export function hopping(sizeMs: number, { advance }: { readonly advance: number }): TimeWindows {
  return timeWindows('hopping', sizeMs, advance, 0)
}

/** The start of the first window that holds a timestamp, in ms; the others follow every `advanceMs` up to the timestamp. */
export function firstStart({ sizeMs, advanceMs }: TimeWindows, timestamp: number): number {
  return Math.floor(Math.max(0, timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs
}

function timeWindows(kind: TimeWindows['kind'], sizeMs: number, advanceMs: number, graceMs: number): TimeWindows {
  const size = kind === 'tumbling' ? 'tumbling(size)' : 'hopping(size, { advance })'
  if (!(Number.isFinite(sizeMs) && sizeMs > 0)) throw invalid(`${size}: the size is ${sizeMs}; give milliseconds above 0, as minutes(1)`)
  if (!(advanceMs > 0 && advanceMs <= sizeMs)) throw invalid(`${size}: the advance is ${advanceMs}; give milliseconds above 0 and at most the size (${sizeMs})`)
  if (!(Number.isFinite(graceMs) && graceMs >= 0)) throw invalid(`grace(ms): the grace is ${graceMs}; give milliseconds, at least 0`)
  return Object.freeze({ kind, sizeMs, advanceMs, graceMs, grace: (ms: number) => timeWindows(kind, sizeMs, advanceMs, ms) })
}

function invalid(message: string): TopologyError {
  return new TopologyError([{ code: 'WINDOW_INVALID', message }])
}
