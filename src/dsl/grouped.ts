/**
 * Grouped streams: what aggregates are made of. `count` and `reduce` are `aggregate` with the folding given; with `windowedBy` the same folds run
 * per key and window.
 */
import { aggregate } from '../operators/aggregate.ts'
import { storeReader } from '../operators/table.ts'
import type { TimeWindows } from '../operators/window-placement.ts'
import { windowedAggregate } from '../operators/windowed-aggregate.ts'
import { serdes } from '../model/serdes.ts'
import { timeWindowed } from '../model/serdes-compound.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Windowed } from '../model/window.ts'
import type { Fold } from '../operators/aggregate.ts'
import { erased, keyValueSpec, windowSpec, type GroupParts } from './handle.ts'
import type { KTable } from './ktable.ts'
import type { TableOptions, WindowTableOptions } from './options.ts'

type Role = 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'

/** Whether an aggregate can be deleted: when the function that makes it may answer null. */
export type MayDelete<R> = null extends R ? true : false

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

  /** Aggregates per window. `clicks.groupByKey().windowedBy(tumbling(minutes(1)).grace(seconds(5)))` */
  windowedBy(windows: TimeWindows): WindowedKStream<K, V> {
    return this.#parts.makers.windowed<K, V>(this.#parts, windows)
  }

  #aggregate<A, D extends boolean>(
    fold: Fold<K, V, A>,
    how: { readonly options: TableOptions<K, unknown>; readonly role: Role; readonly value: AnySerde | undefined; readonly burns?: number },
  ): KTable<K, Exclude<A, null>, D> {
    const { graph, call, key, value, name, grouping, makers } = this.#parts
    const { options, role, burns = 0 } = how
    const store = keyValueSpec<K, unknown>(options.store)
    const operator = aggregate<K, V, A>({
      ...fold,
      store: present(store),
      role,
      burns,
      emit: options.emit ?? 'every-update',
      ...(name === undefined ? {} : { repartitionName: name }),
    })
    const storeSerdes = { key: erased(options.key) ?? store.key ?? key, value: erased(options.value) ?? store.value ?? how.value }
    const step = graph.add({ kind: 'step', name: options.name, operator, parents: [call], key, value, grouping, storeSerdes })
    return makers.table<K, Exclude<A, null>, D>({ ...this.#parts, call: step, ...storeSerdes, reader: storeReader(present(store)) })
  }
}

/** A grouped stream in windows. */
export class WindowedKStream<K, V> {
  readonly #parts: GroupParts
  readonly #windows: TimeWindows

  /** @internal */
  constructor(parts: GroupParts, windows: TimeWindows) {
    this.#parts = parts
    this.#windows = windows
  }

  /** How many records each key has had in each window. */
  count(options: WindowTableOptions<K, number> = {}): KTable<Windowed<K>, number> {
    return this.#aggregate<number, false>(
      { initial: () => 0, add: (sum) => sum + 1 },
      { options, role: 'KSTREAM-AGGREGATE-', value: serdes.long, burns: 1 },
    )
  }

  /** Folds the values of each key and window into one of their type; null deletes. */
  reduce<R extends V | null>(
    f: (aggregate: V, value: V) => R,
    options: WindowTableOptions<K, Exclude<V, null>> = {},
  ): KTable<Windowed<K>, Exclude<V, null>, MayDelete<R>> {
    return this.#aggregate<V, MayDelete<R>>(
      { initial: undefined, add: f },
      { options, role: 'KSTREAM-REDUCE-', value: this.#parts.value, burns: 1 },
    )
  }

  /** Folds the values of each key and window into an aggregate; null deletes. */
  aggregate<A, R extends A | null = A>(
    initial: () => A,
    add: (aggregate: A, value: V, key: K) => R,
    options: WindowTableOptions<K, A> = {},
  ): KTable<Windowed<K>, Exclude<A, null>, MayDelete<R>> {
    return this.#aggregate<A, MayDelete<R>>({ initial, add }, { options, role: 'KSTREAM-AGGREGATE-', value: undefined })
  }

  #aggregate<A, D extends boolean>(
    fold: Fold<K, V, A>,
    how: {
      readonly options: WindowTableOptions<K, unknown>
      readonly role: Role
      readonly value: AnySerde | undefined
      readonly burns?: number
    },
  ): KTable<Windowed<K>, Exclude<A, null>, D> {
    const { graph, call, key, value, name, grouping, makers } = this.#parts
    const { options, role, burns = 0 } = how
    const windows = this.#windows
    const store = windowSpec<K, unknown>(options.store, windows, graph.mistakes)
    const operator = windowedAggregate<K, V, A>({
      ...fold,
      windows,
      store: present(store),
      role,
      burns,
      emit: options.emit ?? 'every-update',
      ...(name === undefined ? {} : { repartitionName: name }),
    })
    const innerKey = erased(options.key) ?? store.key ?? key
    const storeSerdes = { key: innerKey, value: erased(options.value) ?? store.value ?? how.value }
    const step = graph.add({ kind: 'step', name: options.name, operator, parents: [call], key, value, grouping, storeSerdes })
    const windowedKey = innerKey === undefined ? undefined : timeWindowed(innerKey, windows.sizeMs)
    return makers.table<Windowed<K>, Exclude<A, null>, D>({
      ...this.#parts,
      call: step,
      key: windowedKey,
      value: storeSerdes.value,
      reader: undefined,
    })
  }
}

/** Sound because unwindowed aggregations drop null values, and a null aggregate is never stored. */
function present<T, S>(value: T): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as unknown as S
}
