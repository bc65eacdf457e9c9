/** The options of steps: readonly objects, every field with a documented default. */
import type { RecordContext } from '../model/record.ts'
import type { Serde } from '../model/serde.ts'
import type { Nullable, Sided } from '../model/topic.ts'
import type { AsyncOrder } from '../operators/async.ts'
import type { EmitWhen, WindowEmitWhen } from '../operators/change.ts'
import type { JoinWindows } from '../operators/join/join-windows.ts'
import type { KeyValueStoreSpec, SessionStoreSpec, StoreSpec, TableStoreSpec, WindowStoreSpec } from '../state/store-spec.ts'
import type { OnError, RetryPolicy } from '../topology/error-decision.ts'
import type { SourceNodeOptions } from '../topology/low-level.ts'
import type { Partitioner } from '../topology/operator.ts'

/** Options of every step. */
export interface StepOptions {
  /** The step's name; Kafka Streams' generated one when left out. */
  readonly name?: string
  /** Decides about records that fail in this step; the application's `onError` when left out. */
  readonly onError?: OnError
}

/** Options of steps that make new keys or values: their serdes, where a later step needs one. */
export interface SerdeOptions<K, V> extends StepOptions {
  readonly key?: Serde<Exclude<K, null>>
  readonly value?: Serde<Exclude<V, null>>
}

/** Options of `selectKey`, `groupBy` and their like. */
export interface KeyOptions<K> extends StepOptions {
  readonly key?: Serde<Exclude<K, null>>
}

/** Options of steps that make new values. */
export interface ValueOptions<V> extends StepOptions {
  readonly value?: Serde<Exclude<V, null>>
}

/** Options of steps whose function answers a promise. */
export interface AsyncOptions extends StepOptions {
  /** Calls under way at once, in one task; 16. */
  readonly concurrency?: number
  /** Records that may wait in one task, calls under way among them, before it takes no further ones; 64. */
  readonly maxParked?: number
  /**
   * `key` (default): a record never overtakes another of its key. `input`: none overtakes another of the task. `none`: they go on as they settle. Calls are under
   * way at once in each case, but for `forEachAsync`: nothing comes out of it, so its calls keep that order.
   */
  readonly order?: AsyncOrder
  /** How long a call may take, in ms; then it counts as failed, and its answer isn't heard. As long as it does when left out. */
  readonly timeoutMs?: number
  /** How often a call that failed is made again, with the pauses of `retry()`, or its policy; 0. What fails in the end is for `onError`. */
  readonly retries?: number | RetryPolicy
}

/** The same of those that make new values. */
export interface AsyncValueOptions<V> extends AsyncOptions {
  readonly value?: Serde<Exclude<V, null>>
}

/** The same of those that make new keys and values. */
export interface AsyncSerdeOptions<K, V> extends AsyncValueOptions<V> {
  readonly key?: Serde<Exclude<K, null>>
}

/** Options of a grouping; its name is that of its repartition topic. */
export interface GroupOptions<K, V> extends StepOptions {
  readonly key?: Serde<Exclude<K, null>>
  readonly value?: Serde<Exclude<V, null>>
}

/** Options of steps that make a table with a key-value store. */
export interface TableOptions<K, V> extends StepOptions {
  /** The store's name or spec; a generated name when left out. */
  readonly store?: string | TableStoreSpec<K, V>
  readonly key?: Serde<Exclude<K, null>>
  readonly value?: Serde<Exclude<V, null>>
  /** `every-update` (default), or `on-commit`: the last of each key, at a commit. */
  readonly emit?: EmitWhen
}

/** Options of steps that wait for stream time. */
export interface IdleOptions {
  /**
   * After so many ms without a record, while all that the task reads is read, stream time goes on with the wall clock in this step: from where it was when
   * the silence began, as long as it lasts. Records that come later with an earlier time are late. Give it more than whoever writes the input may pause,
   * a restart of this application included. Off when left out.
   */
  readonly idle?: number
}

/** Options of windowed aggregations. */
export interface WindowTableOptions<K, V> extends StepOptions, IdleOptions {
  /** The store's name or spec; a generated name when left out. */
  readonly store?: string | WindowStoreSpec<K, V>
  readonly key?: Serde<Exclude<K, null>>
  readonly value?: Serde<Exclude<V, null>>
  /** `every-update` (default); `on-commit`: the last of each key and window, at a commit; `on-window-close`: each window once, when it takes no more records. */
  readonly emit?: WindowEmitWhen
}

/** Options of aggregations of sessions. */
export interface SessionTableOptions<K, V> extends StepOptions, IdleOptions {
  /** The store's name or spec; a generated name when left out. */
  readonly store?: string | SessionStoreSpec<K, V>
  readonly key?: Serde<Exclude<K, null>>
  readonly value?: Serde<Exclude<V, null>>
  /** `every-update` (default); `on-commit`: the last of each key and session, at a commit; `on-window-close`: each session once, when it takes no more records. */
  readonly emit?: WindowEmitWhen
}

/** Options of `aggregate` of sessions. */
export interface SessionAggregateOptions<K, V> extends SessionTableOptions<K, V> {
  /** Makes one aggregate of those of two sessions that become one. */
  readonly merge: (left: V, right: V, key: K) => V
}

/** How many values `collect` keeps of each key. */
export interface CollectOptions {
  /** At most so many, at least 1. */
  readonly limit: number
  /** `first` (default): what comes when the list is full is passed over; `last`: the oldest go. */
  readonly keep?: 'first' | 'last'
}

/** How many different values `distinct` keeps of each key. */
export interface DistinctOptions {
  /** What comes when so many are known is passed over; 1,000 when left out. */
  readonly limit?: number
}

