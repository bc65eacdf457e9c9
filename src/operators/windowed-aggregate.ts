/**
 * Hot path. One aggregate for each key and window, of every kind of window. Where a record belongs is `place`'s to say; it is folded into each of those
 * windows that is still open, in their order. A window is closed when the step's own stream time (the greatest timestamp it has seen, −1 after each
 * start, but kept where it goes on in silence) has passed its end and grace, so one record may reach some hopping windows and be late for others: each
 * late (record, window) pair is counted. Null values are aggregated except by sliding windows (Kafka Streams' rule) and where a step skips them, null
 * keys dropped. What only sliding windows and sessions do (copy, merge) is in `live-aggregate`.
 */
import type { RecordContext } from '../model/record.ts'
import type { Windowed } from '../model/window.ts'
import type { Change, Emit, Operator } from '../topology/operator.ts'
import { closingWindows } from './closing.ts'
import { folding } from './fold.ts'
import { sessions, slidings } from './live-aggregate.ts'
import { goOnInSilence, keepStepTime, newStepTime, type StepTime } from './step-time.ts'
import { newLiveWindows, newPlacements } from './placements.ts'
import { closesAfter, place, type AnyWindows } from './window-placement.ts'
import { windowTools, type WindowedAggregateOptions, type WindowTools } from './window-tools.ts'

export type { WindowedAggregateOptions } from './window-tools.ts'

/** Folds the values of each key in each window. */
export function windowedAggregate<K, V, A>(options: WindowedAggregateOptions<K, V, A>): Operator<K, V, Windowed<K>, Change<A>> {
  const { store, role, windows, repartitionName, burns = 0, idleMs } = options
  const closing = closingOf(windows)
  return {
    role,
    traits: {
      readsByKey: true,
      changesValue: true,
      readsKey: true,
      readsValue: true,
      ownsOldValue: true,
      closing,
    },
    naming: {
      stores: 'before',
      storeRole: `${role}STATE-STORE-`,
      repartition: 'after',
      burns,
      ...(repartitionName === undefined ? {} : { repartitionName }),
    },
    stores: [store],
    start: (next, context) => {
      const closes = closesAfter(windows)
      const skipsNull = options.skipsNull === true || windows.kind === 'sliding'
      // Whoever waits below for windows to close lets them close here.
      const time = context.shared<StepTime>(closing, newStepTime)
      const isClosed = (end: number): boolean => end + closes <= time.observed
      const tools: WindowTools<K, V, A> = { ...windowTools(options, next, context), isClosed }
      const aggregated = stepOf(tools)
      const step: Emit<K, V> = (key, value, record) => {
        if (key === null) return context.dropped('null_key')
        if (skipsNull && value === null) return context.dropped('null_value')
        if (record.timestamp > time.observed) time.observed = record.timestamp
        return aggregated(key, value, record)
      }
      const close = options.emit === 'on-window-close' ? closingWindows({ windows, store, slots: tools.slots, next, context }) : undefined
      if (idleMs !== undefined) {
        keepStepTime(time, context)
        goOnInSilence({ idleMs, times: [time], goOn: (record) => close?.(record, time.observed) }, context)
      }
      if (close === undefined) return step
      return (key, value, record) => {
        const waiting = step(key, value, record)
        if (key === null || isPassedOver(windows, value, record.timestamp, isClosed)) return waiting
        return waiting === undefined ? close(record, time.observed) : waiting.then(() => close(record, time.observed))
      }
    },
  }
}

/** Kafka Streams' sliding windows don't look for what has closed after a record that is null or late, or from before the first whole window. */
function isPassedOver(windows: AnyWindows, value: unknown, timestamp: number, isClosed: (end: number) => boolean): boolean {
  return windows.kind === 'sliding' && (value === null || timestamp < windows.differenceMs || isClosed(timestamp + windows.differenceMs))
}

function stepOf<K, V, A>(tools: WindowTools<K, V, A>): Emit<K, V> {
  const { windows } = tools.options
  if (windows.kind === 'session') return sessions(tools, windows)
  if (windows.kind === 'sliding') return slidings(tools, windows)
  return fixed(tools)
}

/** Tumbling, hopping and unlimited windows: which there are doesn't depend on other events. */
function fixed<K, V, A>({ options, context, slots, change, isClosed, tell, ...tools }: WindowTools<K, V, A>): Emit<K, V> {
  const { windows } = options
  const fold = folding<K, V, A>(tools.fold, { slots, change }, context)
  // One record of a task at a time: these stay this record's own while a read waits.
  const placements = newPlacements()
  const none = newLiveWindows()
  let at = 0
  const update = (slot: number, key: K, value: V, record: RecordContext): void | Promise<void> =>
    tell(slot, key, record, fold(slot, key, value, record))
  const one = (key: K, value: V, record: RecordContext): void | Promise<void> => {
    if (isClosed(placements.ends[at]!)) return context.dropped('late')
    const slot = slots.find(key, placements.starts[at]!, placements.ends[at]!)
    return typeof slot === 'number' ? update(slot, key, value, record) : slot.then((found) => update(found, key, value, record))
  }
  const rest = (key: K, value: V, record: RecordContext): void | Promise<void> => {
    while (at < placements.count) {
      const waiting = one(key, value, record)
      if (waiting !== undefined) {
        return waiting.then(() => {
          at++
          return rest(key, value, record)
        })
      }
      at++
    }
    return undefined
  }
  return (key, value, record) => {
    place(windows, record.timestamp, none, placements)
    at = 0
    return rest(key, value, record)
  }
}

/** When windows close behind their ends: an inclusive end needs a millisecond more. */
function closingOf(windows: AnyWindows): { readonly afterMs: number; readonly inclusive: boolean } {
  const inclusive = windows.kind === 'sliding' || windows.kind === 'session'
  return { afterMs: closesAfter(windows) - (inclusive ? 1 : 0), inclusive }
}
