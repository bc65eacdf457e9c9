/**
 * Grouped streams: what aggregates are made of. `count` and `reduce` are `aggregate` with the folding given; with `windowedBy` the same folds run
 * per key and window (`dsl/windowed`).
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
import type { TableOptions } from './options.ts'
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
      emit: options.emit,
      ...(name === undefined ? {} : { repartitionName: name }),
    })
    const storeSerdes = { key: erased(options.key) ?? store.key ?? key, value: erased(options.value) ?? store.value ?? how.value }
    const { onError } = options
    const step = graph.add({ kind: 'step', name: options.name, operator, parents: [call], key, value, grouping, storeSerdes, onError })
    return makers.table<K, Exclude<A, null>, D>({ ...this.#parts, call: step, ...storeSerdes, reader: storeReader(present(store)) })
  }
}

/** Sound because unwindowed aggregations drop null values, and a null aggregate is never stored. */
function present<T, S>(value: T): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as unknown as S
}
