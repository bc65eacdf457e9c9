/**
 * Hot path. One step of an aggregation, shared by all of them: the next aggregate of a row, written to its slot and into the change that tells
 * of it. A result's timestamp is the greatest of the record's and the row's. User code may change an aggregate in place. Where a step below
 * wants old values that would make old and new one object, so there the aggregator gets a copy, made by the store's own serde: what it answers
 * is new, what the store held is old.
 */
import type { RecordContext } from '../model/record.ts'
import type { SlotValues, StoreSpec } from '../state/store-spec.ts'
import type { OperatorContext } from '../topology/operator.ts'
import type { EmitWhen, MutableChange } from './change.ts'
import { copyOf } from './copy.ts'
import { valueOf } from './result.ts'

/** How values are folded into an aggregate. */
export interface Fold<K, V, A> {
  /** Where a key starts from; undefined: its first value is the aggregate (reduce). */
  readonly initial: (() => A) | undefined
  /** The next aggregate; null deletes the row. It may change and answer the one it was given. */
  readonly add: (aggregate: A, value: V, key: K) => A | null
}

/** A fold over the rows of a store. */
export interface StoredFold<K, V, A> extends Fold<K, V, A> {
  readonly store: StoreSpec
  readonly emit: EmitWhen
}

/** Where a fold of one task writes: the rows, and the change that its step hands on. */
export interface FoldTarget<A> {
  readonly slots: SlotValues<unknown, A>
  readonly change: MutableChange<A>
}

/** Folds a record's value into the row of a slot; answers the result's timestamp, in ms. */
export type FoldStep<K, V> = (slot: number, key: K, value: V, record: RecordContext) => number

/** How an aggregate goes on: from nothing, and from the one that was. */
export interface Steps<K, V, A> {
  readonly first: (value: V, key: K) => A | null
  readonly next: (aggregate: A, value: V, key: K) => A | null
}

/**
 * The fold of a task. The first update of a row has no old value; in parity mode it has the initializer's, as in Kafka Streams with caches off.
 * A null aggregate deletes the row, so the next value starts from the initializer again. The step throws `PROCESSOR_RESULT` when user code
 * answers undefined or a promise.
 */
export function folding<K, V, A>(fold: StoredFold<K, V, A>, target: FoldTarget<A>, context: OperatorContext): FoldStep<K, V> {
  const { initial, add, store } = fold
  const { change } = target
  const wanted = context.sendsOldValues
  const serde = context.storeSerdes(store).value

  const first = (value: V, key: K): A | null => {
    // The record's value may be kept elsewhere too, and the next call may change the aggregate in place.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because without an initializer values and aggregates are of one type: `reduce`
    if (initial === undefined) return copyOf(value as unknown as A, serde)
    const from = valueOf(initial(), context, 'the aggregate to start from')
    if (wanted && context.parity) change.old = copyOf(from, serde)
    return valueOf(add(from, value, key), context, 'the next aggregate or null')
  }
  const next = (before: A, value: V, key: K): A | null => valueOf(add(before, value, key), context, 'the next aggregate or null')
  return stepping({ first, next }, target, fold, context)
}

/** Steps over the rows of a store, whatever they make of a value. A null aggregate deletes the row. */
export function stepping<K, V, A>(
  { first, next }: Steps<K, V, A>,
  { slots, change }: FoldTarget<A>,
  { store, emit }: Pick<StoredFold<K, V, A>, 'store' | 'emit'>,
  context: OperatorContext,
): FoldStep<K, V> {
  const wanted = context.sendsOldValues
  const atOnce = emit === 'every-update'
  const serde = context.storeSerdes(store).value

  // What waits for the commit has as its old value that of the last one: only that object must stay as it is.
  const mine = (before: A, slot: number): A => (wanted && (atOnce || slots.prior(slot) === before) ? copyOf(before, serde) : before)
  return (slot, key, value, record) => {
    const before = slots.value(slot)
    change.old = wanted && before !== undefined ? before : null
    const after = before === undefined ? first(value, key) : next(mine(before, slot), value, key)
    // A tombstone told at the commit has its record's time, as from Kafka Streams' cache.
    const isNew = before === undefined || (after === null && !atOnce)
    const timestamp = isNew ? record.timestamp : Math.max(record.timestamp, slots.timestamp(slot))
    // Kafka Streams keeps no headers of aggregates, whatever the store's format.
    slots.set(slot, after, timestamp, undefined)
    change.value = after
    return timestamp
  }
}
