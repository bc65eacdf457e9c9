/**
 * Handing on windows when they close (`emit: 'on-window-close'`). After a record, at most once every interval of the wall clock, and only if stream time
 * has gone on, all windows that have closed since the last time are handed on: by start (sessions: end), then key bytes, with the headers of the record
 * in hand, and no old value. Up to where that was is kept with the committed positions, so that a restart hands on nothing twice. What hasn't been handed
 * on yet stays in the store, however far stream time has jumped; in parity mode it is lost, as in Kafka Streams, when the store's retention is over.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { RecordContext } from '../model/record.ts'
import type { Windowed } from '../model/window.ts'
import type { PlacedSlots, StoreSpec } from '../state/store-spec.ts'
import { stamped, type Change, type Emit, type OperatorContext } from '../topology/operator.ts'
import { newChange } from './change.ts'
import { closesAfter, type AnyWindows } from './window-placement.ts'

/** What closes where. */
export interface ClosingOptions<K, V> {
  readonly windows: AnyWindows
  readonly store: StoreSpec
  readonly slots: PlacedSlots<K, V>
  readonly next: Emit<Windowed<K>, Change<V>>
  readonly context: OperatorContext
}

/** Hands on what has closed by the stream time `observed`, in ms; called after a record. */
export type CloseWindows = (record: RecordContext, observed: number) => void | Promise<void>

/** The times by which a store's entries are asked for: of a window store starts, of a session store ends. */
interface Bounds {
  /** From the time at which windows were last handed on. */
  lower(last: number): number
  upper(closeTime: number): number
}

/** Hands on the windows of a store when they close. */
export function closingWindows<K, V>({ windows, store, slots, next, context }: ClosingOptions<K, V>): CloseWindows {
  const { name } = context.storeSerdes(store)
  const { times, scanIntervalMs, parity } = context
  const bounds = boundsOf(windows)
  const forward = stamped(next)
  const change = newChange<V>()
  const isSession = store.kind === 'session'
  const found: number[] = []
  // Windows close by their ends and what is kept with the positions is Kafka Streams' close time: stream time less this.
  const graceMs = closesAfter(windows) - (windows.kind === 'tumbling' || windows.kind === 'hopping' ? 0 : 1)
  let nextCheck = 0
  const lower = (): number => {
    const last = times.get(name)
    return last === undefined ? 0 : bounds.lower(last)
  }
  // Before the first time nothing was handed on: all that is there stays, also what comes back from a changelog.
  slots.closes(parity ? undefined : lower)

  const emitFrom = (from: number, count: number, record: RecordContext): void | Promise<void> => {
    for (let i = from; i < count; i++) {
      const slot = found[i]!
      change.value = slots.value(slot) ?? null
      const waiting = forward(slots.key(slot), change, record, isSession ? slots.end(slot) : slots.timestamp(slot))
      if (waiting !== undefined) return waiting.then(() => emitFrom(i + 1, count, record))
    }
    return undefined
  }
  const emit = (record: RecordContext, closeTime: number): MaybePromise<void> =>
    chain(slots.ended(lower(), bounds.upper(closeTime), found), (count) =>
      chain(emitFrom(0, count, record), () => {
        times.set(name, closeTime)
      }),
    )
  return (record, observed) => {
    const now = context.now()
    if (now < nextCheck) return undefined
    nextCheck = now + scanIntervalMs
    const closeTime = observed - graceMs
    if ((times.get(name) ?? -Infinity) >= closeTime || bounds.upper(closeTime) < 0) return undefined
    return emit(record, closeTime)
  }
}

/** Kafka Streams' `emitRangeLowerBound` and `emitRangeUpperBound`. */
function boundsOf(windows: AnyWindows): Bounds {
  switch (windows.kind) {
    case 'session':
      return { lower: (last) => Math.max(0, last), upper: (closeTime) => closeTime - 1 }
    case 'sliding':
      return { lower: (last) => Math.max(0, last - windows.differenceMs), upper: (closeTime) => closeTime - windows.differenceMs - 1 }
    case 'unlimited':
      return { lower: () => 0, upper: () => -1 }
    case 'tumbling':
    case 'hopping':
      return { lower: (last) => Math.max(0, last - windows.sizeMs) + 1, upper: (closeTime) => closeTime - windows.sizeMs }
  }
}
