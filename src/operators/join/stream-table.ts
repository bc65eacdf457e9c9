/**
 * Hot path. Stream-table join: each record of the stream meets the row that the table has for its key at that moment; the table's own updates
 * emit nothing. Inner drops records without a key and passes over those without a row, left hands the joiner null for both. The result has the
 * record's time and headers.
 */
import type { RecordContext } from '../../model/record.ts'
import type { BufferStoreSpec, Entry } from '../../state/store-spec.ts'
import type { Naming, Operator, TableReader } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'
import { afterGrace } from './grace.ts'

/** A join with a table. */
export interface StreamTableJoinOptions<K, V, T, VOut> {
  readonly table: TableReader<K, T>
  /** True: a record without a row is joined with null. */
  readonly left: boolean
  readonly join: (left: V, right: T | null, key: K) => VOut
  /** Where records wait, and for how long, in ms of stream time: then each meets the row of its own time. The table must be versioned. */
  readonly grace?: { readonly ms: number; readonly buffer: BufferStoreSpec<K, V> }
}

const naming: Naming = { stores: 'none', repartition: 'before' }

/** Joins each record with its row. */
export function streamTableJoin<K, V, T, VOut>(options: StreamTableJoinOptions<K, V, T, VOut>): Operator<K, V, K, VOut> {
  const { table, left, join, grace } = options
  const { versions } = table
  const role = left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-'
  return {
    role,
    traits: { readsByKey: true, copartitioned: true, changesValue: true, readsKey: true, readsValue: true, keepsNullKeys: left },
    // An unnamed buffer is called after the step.
    naming:
      grace === undefined ? naming : { ...naming, stores: 'later', storesFrom: (index) => [[grace.buffer, `${role}${index}-Buffer`]] },
    stores: grace === undefined ? table.stores : [...table.stores, grace.buffer],
    start: (next, context) => {
      const meet = (row: Entry<T> | undefined, key: K, value: V, record: RecordContext): void | Promise<void> => {
        if (row === undefined && !left) return undefined
        return next(key, valueOf(join(value, row === undefined ? null : row.value, key), context, 'a value or null'), record)
      }
      if (versions !== undefined) {
        const readAt = versions.open(context)
        const meetVersion = (key: K, value: V, record: RecordContext): void | Promise<void> => {
          const row = key === null ? undefined : readAt(key, record.timestamp)
          return row instanceof Promise ? row.then((found) => meet(found, key, value, record)) : meet(row, key, value, record)
        }
        if (grace !== undefined) return afterGrace({ ...grace, left }, meetVersion, context)
        return (key, value, record) => {
          if (value === null) return context.dropped('null_value')
          return key === null && !left ? context.dropped('null_key') : meetVersion(key, value, record)
        }
      }
      const read = table.open(context)
      return (key, value, record) => {
        if (value === null) return context.dropped('null_value')
        if (key === null) return left ? meet(undefined, key, value, record) : context.dropped('null_key')
        const row = read(key)
        return row instanceof Promise ? row.then((found) => meet(found, key, value, record)) : meet(row, key, value, record)
      }
    },
  }
}
