/**
 * Grouped streams in windows: `count`, `reduce` and `aggregate` per key and window. Sessions also say how two of them become one. All make a table whose
 * keys are windowed.
 */
import { sessionWindowed, timeWindowed } from '../model/serdes-compound.ts'
import { serdes } from '../model/serdes.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Windowed } from '../model/window.ts'
import type { WindowEmitWhen } from '../operators/change.ts'
import type { Fold } from '../operators/fold.ts'
import { sizeOf, type AnyWindows, type SessionWindows, type StoredWindows } from '../operators/window-placement.ts'
import { windowReader } from '../operators/window-tools.ts'
import { windowedAggregate } from '../operators/windowed-aggregate.ts'
import { sessionSpec, windowSpec, type GroupParts, type MayDelete } from './handle.ts'
import type { KTable } from './ktable.ts'
import * as derived from './derived.ts'
import type { AverageState, Derived, Rank } from './derived.ts'
import { checkIdle } from './idle.ts'
import type {
  CollectOptions,
  DistinctOptions,
  IdleOptions,
  SessionAggregateOptions,
  SessionTableOptions,
  StepOptions,
  WindowTableOptions,
} from './options.ts'

/** A grouped stream in windows. */
export class WindowedKStream<K, V> {
  readonly #parts: GroupParts
  readonly #windows: StoredWindows

  /** @internal */
  constructor(parts: GroupParts, windows: StoredWindows) {
    this.#parts = parts
    this.#windows = windows
  }

  /** How many records each key has had in each window. `clicks.groupByKey().windowedBy(tumbling(minutes(1))).count()` */
  count(options: WindowTableOptions<K, number> = {}): KTable<Windowed<K>, number> {
    // Kafka Streams' sliding windows never did.
    const burns = this.#windows.kind === 'sliding' ? 0 : 1
    return this.#table<number, false>(counting, { options, role: 'KSTREAM-AGGREGATE-', value: serdes.long, burns })
  }

  /** Folds the values of each key and window into one of their type; null deletes. `….reduce((a, b) => a + b)` */
  reduce<R extends V | null>(
    f: (aggregate: V, value: V) => R,
    options: WindowTableOptions<K, Exclude<V, null>> = {},
  ): KTable<Windowed<K>, Exclude<V, null>, MayDelete<R>> {
    return this.#table<V, MayDelete<R>>(
      { initial: undefined, add: f },
      { options, role: 'KSTREAM-REDUCE-', value: this.#parts.value, burns: 0 },
    )
  }

  /** Folds the values of each key and window into an aggregate; null deletes. `….aggregate(() => 0, (sum, order) => sum + order.cents, { value: serdes.long })` */
  aggregate<A, R extends A | null = A>(
    initial: () => A,
    add: (aggregate: A, value: V, key: K) => R,
    options: WindowTableOptions<K, A> = {},
  ): KTable<Windowed<K>, Exclude<A, null>, MayDelete<R>> {
    return this.#table<A, MayDelete<R>>({ initial, add }, { options, role: 'KSTREAM-AGGREGATE-', value: undefined, burns: 0 })
  }

  /** The sum of what `f` answers for the values of a key and window. `….windowedBy(tumbling(minutes(1))).sum((order) => order.cents)` */
  sum(f: (value: Exclude<V, null>, key: K) => number, options?: WindowTableOptions<K, number>): KTable<Windowed<K>, number> {
    return this.#derived(derived.sum(f), options)
  }

