/**
 * Hot path. Stream-global join: each record of the stream meets the row that the global table has for a key made of the record at that moment. No
 * repartition, no common partitions: every instance has the whole table. Inner drops records for which there is no such key and passes over those
 * without a row, left hands the joiner null for both. The result has the record's key, time and headers.
 */
import type { RecordContext } from '../../model/record.ts'
import type { Entry } from '../../state/store-spec.ts'
import type { Operator, TableReader } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'

/** A join with a global table. */
export interface StreamGlobalJoinOptions<K, V, GK, T, VOut> {
  readonly table: TableReader<GK, T>
  /** True: a record without a row is joined with null. */
  readonly left: boolean
  /** The table's key for a record; null: none. */
  readonly key: (value: V, key: K, record: RecordContext) => GK | null
  readonly join: (left: V, right: T | null, key: K) => VOut
}

/** Joins each record with the row of another key. */
export function streamGlobalJoin<K, V, GK, T, VOut>(options: StreamGlobalJoinOptions<K, V, GK, T, VOut>): Operator<K, V, K, VOut> {
  const { table, left, key: mapped, join } = options
  return {
    // Kafka Streams gives both kinds this name.
    role: 'KSTREAM-LEFTJOIN-',
    traits: { changesValue: true, readsKey: true, readsValue: true, keepsNullKeys: left },
    stores: [],
    start: (next, context) => {
      const read = table.open(context)
      const meet = (row: Entry<T> | undefined, key: K, value: V, record: RecordContext): void | Promise<void> => {
        if (row === undefined && !left) return undefined
        return next(key, valueOf(join(value, row === undefined ? null : row.value, key), context, 'a value or null'), record)
      }
      return (key, value, record) => {
        if (value === null) return context.dropped('null_value')
        const other = valueOf(mapped(value, key, record), context, 'a key or null')
        if (other === null) return left ? meet(undefined, key, value, record) : context.dropped('null_key')
        const row = read(other)
        return row instanceof Promise ? row.then((found) => meet(found, key, value, record)) : meet(row, key, value, record)
      }
    },
  }
}
