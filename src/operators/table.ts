/**
 * Hot path. Tables: their sources, their views, and how they are read. A table without a store of its own reads through to its source; a change
 * carries the old value only where somebody below asked for it. An update that is older than the row is applied all the same: offset order
 * decides.
 */
import { TopologyError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { RecordContext } from '../model/record.ts'
import type { Entry, KeyValueStore, KeyValueStoreSpec, TableStoreSpec } from '../state/store-spec.ts'
import type { Change, Emit, Operator, OperatorContext, TableReader } from '../topology/operator.ts'
import { emitOf, emitOnFlush, newChange, type EmitWhen, UNHEADED } from './change.ts'
import { copyOf } from './copy.ts'
import { isKept, valueOf } from './result.ts'
import { refuseOnCommit, slotsOf, upsertVersion, versionedReader } from './versioned-table.ts'

/** How a table is kept. */
export interface TableOptions<K, V> {
  readonly store: TableStoreSpec<K, V>
  readonly emit: EmitWhen | undefined
}

/** The step that makes a table of a topic. */
export function tableSource<K, V>({ store, emit }: TableOptions<K, V>): Operator<K, V | null, K, Change<V>> {
  refuseOnCommit(store, emit)
  return {
    role: 'KTABLE-SOURCE-',
    traits: { storeOptional: emit !== 'on-commit', ownsOldValue: true },
    naming: { stores: 'none' },
    stores: [store],
    start: (next, context) => upsert(next, context, { store, emit }),
  }
}

/** The step that makes a table of a stream: the newest value of each key. */
export function toTable<K, V>({ store, emit }: TableOptions<K, V>): Operator<K, V | null, K, Change<V>> {
  refuseOnCommit(store, emit)
  return {
    role: 'KSTREAM-TOTABLE-',
    traits: { storeOptional: emit !== 'on-commit', readsByKey: true, ownsOldValue: true },
    naming: { stores: 'after', storeRole: 'KSTREAM-TOTABLE-STATE-STORE-', repartition: 'after' },
    stores: [store],
    start: (next, context) => {
      const write = upsert(next, context, { store, emit })
      if (!context.hasStore(store)) return write
      // A stream's value may be an aggregate that goes on changing in its own store.
      const serde = context.storeSerdes(store).value
      return (key, value, record) => write(key, copyOf(value, serde), record)
    },
  }
}

/** What keeps a table's rows: each write is told of as a change, in whichever way its store allows. */
export function upsert<K, V>(next: Emit<K, Change<V>>, context: OperatorContext, options: TableOptions<K, V>): Emit<K, V | null> {
  const { store } = options
  if (!context.hasStore(store)) return passOn(next, context)
  if (store.kind === 'versioned') return upsertVersion(next, context, store)
  const emit = emitOf(options.emit, store, context)
  if (emit === 'every-update' && !context.sendsOldValues) return overwrite(next, context, store)
  const slots = context.slots<K, V>(store)
  const noted = emit === 'on-commit' ? emitOnFlush(slots, next, context) : undefined
  const change = newChange<V>()
  const write = (slot: number, key: K, value: V | null, record: RecordContext): void | Promise<void> => {
    const old = slots.value(slot) ?? null
    // Kafka Streams keeps no headers of rows, whatever the store's format.
    slots.set(slot, value, record.timestamp, undefined)
    if (noted !== undefined) return noted(slot, value, record)
    change.value = value
    change.old = old
    return next(key, change, record)
  }
  return (key, value, record) => {
    if (key === null) return context.dropped('null_key')
    const slot = slots.find(key)
    return typeof slot === 'number' ? write(slot, key, value, record) : slot.then((found) => write(found, key, value, record))
  }
}

/** Without a store: a change that knows no old value. */
function passOn<K, V>(next: Emit<K, Change<V>>, context: OperatorContext): Emit<K, V | null> {
  const change = newChange<V>()
  return (key, value, record) => {
    if (key === null) return context.dropped('null_key')
    change.value = value
    return next(key, change, record)
  }
}

/** Nobody wants old values, so nothing is read: a table that is larger than the cache loads at the speed of writing. */
function overwrite<K, V>(next: Emit<K, Change<V>>, context: OperatorContext, store: KeyValueStoreSpec<K, V>): Emit<K, V | null> {
  const rows = context.store<KeyValueStore<K, V>>(store)
  const change = newChange<V>()
  return (key, value, record) => {
    if (key === null) return context.dropped('null_key')
    rows.put(key, value, UNHEADED)
    change.value = value
    return next(key, change, record)
  }
}

/** What a view of a table makes of one row; null: it has none. */
type RowFunction<K, V, VOut> = (value: V, key: K, context: OperatorContext) => VOut | null

function kept<K, V>(keep: (value: V, key: K) => boolean): RowFunction<K, V, V> {
  return (value, key, context) => (isKept(keep(value, key), context) ? value : null)
}

function mapped<K, V, VOut>(f: (value: V, key: K) => VOut): RowFunction<K, V, VOut> {
  return (value, key, context) => valueOf(f(value, key), context, 'a value or null')
}

/** A view's options: its own store, if it has one. */
export interface ViewOptions<K, V> {
  readonly store: TableStoreSpec<K, V> | undefined
  readonly emit: EmitWhen | undefined
  /** Indexes that Kafka Streams burns before the step: 1 where a serde is given without a store (`Naming.burns`). */
  readonly burns?: number
}

/** A filter's options. */
export interface FilterOptions<K, V> extends ViewOptions<K, V> {
  /** True where its table is versioned: then every change is forwarded, also one from nothing to nothing. */
  readonly ofVersions?: boolean
}

interface View<K, V, VOut> extends ViewOptions<K, VOut> {
  readonly role: string
  readonly row: RowFunction<K, V, VOut>
  /** True: a change from nothing to nothing isn't forwarded, where old values show that it is one. */
  readonly skipsEmpty: boolean
}

/** Keeps the rows that `keep` answers true for; the others become tombstones, also for keys that never were in it (Kafka Streams' rule). Throws a `TopologyError` when it is to wait for the commit and has no store. */
export function tableFilter<K, V>(keep: (value: V, key: K) => boolean, options: FilterOptions<K, V>): Operator<K, Change<V>, K, Change<V>> {
  const filter = view({ ...options, role: 'KTABLE-FILTER-', row: kept(keep), skipsEmpty: options.ofVersions !== true })
  return { ...filter, traits: { ...filter.traits, likesOldValue: true } }
}

/** Gives each row the value that `f` answers; null deletes it. `f` never sees null. Throws a `TopologyError` as `tableFilter` does. */
export function tableMapValues<K, V, VOut>(
  f: (value: V, key: K) => VOut,
  options: ViewOptions<K, VOut>,
): Operator<K, Change<V>, K, Change<VOut>> {
  return view<K, V, VOut>({ ...options, role: 'KTABLE-MAPVALUES-', row: mapped(f), skipsEmpty: false })
}

function view<K, V, VOut>(options: View<K, V, VOut>): Operator<K, Change<V>, K, Change<VOut>> {
  const { role, store, burns = 0 } = options
  if (store === undefined && options.emit === 'on-commit') {
    const message = "a view that emits on commit needs a store to wait in: give it one, as { store: 'view', emit: 'on-commit' }"
    throw new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
  }
  if (store !== undefined) refuseOnCommit(store, options.emit)
  return {
    role,
    traits: {
      changesValue: true,
      readsKey: true,
      readsValue: true,
      passesOldValue: store === undefined,
      ownsOldValue: store !== undefined,
    },
    naming: { stores: 'before', storeRole: `${role}STATE-STORE-`, burns },
    stores: store === undefined ? [] : [store],
    start: (next, context) => (store === undefined ? viewThrough(next, context, options) : viewKept(next, context, { ...options, store })),
  }
}

/** A view without a store: its old value is what it makes of the old value below it. */
function viewThrough<K, V, VOut>(
  next: Emit<K, Change<VOut>>,
  context: OperatorContext,
  { row, skipsEmpty }: View<K, V, VOut>,
): Emit<K, Change<V>> {
  const compute = rowOf(row, context)
  const change = newChange<VOut>()
  const { sendsOldValues } = context
  return (key, { value, old, latest }, record) => {
    const computed = compute(value, key)
    const before = sendsOldValues ? compute(old, key) : null
    if (skipsEmpty && sendsOldValues && computed === null && before === null) return undefined
    change.value = computed
    change.old = before
    change.latest = latest
    return next(key, change, record)
  }
}

/** A view with a store: its old value is what the store held. */
function viewKept<K, V, VOut>(
  next: Emit<K, Change<VOut>>,
  context: OperatorContext,
  { row, skipsEmpty, store, emit }: View<K, V, VOut> & { readonly store: TableStoreSpec<K, VOut> },
): Emit<K, Change<V>> {
  const compute = rowOf(row, context)
  const update = upsert(next, context, { store, emit })
  if (!skipsEmpty || !context.sendsOldValues) return (key, { value }, record) => update(key, compute(value, key), record)
  const slots = slotsOf<K, VOut>(context, store)
  return (key, { value }, record) => {
    const computed = compute(value, key)
    if (computed !== null) return update(key, computed, record)
    const slot = slots.find(key)
    if (typeof slot === 'number') return slots.value(slot) === undefined ? undefined : update(key, null, record)
    return slot.then((found) => (slots.value(found) === undefined ? undefined : update(key, null, record)))
  }
}

/** What user code makes of a value; it never sees a missing one. */
function rowOf<K, V, VOut>(row: RowFunction<K, V, VOut>, context: OperatorContext): (value: V | null | undefined, key: K) => VOut | null {
  return (value, key) => (value === null || value === undefined ? null : row(value, key, context))
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
export function storeReader<K, V>(store: TableStoreSpec<K, V>): TableReader<K, V> {
  if (store.kind === 'versioned') return versionedReader(store)
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
  return throughReader(parent, kept(keep))
}

/** Reads a mapped view through the table below it. */
export function mapValuesReader<K, V, VOut>(parent: TableReader<K, V>, f: (value: V, key: K) => VOut): TableReader<K, VOut> {
  return throughReader(parent, mapped(f))
}

function throughReader<K, V, VOut>(parent: TableReader<K, V>, row: RowFunction<K, V, VOut>): TableReader<K, VOut> {
  const { versions } = parent
  const through = (entry: Entry<V> | undefined, key: K, context: OperatorContext): Entry<VOut> | undefined => {
    if (entry === undefined) return undefined
    const value = row(entry.value, key, context)
    return value === null ? undefined : { value, timestamp: entry.timestamp, headers: entry.headers }
  }
  const reader: TableReader<K, VOut> = {
    stores: parent.stores,
    open: (context) => {
      const read = parent.open(context)
      return (key) => chain(read(key), (entry) => through(entry, key, context))
    },
  }
  if (versions === undefined) return reader
  const readVersion = (context: OperatorContext): ((key: K, asOf: number) => MaybePromise<Entry<VOut> | undefined>) => {
    const read = versions.open(context)
    return (key, asOf) => chain(read(key, asOf), (entry) => through(entry, key, context))
  }
  return { ...reader, versions: { historyMs: versions.historyMs, open: readVersion } }
}
