/**
 * A join of a stream with itself over one store, as the optimisation `single.store.self.join` makes it (Kafka Streams' KStreamKStreamSelfJoin): each
 * record meets those that came before it as left and as right side, and itself, in the order in which the join with two stores would answer.
 */
import { each } from '../../base/maybe-promise.ts'
import type { RecordContext } from '../../model/record.ts'
import type { Matches, WindowStoreSpec } from '../../state/store-spec.ts'
import { stamped, type Operator } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'
import { joinRetention, type JoinWindows } from './join-windows.ts'

/** A join of a stream with itself. */
export interface SelfJoin<K, V, VOut> {
  readonly windows: JoinWindows
  readonly store: WindowStoreSpec<K, V>
  readonly join: (left: V, right: V, key: K) => VOut
}

/** Joins each record with those of its key around it, itself included. */
export function selfJoin<K, V, VOut>({ windows, store, join }: SelfJoin<K, V, VOut>): Operator<K, V, K, VOut> {
  const { beforeMs, afterMs } = windows
  return {
    role: 'KSTREAM-MERGE-',
    traits: { copartitioned: true, changesValue: true, readsKey: true, readsValue: true },
    naming: { stores: 'later' },
    stores: [store],
    start: (next, context) => {
      const rows = context.windowRows<K, V>(store)
      const forward = stamped(next)
      // One record of a task at a time: these stay this record's own while something waits.
      const asLeft: Matches<V> = { count: 0, starts: [], values: [] }
      const asRight: Matches<V> = { count: 0, starts: [], values: [] }
      let observed = -1
      // Kafka Streams is a millisecond off, and so loses a result.
      const keptMs = joinRetention(windows) - (context.parity ? 1 : 0)
      const joined = (left: V, right: V, key: K): VOut => valueOf(join(left, right, key), context, 'a value or null')
      const steps = function* (key: K, value: V, record: RecordContext): Generator<void | Promise<void>, void, void> {
        const { timestamp } = record
        let self = timestamp > observed - keptMs
        for (let i = 0; i < asLeft.count; i++)
          yield forward(key, joined(value, asLeft.values[i]!, key), record, Math.max(timestamp, asLeft.starts[i]!))
        for (let i = 0; i < asRight.count; i++) {
          const start = asRight.starts[i]!
          if (self && timestamp < start) {
            self = false
            yield forward(key, joined(value, value, key), record, timestamp)
          }
          yield forward(key, joined(asRight.values[i]!, value, key), record, Math.max(timestamp, start))
        }
        if (self) yield forward(key, joined(value, value, key), record, timestamp)
      }
      return (key, value, record) => {
        if (key === null) return context.dropped('null_key')
        if (value === null) return context.dropped('null_value')
        const { timestamp } = record
        if (timestamp > observed) observed = timestamp
        rows.matches(key, Math.max(0, timestamp - beforeMs), Math.max(0, timestamp + afterMs), asLeft)
        rows.matches(key, Math.max(0, timestamp - afterMs), Math.max(0, timestamp + beforeMs), asRight)
        return each(steps(key, value, record), (handed) => handed)
      }
    },
  }
}
