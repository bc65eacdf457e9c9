/**
 * Hot path. What the steps of all kinds of windows work with: where the aggregates are, which windows are closed, and who is told of a change when.
 * A session's result has its end as its time and, unless it waited for the commit, no headers (Kafka Streams' rule).
 */
import { chain } from '../base/maybe-promise.ts'
import { noHeaders } from '../model/headers.ts'
import type { RecordContext, RecordMetadata } from '../model/record.ts'
import type { Windowed } from '../model/window.ts'
import type { PlacedSlots, SessionStoreSpec, WindowStoreSpec } from '../state/store-spec.ts'
import { restored, stamped, type Change, type Emit, type OperatorContext, type TableReader } from '../topology/operator.ts'
import { emitOf, emitOnFlush, newChange, type EmitWhen, type MutableChange, type WindowEmitWhen } from './change.ts'
import type { Fold, StoredFold } from './fold.ts'
import type { AnyWindows } from './window-placement.ts'

/** A windowed aggregation. */
export interface WindowedAggregateOptions<K, V, A> extends Fold<K, V, A> {
  readonly windows: AnyWindows
  /** A session store for sessions, a window store for all others. */
  readonly store: WindowStoreSpec<K, A> | SessionStoreSpec<K, A>
  readonly role: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-' | 'COGROUPKSTREAM-AGGREGATE-'
  readonly emit: WindowEmitWhen | undefined
  /** After so many ms of silence the step's time goes on with the clock. */
  readonly idleMs?: number | undefined
  /** Makes one aggregate of those of two sessions that become one; sessions only. */
  readonly merge?: (left: A, right: A, key: K) => A
  /** True: null values are dropped, as sliding windows always do. */
  readonly skipsNull?: boolean
  /** Name of the repartition before it, from the grouping. */
  readonly repartitionName?: string
  /** Indexes that Kafka Streams burns before an unnamed store (`Naming.burns`). */
  readonly burns?: number
}

/** Hands on the change of a slot, now or at the flush. */
export type Tell<K> = (slot: number, key: K, record: RecordContext, timestamp: number) => void | Promise<void>

/** What a step works with. */
export interface WindowTools<K, V, A> {
  readonly options: WindowedAggregateOptions<K, V, A>
  /** The fold, as it is told of: what waits for its window's close is told of to nobody. */
  readonly fold: StoredFold<K, V, A>
  readonly context: OperatorContext
  readonly slots: PlacedSlots<K, A>
  /** What `tell` hands on. */
  readonly change: MutableChange<A>
  /** True when a window that ends there takes no more records. */
  readonly isClosed: (end: number) => boolean
  readonly tell: Tell<K>
}

/** The tools of a task's step, but for what it knows of time. */
export function windowTools<K, V, A>(
  options: WindowedAggregateOptions<K, V, A>,
  next: Emit<Windowed<K>, Change<A>>,
  context: OperatorContext,
): Omit<WindowTools<K, V, A>, 'isClosed'> {
  const { store } = options
  // What waits for its window's close waits in no cache.
  const emit = options.emit === 'on-window-close' ? options.emit : emitOf(options.emit, store, context)
  const isSession = store.kind === 'session'
  const slots = isSession ? context.sessionSlots<K, A>(store) : context.windowSlots<K, A>(store)
  const change = newChange<A>()
  const told: EmitWhen = emit === 'on-commit' ? 'on-commit' : 'every-update'
  const tools = { options, fold: { ...options, emit: told }, context, slots, change }
  if (emit === 'on-window-close') return { ...tools, tell: () => undefined }
  if (emit === 'on-commit') {
    const noted = emitOnFlush(slots, next, context, { store, remembers: true, ...(isSession ? { timeOf: (slot) => slots.end(slot) } : {}) })
    return { ...tools, tell: (slot, _key, record) => noted(slot, change.value, record) }
  }
  const forward = isSession ? bare(next) : stamped(next)
  return {
    ...tools,
    tell: (slot, key, record, timestamp) =>
      forward({ key, window: { start: slots.start(slot), end: slots.end(slot) } }, change, record, timestamp),
  }
}

/** Reads a windowed table by its store. A session's time is its end. */
export function windowReader<K, A>(store: WindowStoreSpec<K, A> | SessionStoreSpec<K, A>): TableReader<Windowed<K>, A> {
  const isSession = store.kind === 'session'
  return {
    stores: [store],
    open: (context) => {
      const slots = isSession ? context.sessionSlots<K, A>(store) : context.windowSlots<K, A>(store)
      const found: number[] = []
      return ({ key, window: { start, end } }) =>
        chain(slots.live(key, { from: isSession ? end : start, to: start }, found), (count) => {
          const slot = found.slice(0, count).find((each) => slots.start(each) === start && slots.end(each) === end)
          const value = slot === undefined ? undefined : slots.value(slot)
          if (slot === undefined || value === undefined) return undefined
          return { value, timestamp: isSession ? end : slots.timestamp(slot), headers: noHeaders }
        })
    },
  }
}

/** Emits with another timestamp and no headers. */
function bare<K, V>(next: Emit<K, V>): (key: K, value: V, record: RecordContext, timestamp: number) => void | Promise<void> {
  const forward = restored(next)
  const as = { topic: '', partition: -1, offset: -1, timestamp: -1, headers: noHeaders } satisfies RecordMetadata
  return (key, value, record, timestamp) => {
    as.topic = record.topic
    as.partition = record.partition
    as.offset = record.offset
    as.timestamp = timestamp
    return forward(key, value, record, as)
  }
}
