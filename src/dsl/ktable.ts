/**
 * A table: the newest value of each key, as a stream of changes. `Deletes` says whether a row can vanish, and so whether `toStream()` has nulls;
 * callbacks never see the null. A view without a store reads through to its table.
 */
import type { FixedKeyProcessor } from '../topology/processor.ts'
import type { JoinType, TableJoiner } from '../operators/join/table-table.ts'
import * as table from '../operators/table.ts'
import { tableGroupBy } from '../operators/table-group-by.ts'
import { selectKey } from '../operators/stateless.ts'
import type { Change, Operator, TableReader } from '../topology/operator.ts'
import { TopologyError } from '../base/errors.ts'
import { checkBuilder, erased, keyValueSpec, narrowed, type Graph, type MayDelete, type TableParts } from './handle.ts'
import type { KGroupedTable } from './grouped-table.ts'
import type { KStream } from './kstream.ts'
import type {
  GroupOptions,
  JoinOptions,
  KeyOptions,
  ForeignKeyOptions,
  StepOptions,
  TableOptions,
  TableProcessOptions,
  ValueOptions,
  ViewOptions,
} from './options.ts'
import { joinTables } from './table-join.ts'
import { processTable } from './table-process.ts'
import { suppressTable, type Until, type UntilWindowCloses } from './suppress.ts'
import type { TableStoreSpec } from '../state/store-spec.ts'

/** A table with keys `K` and values `V`. */
export class KTable<K, V, Deletes extends boolean = false> {
  readonly #parts: TableParts<K, V>
  /** Never there: keeps the type parameter. @internal */
  declare readonly deletes?: Deletes

  /** @internal */
  constructor(parts: TableParts<K, V>) {
    this.#parts = parts
  }

  /** How the table is read by key, from a handle of that builder's. Throws a `TopologyError` for one that can't be. @internal */
  reader(from: Graph): TableReader<K, V> {
    const { reader, graph } = this.#parts
    checkBuilder(from, graph, 'table')
    if (reader !== undefined) return reader
    const message = "a table made by apply(…) can't be read by key: before the join, write toStream() and toTable({ store: 'rows' })"
    throw new TopologyError([{ code: 'TOPOLOGY_INVALID', message }])
  }

  /** Only the rows that `keep` answers true for; the others are deleted. `customers.filter((c) => c.active)` */
  filter(keep: (value: V, key: K) => boolean, options: ViewOptions<K, V> = {}): KTable<K, V, true> {
    const { reader } = this.#parts
    const store = viewStore(options)
    const ofVersions = reader?.versions !== undefined
    const operator = table.tableFilter<K, V>(keep, { store, ofVersions, ...viewNaming(options), emit: options.emit })
    const through = reader === undefined ? undefined : table.filterReader(reader, keep)
    return this.#view<V, true>(operator, { options, store, through, value: this.#parts.value })
  }

  /** Only the rows that `drop` answers false for. `customers.filterNot((c) => c.blocked)` */
  filterNot(drop: (value: V, key: K) => boolean, options: ViewOptions<K, V> = {}): KTable<K, V, true> {
    return this.filter((value, key) => !drop(value, key), options)
  }