  /** The average of what `f` answers; the store keeps sum and count. `….windowedBy(tumbling(minutes(1))).average((order) => order.cents)` */
  average(f: (value: Exclude<V, null>, key: K) => number, options: WindowTableOptions<K, AverageState> = {}): KTable<Windowed<K>, number> {
    return derived.averages(this.#derived(derived.average(f), options), options)
  }

  /** The least of what `f` answers. `….windowedBy(tumbling(minutes(1))).min((order) => order.cents)` */
  min<M extends number | string>(f: (value: Exclude<V, null>, key: K) => M, options?: WindowTableOptions<K, M>): KTable<Windowed<K>, M> {
    return this.#derived(derived.min(f), options)
  }

  /** The greatest of what `f` answers. `….windowedBy(tumbling(minutes(1))).max((order) => order.cents)` */
  max<M extends number | string>(f: (value: Exclude<V, null>, key: K) => M, options?: WindowTableOptions<K, M>): KTable<Windowed<K>, M> {
    return this.#derived(derived.max(f), options)
  }

  /** The value that came first. `….windowedBy(tumbling(minutes(1))).first({ store: 'first-orders' })` */
  first(options?: WindowTableOptions<K, Exclude<V, null>>): KTable<Windowed<K>, Exclude<V, null>> {
    return this.#derived(derived.first(this.#parts.value), options)
  }

  /** The value that came last. `….windowedBy(tumbling(minutes(1))).last({ store: 'last-orders' })` */
  last(options?: WindowTableOptions<K, Exclude<V, null>>): KTable<Windowed<K>, Exclude<V, null>> {
    return this.#derived(derived.last(this.#parts.value), options)
  }

  /** The values in order of arrival, at most `limit` of them. `….windowedBy(tumbling(minutes(1))).collect({ limit: 10, keep: 'last' })` */
  collect(options: CollectOptions & WindowTableOptions<K, readonly Exclude<V, null>[]>): KTable<Windowed<K>, readonly Exclude<V, null>[]> {
    return this.#derived(derived.collect(options, this.#parts.value), options)
  }

  /** The `k` values that `by` answers the most for, the greatest first. `….windowedBy(tumbling(minutes(1))).topK(3, (order) => order.cents)` */
  topK(
    k: number,
    by: (value: Exclude<V, null>, key: K) => Rank,
    options?: WindowTableOptions<K, readonly Exclude<V, null>[]>,
  ): KTable<Windowed<K>, readonly Exclude<V, null>[]> {
    return this.#derived(derived.topK(k, by, this.#parts.value), options)
  }

  /** The different answers of `f`, in order of their first arrival. `….windowedBy(tumbling(minutes(1))).distinct((order) => order.product)` */
  distinct<D extends string | number | boolean>(
    f: (value: Exclude<V, null>, key: K) => D,
    options: DistinctOptions & WindowTableOptions<K, readonly D[]> = {},
  ): KTable<Windowed<K>, readonly D[]> {
    return this.#derived(derived.distinct(f, options), options)
  }

  #derived<S, R>(how: Derived<K, Exclude<V, null>, S>, options: WindowTableOptions<K, R> = {}): KTable<Windowed<K>, R> {
    this.#parts.graph.mistakes.push(...how.mistakes)
    const made = { options, role: 'KSTREAM-AGGREGATE-', value: how.serde, burns: 0, skipsNull: true } as const
    return this.#table<S, false, R>(derived.foldOf<K, V, S>(how), made)
  }

