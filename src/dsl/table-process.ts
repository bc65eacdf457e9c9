/** `processValues` of a table as calls: its own store, if it has one, and the step. */
import type { FixedKeyProcessor } from '../topology/processor.ts'
import { storeReader } from '../operators/table.ts'
import { processReader, tableProcessValues, type RowProcessor } from '../operators/table-process.ts'
import { erased, keyValueSpec, type TableParts } from './handle.ts'
import type { KTable } from './ktable.ts'
import type { TableProcessOptions } from './options.ts'
import { anyStore } from './passes/naming.ts'

/** Runs a processor over a table's rows. @internal */
export function processTable<K, V, VOut, D extends boolean>(
  parts: TableParts<K, V>,
  supplier: () => FixedKeyProcessor<K, V | null, VOut>,
  options: TableProcessOptions<K, Exclude<VOut, null>>,
): KTable<K, Exclude<VOut, null>, D> {
  const { graph, makers, key, reader } = parts
  type Row = Exclude<VOut, null>
  const rows: RowProcessor<K, V, Row> = { supplier: rowed<K, V, VOut>(supplier), stores: options.stores ?? [] }
  const store = options.store === undefined ? undefined : keyValueSpec<K, Row>(options.store)
  const value = erased(options.value) ?? store?.value
  if (store !== undefined) graph.add({ kind: 'store', spec: anyStore(store), role: 'KTABLE-TRANSFORMVALUES-STATE-STORE-', key, value })
  const operator = tableProcessValues(rows, { store, emit: options.emit })
  const { name, onError } = options
  const call = graph.add({ kind: 'step', name, operator, parents: [parts.call], key, value: parts.value, onError })
  const through = reader === undefined ? undefined : processReader(reader, rows)
  return makers.table<K, Row, D>({ graph, makers, call, key, value, reader: store === undefined ? through : storeReader(store) })
}

/** Sound because what a processor forwards is a row's value or null, which deletes it. */
function rowed<K, V, VOut>(
  supplier: () => FixedKeyProcessor<K, V | null, VOut>,
): () => FixedKeyProcessor<K, V | null, Exclude<VOut, null> | null> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return supplier as () => FixedKeyProcessor<K, V | null, Exclude<VOut, null> | null>
}
