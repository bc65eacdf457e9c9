/**
 * A table: the newest value of each key, as a stream of changes. `Deletes` says whether a row can vanish, and so whether `toStream()` has nulls;
 * callbacks never see the null. A view without a store reads through to its table.
 */
import * as table from '../operators/table.ts'
import { tableGroupBy } from '../operators/table-group-by.ts'
import { selectKey } from '../operators/stateless.ts'
import type { Change, Operator, TableReader } from '../topology/operator.ts'
import { TopologyError } from '../base/errors.ts'
import { checkBuilder, erased, keyValueSpec, narrowed, type Graph, type TableParts } from './handle.ts'
import type { KGroupedTable } from './grouped-table.ts'
import type { KStream } from './kstream.ts'
import type { GroupOptions, KeyOptions, StepOptions, ValueOptions, ViewOptions } from './options.ts'
import type { KeyValueStoreSpec } from '../state/store-spec.ts'

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
    const message =
      "a windowed table, and one made by apply(…), can't be read by key: before the join, write toStream(), a key of its own, and toTable({ store: 'rows' })"
    throw new TopologyError([{ code: 'TOPOLOGY_INVALID', message }])
  }

  /** Only the rows that `keep` answers true for; the others are deleted. `customers.filter((c) => c.active)` */
  filter(keep: (value: V, key: K) => boolean, options: ViewOptions<K, V> = {}): KTable<K, V, true> {
    const { reader } = this.#parts
    const store = viewStore(options)
    const operator = table.tableFilter<K, V>(keep, { store, ...viewNaming(options), emit: options.emit ?? 'every-update' })
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
    const operator = table.tableMapValues<K, V, VOut>(f, { store, ...viewNaming(options), emit: options.emit ?? 'every-update' })
    const through = reader === undefined ? undefined : table.mapValuesReader(reader, f)
    return this.#view<Exclude<VOut, null>, null extends VOut ? true : Deletes>(operator, {
      options,
      store,
      through: narrowed(through),
      value: undefined,
    })
  }

  /** The changes as a stream of new values; with `key`, under another key. `counts.toStream().to(topic)` */
  toStream<KOut = K>(
    options: StepOptions & { readonly key?: (value: Streamed<V, Deletes>, key: K) => KOut } = {},
  ): KStream<KOut, Streamed<V, Deletes>> {
    const { graph, call, key, value, makers } = this.#parts
    const step = graph.add({ kind: 'step', name: options.name, operator: table.tableToStream<K, V>(), parents: [call], key, value })
    const { key: rekey } = options
    if (rekey === undefined) return makers.stream<KOut, Streamed<V, Deletes>>({ ...this.#parts, call: step })
    const operator = selectKey<K, Streamed<V, Deletes>, KOut>((found, under) => rekey(found, under))
    const keyed = graph.add({ kind: 'step', name: undefined, operator, parents: [step], key, value })
    return makers.stream<KOut, Streamed<V, Deletes>>({ ...this.#parts, call: keyed, key: undefined })
  }

  /** Groups the rows anew, to aggregate: always through a topic. `customers.groupBy((c) => [c.country, c.cents], { key: serdes.string, value: serdes.long })` */
  groupBy<KOut, VOut>(
    group: (value: V, key: K) => readonly [KOut, VOut],
    { name, key: keySerde, value: valueSerde }: GroupOptions<KOut, VOut> = {},
  ): KGroupedTable<Exclude<KOut, null>, Exclude<VOut, null>> {
    const { graph, makers, call: parent, key, value } = this.#parts
    const groupKey = erased(keySerde)
    const call = graph.add({ kind: 'step', name, operator: tableGroupBy({ group, key: groupKey }), parents: [parent], key, value })
    return makers.groupedTable({ graph, makers, call, key: groupKey, value: erased(valueSerde), name, grouping: {} })
  }

  /** Any operator over changes as a step. `customers.apply(myTableStep)` */
  apply<VOut>(
    operator: Operator<K, Change<V>, K, Change<VOut>>,
    options: ValueOptions<VOut> & KeyOptions<K> = {},
  ): KTable<K, VOut, Deletes> {
    const { graph, call, key, value, makers } = this.#parts
    const step = graph.add({ kind: 'step', name: options.name, operator, parents: [call], key, value })
    return makers.table<K, VOut, Deletes>({ ...this.#parts, call: step, value: erased(options.value), reader: undefined })
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
    })
    return makers.table<K, VOut, D>({ ...this.#parts, call: step, value, reader: store === undefined ? through : table.storeReader(store) })
  }
}

/** What a table's changes are as a stream: null where a row may be deleted. */
export type Streamed<V, Deletes extends boolean> = Deletes extends true ? V | null : V

interface View<K, VOut> {
  readonly options: ViewOptions<K, VOut>
  readonly store: KeyValueStoreSpec<K, VOut> | undefined
  readonly through: TableReader<K, VOut> | undefined
  readonly value: TableParts<K, VOut>['value']
}

function viewStore<K, V>(options: ViewOptions<K, V>): KeyValueStoreSpec<K, V> | undefined {
  return options.store === undefined ? undefined : keyValueSpec(options.store)
}

/** Kafka Streams' `Materialized.with(…)`: a store's index is taken, but there is no store. */
function viewNaming<K, V>({ store, value }: ViewOptions<K, V>): { readonly burns: number } {
  return { burns: store === undefined && value !== undefined ? 1 : 0 }
}
