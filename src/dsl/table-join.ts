/** Joins of tables as calls: the name of the result is taken first, then come both sides and the result, as in Kafka Streams. */
import { joinMerge, joinOther, joinReader, joinThis, type JoinType, type TableJoiner } from '../operators/join/table-table.ts'
import { storeReader } from '../operators/table.ts'
import type { TableReader } from '../topology/operator.ts'
import { joinByForeignKey } from './foreign-key-join.ts'
import { erased, keyValueSpec, narrowed, type TableParts } from './handle.ts'
import type { KTable } from './ktable.ts'
import type { JoinOptions } from './options.ts'
import { anyStore } from './passes/naming.ts'

/** A table that can be read by key. @internal */
export type ReadableParts<K, V> = TableParts<K, V> & { readonly reader: TableReader<K, V> }

/** A join of two tables. @internal */
export interface TableJoin<K, L, KOther, R, VOut> extends JoinType {
  readonly left: ReadableParts<K, L>
  readonly right: ReadableParts<KOther, R>
  readonly join: TableJoiner<K, L, R, VOut>
  readonly options: JoinOptions<K, L, KOther, Exclude<VOut, null>>
}

/** Joins two tables, by key or by a foreign key. @internal */
export function joinTables<K, L, KOther, R, VOut, D extends boolean>(
  join: TableJoin<K, L, KOther, R, VOut>,
): KTable<K, Exclude<VOut, null>, D> {
  const { foreignKey } = join.options
  return foreignKey === undefined ? joinByKey(sameKeys(join)) : joinByForeignKey({ ...join, options: { ...join.options, foreignKey } })
}

/** Sound because the overloads ask for a foreign key where the tables' keys differ. */
function sameKeys<K, L, KOther, R, VOut>(join: TableJoin<K, L, KOther, R, VOut>): TableJoin<K, L, K, R, VOut> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return join as unknown as TableJoin<K, L, K, R, VOut>
}

function joinByKey<K, L, R, VOut, D extends boolean>(join: TableJoin<K, L, K, R, VOut>): KTable<K, Exclude<VOut, null>, D> {
  const { left, right, options } = join
  const { graph, makers } = left
  const { name } = options
  const serdes = { key: erased(options.key) ?? left.key, value: erased(options.value) }
  // A serde for the result makes a store of it, as Kafka Streams' `Materialized.with(…)` does.
  const store = options.store === undefined && options.value === undefined ? undefined : keyValueSpec<K, Exclude<VOut, null>>(options.store)
  if (store !== undefined) graph.add({ kind: 'store', spec: anyStore(store), role: 'KTABLE-MERGE-STATE-STORE-', ...serdes })
  const taken = graph.add({ kind: 'name', name, role: 'KTABLE-MERGE-' })
  const sides = { ...join, left: left.reader, right: right.reader }
  const below = { kind: 'step', key: left.key, value: undefined, onError: options.onError } as const
  const suffixed = (suffix: string): string | undefined => (name === undefined ? undefined : `${name}${suffix}`)
  const one = graph.add({ ...below, name: suffixed('-join-this'), operator: joinThis(sides), parents: [left.call] })
  const two = graph.add({ ...below, name: suffixed('-join-other'), operator: joinOther(sides), parents: [right.call] })
  const call = graph.add({ ...below, name, taken, operator: joinMerge(store, options.emit), parents: [one, two] })
  const reader = store === undefined ? joinReader(sides) : storeReader(store)
  const value = serdes.value ?? store?.value
  return makers.table<K, Exclude<VOut, null>, D>({ graph, makers, call, key: serdes.key, value, reader: narrowed(reader) })
}
