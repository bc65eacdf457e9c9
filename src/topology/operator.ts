/**
 * What a step of a topology is: data about it, and how to start it. An operator alone knows how its step behaves: given what comes next, it
 * returns what to do with a record. State comes from `context.store`, time from `context.streamTime` and `context.schedule`; only sinks write
 * to topics. Passes and descriptions read an operator's data (`traits`, `naming`), never its role.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import { current, NO_SOURCE_KEY, type CurrentRecord, type RecordContext, type RecordMetadata } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import type { TaskId } from '../model/task-id.ts'
import type {
  Entry,
  KeyValueStore,
  PlacedSlots,
  SessionStore,
  Slots,
  StoreName,
  StoreSpec,
  VersionedKeyValueStore,
  VersionedSlots,
  WindowRows,
  WindowSlots,
  WindowStore,
} from '../state/store-spec.ts'

/** The name of a step. */
export type NodeName = string & { readonly brand?: 'NodeName' }

/** Hands a record to what comes next. Answers nothing when it is done, a promise when something below has to wait. */
export type Emit<K, V> = (key: K, value: V, record: RecordContext) => void | Promise<void>

/** The value of an edge below a KTable. One object a sending step, overwritten: valid during the call. `old` is filled where someone below wants it. */
export interface Change<V> {
  readonly value: V | null
  readonly old: V | null | undefined
  /** False only below versioned tables: an update older than the newest one. */
  readonly latest: boolean
}

/** What passes need to know about a step. All are false when left out. */
export interface Traits {
  /** A record's key may differ from the one that came in. */
  readonly changesKey?: boolean
  /** A record's value may differ from the one that came in. */
  readonly changesValue?: boolean
  /** All records of a key must come to the same task: a repartition follows a changed key. */
  readonly readsByKey?: boolean
  /** Records with a null key mean something to it, so a repartition before it lets them through. */
  readonly keepsNullKeys?: boolean
  /** Its input must be co-partitioned with the sources of the stores it reads (joins). */
  readonly copartitioned?: boolean
  /** It needs `Change.old` of what comes in. */
  readonly wantsOldValue?: boolean
  /** It takes `Change.old` where its parent has a store anyway, but no store is made for it. */
  readonly likesOldValue?: boolean
  /** It takes `Change.old` from its own parent (table filter, mapValues without a store): the wish goes on upwards. */
  readonly passesOldValue?: boolean
  /** It takes `Change.old` from its parents, and they from a store that is made where there is none (joins): even a mild wish is a demand. */
  readonly demandsOldValue?: boolean
  /** It has a store of its own to take `Change.old` from: a wish for old values ends here, and keeps its optional store. */
  readonly ownsOldValue?: boolean
  /** Its store exists only if it is named, another step lists it, or old values are asked for. */
  readonly storeOptional?: boolean
  /**
   * Brings the two sides of a join together. Where both sides are one step, `operator` does the whole join over the left side's store; `isExact`: with
   * the same results.
   */
  readonly ofOneStream?: { readonly operator: AnyOperator; readonly isExact: boolean }
  /** Its windows close so long after their end, in ms of stream time; an inclusive end is still inside. */
  readonly closing?: { readonly afterMs: number; readonly inclusive: boolean }
  /** User code sees the key, the value. */
  readonly readsKey?: boolean
  readonly readsValue?: boolean
}

/** How a step takes part in Kafka Streams' numbering: which indexes it takes, and where an unnamed store and a repartition take theirs. */
export interface Naming {
  /** Where an unnamed store takes its index: `count` before its node, `toTable` after; `later`: another step names it, by `storesFrom`. */
  readonly stores: 'before' | 'after' | 'none' | 'later'
  /** Names of stores that have none, from the index that the step's own name took (joins of streams). */
  readonly storesFrom?: (index: string) => readonly (readonly [StoreSpec, string])[]
  /** Prefix of an unnamed store, as `KSTREAM-AGGREGATE-STATE-STORE-`. */
  readonly storeRole?: string
  /** Indexes burned before an unnamed store takes its own, or where a step has no store, although nothing bears them. */
  readonly burns?: number
  /** True: a name given by the user burns no index (processors only). */
  readonly namedIsFree?: boolean
  /** Where a repartition's SINK, FILTER, SOURCE fall: after the node's own index (aggregates) or before (joins; grouped tables, which have no FILTER). */
  readonly repartition?: 'after' | 'before' | 'table'
  /** Name of the repartition, from `Grouped`. */
  readonly repartitionName?: string | undefined
}

/** One step: data about it, and how to start it. */
export interface Operator<K, V, KOut, VOut> {
  /** Kafka Streams' prefix of the node's name, as `KSTREAM-FILTER-`. */
  readonly role: string
  readonly traits: Traits
  readonly naming?: Naming
  /** The stores it opens. */
  readonly stores: readonly StoreSpec[]
  /** Given what comes next, what to do with a record. Called once a task. */
  start(next: Emit<KOut, VOut>, context: OperatorContext): Emit<K, V>
}

