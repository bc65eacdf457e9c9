/**
 * Hot path. One step of an aggregation, shared by all of them: the next aggregate, and the change that tells of it. User code may change an
 * aggregate in place. Where a step below wants old values that would make old and new the same object, so there the aggregator gets a copy,
 * made by the store's own serde: what it answers is new, what the store held is old.
 */
import type { AnySerde } from '../model/serde.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { OperatorContext } from '../topology/operator.ts'
import type { EmitWhen, MutableChange } from './change.ts'
import { valueOf } from './result.ts'

/** How values are folded into an aggregate. */
export interface Fold<K, V, A> {
  /** Where a key starts from; undefined: its first value is the aggregate (reduce). */
  readonly initial: (() => A) | undefined
  /** The next aggregate; null deletes the row. It may change and answer the one it was given. */
  readonly add: (aggregate: A, value: V, key: K) => A | null
}

/** One step of a fold: answers the next aggregate (null: none), and writes it, with the old value if somebody wants it, into `change`. `before` is undefined when there was none. */
export type FoldStep<K, V, A> = (before: A | undefined, value: V, key: K, change: MutableChange<A>) => A | null

/**
 * The fold of a task. The first update of a key has no old value; in parity mode it has the initializer's, as in Kafka Streams with caches off.
 * Throws `PROCESSOR_RESULT` when user code answers undefined or a promise.
 */
export function folding<K, V, A>(
  { initial, add, store, emit }: Fold<K, V, A> & { readonly store: StoreSpec; readonly emit: EmitWhen },
  context: OperatorContext,
): FoldStep<K, V, A> {
  // What is emitted at a commit takes its old value from the store, as of the last flush.
  const wanted = context.sendsOldValues && emit === 'every-update'
  const serde = context.storeSerdes(store).value
  const firstOf = (value: V, key: K, change: MutableChange<A>): A | null => {
    if (initial === undefined) return asAggregate<A>(value)
    const from = valueOf(initial(), context, 'the aggregate to start from')
    if (wanted && context.parity) change.old = copyOf(from, serde)
    return valueOf(add(from, value, key), context, 'the next aggregate or null')
  }
  return (before, value, key, change) => {
    change.old = wanted ? (before ?? null) : null
    const after =
      before === undefined
        ? firstOf(value, key, change)
        : valueOf(add(wanted ? copyOf(before, serde) : before, value, key), context, 'the next aggregate or null')
    change.value = after
    return after
  }
}

/** A primitive is its own copy; an object goes through the serde, and its bytes too, because what it read may point into them. */
function copyOf<A>(value: A, serde: AnySerde): A {
  if (typeof value !== 'object' || value === null) return value
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because a store's serde reads what it wrote
  return serde.deserialize(serde.serialize(value).slice()) as A
}

/** Sound because without an initializer values and aggregates are of one type: that is what `reduce` asks for. */
function asAggregate<A>(value: unknown): A | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as A | null
}
