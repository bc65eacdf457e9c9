/**
 * What a store is, as data: its kind, serdes, retention, format and changelog. A spec is a typed handle: the same value opens the store in a
 * DSL step, a processor, the test driver and a query. Names and serdes that are missing here are filled in by the naming walk of `build()`,
 * which makes a `ResolvedStore` of each. The faces at the end are what user code and operators hold.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Headers } from '../model/headers.ts'
import type { RecordContext, RecordMetadata } from '../model/record.ts'
import type { AnySerde, Serde } from '../model/serde.ts'
import type { Windowed } from '../model/window.ts'

/** A store's name. */
export type StoreName = string & { readonly brand?: 'StoreName' }

/** What every store can be told. */
export interface StoreOptions {
  /** Which engine keeps it; the application's when left out. */
  readonly engine?: string
  /** `timestamped` (default) keeps each value's time, `plain` the value alone, `headers` also its headers. */
  readonly format?: 'timestamped' | 'plain' | 'headers'
  /** False: no changelog. A record: topic configs that override the defaults. */
  readonly changelog?: boolean | Readonly<Record<string, string>>
  /** This store's own bound inside the application's `cacheBytes`. */
  readonly cacheBytes?: number
}

interface SpecOf<Face> extends StoreOptions {
  /** Left out: named by `build()`. */
  readonly name?: string
  /** Never there: carries the type of the face. */
  readonly face?: Face
}

/** Spec of a key-value store. */
export interface KeyValueStoreSpec<K, V> extends SpecOf<KeyValueStore<K, V>> {
  readonly kind: 'keyValue'
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** Time to live of an entry, in ms: it is gone when the greatest timestamp ever put has passed its own by more than this. Nothing is told of it below. */
  readonly ttlMs?: number
  /** At most so many entries; the least recently used go. */
  readonly maxEntries?: number
}

/** Spec of a window store. `key` is the serde of the key inside the window. */
export interface WindowStoreSpec<K, V> extends SpecOf<WindowStore<K, V>> {
  readonly kind: 'window'
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** Size of a window, in milliseconds. */
  readonly sizeMs: number
  /** How long a window is kept after its start passed, in milliseconds of stream time. */
  readonly retentionMs: number
  /** True: several rows for the same key and start are kept (joins). */
  readonly duplicates?: boolean
}

/** Spec of a session store. `key` is the serde of the key inside the session. Its values have no time of their own: a session's is its end. */
export interface SessionStoreSpec<K, V> extends Omit<SpecOf<SessionStore<K, V>>, 'format'> {
  readonly kind: 'session'
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** How long a session is kept after its end passed, in milliseconds of stream time. */
  readonly retentionMs: number
  /** `headers` keeps each value's headers; a session's values have no time of their own. */
  readonly format?: 'plain' | 'headers'
}

/** Spec of a store that keeps what a key's value was, too. */
export interface VersionedStoreSpec<K, V> extends SpecOf<VersionedKeyValueStore<K, V>> {
  readonly kind: 'versioned'
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** How far back versions are kept and written, in milliseconds of the store's stream time. */
  readonly historyMs: number
  /** Versions are forgotten by segments of so many milliseconds; Kafka Streams' when left out. */
  readonly segmentMs?: number
}

/** Spec of a store that a table can keep its rows in. */
export type TableStoreSpec<K, V> = KeyValueStoreSpec<K, V> | VersionedStoreSpec<K, V>

/** Spec of a buffer of rows that wait for their time. */
export interface BufferStoreSpec<K, V> extends SpecOf<TimeOrderedBuffer<K, V>> {
  readonly kind: 'buffer'
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  /** True: each put is a row of its own. Else there is one row a key, which keeps its first time. */
  readonly keepsAll?: boolean
  /** True: `bytes` is kept up with every put, which serialises it at once. */
  readonly countsBytes?: boolean
}

/** A spec of any kind with the face it opens. */
export interface StoreSpec<Face = unknown> extends SpecOf<Face> {
  readonly kind: 'keyValue' | 'window' | 'session' | 'versioned' | 'buffer'
}

/** A spec whose types are forgotten. */
export type AnyStoreSpec =
  | KeyValueStoreSpec<unknown, unknown>
  | WindowStoreSpec<unknown, unknown>
  | SessionStoreSpec<unknown, unknown>
  | VersionedStoreSpec<unknown, unknown>
  | BufferStoreSpec<unknown, unknown>

/** A store of a topology: its spec with everything filled in. */
export interface ResolvedStore {
  readonly name: StoreName
  readonly spec: AnyStoreSpec
  readonly key: AnySerde
  readonly value: AnySerde
  /** `<store>-changelog` without the application id, or the source topic that serves as changelog; undefined: no changelog. */
  readonly changelog: { readonly topic: string; readonly source: boolean; readonly configs: Readonly<Record<string, string>> } | undefined
  /** True where a step wants the value as of the last flush (`emit: 'on-commit'` with old values). */
  readonly keepsPrior: boolean
  /** True where some step reads it by the key of its source record: worth a prefetch. */
  readonly readBySourceKey: boolean
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity?: boolean
}