/** An operator whose types are forgotten: each one is assignable to it without a cast. */
export type AnyOperator = Operator<never, never, unknown, unknown>

/** How to read a table: a KTable handle has one; joins take it and list its stores. */
export interface TableReader<K, V> {
  readonly stores: readonly StoreSpec[]
  open(context: OperatorContext): (key: K) => MaybePromise<Entry<V> | undefined>
  /** How to read the row that held at a time, in ms; only where the table's rows are versioned. */
  readonly versions?: {
    /** How far back, in ms. */
    readonly historyMs: number
    open(context: OperatorContext): (key: K, asOf: number) => MaybePromise<Entry<V> | undefined>
  }
}

/** Why a record was dropped. */
export type DropReason =
  | 'late'
  | 'null_key'
  | 'null_value'
  | 'expired'
  | 'negative_timestamp'
  | 'deserialization'
  | 'skipped'
  | 'partitioner'

/** When a punctuation is due: every so many milliseconds of stream time or wall clock, on a grid from `startAt` if given. */
export interface Schedule {
  readonly every: number
  readonly by: 'stream-time' | 'wall-clock'
  readonly startAt?: number
}

/** Something that can be stopped. */
export interface Cancellable {
  cancel(): void
}

/** How a record that was deferred goes on. */
export interface Deferring<T> {
  /** How many of the step's records may wait before the task takes no further ones; 64 when left out. */
  readonly most?: number
  /** Records of one lane go on in the order in which they were deferred. Left out: when its promise has settled, whatever the others do. */
  readonly lane?: unknown
  /** Does again what failed, where `onError` says so; left out, the promise's failure stays. */
  readonly again?: () => Promise<T>
  /** Called when no record of its lane is before it. */
  readonly begin?: () => void
}

/** Decides partitions: a number, several (multicast), none (`[]`: dropped), or undefined for the default one. */
export type Partitioner<K, V> = (
  value: V,
  key: K,
  to: { readonly topic: string; readonly partitions: number; readonly headers: RecordMetadata['headers'] },
) => number | readonly number[] | undefined

/** Where a sink writes, and how. */
export interface SinkSpec {
  /** A topic's name (without the application id where internal), or the function that names one per record. */
  readonly topic: string | TopicChooser
  /** True for a repartition topic. */
  readonly internal: boolean
  readonly key: AnySerde
  readonly value: AnySerde
  readonly partitioner?: AnyPartitioner
}

/** A user's function that names the topic of a record, its types forgotten. Method syntax, so that each typed one is assignable. */
export type TopicChooser = { choose(value: unknown, key: unknown, record: RecordContext): string }['choose']

/** A partitioner whose types are forgotten, likewise. */
export type AnyPartitioner = {
  place(...call: Parameters<Partitioner<unknown, unknown>>): ReturnType<Partitioner<unknown, unknown>>
}['place']

/** That nothing comes: every record was processed, and none was in the partitions when they were looked at last. Times are those of a monotonic clock. */
export interface Silence {
  /** When the last record was done, in ms. */
  readonly since: number
  /** For how long there was nothing since then, in whole ms. */
  readonly lastsMs: number
}

/** A step's time, in ms, that is kept with the committed positions. */
export interface KeptTime {
  /** What it is now; −1: nothing to keep. */
  read(): number
  /** What it was when positions were last committed; called before the first record, more than once where there are several partitions. */
  resume(ms: number): void
}