  #table<A, D extends boolean, R = Exclude<A, null>>(
    fold: Fold<K, V, A>,
    how: Omit<Made, 'windows' | 'store' | 'options'> & { readonly options: WindowTableOptions<K, unknown> },
  ): KTable<Windowed<K>, R, D> {
    const windows = this.#windows
    const store = windowSpec<K, unknown>(how.options.store, windows, this.#parts.graph.mistakes)
    return windowedTable<K, V, A, D, R>(this.#parts, fold, { ...how, windows, store })
  }
}

/** A grouped stream in sessions. */
export class SessionWindowedKStream<K, V> {
  readonly #parts: GroupParts
  readonly #windows: SessionWindows

  /** @internal */
  constructor(parts: GroupParts, windows: SessionWindows) {
    this.#parts = parts
    this.#windows = windows
  }

  /** How many records each key has had in each session. `clicks.groupByKey().windowedBy(session(minutes(30))).count()` */
  count(options: SessionTableOptions<K, number> = {}): KTable<Windowed<K>, number, true> {
    const fold = { ...counting, merge: (left: number, right: number) => left + right }
    return this.#table<number>(fold, { options, role: 'KSTREAM-AGGREGATE-', value: serdes.long, burns: 1 })
  }

  /** Folds the values of each key and session into one of their type; null deletes. `….reduce((a, b) => a + b)` */
  reduce<R extends V>(
    f: (aggregate: V, value: V) => R,
    options: SessionTableOptions<K, Exclude<V, null>> = {},
  ): KTable<Windowed<K>, Exclude<V, null>, true> {
    const fold = { initial: undefined, add: f, merge: f }
    return this.#table<V>(fold, { options, role: 'KSTREAM-REDUCE-', value: this.#parts.value, burns: 0 })
  }

  /**
   * Folds the values of each key and session into an aggregate; null deletes; `merge` makes one of two.
   * `….aggregate(() => 0, (sum, order) => sum + order.cents, { value: serdes.long, merge: (left, right) => left + right })`
   */
  aggregate<A>(
    initial: () => A,
    add: (aggregate: A, value: V, key: K) => A | null,
    options: SessionAggregateOptions<K, A>,
  ): KTable<Windowed<K>, Exclude<A, null>, true> {
    const { merge } = options
    return this.#table<A>({ initial, add, merge }, { options, role: 'KSTREAM-AGGREGATE-', value: undefined, burns: 0 })
  }

  /** The sum of what `f` answers for the values of a key and session. `….windowedBy(session(minutes(5))).sum((order) => order.cents)` */
  sum(f: (value: Exclude<V, null>, key: K) => number, options?: SessionTableOptions<K, number>): KTable<Windowed<K>, number, true> {
    return this.#derived(derived.sum(f), options)
  }

  /** The average of what `f` answers; the store keeps sum and count. `….windowedBy(session(minutes(5))).average((order) => order.cents)` */
  average(
    f: (value: Exclude<V, null>, key: K) => number,
    options: SessionTableOptions<K, AverageState> = {},
  ): KTable<Windowed<K>, number, true> {
    return derived.averages(this.#derived(derived.average(f), options), options)
  }

  /** The least of what `f` answers. `….windowedBy(session(minutes(5))).min((order) => order.cents)` */
  min<M extends number | string>(
    f: (value: Exclude<V, null>, key: K) => M,
    options?: SessionTableOptions<K, M>,
  ): KTable<Windowed<K>, M, true> {
    return this.#derived(derived.min(f), options)
  }

  /** The greatest of what `f` answers. `….windowedBy(session(minutes(5))).max((order) => order.cents)` */
  max<M extends number | string>(
    f: (value: Exclude<V, null>, key: K) => M,
    options?: SessionTableOptions<K, M>,
  ): KTable<Windowed<K>, M, true> {
    return this.#derived(derived.max(f), options)
  }

  /** The value that came first. `….windowedBy(session(minutes(5))).first({ store: 'first-orders' })` */
  first(options?: SessionTableOptions<K, Exclude<V, null>>): KTable<Windowed<K>, Exclude<V, null>, true> {
    return this.#derived(derived.first(this.#parts.value), options)
  }

  /** The value that came last. `….windowedBy(session(minutes(5))).last({ store: 'last-orders' })` */
  last(options?: SessionTableOptions<K, Exclude<V, null>>): KTable<Windowed<K>, Exclude<V, null>, true> {
    return this.#derived(derived.last(this.#parts.value), options)
  }

  /** The values in order of arrival, at most `limit` of them. `….windowedBy(session(minutes(5))).collect({ limit: 10, keep: 'last' })` */
  collect(
    options: CollectOptions & SessionTableOptions<K, readonly Exclude<V, null>[]>,
  ): KTable<Windowed<K>, readonly Exclude<V, null>[], true> {
    return this.#derived(derived.collect(options, this.#parts.value), options)
  }

  /** The `k` values that `by` answers the most for, the greatest first. `….windowedBy(session(minutes(5))).topK(3, (order) => order.cents)` */
  topK(
    k: number,
    by: (value: Exclude<V, null>, key: K) => Rank,
    options?: SessionTableOptions<K, readonly Exclude<V, null>[]>,
  ): KTable<Windowed<K>, readonly Exclude<V, null>[], true> {
    return this.#derived(derived.topK(k, by, this.#parts.value), options)
  }

  /** The different answers of `f`, in order of their first arrival. `….windowedBy(session(minutes(5))).distinct((order) => order.product)` */
  distinct<D extends string | number | boolean>(
    f: (value: Exclude<V, null>, key: K) => D,
    options: DistinctOptions & SessionTableOptions<K, readonly D[]> = {},
  ): KTable<Windowed<K>, readonly D[], true> {
    return this.#derived(derived.distinct(f, options), options)
  }

  #derived<S, R>(how: Derived<K, Exclude<V, null>, S>, options: SessionTableOptions<K, R> = {}): KTable<Windowed<K>, R, true> {
    this.#parts.graph.mistakes.push(...how.mistakes)
    const made = { options, role: 'KSTREAM-AGGREGATE-', value: how.serde, burns: 0, skipsNull: true } as const
    return this.#table<S, R>(derived.foldOf<K, V, S>(how), made)
  }

  #table<A, R = Exclude<A, null>>(
    fold: WindowFold<K, V, A>,
    how: Omit<Made, 'windows' | 'store' | 'options'> & { readonly options: SessionTableOptions<K, unknown> },
  ): KTable<Windowed<K>, R, true> {
    const windows = this.#windows
    const store = sessionSpec<K, unknown>(how.options.store, windows, this.#parts.graph.mistakes)
    return windowedTable<K, V, A, true, R>(this.#parts, fold, { ...how, windows, store })
  }
}

const counting = { initial: () => 0, add: (sum: number) => sum + 1 }

/** How the values of a window are folded; sessions also merge. */
interface WindowFold<K, V, A> extends Fold<K, V, A> {
  readonly merge?: (left: A, right: A, key: K) => A
}

/** How a windowed table is made. */
interface Made {
  readonly windows: AnyWindows
  readonly store: ReturnType<typeof windowSpec> | ReturnType<typeof sessionSpec>
  readonly options: StepOptions & { readonly key?: AnySerde; readonly value?: AnySerde; readonly emit?: WindowEmitWhen } & IdleOptions
  readonly role: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  /** Serde of the aggregates where the options have none. */
  readonly value: AnySerde | undefined
  readonly burns: number
  /** True: null values are dropped. */
  readonly skipsNull?: boolean
}

/** The table of a windowed aggregation. */
function windowedTable<K, V, A, D extends boolean, R>(parts: GroupParts, fold: WindowFold<K, V, A>, how: Made): KTable<Windowed<K>, R, D> {
  const { graph, call, key, value, name, grouping, makers } = parts
  const { options, role, burns, windows, store } = how
  if (windows.kind === 'unlimited' && options.emit === 'on-window-close') {
    const message = "an unlimited window never closes: choose emit: 'every-update' or 'on-commit', or windows that end"
    graph.mistakes.push({ code: 'WINDOW_INVALID', message, ...(options.name === undefined ? {} : { node: options.name }) })
  }
  checkIdle(options, graph.mistakes)
  const operator = windowedAggregate<K, V, A>({
    ...fold,
    windows,
    store: stored(store),
    role,
    burns,
    skipsNull: how.skipsNull ?? false,
    emit: options.emit,
    idleMs: options.idle,
    ...(name === undefined ? {} : { repartitionName: name }),
  })
  const innerKey = options.key ?? store.key ?? key
  const storeSerdes = { key: innerKey, value: options.value ?? store.value ?? how.value }
  const { onError } = options
  const step = graph.add({ kind: 'step', name: options.name, operator, parents: [call], key, value, grouping, storeSerdes, onError })
  return makers.table<Windowed<K>, R, D>({
    ...parts,
    call: step,
    key: innerKey === undefined ? undefined : windowedSerde(innerKey, windows),
    value: storeSerdes.value,
    reader: windowReader(stored(store)),
  })
}

/** The serde of keys in windows, as they stand in topics. @internal */
export function windowedSerde(inner: AnySerde, windows: AnyWindows): AnySerde {
  return windows.kind === 'session' ? sessionWindowed(inner) : timeWindowed(inner, sizeOf(windows))
}

/** Sound because the aggregates of a step are what its store keeps. */
function stored<T, S>(store: T): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return store as unknown as S
}
