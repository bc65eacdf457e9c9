/**
 * Grouped tables: each row of a table belongs to a group, and a row that changes leaves its old group before it enters the new one. `count` and
 * `reduce` are `aggregate` with the folding given.
 */
import { serdes } from '../model/serdes.ts'
import type { AnySerde } from '../model/serde.ts'
import { changeSerde } from '../operators/change-serde.ts'
import { storeReader } from '../operators/table.ts'
import { tableAggregate, type TableFold } from '../operators/table-aggregate.ts'
import { erased, keyValueSpec, narrowed, type GroupParts, type MayDelete } from './handle.ts'
import type { KTable } from './ktable.ts'
import * as derived from './derived.ts'
import type { AverageState, Subtractable } from './derived.ts'
import type { TableOptions } from './options.ts'

/** A table grouped by keys made of its rows. */
export class KGroupedTable<K, V> {
  readonly #parts: GroupParts

  /** @internal */
  constructor(parts: GroupParts) {
    this.#parts = parts
  }

  /** How many rows each group has; 0 once it had some. `customers.groupBy((c, id) => [c.country, id], …).count({ store: 'per-country' })` */
  count(options: TableOptions<K, number> = {}): KTable<K, number> {
    const fold: TableFold<K, V, number> = { initial: () => 0, add: (sum) => sum + 1, subtract: (sum) => sum - 1 }
    return this.#aggregate<number, false>(fold, { options, role: 'KTABLE-AGGREGATE-', value: serdes.long })
  }

  /** Folds the values of each group into one of their type; null deletes. `accounts.groupBy((a) => [a.owner, a.cents], …).reduce((a, b) => a + b, (a, b) => a - b)` */
  reduce<R extends V | null>(
    add: (aggregate: V, value: V) => R,
    subtract: (aggregate: V, value: V) => R,
    options: TableOptions<K, V> = {},
  ): KTable<K, Exclude<V, null>, MayDelete<R>> {
    return this.#aggregate<V, MayDelete<R>>(
      { initial: undefined, add, subtract },
      { options, role: 'KTABLE-REDUCE-', value: this.#parts.value },
    )
  }

  /**
   * Folds the values of each group into an aggregate; null from either function deletes it, and what is added next starts from `initial` again.
   * `accounts.groupBy((a) => [a.owner, a], …).aggregate(() => 0, (sum, a) => sum + a.cents, (sum, a) => sum - a.cents, { value: serdes.long })`
   */
  aggregate<A, R extends A | null = A>(
    initial: () => A,
    add: (aggregate: A, value: V, key: K) => R,
    subtract: (aggregate: A, value: V, key: K) => R,
    options: TableOptions<K, A> = {},
  ): KTable<K, Exclude<A, null>, MayDelete<R>> {
    return this.#aggregate<A, MayDelete<R>>({ initial, add, subtract }, { options, role: 'KTABLE-AGGREGATE-', value: undefined })
  }

  /**
   * The sum of what `f` answers for the rows of a group; 0 once it had some. Fractions are rounded at each change: sum whole numbers where it matters.
   * `accounts.groupBy((a) => [a.owner, a], …).sum((a) => a.cents)`
   */
  sum(f: (value: V, key: K) => number, options: TableOptions<K, number> = {}): KTable<K, number> {
    return this.#derived<number, false>(derived.sum(f), options)
  }

  /** The average of what `f` answers; none once all rows have gone; the store keeps sum and count. `accounts.groupBy((a) => [a.owner, a], …).average((a) => a.cents)` */
  average(f: (value: V, key: K) => number, options: TableOptions<K, AverageState> = {}): KTable<K, number, true> {
    return derived.averages(this.#derived<AverageState, true>(derived.average(f), options), options)
  }

  #derived<A, D extends boolean>(how: Subtractable<K, V, A>, options: TableOptions<K, A>): KTable<K, Exclude<A, null>, D> {
    this.#parts.graph.mistakes.push(...how.mistakes)
    return this.#aggregate<A, D>(how, { options, role: 'KTABLE-AGGREGATE-', value: how.serde })
  }

  #aggregate<A, D extends boolean>(
    fold: TableFold<K, V, A>,
    how: {
      readonly options: TableOptions<K, A>
      readonly role: 'KTABLE-AGGREGATE-' | 'KTABLE-REDUCE-'
      readonly value: AnySerde | undefined
    },
  ): KTable<K, Exclude<A, null>, D> {
    const { graph, call, key, value, name, grouping, makers } = this.#parts
    const { options, role } = how
    const store = keyValueSpec<K, A>(options.store)
    const { initial, add, subtract } = fold
    const operator = tableAggregate<K, V, A>({ initial, add, subtract, store, role, emit: options.emit, repartitionName: name })
    const storeSerdes = { key: erased(options.key) ?? store.key ?? key, value: erased(options.value) ?? store.value ?? how.value }
    const changes = value === undefined ? undefined : changeSerde(value)
    const { onError } = options
    const step = graph.add({
      kind: 'step',
      name: options.name,
      operator,
      parents: [call],
      key,
      value: changes,
      grouping,
      storeSerdes,
      onError,
    })
    return makers.table<K, Exclude<A, null>, D>({ ...this.#parts, call: step, ...storeSerdes, reader: narrowed(storeReader(store)) })
  }
}
