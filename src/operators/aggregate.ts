/**
 * Hot path. One aggregate for each key: `count`, `reduce` and `aggregate` are this one step. Records without a key or value are dropped and
 * counted. A result's timestamp is the greatest of the record's and the row's; a null aggregate deletes the row, and the next record starts
 * from the initializer again. Written once, it runs synchronously as long as the row is resident.
 */
import type { RecordContext } from '../model/record.ts'
import type { TableStoreSpec } from '../state/store-spec.ts'
import { stamped, type Change, type Operator } from '../topology/operator.ts'
import { emitOf, emitOnFlush, newChange, type EmitWhen } from './change.ts'
import { folding, type Fold } from './fold.ts'
import { refuseOnCommit, slotsOf, tellVersion } from './versioned-table.ts'

export type { Fold } from './fold.ts'

/** An aggregation. */
export interface AggregateOptions<K, V, A> extends Fold<K, V, A> {
  readonly store: TableStoreSpec<K, A>
  readonly role: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-' | 'COGROUPKSTREAM-AGGREGATE-'
  readonly emit: EmitWhen | undefined
  /** Name of the repartition before it, from the grouping. */
  readonly repartitionName?: string
  /** Indexes that Kafka Streams burns before an unnamed store (`Naming.burns`). */
  readonly burns?: number
}

/** Folds the values of each key. */
export function aggregate<K, V, A>(options: AggregateOptions<K, V, A>): Operator<K, V, K, Change<A>> {
  const { store, role, repartitionName, burns = 0 } = options
  refuseOnCommit(store, options.emit)
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
      const emit = emitOf(options.emit, store, context)
      const slots = slotsOf<K, A>(context, store)
      const forward = stamped(next)
      const change = newChange<A>()
      const fold = folding<K, V, A>({ ...options, emit }, { slots, change }, context)
      const noted = emit === 'on-commit' ? emitOnFlush(slots, next, context, { store }) : undefined
      const updateRow = (slot: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        const timestamp = fold(slot, key, value, record)
        return noted === undefined ? forward(key, change, record, timestamp) : noted(slot, change.value, record)
      }
      const versions = store.kind === 'versioned' ? context.versionedSlots<K, A>(store) : undefined
      const updateVersion = (slot: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        const timestamp = fold(slot, key, value, record)
        return tellVersion(versions!, change, () => forward(key, change, record, timestamp))
      }
      const update = versions === undefined ? updateRow : updateVersion
      return (key, value, record) => {
        if (key === null) return context.dropped('null_key')
        if (value === null) return context.dropped('null_value')
        const slot = slots.find(key)
        return typeof slot === 'number' ? update(slot, key, value, record) : slot.then((found) => update(found, key, value, record))
      }
    },
  }
}
