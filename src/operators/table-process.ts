/**
 * A processor over a table's rows: what it forwards for a row's new value is the row of the result. It is called with null when a row is
 * deleted, too. With a store, the old value is what the store held. Without one it is what the processor makes of the old value, so the processor
 * is called for both where old values are wanted; and who reads the table by key asks a processor of his own. Kafka Streams' transformValues.
 */
import { chain, each } from '../base/maybe-promise.ts'
import { noHeaders } from '../model/headers.ts'
import type { RecordContext, RecordMetadata } from '../model/record.ts'
import type { Entry, StoreSpec } from '../state/store-spec.ts'
import { restored, type Change, type Emit, type Operator, type OperatorContext, type TableReader } from '../topology/operator.ts'
import { newChange } from './change.ts'
import { processValues } from './process.ts'
import type { FixedKeyProcessor } from '../topology/processor.ts'
import { upsert, type ViewOptions } from './table.ts'

/** What runs over the rows. */
export interface RowProcessor<K, V, VOut> {
  readonly supplier: () => FixedKeyProcessor<K, V | null, VOut | null>
  /** The stores it uses. */
  readonly stores: readonly StoreSpec[]
}

/** Runs a processor over the rows. */
export function tableProcessValues<K, V, VOut>(
  rows: RowProcessor<K, V, VOut>,
  { store, emit }: ViewOptions<K, VOut>,
): Operator<K, Change<V>, K, Change<VOut>> {
  const inner = processValues<K, V | null, VOut | null>(rows.supplier, rows.stores)
  return {
    role: 'KTABLE-TRANSFORMVALUES-',
    traits: {
      changesValue: true,
      readsKey: true,
      readsValue: true,
      passesOldValue: store === undefined,
      ownsOldValue: store !== undefined,
    },
    naming: { stores: 'none' },
    stores: store === undefined ? rows.stores : [...rows.stores, store],
    start: (next, context) => {
      if (store !== undefined) {
        const run = inner.start(upsert(next, context, { store, emit }), childless(context))
        return (key, { value }, record) => run(key, value, record)
      }
      return context.sendsOldValues ? twice(inner, next, context) : once(inner, next, context)
    },
  }
}

/** A processor's own children are the table's: it can't forward to one of them past the table. */
function childless(context: OperatorContext): OperatorContext {
  return { ...context, children: new Map() }
}

type Inner<K, V, VOut> = Operator<K, V | null, K, VOut | null>

function once<K, V, VOut>(inner: Inner<K, V, VOut>, next: Emit<K, Change<VOut>>, context: OperatorContext): Emit<K, Change<V>> {
  const change = newChange<VOut>()
  const forwarded: Emit<K, VOut | null> = (key, value, record) => {
    change.value = value
    return next(key, change, record)
  }
  const run = inner.start(forwarded, childless(context))
  return (key, { value, latest }, record) => {
    change.latest = latest
    return run(key, value, record)
  }
}

interface Forwarded<VOut> {
  readonly value: VOut | null
  readonly as: RecordMetadata
}

/** The new value first, then the old one, as Kafka Streams does; only then what came of them is told. */
function twice<K, V, VOut>(inner: Inner<K, V, VOut>, next: Emit<K, Change<VOut>>, context: OperatorContext): Emit<K, Change<V>> {
  const emit = restored(next)
  const change = newChange<VOut>()
  let collected: Forwarded<VOut>[] | undefined
  const run = inner.start((key, value, record) => {
    if (collected === undefined) {
      // Forwarded by a punctuation: nobody knows what it replaces.
      change.value = value
      change.old = null
      return next(key, change, record)
    }
    collected.push({ value, as: record.snapshot() })
    return undefined
  }, childless(context))
  const collect = (key: K, value: V | null, record: RecordContext): Forwarded<VOut>[] | Promise<Forwarded<VOut>[]> => {
    const found: Forwarded<VOut>[] = []
    collected = found
    return chain(run(key, value, record), () => {
      collected = undefined
      return found
    })
  }
  const tell = (key: K, news: readonly Forwarded<VOut>[], before: VOut | null, record: RecordContext): void | Promise<void> => {
    let old = before
    return each(news, ({ value, as }) => {
      change.value = value
      change.old = old
      old = value
      return emit(key, change, record, as)
    })
  }
  return (key, { value, old = null, latest }, record) => {
    change.latest = latest
    return chain(collect(key, value, record), (news) =>
      chain(collect(key, old, record), (olds) => tell(key, news, olds.at(-1)?.value ?? null, record)),
    )
  }
}

/** Reads the rows without a store of their own: through a processor that sees what the table below has. */
export function processReader<K, V, VOut>(parent: TableReader<K, V>, rows: RowProcessor<K, V, VOut>): TableReader<K, VOut> {
  const inner = processValues<K, V | null, VOut | null>(rows.supplier, rows.stores)
  return {
    stores: [...parent.stores, ...rows.stores],
    open: (context) => {
      const read = parent.open(context)
      let found: Entry<VOut> | undefined
      const run = inner.start((_key, value, { timestamp, headers }) => {
        found = value === null ? undefined : { value, timestamp, headers }
      }, childless(context))
      const runAs = restored(run)
      return (key) =>
        chain(read(key), (entry) => {
          found = undefined
          const { timestamp = 0, headers = noHeaders } = entry ?? {}
          const as = { topic: '', partition: -1, offset: -1, timestamp, headers }
          return chain(runAs(key, entry?.value ?? null, context.record, as), () => found)
        })
    },
  }
}
