/**
 * Tables whose rows are versioned: an update takes its place in time. One older than the history is not kept and not told of; one older than the row is
 * told of as not the latest, and steps below that hold only what is latest pass over it. Old values are the row's newest before the update.
 */
import { TopologyError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { noHeaders } from '../model/headers.ts'
import type { RecordContext } from '../model/record.ts'
import type { Entry, TableSlots, TableStoreSpec, Versioned, VersionedSlots, VersionedStoreSpec } from '../state/store-spec.ts'
import type { Change, Emit, OperatorContext, TableReader } from '../topology/operator.ts'
import { newChange, type EmitWhen, type MutableChange } from './change.ts'

/** Puts each record into a versioned store and tells of it. */
export function upsertVersion<K, V>(
  next: Emit<K, Change<V>>,
  context: OperatorContext,
  store: VersionedStoreSpec<K, V>,
): Emit<K, V | null> {
  const slots = context.versionedSlots<K, V>(store)
  const change = newChange<V>()
  const wanted = context.sendsOldValues
  const put = putting(slots, next)
  const write = (slot: number, key: K, value: V | null, record: RecordContext): void | Promise<void> => {
    change.value = value
    change.old = wanted ? (slots.value(slot) ?? null) : null
    return put(slot, key, change, record)
  }
  return (key, value, record) => {
    if (key === null) return context.dropped('null_key')
    const slot = slots.find(key)
    return typeof slot === 'number' ? write(slot, key, value, record) : slot.then((found) => write(found, key, value, record))
  }
}

/** Keeps the changes of a result in a versioned store: what is too old there is not told of. */
export function keepVersion<K, V>(next: Emit<K, Change<V>>, context: OperatorContext, store: VersionedStoreSpec<K, V>): Emit<K, Change<V>> {
  const slots = context.versionedSlots<K, V>(store)
  const put = putting(slots, next)
  return (key, change, record) => {
    const slot = slots.find(key)
    if (typeof slot === 'number') return put(slot, key, change, record)
    const { value, old, latest } = change
    return slot.then((found) => put(found, key, { value, old, latest }, record))
  }
}

/** Puts a change's value, and tells of it unless it was too old: whether it is the latest is known then. */
function putting<K, V>(slots: VersionedSlots<K, V>, next: Emit<K, Change<V>>) {
  const told = newChange<V>()
  return (slot: number, key: K, { value, old }: Change<V>, record: RecordContext): void | Promise<void> => {
    const end = slots.putAt(slot, value, record.timestamp)
    if (end === undefined) return undefined
    told.value = value
    told.old = old
    told.latest = isLatest(end)
    return next(key, told, record)
  }
}

/** Tells of a fold into a versioned store: not of one that was too old, and whether it is the latest. */
export function tellVersion<K, V>(
  { written }: VersionedSlots<K, V>,
  change: MutableChange<V>,
  tell: () => void | Promise<void>,
): void | Promise<void> {
  if (written === undefined) return undefined
  change.latest = isLatest(written)
  return tell()
}

/** Whether what holds up to then is the newest. */
export function isLatest(end: number): boolean {
  return end === Number.POSITIVE_INFINITY
}

/** Reads a versioned table by its store: the newest row, or the one that held at a time. */
export function versionedReader<K, V>(store: VersionedStoreSpec<K, V>): TableReader<K, V> {
  const read = (context: OperatorContext): ((key: K, asOf: number) => MaybePromise<Entry<V> | undefined>) => {
    const face = context.store(store)
    return (key, asOf) => chain(face.get(key, asOf), entryOf)
  }
  return {
    stores: [store],
    open: (context) => {
      const face = context.store(store)
      return (key) => chain(face.get(key), entryOf)
    },
    versions: { historyMs: store.historyMs, open: read },
  }
}

function entryOf<V>(found: Versioned<V> | undefined): Entry<V> | undefined {
  return found === undefined ? undefined : { value: found.value, timestamp: found.validFrom, headers: noHeaders }
}

/** Throws `ARGUMENT_INVALID` where a versioned table is to wait for the commit: it keeps every version, so it tells of each at once. */
export function refuseOnCommit(store: { readonly kind: string; readonly name?: string }, emit: EmitWhen | undefined): void {
  if (store.kind !== 'versioned' || emit !== 'on-commit') return
  const message = `store ${store.name ?? '(unnamed)'} is versioned and tells every update at once: leave out emit, or take a keyValueStore`
  throw new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
}

/** The rows of a store of either kind, as slots. */
export function slotsOf<K, V>(context: OperatorContext, store: TableStoreSpec<K, V>): TableSlots<K, V> {
  return store.kind === 'versioned' ? context.versionedSlots<K, V>(store) : context.slots<K, V>(store)
}