/** A value with what the store keeps beside it. */
export interface Entry<V> {
  readonly value: V
  /** Milliseconds since the epoch; −1 in plain stores. */
  readonly timestamp: number
  readonly headers: Headers
}

/** What a write is stamped with; the record in hand's where left out. */
export interface Stamp {
  readonly timestamp: number
  readonly headers: Headers
}

/** Bounds of a scan over keys, in unsigned byte order of the serialised key. */
export interface KeyRangeOptions<K> extends ScanOptions {
  /** First key, inclusive. */
  readonly from?: K
  /** Last key, inclusive. */
  readonly to?: K
  /** Only keys whose bytes start with these. */
  readonly prefix?: Uint8Array | string
}

/** Order and limit of a scan. */
export interface ScanOptions {
  readonly reverse?: boolean
  readonly limit?: number
}

/** Bounds in time, both inclusive, in milliseconds since the epoch. */
export interface TimeRange {
  readonly from?: number
  readonly to?: number
}

/** Rows one after another. `for await` is always right; plain `for` where the store answers at once, else `STORE_ASYNC_SCAN`. Leaving the loop closes it. */
export interface Scan<T> extends Iterable<T>, AsyncIterable<T>, Disposable {}

/** Where a scan takes its rows from: the next one, or undefined at the end. */
export interface RowSource<T> {
  next(): MaybePromise<T | undefined>
  close(): void
}

/** A store of one value a key. Reads answer the value when it is resident, else a promise of it. */
export interface KeyValueStore<K, V> {
  get(key: K): MaybePromise<V | undefined>
  entry(key: K): MaybePromise<Entry<V> | undefined>
  /** Null deletes. Reads nothing. */
  put(key: K, value: V | null, stamp?: Partial<Stamp>): void
  /** Answers the value that was there; writes only when there was none. */
  putIfAbsent(key: K, value: V): MaybePromise<V | undefined>
  /** Answers what it removed. */
  delete(key: K): MaybePromise<V | undefined>
  range(options?: KeyRangeOptions<K>): Scan<[K, V]>
  approximateSize(): number
}

/** A store of values by key and window start. Time bounds are inclusive. */
export interface WindowStore<K, V> {
  get(key: K, start: number): MaybePromise<V | undefined>
  /** Null deletes. */
  put(key: K, value: V | null, start: number, stamp?: Partial<Stamp>): void
  fetch(key: K, time: TimeRange, options?: ScanOptions): Scan<[start: number, value: V]>
  fetchAll(options?: KeyRangeOptions<K> & { readonly time?: TimeRange }): Scan<[Windowed<K>, V]>
}

/** Which sessions of a key are meant: those that end at `earliestEnd` or later and start at `latestStart` or earlier, in ms. */
export interface SessionRange {
  readonly earliestEnd?: number
  readonly latestStart?: number
}

/** A store of values by key and session. Ends of sessions are inclusive. */
export interface SessionStore<K, V> {
  get(session: Windowed<K>): MaybePromise<V | undefined>
  /** Null deletes. */
  put(session: Windowed<K>, value: V | null, stamp?: Partial<Stamp>): void
  /** The sessions of one key, by their ends. */
  fetch(key: K, options?: SessionRange & ScanOptions): Scan<[Windowed<K>, V]>
  /** The sessions of several keys, by their ends, then keys. */
  find(options?: KeyRangeOptions<K> & SessionRange): Scan<[Windowed<K>, V]>
}

/** A value and how long it holds: from its version on, up to the next one; times in milliseconds, `validTo` infinite for the newest. */
export interface Versioned<V> {
  readonly value: V
  readonly validFrom: number
  readonly validTo: number
}

/** A store of values by key and time. A version is the time from which a value holds, in milliseconds since the epoch. */
export interface VersionedKeyValueStore<K, V> {
  /** The newest value; with `asOf` the one that held then. Further back than the history only what holds until today is found. */
  get(key: K, asOf?: number): MaybePromise<Versioned<V> | undefined>
  /** Null deletes. Answers up to when the version holds: infinite is the newest one; undefined: it was older than the history and is not kept. */
  put(key: K, value: V | null, version: number): MaybePromise<number | undefined>
  /** Puts a null; answers what held at that time until now. */
  delete(key: K, version: number): MaybePromise<Versioned<V> | undefined>
  /** What held in a span of time, both ends inclusive, oldest first; nothing that ended before the history. */
  history(key: K, time: TimeRange, options?: ScanOptions): Scan<Versioned<V>>
}

