/**
 * Hot path. One aggregate for each key: `count`, `reduce` and `aggregate` are this one step. Records without a key or value are dropped and
 * counted. A result's timestamp is the greatest of the record's and the row's; a null aggregate deletes the row, and the next record starts
 * from the initializer again. Written once, it runs synchronously as long as the row is resident.
 */
import type { RecordContext } from '../model/record.ts'
import type { KeyValueStoreSpec, StoreSpec } from '../state/store-spec.ts'
import { stamped, type Change, type Emit, type Operator, type OperatorContext } from '../topology/operator.ts'
import { emitOnFlush, newChange, type EmitWhen } from './change.ts'
import { valueOf } from './result.ts'

/** How values are folded into an aggregate. */
export interface Fold<K, V, A> {
  /** Where a key starts from; undefined: its first value is the aggregate (reduce). */
  readonly initial: (() => A) | undefined
  /** The next aggregate; null deletes the row. It may change and answer the one it was given. */
  readonly add: (aggregate: A, value: V, key: K) => A | null
}

/** An aggregation. */
export interface AggregateOptions<K, V, A> extends Fold<K, V, A> {
  readonly store: KeyValueStoreSpec<K, A>
  readonly role: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  readonly emit: EmitWhen
  /** Name of the repartition before it, from the grouping. */
  readonly repartitionName?: string
}

/** Folds the values of each key. */
export function aggregate<K, V, A>(options: AggregateOptions<K, V, A>): Operator<K, V, K, Change<A>> {
  const { store, role, emit, repartitionName } = options
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
      const slots = context.slots<K, A>(store)
      const forward = stamped(next)
      const change = newChange<A>()
      const fold = folding(options, context)
      if (emit === 'on-commit') emitOnFlush(slots, next, context)
      const update = (slot: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        const before = slots.value(slot)
        const timestamp = before === undefined ? record.timestamp : Math.max(record.timestamp, slots.timestamp(slot))
        const after = fold(before, value, key, change)
        slots.set(slot, after, timestamp, record.headers)
        return emit === 'on-commit' ? undefined : forward(key, change, record, timestamp)
      }
      return dropping(context, (key, value, record) => {
        const slot = slots.find(key)
        return typeof slot === 'number' ? update(slot, key, value, record) : slot.then((found) => update(found, key, value, record))
      })
    },
  }
}

function dropping<K, V>(context: OperatorContext, emit: Emit<K, V>): Emit<K, V> {
  return (key, value, record) => {
    if (key === null) return context.dropped('null_key')
    if (value === null) return context.dropped('null_value')
    return emit(key, value, record)
  }
}

/** One step of a fold: answers the next aggregate and writes it, with the old value if anybody wants it, into `change`. */
export type FoldStep<K, V, A> = (before: A | undefined, value: V, key: K, change: { value: A | null; old: A | null | undefined }) => A | null

/**
 * The fold of a task. Where old values are wanted, an aggregator that changes an object in place gets a copy, so that old and new differ. In
 * parity mode the first update of a key has the initializer's value as old value, as in Kafka Streams; else it has none.
 */
export function folding<K, V, A>({ initial, add, store }: Fold<K, V, A> & { readonly store: StoreSpec }, context: OperatorContext): FoldStep<K, V, A> {
  const wanted = context.sendsOldValues
  const serde = context.storeSerdes(store).value
  const copy = (value: A): A => (typeof value === 'object' && value !== null ? asAggregate<A>(serde.deserialize(serde.serialize(value).slice()))! : value)
  return (before, value, key, change) => {
    const first = before === undefined
    const from = first ? initial?.() : before
    let after: A | null
    if (first && initial === undefined) after = asAggregate<A>(value)
    else after = valueOf(add(wanted && from !== undefined ? copy(from) : from!, value, key), context, 'the next aggregate or null')
    change.value = after
    change.old = wanted ? (first ? (context.parity ? (from ?? null) : null) : before) : null
    return after
  }
}

/** Sound because without an initializer values and aggregates are of one type (that is what `reduce` asks for), and a store's serde reads what it wrote. */
function asAggregate<A>(value: unknown): A | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as A | null
}
