/** Hot path. The value of an edge below a table, as its sender holds it: one object, overwritten for each record, so a change costs no allocation. */
import { noHeaders, type Headers } from '../model/headers.ts'
import type { RecordContext, RecordMetadata } from '../model/record.ts'
import type { SlotValues, Stamp, StoreSpec } from '../state/store-spec.ts'
import { restored, type Change, type Emit, type OperatorContext } from '../topology/operator.ts'

/** What tables put their rows with: Kafka Streams keeps no headers of rows, whatever the store's format. */
export const UNHEADED: Partial<Stamp> = Object.freeze({ headers: noHeaders })

/** When a table's changes are forwarded: each one, or the last of each key at a commit. */
export type EmitWhen = 'every-update' | 'on-commit'

/** When windowed aggregations forward: also when a window closes, its last aggregate only. */
export type WindowEmitWhen = EmitWhen | 'on-window-close'

/**
 * When a step with this store tells of its changes: as it was told to, else at each one. In parity mode it is the cache that decides, as in Kafka
 * Streams: where the task and the store have one, changes wait in it for the commit.
 */
export function emitOf(when: EmitWhen | undefined, store: StoreSpec, { parity, cacheBytes }: OperatorContext): EmitWhen {
  // A store that keeps every version tells of each at once.
  if (when !== undefined || store.kind === 'versioned') return when ?? 'every-update'
  return parity && cacheBytes > 0 && store.cacheBytes !== 0 ? 'on-commit' : 'every-update'
}

/** A change that its sender may write. */
export interface MutableChange<V> {
  value: V | null
  old: V | null | undefined
  latest: boolean
}

/** A change to be overwritten. */
export function newChange<V>(): MutableChange<V> {
  return { value: null, old: null, latest: true }
}

/** Told of each write whose change waits for the flush: its slot, its value and the record that caused it. */
export type Noted<V> = (slot: number, value: V | null, record: RecordContext) => void

/** What a step that emits at the flush can be told. */
export interface FlushOptions {
  /** The store that is flushed, where several steps may keep their rows in it (a cogroup's): they tell of it as one. */
  readonly store?: StoreSpec
  /** True: the store may let go of a row before the flush (an expired window), so what was written is remembered until then. */
  readonly remembers?: boolean
  /** The time of what is told of a row, in ms; the row's own when left out. */
  readonly timeOf?: (slot: number) => number
}

/**
 * Forwards, at each flush, the last value of every key written since the one before, with that flush's value as the old one. It has the row's
 * time, and the place and headers of the record that wrote it last; the answer is to be called at each write, so that those are known.
 */
export function emitOnFlush<K, V>(
  slots: SlotValues<K, V>,
  next: Emit<K, Change<V>>,
  context: OperatorContext,
  options: FlushOptions = {},
): Noted<V> {
  if (options.store === undefined) return flushing(slots, next, context, options)
  return context.shared(options.store, () => flushing(slots, next, context, options))
}

function flushing<K, V>(
  slots: SlotValues<K, V>,
  next: Emit<K, Change<V>>,
  context: OperatorContext,
  { remembers = false, timeOf = (slot) => slots.timestamp(slot) }: FlushOptions,
): Noted<V> {
  const emit = restored(next)
  const change = newChange<V>()
  const as = { topic: '', partition: -1, offset: -1, timestamp: -1, headers: noHeaders } satisfies RecordMetadata
  const headersOf = new Map<number, Headers>()
  const topics: string[] = []
  const partitions: number[] = []
  const offsets: number[] = []
  const written: (V | null | undefined)[] = []
  const forward = (slot: number, old: V | undefined): void | Promise<void> => {
    const value = slots.value(slot) ?? written[slot] ?? null
    if (remembers) written[slot] = undefined
    // Came and went between two flushes: nobody below has heard of it.
    if (value === null && old === undefined && context.sendsOldValues) return undefined
    change.value = value
    change.old = old ?? null
    as.topic = topics[slot]!
    as.partition = partitions[slot]!
    as.offset = offsets[slot]!
    as.timestamp = timeOf(slot)
    as.headers = noHeaders
    if (headersOf.size > 0) {
      as.headers = headersOf.get(slot) ?? noHeaders
      headersOf.delete(slot)
    }
    return emit(slots.key(slot), change, context.record, as)
  }
  slots.onFlush((slot) => {
    const old = context.sendsOldValues ? slots.prior(slot) : undefined
    return old instanceof Promise ? old.then((found) => forward(slot, found)) : forward(slot, old)
  })
  return (slot, value, { topic, partition, offset, headers }) => {
    if (remembers) written[slot] = value
    topics[slot] = topic
    partitions[slot] = partition
    offsets[slot] = offset
    if (headers.length > 0) headersOf.set(slot, headers)
    else if (headersOf.size > 0) headersOf.delete(slot)
  }
}
