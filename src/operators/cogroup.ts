/**
 * The merge of a cogroup: its aggregations share one store and one table, so what each of them hands on goes on as it is. Their inputs are co-partitioned.
 */
import type { Change, Operator } from '../topology/operator.ts'

/** The step below the aggregations of a cogroup. */
export function cogroupMerge<K, V>(): Operator<K, Change<V>, K, Change<V>> {
  return {
    role: 'COGROUPKSTREAM-MERGE-',
    traits: { copartitioned: true, passesOldValue: true },
    naming: { stores: 'none' },
    stores: [],
    start: (next) => next,
  }
}