/** Options of `deduplicate`. */
export interface DeduplicateOptions<K> extends KeyOptions<K> {
  /** How near two records of one key and id must be, in ms of their timestamps, either way and inclusive, to be the same. */
  readonly within: number
  /** How much longer late records are taken, in ms of stream time; 0 when left out. A record is late when stream time has passed its own by more than `within`. */
  readonly grace?: number
  /** The store's name; a generated name when left out. */
  readonly store?: string
  /** False: the store has no changelog. A record: topic configs that override the defaults. */
  readonly changelog?: boolean | Readonly<Record<string, string>>
}

/** Options of a foreign-key join of tables. */
export interface ForeignKeyOptions<K, V, KOther, VOut> extends TableOptions<K, VOut> {
  /** The key of the other table's row that belongs to this one; null: there is none. */
  readonly foreignKey: (value: V, key: K) => KOther | null
  /** Where rows of this table are, if they weren't placed by Kafka's default: exactly one partition. It sees keys only. */
  readonly partitioner?: Partitioner<K, null>
  /** Where rows of the other table are, likewise. */
  readonly otherPartitioner?: Partitioner<KOther, null>
}

/** Options of a join of tables, by key or by a foreign key. */
export type JoinOptions<K, V, KOther, VOut> = TableOptions<K, VOut> & Partial<ForeignKeyOptions<K, V, KOther, VOut>>

/** Options of `filter` and `mapValues` of a table. */
export interface ViewOptions<K, V> extends StepOptions {
  /** Left out: the view has no store and reads through to its table. */
  readonly store?: string | TableStoreSpec<K, V>
  readonly value?: Serde<Exclude<V, null>>
  readonly emit?: EmitWhen
}

/** Options of `processValues` of a table. */
export interface TableProcessOptions<K, V> extends ViewOptions<K, V> {
  /** Stores the processor uses: added to the topology and connected to it. */
  readonly stores?: readonly StoreSpec[]
}

/** Options of joins of two streams. */
export interface StreamJoinOptions<K, L, R, VOut> extends ValueOptions<VOut>, StreamJoinStores<K, L, R> {}

/** How near the records of two streams must be, and where they are kept meanwhile. */
export interface StreamJoinStores<K, L, R> extends IdleOptions {
  /** `joinWindow(minutes(5)).before(…).after(…).grace(…)`; `.eager()` tells records that meet nothing at once. */
  readonly within: JoinWindows
  /** What the names of the stores begin with; generated names when left out. */
  readonly store?: string
  /** The stores themselves: they keep duplicates, and their size and retention are the window's. */
  readonly stores?: readonly [
    left: WindowStoreSpec<Exclude<K, null>, Exclude<L, null>>,
    right: WindowStoreSpec<Exclude<K, null>, Exclude<R, null>>,
  ]
  /** False: the stores have no changelogs. A record: topic configs that override the defaults. */
  readonly changelog?: boolean | Readonly<Record<string, string>>
}

/** Options of a stream's join with a table. */
export interface LookupOptions<V> extends ValueOptions<V> {
  /** How long a record waits, in ms of stream time, to meet the row of its own time. The table must be versioned, with at least as much history. */
  readonly grace?: number
}

/** Options of `process` and `processValues`. */
export interface ProcessOptions<K, V> extends SerdeOptions<K, V> {
  /** Stores the processor uses: added to the topology and connected to it. */
  readonly stores?: readonly StoreSpec[]
}

/** Options of `repartition`. */
export interface RepartitionOptions<K, V> extends SerdeOptions<K, V> {
  /** Partitions of the topic, at least 1; those of what it comes from when left out. */
  readonly partitions?: number
  readonly partitioner?: Partitioner<K, V>
}

/** Options of `to`. */
export interface SinkOptions<K, V> extends SerdeOptions<K, V> {
  /** The default one, by the key's hash, when left out. */
  readonly partitioner?: Partitioner<K, V>
}

/** Options of a source. */
export interface SourceOptions<K, V> extends StepOptions, SourceNodeOptions<K, V> {}

/** Options of `builder.stream` with a pattern: the serdes of all topics that it finds. */
export interface PatternOptions<K, V, N extends Nullable | undefined> extends SourceOptions<Sided<K, N, 'key'>, Sided<V, N, 'value'>> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Which sides may be null. */
  readonly nullable?: N
}

/** Options of `builder.table`. */
export interface TableSourceOptions<K, V> extends SourceOptions<K, V> {
  /** The store's name or spec; left out, there is a store only where a later step needs one. */
  readonly store?: string | TableStoreSpec<Exclude<K, null>, Exclude<V, null>>
  readonly emit?: EmitWhen
}

/** Options of a store that every instance fills from a topic. */
export interface GlobalStoreOptions<K, V> extends StepOptions {
  /** As of other sources. */
  readonly timestamp?: SourceOptions<K, V>['timestamp']
}

/** Options of `builder.globalTable`. */
export interface GlobalTableOptions<K, V> extends GlobalStoreOptions<K, V> {
  /** The store's name or spec; a generated name when left out. It has no changelog: the topic is read again. */
  readonly store?: string | KeyValueStoreSpec<Exclude<K, null>, Exclude<V, null>>
}

/** Options of joins with a global table. */
export interface GlobalJoinOptions<K, V, GK, VOut> extends ValueOptions<VOut> {
  /** The table's key for a record; null: there is none. */
  readonly key: (value: Exclude<V, null>, key: K, record: RecordContext) => GK | null
}

/** Stands for "all that no other branch took" in `split`. */
export const otherwise: unique symbol = Symbol('otherwise')
