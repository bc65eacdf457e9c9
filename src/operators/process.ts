/**
 * The Processor API as steps of the DSL: `process` may change the key, so a step below that reads by it repartitions first; `processValues` keeps it.
 * How a processor runs is `topology/running-processor`'s, since topologies without the DSL run processors too.
 */
import type { StoreSpec } from '../state/store-spec.ts'
import type { Operator } from '../topology/operator.ts'
import type { FixedKeyProcessor, Processor } from '../topology/processor.ts'
import { processing } from '../topology/running-processor.ts'

/** Runs a processor; it may change the key. Throws a `TopologyError` when the supplier answers the same object twice. */
export function process<K, V, KOut, VOut>(
  supplier: () => Processor<K, V, KOut, VOut>,
  stores: readonly StoreSpec[],
): Operator<K, V, KOut, VOut> {
  return {
    ...processing(supplier, stores, false),
    role: 'KSTREAM-PROCESSOR-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true },
  }
}

/** Runs a processor that keeps the key, so that no repartition follows. Throws a `TopologyError` when the supplier answers the same object twice. */
export function processValues<K, V, VOut>(
  supplier: () => FixedKeyProcessor<K, V, VOut>,
  stores: readonly StoreSpec[],
): Operator<K, V, K, VOut> {
  return {
    ...processing<K, V, K, VOut>(supplier, stores, true),
    role: 'KSTREAM-PROCESSVALUES-',
    traits: { changesValue: true, readsKey: true, readsValue: true },
  }
}
