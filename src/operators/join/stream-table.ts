/**
 * Hot path. Stream-table join: each record of the stream meets the row that the table has for its key at that moment; the table's own updates
 * emit nothing. Inner drops records without a key and passes over those without a row, left hands the joiner null for both. The result has the
 * record's time and headers.
 */
import type { RecordContext } from '../../model/record.ts'
import type { Entry } from '../../state/store-spec.ts'
import type { Operator, TableReader } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'

/** A join with a table. */
export interface StreamTableJoinOptions<K, V, T, VOut> {
  readonly table: TableReader<K, T>
  /** True: a record without a row is joined with null. */
  readonly left: boolean
  readonly join: (left: V, right: T | null, key: K) => VOut
}

/** Joins each record with its row. */
export function streamTableJoin<K, V, T, VOut>({ table, left, join }: StreamTableJoinOptions<K, V, T, VOut>): Operator<K, V, K, VOut> {
  return {
    role: left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-',
    traits: { readsByKey: true, copartitioned: true, changesValue: true, readsKey: true, readsValue: true, keepsNullKeys: left },
    naming: { stores: 'none', repartition: 'before' },
    stores: table.stores,
    start: (next, context) => {
      const read = table.open(context)
      const meet = (row: Entry<T> | undefined, key: K, value: V, record: RecordContext): void | Promise<void> => {
        if (row === undefined && !left) return undefined
        return next(key, valueOf(join(value, row === undefined ? null : row.value, key), context, 'a value or null'), record)
      }
      return (key, value, record) => {
        if (value === null) return context.dropped('null_value')
        if (key === null) return left ? meet(undefined, key, value, record) : context.dropped('null_key')
        const row = read(key)
        return row instanceof Promise ? row.then((found) => meet(found, key, value, record)) : meet(row, key, value, record)
      }
    },
  }
}
