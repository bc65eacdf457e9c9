/**
 * Tables: their sources, their views, and how they are read. A table without a store of its own reads through to its source; a change carries
 * the old value only where somebody below asked for it. An update that is older than the row is applied all the same: offset order decides.
 */
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { Entry, KeyValueStore, KeyValueStoreSpec } from '../state/store-spec.ts'
import type { Change, Emit, Naming, Operator, OperatorContext, TableReader } from '../topology/operator.ts'
import { emitOnFlush, newChange, type EmitWhen } from './change.ts'
import { valueOf } from './result.ts'

/** How a table is kept. */
export interface TableOptions<K, V> {
  readonly store: KeyValueStoreSpec<K, V>
  readonly emit: EmitWhen
}

/** The step that makes a table of a topic. */
export function tableSource<K, V>({ store, emit }: TableOptions<K, V>): Operator<K, V | null, K, Change<V>> {
  return {
    role: 'KTABLE-SOURCE-',
    traits: { storeOptional: true, ownsOldValue: true },
    naming: { stores: 'none' },
    stores: [store],
    start: (next, context) => upsert(next, context, { store, emit }),
  }
}

/** The step that makes a table of a stream: the newest value of each key. */
export function toTable<K, V>({ store, emit }: TableOptions<K, V>): Operator<K, V | null, K, Change<V>> {
  return {
    role: 'KSTREAM-TOTABLE-',
    traits: { storeOptional: true, readsByKey: true, ownsOldValue: true },
    naming: { stores: 'after', storeRole: 'KSTREAM-TOTABLE-STATE-STORE-', repartition: 'after' },
    stores: [store],
    start: (next, context) => upsert(next, context, { store, emit }),
  }
}

function upsert<K, V>(next: Emit<K, Change<V>>, context: OperatorContext, { store, emit }: TableOptions<K, V>): Emit<K, V | null> {
  const change = newChange<V>()
  if (!context.hasStore(store)) {
    return (key, value, record) => {
      if (key === null) return context.dropped('null_key')
      change.value = value
      change.old = null
      return next(key, change, record)
    }
  }
  const slots = context.slots<K, V>(store)
  if (emit === 'on-commit') emitOnFlush(slots, next, context)
  return (key, value, record) => {
    if (key === null) return context.dropped('null_key')
    const write = (slot: number): void | Promise<void> => {
      const old = context.sendsOldValues ? (slots.value(slot) ?? null) : null
      slots.set(slot, value, record.timestamp, record.headers)
      if (emit === 'on-commit') return undefined
      change.value = value
      change.old = old
      return next(key, change, record)
    }
    const slot = slots.find(key)
    return typeof slot === 'number' ? write(slot) : slot.then(write)
  }
}

/** What a view of a table does with one row. */
type RowFunction<K, V, VOut> = (value: V, key: K) => VOut | null

/** A view's options: its own store, if it has one. */
export interface ViewOptions<K, V> {
  readonly store: KeyValueStoreSpec<K, V> | undefined
  readonly emit: EmitWhen
}

/** Keeps the rows that `keep` answers true for; the others become tombstones. */
export function tableFilter<K, V>(keep: (value: V, key: K) => boolean, options: ViewOptions<K, V>): Operator<K, Change<V>, K, Change<V>> {
  return view('KTABLE-FILTER-', (value, key) => (keep(value, key) ? value : null), { ...options, skipsEmpty: true })
}

/** Gives each row the value that `f` answers. */
export function tableMapValues<K, V, VOut>(f: (value: V, key: K) => VOut, options: ViewOptions<K, VOut>): Operator<K, Change<V>, K, Change<VOut>> {
  return view<K, V, VOut>('KTABLE-MAPVALUES-', f, { ...options, skipsEmpty: false })
}

function view<K, V, VOut>(
  role: string,
  f: RowFunction<K, V, VOut>,
  { store, emit, skipsEmpty }: ViewOptions<K, VOut> & { readonly skipsEmpty: boolean },
): Operator<K, Change<V>, K, Change<VOut>> {
  const naming: Naming = { stores: 'none' }
  return {
    role,
    traits: { changesValue: true, readsKey: true, readsValue: true, passesOldValue: store === undefined, ownsOldValue: store !== undefined },
    naming,
    stores: store === undefined ? [] : [store],
    start: (next, context) => {
      const change = newChange<VOut>()
      const compute = (value: V | null | undefined, key: K): VOut | null => (value === null || value === undefined ? null : valueOf(f(value, key), context, 'a value or null'))
      const forward: Emit<K, { readonly value: VOut | null; readonly old: VOut | null }> = (key, { value, old }, record) => {
        if (skipsEmpty && context.sendsOldValues && value === null && old === null) return undefined
        change.value = value
        change.old = old
        return next(key, change, record)
      }
      if (store === undefined) {
        return (key, { value, old }, record) => forward(key, { value: compute(value, key), old: context.sendsOldValues ? compute(old, key) : null }, record)
      }
      const slots = context.slots<K, VOut>(store)
      if (emit === 'on-commit') emitOnFlush(slots, next, context)
      return (key, { value }, record) => {
        const computed = compute(value, key)
        return chain(slots.find(key), (slot) => {
          const old = context.sendsOldValues ? (slots.value(slot) ?? null) : null
          if (skipsEmpty && context.sendsOldValues && computed === null && old === null) return undefined
          slots.set(slot, computed, record.timestamp, record.headers)
          return emit === 'on-commit' ? undefined : forward(key, { value: computed, old }, record)
        })
      }
    },
  }
}

/** The changes of a table as a stream of its new values, tombstones included. */
export function tableToStream<K, V>(): Operator<K, Change<V>, K, V | null> {
  return {
    role: 'KTABLE-TOSTREAM-',
    traits: {},
    naming: { stores: 'none' },
    stores: [],
    start: (next) => (key, change, record) => next(key, change.value, record),
  }
}

/** Reads a table by its store. */
export function storeReader<K, V>(store: KeyValueStoreSpec<K, V>): TableReader<K, V> {
  return {
    stores: [store],
    open: (context) => {
      const face = context.store<KeyValueStore<K, V>>(store)
      return (key) => face.entry(key)
    },
  }
}

/** Reads a filtered view through the table below it. */
export function filterReader<K, V>(parent: TableReader<K, V>, keep: (value: V, key: K) => boolean): TableReader<K, V> {
  return throughReader(parent, (value, key) => (keep(value, key) ? value : null))
}

/** Reads a mapped view through the table below it. */
export function mapValuesReader<K, V, VOut>(parent: TableReader<K, V>, f: (value: V, key: K) => VOut): TableReader<K, VOut> {
  return throughReader<K, V, VOut>(parent, f)
}

function throughReader<K, V, VOut>(parent: TableReader<K, V>, f: RowFunction<K, V, VOut>): TableReader<K, VOut> {
  return {
    stores: parent.stores,
    open: (context) => {
      const read = parent.open(context)
      return (key): MaybePromise<Entry<VOut> | undefined> =>
        chain(read(key), (entry) => {
          const value = entry === undefined ? null : f(entry.value, key)
          return entry === undefined || value === null ? undefined : { ...entry, value }
        })
    },
  }
}
