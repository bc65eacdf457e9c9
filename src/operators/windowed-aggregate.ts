/**
 * Hot path. One aggregate for each key and window. A record goes into every window that its time falls in and that is still open: a window is
 * closed when the step's own stream time has passed its end and grace, so one record may reach some hopping windows and be late for others;
 * each late (record, window) pair is counted. Null values are aggregated (Kafka Streams' rule), null keys dropped.
 */
import type { RecordContext } from '../model/record.ts'
import type { Windowed } from '../model/window.ts'
import type { WindowStoreSpec } from '../state/store-spec.ts'
import { stamped, type Change, type Operator } from '../topology/operator.ts'
import { folding, type Fold } from './aggregate.ts'
import { emitOnFlush, newChange, type EmitWhen } from './change.ts'
import { firstStart, type TimeWindows } from './window-placement.ts'

/** A windowed aggregation. */
export interface WindowedAggregateOptions<K, V, A> extends Fold<K, V, A> {
  readonly windows: TimeWindows
  readonly store: WindowStoreSpec<K, A>
  readonly role: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  readonly emit: EmitWhen
  /** Name of the repartition before it, from the grouping. */
  readonly repartitionName?: string
}

/** Folds the values of each key in each window. */
export function windowedAggregate<K, V, A>(options: WindowedAggregateOptions<K, V, A>): Operator<K, V, Windowed<K>, Change<A>> {
  const { store, role, emit, windows, repartitionName } = options
  const { advanceMs, sizeMs, graceMs } = windows
  return {
    role,
    traits: { readsByKey: true, changesValue: true, readsKey: true, readsValue: true, ownsOldValue: true },
    naming: {
      stores: 'before',
      storeRole: `${role}STATE-STORE-`,
      repartition: 'after',
      ...(repartitionName === undefined ? {} : { repartitionName }),
    },
    stores: [store],
    start: (next, context) => {
      const slots = context.windowSlots<K, A>(store)
      const forward = stamped(next)
      const change = newChange<A>()
      const fold = folding(options, context)
      let observed = -1
      if (emit === 'on-commit') emitOnFlush(slots, next, context)
      const update = (slot: number, windowed: Windowed<K>, value: V, record: RecordContext): void | Promise<void> => {
        const before = slots.value(slot)
        const timestamp = before === undefined ? record.timestamp : Math.max(record.timestamp, slots.timestamp(slot))
        const after = fold(before, value, windowed.key, change)
        slots.set(slot, after, timestamp, record.headers)
        return emit === 'on-commit' ? undefined : forward(windowed, change, record, timestamp)
      }
      const one = (start: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        const end = start + sizeMs
        if (end <= observed - graceMs) return context.dropped('late')
        const windowed = { key, window: { start, end } }
        const slot = slots.find(key, start)
        return typeof slot === 'number' ? update(slot, windowed, value, record) : slot.then((found) => update(found, windowed, value, record))
      }
      const from = (first: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        for (let start = first; start <= record.timestamp; start += advanceMs) {
          const waiting = one(start, key, value, record)
          if (waiting !== undefined) return waiting.then(() => from(start + advanceMs, key, value, record))
        }
        return undefined
      }
      return (key, value, record) => {
        if (key === null) return context.dropped('null_key')
        if (record.timestamp > observed) observed = record.timestamp
        return from(firstStart(windows, record.timestamp), key, value, record)
      }
    },
  }
}