/** One a step and task: what an operator may use while it runs. */
export interface OperatorContext {
  readonly node: NodeName
  readonly taskId: TaskId
  readonly applicationId: string
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity: boolean
  /** Bound of the task's object caches, in bytes; 0: none. */
  readonly cacheBytes: number
  /** True where a step below wants `Change.old`. */
  readonly sendsOldValues: boolean
  /** The task's record context; below a punctuation it has no topic. */
  readonly record: RecordContext
  /** False when the store was left out because nobody reads it (`storeOptional`). */
  hasStore(spec: StoreSpec): boolean
  /** The typed face of a store of this step. */
  store<S>(spec: StoreSpec<S>): S
  /** The object cache's own face of a key-value store. */
  slots<K, V>(spec: StoreSpec<KeyValueStore<K, V>>): Slots<K, V>
  /** The object cache's own face of a window store. */
  windowSlots<K, V>(spec: StoreSpec<WindowStore<K, V>>): WindowSlots<K, V>
  /** The object cache's own face of a session store. */
  sessionSlots<K, V>(spec: StoreSpec<SessionStore<K, V>>): PlacedSlots<K, V>
  /** The rows of a window store that keeps duplicates. */
  windowRows<K, V>(spec: StoreSpec<WindowStore<K, V>>): WindowRows<K, V>
  /** The same of a versioned store. */
  versionedSlots<K, V>(spec: StoreSpec<VersionedKeyValueStore<K, V>>): VersionedSlots<K, V>
  /** The serdes of a store of this step, and its name. */
  storeSerdes(spec: StoreSpec): { readonly name: StoreName; readonly key: AnySerde; readonly value: AnySerde }
  /** What the steps of one task share that know this object: made by the first that asks. */
  shared<T>(by: object, make: () => T): T
  /** The steps below, by name, in order of declaration. */
  readonly children: ReadonlyMap<NodeName, Emit<unknown, unknown>>
  /** The greatest timestamp the task has taken from its queues, in milliseconds; −1 before the first. */
  streamTime(): number
  /** Wall clock, in milliseconds. */
  now(): number
  /** How often, in milliseconds of the wall clock, a step may scan for what has closed. */
  readonly scanIntervalMs: number
  /** Times by name, in ms, that are kept with the committed positions: what a step must know after a restart. Read at the first record, not before. */
  readonly times: Map<string, number>
  /** Keeps a time under a name of its own among `times`. Called at start. */
  keepTime(name: string, time: KeptTime): void
  /** Answers a function that tells for how long nothing has come; undefined where something waits, or may wait. Called at start. */
  listen(): () => Silence | undefined
  schedule(when: Schedule, f: (timestamp: number) => void | Promise<void>): Cancellable
  /**
   * Lets the record in hand wait for a promise while the task goes on with others. `resume` is called when it has settled, between two records, with the
   * task's record as it is now; what it rejects with is an error of this record in this step. No position is committed past a record that waits; when
   * the task is closed it is forgotten, and read again by whoever has the task then. A value goes on at once, unless others of its lane wait. Answers a promise
   * when more records wait than may: answer it in turn.
   */
  defer<T>(result: MaybePromise<T>, resume: (result: T) => void | Promise<void>, how?: Deferring<T>): void | Promise<void>
  /** Calls `f` once after so many ms of the wall clock, whatever the task does then: to send something on, defer. */
  after(ms: number, f: () => void): Cancellable
  /** Waits so many ms before another try; where nothing waits for that, as in tests, it answers at once. */
  pause(ms: number): MaybePromise<void>
  /** Chance, in [0, 1). */
  random(): number
  /** Asks for a commit as soon as the record in hand is done. */
  requestCommit(): void
  /** Counts a dropped record; logged once a minute. */
  dropped(reason: DropReason): void
  /** Writes a line for a person to read (`print`). */
  print(line: string): void
  /** Called when the task closes. */
  onClose(f: () => void): void
}

/** Emits with another timestamp: sets the context's, calls, and puts it back, after the promise if there is one. Made once, at start. */
export function stamped<K, V>(next: Emit<K, V>): (key: K, value: V, record: RecordContext, timestamp: number) => void | Promise<void> {
  return (key, value, record, timestamp) => {
    const before = record.timestamp
    if (before === timestamp) return next(key, value, record)
    const context = current(record)
    const { rawReleased } = context
    context.timestamp = timestamp
    const waiting = next(key, value, context)
    if (waiting === undefined) {
      context.timestamp = before
      context.rawReleased = rawReleased
      return undefined
    }
    return putBackAfter(waiting, context, before, rawReleased)
  }
}

/** Apart, so that emitting makes no place for what a closure shares. */
function putBackAfter(waiting: Promise<void>, context: CurrentRecord, timestamp: number, rawReleased: boolean): Promise<void> {
  return waiting.finally(() => {
    context.timestamp = timestamp
    context.rawReleased = rawReleased
  })
}

/** Emits as another record (suppressed, unmatched, parked, punctuated): sets the whole context, calls, and puts it back. Made once, at start. */
export function restored<K, V>(next: Emit<K, V>): (key: K, value: V, record: RecordContext, as: RecordMetadata) => void | Promise<void> {
  return (key, value, record, as) => {
    const context = current(record)
    const { topic, partition, offset, timestamp, sourceKey, sourceValue, lazyHeaders } = context
    const putBack = (): void => {
      Object.assign(context, { topic, partition, offset, timestamp, sourceKey, sourceValue, lazyHeaders })
    }
    context.topic = as.topic
    context.partition = as.partition
    context.offset = as.offset
    context.timestamp = as.timestamp
    context.sourceKey = NO_SOURCE_KEY
    context.sourceValue = NO_SOURCE_KEY
    context.lazyHeaders = as.headers
    const waiting = next(key, value, context)
    if (waiting === undefined) {
      putBack()
      return undefined
    }
    return waiting.finally(putBack)
  }
}

/** Calls the children of a step in order of declaration, one after another. */
export function fanOut<K, V>(children: readonly Emit<K, V>[]): Emit<K, V> {
  const [first, second] = children
  if (first === undefined) return () => undefined
  if (second === undefined) return first
  return (key, value, record) => {
    for (let i = 0; i < children.length; i++) {
      const waiting = children[i]!(key, value, record)
      if (waiting !== undefined) return fanOutLater(waiting, children, i + 1, () => [key, value, record])
    }
    return undefined
  }
}

async function fanOutLater<K, V>(
  waiting: Promise<void>,
  children: readonly Emit<K, V>[],
  from: number,
  call: () => [K, V, RecordContext],
): Promise<void> {
  await waiting
  for (const child of children.slice(from)) await child(...call())
}
