/**
 * A step's own stream time: the greatest timestamp of its records. Where the step is told so (`idle`), it goes on while nothing comes: as soon as the
 * task's partitions have been empty and silent for so long, it is what it was when the silence began and as much as the silence has lasted since. It never
 * goes back: what comes afterwards with an earlier time is late, as if a record of that time had come. It is kept with the committed positions, so that
 * what was closed before a restart stays closed, and what was open goes on to close.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { RecordContext } from '../model/record.ts'
import type { OperatorContext, Silence } from '../topology/operator.ts'

/** A step's stream time in one task, in ms. */
export interface StepTime {
  /** The greatest timestamp, or further, as far as silence has taken it; −1: nothing has come. */
  observed: number
  /** The silence that it goes on in, what it was when that began, and up to where that has taken it. */
  silentSince: number
  from: number
  goneTo: number
}

/** How time goes on. */
export interface GoingOn {
  /** After so long a silence, in ms. */
  readonly idleMs: number
  /** The step's own time, and those that go on with it, each from where it is. */
  readonly times: readonly StepTime[]
  /** Called when the step's time may have gone on. */
  readonly goOn: (record: RecordContext) => MaybePromise<void>
}

/** A time of a step that has seen nothing. */
export function newStepTime(): StepTime {
  return { observed: -1, silentSince: -1, from: -1, goneTo: -1 }
}

/** Keeps a step's time with the committed positions; all of `times` go on from it after a restart, and `resumed` is told. */
export function keepStepTime(
  time: StepTime,
  context: OperatorContext,
  times: readonly StepTime[] = [time],
  resumed: (ms: number) => void = () => undefined,
): void {
  // No step's and no store's name has a slash in it.
  context.keepTime(`${context.node}/time`, {
    read: () => time.observed,
    resume: (ms) => {
      for (const each of times) each.observed = Math.max(each.observed, ms)
      resumed(ms)
    },
  })
}

/** Lets a step's time go on with the clock while nothing comes, looked at as often as windows may be. Called at start. */
export function goOnInSilence({ idleMs, times, goOn }: GoingOn, context: OperatorContext): void {
  const silence = context.listen()
  const own = times[0]!
  context.schedule({ every: Math.max(1, Math.min(idleMs, context.scanIntervalMs)), by: 'wall-clock' }, () => {
    const quiet = silence()
    if (quiet === undefined || quiet.lastsMs < idleMs) return undefined
    for (const time of times) advance(time, quiet)
    return own.observed >= 0 ? goOn(context.record) : undefined
  })
}

/** Takes a time as far as the silence lasts. What has come meanwhile from above (at a flush) is of before the silence. */
function advance(time: StepTime, { since, lastsMs }: Silence): void {
  if (time.silentSince !== since || time.goneTo !== time.observed) {
    time.silentSince = since
    time.from = time.observed
  }
  if (time.from >= 0) time.observed = Math.max(time.observed, time.from + lastsMs)
  time.goneTo = time.observed
}
