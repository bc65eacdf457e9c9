/**
 * Grouped streams: what aggregates are made of. `count` and `reduce` are `aggregate` with the folding given; with `windowedBy` the same folds run
 * per key and window (`dsl/windowed`). What is derived, as `sum`, is in `dsl/derived`.
 */
import { aggregate } from '../operators/aggregate.ts'
import { storeReader } from '../operators/table.ts'
import type { SessionWindows, SlidingWindows, TimeWindows, UnlimitedWindows } from '../operators/window-placement.ts'
import { serdes } from '../model/serdes.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Fold } from '../operators/aggregate.ts'
import { checkBuilder, erased, keyValueSpec, type Graph, type GroupParts, type MayDelete } from './handle.ts'
import type { CogroupedKStream, CogroupInput } from './cogrouped.ts'
import type { KTable } from './ktable.ts'
import * as derived from './derived.ts'
import type { AverageState, Derived, Rank } from './derived.ts'
import type { CollectOptions, DistinctOptions, TableOptions } from './options.ts'
import type { SessionWindowedKStream, WindowedKStream } from './windowed.ts'

type Role = 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'

/** A stream grouped by key. */
export class KGroupedStream<K, V> {
  readonly #parts: GroupParts

  /** @internal */
  constructor(parts: GroupParts) {
    this.#parts = parts
  }