  /** Gives each row another value. `customers.mapValues((c) => c.name)` */
  mapValues<VOut>(
    f: (value: V, key: K) => VOut,
    options: ViewOptions<K, Exclude<VOut, null>> = {},
  ): KTable<K, Exclude<VOut, null>, null extends VOut ? true : Deletes> {
    const { reader } = this.#parts
    const store = viewStore(options)
    const operator = table.tableMapValues<K, V, VOut>(f, { store, ...viewNaming(options), emit: options.emit })
    const through = reader === undefined ? undefined : table.mapValuesReader(reader, f)
    return this.#view<Exclude<VOut, null>, null extends VOut ? true : Deletes>(operator, {
      options,
      store,
      through: narrowed(through),
      value: undefined,
    })
  }

  /**
   * Runs a processor over the rows, deleted ones too, whose value is null: what it forwards is the row of the result.
   * `customers.processValues(() => new Numbering(), { stores: [numbers], store: 'numbered', value: serdes.json() })`
   */
  processValues<VOut>(
    supplier: () => FixedKeyProcessor<K, V | null, VOut>,
    options: TableProcessOptions<K, Exclude<VOut, null>> = {},
  ): KTable<K, Exclude<VOut, null>, MayDelete<VOut>> {
    return processTable<K, V, VOut, MayDelete<VOut>>(this.#parts, supplier, options)
  }

  /** The changes as a stream of new values; with `key`, under another key. `counts.toStream().to(topic)` */
  toStream<KOut = K>(
    options: StepOptions & { readonly key?: (value: Streamed<V, Deletes>, key: K) => KOut } = {},
  ): KStream<KOut, Streamed<V, Deletes>> {
    const { graph, call, key, value, makers } = this.#parts
    const { name, onError, key: rekey } = options
    const step = graph.add({ kind: 'step', name, operator: table.tableToStream<K, V>(), parents: [call], key, value, onError })
    if (rekey === undefined) return makers.stream<KOut, Streamed<V, Deletes>>({ ...this.#parts, call: step })
    const operator = selectKey<K, Streamed<V, Deletes>, KOut>((found, under) => rekey(found, under))
    const keyed = graph.add({ kind: 'step', name: undefined, operator, parents: [step], key, value, onError })
    return makers.stream<KOut, Streamed<V, Deletes>>({ ...this.#parts, call: keyed, key: undefined })
  }

  /**
   * Each row with the other table's row of its key, or of the key that `foreignKey` answers; rows without one aren't in the result.
   * `orders.join(payments, (order, payment) => ({ ...order, payment }))`
   * `orders.join(customers, (order, { name }) => ({ ...order, name }), { foreignKey: (order) => order.customer })`
   */
  join<KOther, R, VOut>(
    other: KTable<KOther, R, boolean>,
    joiner: (left: V, right: R, key: K) => VOut,
    options: ForeignKeyOptions<K, V, KOther, Exclude<VOut, null>>,
  ): KTable<K, Exclude<VOut, null>, true>
  join<R, D extends boolean, VOut>(
    other: KTable<K, R, D>,
    joiner: (left: V, right: R, key: K) => VOut,
    options?: TableOptions<K, Exclude<VOut, null>>,
  ): KTable<K, Exclude<VOut, null>, Either<Either<Deletes, D>, MayDelete<VOut>>>
  join<KOther, R, VOut>(
    other: KTable<KOther, R, boolean>,
    joiner: (left: V, right: R, key: K) => VOut,
    options: JoinOptions<K, V, KOther, Exclude<VOut, null>> = {},
  ): KTable<K, Exclude<VOut, null>, boolean> {
    return this.#joined(other, (left, right, key) => joiner(present(left), present(right), key), { ...INNER, options })
  }

  /**
   * Each row with the other table's row of its key, or of the key that `foreignKey` answers; null where there is none.
   * `customers.leftJoin(addresses, (customer, address) => ({ ...customer, address }))`
   */
  leftJoin<KOther, R, VOut>(
    other: KTable<KOther, R, boolean>,
    joiner: (left: V, right: R | null, key: K) => VOut,
    options: ForeignKeyOptions<K, V, KOther, Exclude<VOut, null>>,
  ): KTable<K, Exclude<VOut, null>, true>
  leftJoin<R, D extends boolean, VOut>(
    other: KTable<K, R, D>,
    joiner: (left: V, right: R | null, key: K) => VOut,
    options?: TableOptions<K, Exclude<VOut, null>>,
  ): KTable<K, Exclude<VOut, null>, Either<Deletes, MayDelete<VOut>>>
  leftJoin<KOther, R, VOut>(
    other: KTable<KOther, R, boolean>,
    joiner: (left: V, right: R | null, key: K) => VOut,
    options: JoinOptions<K, V, KOther, Exclude<VOut, null>> = {},
  ): KTable<K, Exclude<VOut, null>, boolean> {
    return this.#joined(other, (left, right, key) => joiner(present(left), right, key), { ...LEFT, options })
  }

  /** The rows of both tables; null stands for the side that has none. `planned.outerJoin(done, (plan, work) => ({ plan, work }))` */
  outerJoin<R, D extends boolean, VOut>(
    other: KTable<K, R, D>,
    joiner: (left: V | null, right: R | null, key: K) => VOut,
    options: TableOptions<K, Exclude<VOut, null>> = {},
  ): KTable<K, Exclude<VOut, null>, Either<Either<Deletes, D>, MayDelete<VOut>>> {
    return this.#joined(other, joiner, { ...OUTER, options })
  }

  /** Groups the rows anew, to aggregate: always through a topic. `customers.groupBy((c) => [c.country, c.cents], { key: serdes.string, value: serdes.long })` */
  groupBy<KOut, VOut>(
    group: (value: V, key: K) => readonly [KOut, VOut],
    { name, key: keySerde, value: valueSerde, onError }: GroupOptions<KOut, VOut> = {},
  ): KGroupedTable<Exclude<KOut, null>, Exclude<VOut, null>> {
    const { graph, makers, call: parent, key, value } = this.#parts
    const groupKey = erased(keySerde)
    const operator = tableGroupBy<K, V, KOut, VOut>({ group, key: groupKey })
    const call = graph.add({ kind: 'step', name, operator, parents: [parent], key, value, onError })
    return makers.groupedTable({ graph, makers, call, key: groupKey, value: erased(valueSerde), name, grouping: {} })
  }

  /**
   * Holds changes back until their window closes, or for a time, and lets the last one of each key through; see `untilWindowCloses`, `untilTimeLimit`.
   * `counts.suppress(untilWindowCloses()).toStream()`
   */
  suppress<U extends Until<K>>(until: U, options: StepOptions = {}): KTable<K, V, U extends UntilWindowCloses ? false : Deletes> {
    return suppressTable(this.#parts, until, options)
  }

  /** Any operator over changes as a step. `customers.apply(myTableStep)` */
  apply<VOut>(
    operator: Operator<K, Change<V>, K, Change<VOut>>,
    options: ValueOptions<VOut> & KeyOptions<K> = {},
  ): KTable<K, VOut, Deletes> {
    const { graph, call, key, value, makers } = this.#parts
    const { name, onError } = options
    const step = graph.add({ kind: 'step', name, operator, parents: [call], key, value, onError })
    return makers.table<K, VOut, Deletes>({ ...this.#parts, call: step, value: erased(options.value), reader: undefined })
  }

  #joined<KOther, R, VOut, D extends boolean>(
    other: KTable<KOther, R, boolean>,
    join: TableJoiner<K, V, R, VOut>,
    how: JoinType & { readonly options: JoinOptions<K, V, KOther, Exclude<VOut, null>> },
  ): KTable<K, Exclude<VOut, null>, D> {
    const { graph } = this.#parts
    const tables = {
      left: { ...this.#parts, reader: this.reader(graph) },
      right: { ...other.#parts, reader: other.reader(graph) },
    }
    return joinTables<K, V, KOther, R, VOut, D>({ ...how, ...tables, join })
  }

  #view<VOut, D extends boolean>(operator: Operator<K, Change<V>, K, unknown>, view: View<K, VOut>): KTable<K, VOut, D> {
    const { graph, call, key, makers } = this.#parts
    const { options, store, through } = view
    const value = erased(options.value) ?? view.value
    const step = graph.add({
      kind: 'step',
      name: options.name,
      operator,
      parents: [call],
      key,
      value: this.#parts.value,
      storeSerdes: { key, value },
      onError: options.onError,
    })
    return makers.table<K, VOut, D>({ ...this.#parts, call: step, value, reader: store === undefined ? through : table.storeReader(store) })
  }
}

/** What a table's changes are as a stream: null where a row may be deleted. */
export type Streamed<V, Deletes extends boolean> = Deletes extends true ? V | null : V

/** True when one of the two is. */
export type Either<A extends boolean, B extends boolean> = A extends true ? true : B

const INNER: JoinType = { leftMayMiss: false, rightMayMiss: false }
const LEFT: JoinType = { leftMayMiss: false, rightMayMiss: true }
const OUTER: JoinType = { leftMayMiss: true, rightMayMiss: true }

/** Sound because a join hands its joiner a side that must not miss only where it is there. */
function present<T>(value: T | null): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as T
}

interface View<K, VOut> {
  readonly options: ViewOptions<K, VOut>
  readonly store: TableStoreSpec<K, VOut> | undefined
  readonly through: TableReader<K, VOut> | undefined
  readonly value: TableParts<K, VOut>['value']
}

function viewStore<K, V>(options: ViewOptions<K, V>): TableStoreSpec<K, V> | undefined {
  return options.store === undefined ? undefined : keyValueSpec(options.store)
}

/** Kafka Streams' `Materialized.with(…)`: a store's index is taken, but there is no store. */
function viewNaming<K, V>({ store, value }: ViewOptions<K, V>): { readonly burns: number } {
  return { burns: store === undefined && value !== undefined ? 1 : 0 }
}