/** The object cache's own face, for operators: a slot is a number, so a hit makes no object and no promise. */
export interface Slots<K, V> extends SlotValues<K, V> {
  /** The key's slot, resident when it returns; `typeof slot === 'number'` is the test. */
  find(key: K): MaybePromise<number>
  /** The rows of a range, or all, in order of their keys' bytes, as they are at the call; the next one may have to be waited for. */
  rows(options?: KeyRangeOptions<K>): RowSource<[K, V]>
}

/** The same for stores of windows and of sessions. */
export interface PlacedSlots<K, V> extends SlotValues<Windowed<K>, V> {
  /** The slot of the key's window with these bounds. */
  find(key: K, start: number, end: number): MaybePromise<number>
  /**
   * Writes the slots of the key's windows between these times into `into`, in the order of the store; answers how many. Of a window store those that
   * start in between; of a session store those that end at `from` or later and start at `to` or earlier.
   */
  live(key: K, time: TimeRange, into: number[]): MaybePromise<number>
  start(slot: number): number
  end(slot: number): number
  /** A step hands on windows when they close: what starts (of a session store: ends) at what `held` answers, in ms, or later, stays until then. */
  closes(held: (() => number) | undefined): void
  /** Writes the slots of all keys that start (of a session store: end) between these times, both inclusive, into `into`, by time, then key bytes; answers how many. */
  ended(from: number, to: number, into: number[]): MaybePromise<number>
}

/** The same for window stores, where the start of a window tells its end. */
export interface WindowSlots<K, V> extends PlacedSlots<K, V> {
  find(key: K, start: number): MaybePromise<number>
}

/** The same for window stores that keep duplicates (joins): rows are added and looked up by key and time. */
export interface WindowRows<K, V> {
  /** Adds a row behind those of the same key and start; null is told to the changelog only, as Kafka Streams does. */
  append(key: K, value: V | null, row: AppendedRow): void
  /** Writes the retained rows of a key that start between `from` and `to`, both inclusive, into `into`: by start, then in order of arrival. */
  matches(key: K, from: number, to: number, into: Matches<V>): void
  /** Time has come so far, in ms, although no row has: what is too old by then is gone. */
  observe(time: number): void
}

/** What a row has besides key and value. Times are milliseconds since the epoch. */
export interface AppendedRow {
  readonly start: number
  readonly timestamp: number
  readonly headers: Headers | undefined
}

/** Rows that were found, as columns: one a step, overwritten. */
export interface Matches<V> {
  count: number
  readonly starts: number[]
  readonly values: (V | undefined)[]
}

/** What the slots of key-value and of versioned stores have in common. */
export type TableSlots<K, V> = Omit<Slots<K, V>, 'rows'>

/** The same for versioned stores: a slot is a key, its value the newest one. `set` puts at its timestamp. */
export interface VersionedSlots<K, V> extends TableSlots<K, V> {
  /** What the last `set` came to: up to when its version holds; infinite for the newest, undefined where it was too old. */
  readonly written: number | undefined
  putAt(slot: number, value: V | null, version: number): number | undefined
  /** The value that held at a time. */
  at(slot: number, asOf: number): Versioned<V> | undefined
}

/** What a slot holds. */
export interface SlotValues<K, V> {
  /** The live object; it may be mutated in place, then `set()`. */
  value(slot: number): V | undefined
  timestamp(slot: number): number
  /** Writes; null deletes. `timestamp` in milliseconds since the epoch. */
  set(slot: number, value: V | null, timestamp: number, headers: Headers | undefined): void
  /** The value as of the last flush; only in stores with `keepsPrior`. */
  prior(slot: number): MaybePromise<V | undefined>
  /** The key of a slot. */
  key(slot: number): K
  /** Called at each flush for every slot written since the one before, in order of last write (`emit: 'on-commit'`). */
  onFlush(emit: (slot: number) => MaybePromise<void>): void
}

/** A row that has left a buffer: its last update, and the record that made it. */
export interface Buffered<K, V> {
  readonly key: K
  readonly value: V | null
  /** The old value of the last update. */
  readonly old: V | null
  readonly record: RecordMetadata
}

/** A buffer of rows in order of their time, then of their bytes; times in ms. For operators: everything is resident. */
export interface TimeOrderedBuffer<K, V> {
  /** Rows that wait. */
  readonly size: number
  /** For how many bytes they count (Kafka Streams' estimate); kept where the spec has `countsBytes`. */
  readonly bytes: number
  /** The least time of a row; infinite when there is none. */
  readonly minTime: number
  put(key: K, time: number, change: { readonly value: V | null; readonly old: V | null }, record: RecordContext): void
  /** Takes the first row out; undefined when there is none. */
  evict(): Buffered<K, V> | undefined
  /** What the table held before this key's row came in; undefined when none waits. */
  prior(key: K): { readonly value: V | null } | undefined
}