  /** How many records each key has had. `clicks.groupByKey().count({ store: 'clicks' })` */
  count(options: TableOptions<K, number> = {}): KTable<K, number> {
    return this.#aggregate<number, false>(
      { initial: () => 0, add: (sum) => sum + 1 },
      { options, role: 'KSTREAM-AGGREGATE-', value: serdes.long, burns: 1 },
    )
  }

  /** Folds the values of each key into one of their type; null deletes. `sales.groupByKey().reduce((a, b) => a + b)` */
  reduce<R extends V | null>(
    f: (aggregate: Exclude<V, null>, value: Exclude<V, null>) => R,
    options: TableOptions<K, Exclude<V, null>> = {},
  ): KTable<K, Exclude<V, null>, MayDelete<R>> {
    const fold: Fold<K, V, V> = { initial: undefined, add: (aggregated, value) => f(present(aggregated), present(value)) }
    return this.#aggregate<V, MayDelete<R>>(fold, { options, role: 'KSTREAM-REDUCE-', value: this.#parts.value })
  }

  /**
   * Folds the values of each key into an aggregate; null deletes, and the next record starts from `initial` again.
   * `orders.groupByKey().aggregate(() => 0, (sum, order) => sum + order.cents, { store: 'totals', value: serdes.long })`
   */
  aggregate<A, R extends A | null = A>(
    initial: () => A,
    add: (aggregate: A, value: Exclude<V, null>, key: K) => R,
    options: TableOptions<K, A> = {},
  ): KTable<K, Exclude<A, null>, MayDelete<R>> {
    const fold: Fold<K, V, A> = { initial, add: (aggregated, value, key) => add(aggregated, present(value), key) }
    return this.#aggregate<A, MayDelete<R>>(fold, { options, role: 'KSTREAM-AGGREGATE-', value: undefined })
  }

  /** The sum of what `f` answers for the values of a key. `orders.groupByKey().sum((order) => order.cents)` */
  sum(f: (value: Exclude<V, null>, key: K) => number, options?: TableOptions<K, number>): KTable<K, number> {
    return this.#derived(derived.sum(f), options)
  }

  /** The average of what `f` answers; the store keeps sum and count. `orders.groupByKey().average((order) => order.cents)` */
  average(f: (value: Exclude<V, null>, key: K) => number, options: TableOptions<K, AverageState> = {}): KTable<K, number> {
    return derived.averages(this.#derived(derived.average(f), options), options)
  }

  /** The least of what `f` answers. `orders.groupByKey().min((order) => order.cents)` */
  min<M extends number | string>(f: (value: Exclude<V, null>, key: K) => M, options?: TableOptions<K, M>): KTable<K, M> {
    return this.#derived(derived.min(f), options)
  }

  /** The greatest of what `f` answers. `orders.groupByKey().max((order) => order.cents)` */
  max<M extends number | string>(f: (value: Exclude<V, null>, key: K) => M, options?: TableOptions<K, M>): KTable<K, M> {
    return this.#derived(derived.max(f), options)
  }

  /** The value that came first. `orders.groupByKey().first({ store: 'first-orders' })` */
  first(options?: TableOptions<K, Exclude<V, null>>): KTable<K, Exclude<V, null>> {
    return this.#derived(derived.first(this.#parts.value), options)
  }

  /** The value that came last. `orders.groupByKey().last({ store: 'last-orders' })` */
  last(options?: TableOptions<K, Exclude<V, null>>): KTable<K, Exclude<V, null>> {
    return this.#derived(derived.last(this.#parts.value), options)
  }

  /** The values in order of arrival, at most `limit` of them. `orders.groupByKey().collect({ limit: 10, keep: 'last' })` */
  collect(options: CollectOptions & TableOptions<K, readonly Exclude<V, null>[]>): KTable<K, readonly Exclude<V, null>[]> {
    return this.#derived(derived.collect(options, this.#parts.value), options)
  }

  /** The `k` values that `by` answers the most for, the greatest first. `orders.groupByKey().topK(3, (order) => order.cents)` */
  topK(
    k: number,
    by: (value: Exclude<V, null>, key: K) => Rank,
    options?: TableOptions<K, readonly Exclude<V, null>[]>,
  ): KTable<K, readonly Exclude<V, null>[]> {
    return this.#derived(derived.topK(k, by, this.#parts.value), options)
  }

  /** The different answers of `f`, in order of their first arrival. `orders.groupByKey().distinct((order) => order.product)` */
  distinct<D extends string | number | boolean>(
    f: (value: Exclude<V, null>, key: K) => D,
    options: DistinctOptions & TableOptions<K, readonly D[]> = {},
  ): KTable<K, readonly D[]> {
    return this.#derived(derived.distinct(f, options), options)
  }

  /** Aggregates per window. `clicks.groupByKey().windowedBy(tumbling(minutes(1)).grace(seconds(5)))` */
  windowedBy(windows: TimeWindows | UnlimitedWindows): WindowedKStream<K, V>
  windowedBy(windows: SlidingWindows): WindowedKStream<K, Exclude<V, null>>
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>
  windowedBy(
    windows: TimeWindows | UnlimitedWindows | SlidingWindows | SessionWindows,
  ): WindowedKStream<K, V> | WindowedKStream<K, Exclude<V, null>> | SessionWindowedKStream<K, V> {
    const { makers } = this.#parts
    if (windows.kind === 'session') return makers.sessionWindowed<K, V>(this.#parts, windows)
    return makers.windowed<K, V>(this.#parts, windows)
  }

  /**
   * Folds this stream and others into one aggregate, each in its own way; null deletes.
   * `clicks.groupByKey().cogroup(addClick).cogroup(orders.groupByKey(), addOrder).aggregate(() => 0)`
   */
  cogroup<A>(add: (aggregate: A, value: V, key: K) => A | null): CogroupedKStream<K, A> {
    return this.#parts.makers.cogrouped<K, A>([this.cogroupInput(this.#parts.graph, add)])
  }

  /** This stream as an input of a cogroup of that builder. Throws `TOPOLOGY_INVALID` for another builder's. @internal */
  cogroupInput<A>(from: Graph, add: (aggregate: A, value: V, key: K) => A | null): CogroupInput<K, A> {
    checkBuilder(from, this.#parts.graph, 'stream')
    if (typeof add !== 'function') {
      const message = 'cogroup(…) needs a function that adds a value to the aggregate, as cogroup((sum, order) => sum + order.cents)'
      from.mistakes.push({ code: 'ARGUMENT_INVALID', message })
    }
    return { parts: this.#parts, add }
  }

  #derived<S, R>(how: Derived<K, Exclude<V, null>, S>, options: TableOptions<K, R> = {}): KTable<K, R> {
    this.#parts.graph.mistakes.push(...how.mistakes)
    return this.#aggregate<S, false, R>(derived.foldOf<K, V, S>(how), { options, role: 'KSTREAM-AGGREGATE-', value: how.serde })
  }

  #aggregate<A, D extends boolean, R = Exclude<A, null>>(
    fold: Fold<K, V, A>,
    how: { readonly options: TableOptions<K, unknown>; readonly role: Role; readonly value: AnySerde | undefined; readonly burns?: number },
  ): KTable<K, R, D> {
    const { graph, call, key, value, name, grouping, makers } = this.#parts
    const { options, role, burns = 0 } = how
    const store = keyValueSpec<K, unknown>(options.store)
    const operator = aggregate<K, V, A>({
      ...fold,
      store: present(store),
      role,
      burns,
      emit: options.emit,
      ...(name === undefined ? {} : { repartitionName: name }),
    })
    const storeSerdes = { key: erased(options.key) ?? store.key ?? key, value: erased(options.value) ?? store.value ?? how.value }
    const { onError } = options
    const step = graph.add({ kind: 'step', name: options.name, operator, parents: [call], key, value, grouping, storeSerdes, onError })
    return makers.table<K, R, D>({ ...this.#parts, call: step, ...storeSerdes, reader: storeReader(present(store)) })
  }
}

/** Sound because unwindowed aggregations drop null values, and a null aggregate is never stored. */
function present<T, S>(value: T): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as unknown as S
}
