/**
 * Hot path. One aggregate for each key and window. Where a record belongs is `place`'s to say; it is folded into each of those windows that is
 * still open, in ascending order. A window is closed when the step's own stream time (the greatest timestamp it has seen, −1 after each start)
 * has passed its end and grace, so one record may reach some hopping windows and be late for others: each late (record, window) pair is counted.
 * Null values are aggregated (Kafka Streams' rule), null keys dropped.
 */
import type { RecordContext } from '../model/record.ts'
import type { Windowed } from '../model/window.ts'
import type { WindowStoreSpec } from '../state/store-spec.ts'
import { stamped, type Change, type Operator } from '../topology/operator.ts'
import { emitOnFlush, newChange, type EmitWhen } from './change.ts'
import { folding, type Fold } from './fold.ts'
import { newPlacements, place, type TimeWindows } from './window-placement.ts'

/** A windowed aggregation. */
export interface WindowedAggregateOptions<K, V, A> extends Fold<K, V, A> {
  readonly windows: TimeWindows
  readonly store: WindowStoreSpec<K, A>
  readonly role: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  readonly emit: EmitWhen
  /** Name of the repartition before it, from the grouping. */
  readonly repartitionName?: string
  /** Indexes that Kafka Streams burns before an unnamed store (`Naming.burns`). */
  readonly burns?: number
}

/** Folds the values of each key in each window. */
export function windowedAggregate<K, V, A>(options: WindowedAggregateOptions<K, V, A>): Operator<K, V, Windowed<K>, Change<A>> {
  const { store, role, emit, windows, repartitionName, burns = 0 } = options
  return {
    role,
    traits: { readsByKey: true, changesValue: true, readsKey: true, readsValue: true, ownsOldValue: true },
    naming: {
      stores: 'before',
      storeRole: `${role}STATE-STORE-`,
      repartition: 'after',
      burns,
      ...(repartitionName === undefined ? {} : { repartitionName }),
    },
    stores: [store],
    start: (next, context) => {
      const slots = context.windowSlots<K, A>(store)
      const forward = stamped(next)
      const change = newChange<A>()
      const fold = folding<K, V, A>(options, { slots, change }, context)
      const noted = emit === 'on-commit' ? emitOnFlush(slots, next, context, { remembers: true }) : undefined
      // One record of a task at a time: these stay this record's own while a read waits.
      const placements = newPlacements()
      let at = 0
      let observed = -1
      const update = (slot: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        const timestamp = fold(slot, key, value, record)
        if (noted !== undefined) return noted(slot, change.value, record)
        return forward({ key, window: { start: placements.starts[at]!, end: placements.ends[at]! } }, change, record, timestamp)
      }
      const one = (key: K, value: V, record: RecordContext): void | Promise<void> => {
        if (placements.ends[at]! <= observed - windows.graceMs) return context.dropped('late')
        const slot = slots.find(key, placements.starts[at]!)
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
        if (key === null) return context.dropped('null_key')
        if (record.timestamp > observed) observed = record.timestamp
        place(windows, record.timestamp, placements)
        at = 0
        return rest(key, value, record)
      }
    },
  }
}
