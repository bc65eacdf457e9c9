/**
 * The aggregate of each group of a table: of a change, first the old value is taken out of the group's aggregate, then the new one added, in one
 * update. Nothing is taken out where there is no aggregate. Null from either function deletes the aggregate, and what is added next starts anew.
 */
import type { RecordContext } from '../model/record.ts'
import type { TableStoreSpec } from '../state/store-spec.ts'
import { stamped, type Change, type Operator } from '../topology/operator.ts'
import { emitOf, emitOnFlush, newChange, type EmitWhen } from './change.ts'
import { copyOf } from './copy.ts'
import { stepping } from './fold.ts'
import { valueOf } from './result.ts'
import { refuseOnCommit, slotsOf, tellVersion } from './versioned-table.ts'

/** How the values of a group become its aggregate. */
export interface TableFold<K, V, A> {
  /** What an aggregate starts from; undefined: the first value is the aggregate (reduce). */
  readonly initial: (() => A) | undefined
  /** The aggregate with a value added; null deletes it. It may change and answer the one it was given. */
  readonly add: (aggregate: A, value: V, key: K) => A | null
  /** The aggregate without a value, likewise. */
  readonly subtract: (aggregate: A, value: V, key: K) => A | null
}

/** An aggregation of a grouped table. */
export interface TableAggregateOptions<K, V, A> extends TableFold<K, V, A> {
  readonly store: TableStoreSpec<K, A>
  readonly role: 'KTABLE-AGGREGATE-' | 'KTABLE-REDUCE-'
  readonly emit: EmitWhen | undefined
  /** Name of the repartition before it, from the grouping. */
  readonly repartitionName: string | undefined
}

/** Folds the changes of each group. */
export function tableAggregate<K, V, A>(options: TableAggregateOptions<K, V, A>): Operator<K, Change<V>, K, Change<A>> {
  const { store, role, repartitionName } = options
  refuseOnCommit(store, options.emit)
  return {
    role,
    traits: { readsByKey: true, changesValue: true, readsKey: true, readsValue: true, ownsOldValue: true },
    naming: { stores: 'before', storeRole: 'KTABLE-AGGREGATE-STATE-STORE-', repartition: 'table', repartitionName },
    stores: [store],
    start: (next, context) => {
      const emit = emitOf(options.emit, store, context)
      const slots = slotsOf<K, A>(context, store)
      const versions = store.kind === 'versioned' ? context.versionedSlots<K, A>(store) : undefined
      const forward = stamped(next)
      const change = newChange<A>()
      const { initial, add, subtract } = options
      const serde = context.storeSerdes(store).value
      const checked = (aggregate: A | null): A | null => valueOf(aggregate, context, 'the next aggregate or null')
      const first = ({ value }: Change<V>, key: K): A | null => {
        if (value === null) return null
        // The value may go to other aggregations too, and the next call may change the aggregate in place.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because without an initializer values and aggregates are of one type: `reduce`
        if (initial === undefined) return copyOf(value as unknown as A, serde)
        return checked(add(valueOf(initial(), context, 'the aggregate to start from'), value, key))
      }
      const later = (aggregate: A, { value, old, latest }: Change<V>, key: K): A | null => {
        const rest = old === null || old === undefined ? aggregate : checked(subtract(aggregate, old, key))
        if (value === null) return rest
        return rest === null ? first({ value, old: null, latest }, key) : checked(add(rest, value, key))
      }
      const fold = stepping<K, Change<V>, A>({ first, next: later }, { slots, change }, { store, emit }, context)
      const noted = emit === 'on-commit' ? emitOnFlush(slots, next, context) : undefined
      const update = (slot: number, key: K, value: Change<V>, record: RecordContext): void | Promise<void> => {
        const timestamp = fold(slot, key, value, record)
        if (versions !== undefined) return tellVersion(versions, change, () => forward(key, change, record, timestamp))
        return noted === undefined ? forward(key, change, record, timestamp) : noted(slot, change.value, record)
      }
      return (key, value, record) => {
        const slot = slots.find(key)
        return typeof slot === 'number' ? update(slot, key, value, record) : slot.then((found) => update(found, key, value, record))
      }
    },
  }
}
