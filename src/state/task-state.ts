/**
 * All stores of one task above one engine: opened from their specs, flushed in order, landed together after a commit, rolled back, restored. Each
 * store has a two-byte number before its row keys; prefix 0000 is kept for what the engine says about its stores (`marks`).
 */
import { assert, StoreUnavailableError } from '../base/errors.ts'
import { chain, each, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { SourceRecord } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Engine, KeyRange } from './engine.ts'
import { withPrefix } from './key-range.ts'
import { KeyValueCache, type StoreParts } from './key-value-store.ts'
import { cacheOf, dumpOf, heldOf, writesOf, type Cache, type Held, type StoreDump } from './caches.ts'
import { markKey, readMark, writeMark, type Mark } from './marks.ts'
import { GatheredRows, type RestoreRows } from './restored-rows.ts'
import type { HashedRows } from './row-keys.ts'
import { RowsBuilder } from './rows-builder.ts'
import { storeClosed } from './store-errors.ts'
import { SessionCache } from './session-store.ts'
import type { PlacedSlots, ResolvedStore, Slots, StoreName, VersionedSlots, WindowRows, WindowSlots } from './store-spec.ts'
import { timeRows } from './time-to-live.ts'
import { TimedSlots } from './timed-slots.ts'
import { VersionedCache } from './versioned-store.ts'
import { WindowCache } from './window-store.ts'

/** Where a store's changelog records go, one at a time: `begin`, a key, a value, `end`. */
export interface StoreLog {
  /** Starts a record; its time is in ms since the epoch. */
  begin(timestamp: number): void
  key(bytes: Uint8Array, at: number, length: number): void
  /** A length of −1 is null. */
  value(bytes: Uint8Array, at: number, length: number): void
  written(serde: AnySerde, value: unknown): void
  end(headers: Uint8Array | undefined): void
}

/** Opens changelogs. */
export interface ChangelogWriter {
  /** The changelog of a store; undefined when it has none of its own. */
  open(store: ResolvedStore): StoreLog | undefined
}

/** What the stores of a task run on. */
export interface TaskStateOptions {
  readonly engine: Engine
  /** The engine that stores are taken to be kept by, where parity depends on it; the engine's own name when left out. */
  readonly engineName?: string
  readonly changelog: ChangelogWriter
  /** The task's record. */
  readonly record: SourceRecord
  /** Bound of what is resident, in bytes. */
  readonly cacheBytes: number
  /** True: one changelog record a write, but where changes wait for the flush; false: one a key and flush. */
  readonly everyWrite: boolean
  /** True: Kafka Streams' own behaviour where ours differs on purpose; false when left out. */
  readonly parity?: boolean
  /** The number that each store has in the engine (`storeNumbers`); left out: 1, 2, … in an engine that is empty. */
  readonly numbers?: ReadonlyMap<StoreName, number>
  /** Told of a row that came too late to be kept. */
  expired(store: StoreName): void
}

interface OpenStore {
  readonly store: ResolvedStore
  readonly held: Held
  /** What is flushed, landed and restored. */
  readonly cache: Cache
  readonly number: number
  readonly prefix: Uint8Array
  /** Which topic its changelog is; empty: not known. */
  topicId: string
  /** What is restored and not on its way to the engine yet. */
  gathered: GatheredRows | undefined
}

/** What an entry is taken to need besides its key, in bytes. */
const ENTRY_BYTES = 128
const NOTHING = new Uint8Array(0)

/** The stores of one task. */
export class TaskState {
  readonly #options: TaskStateOptions
  readonly #stores: Map<StoreName, OpenStore> = new Map()
  /** Those whose entries have a time to live. */
  readonly #mortal: KeyValueCache<unknown, unknown>[] = []
  #closed = false
  #restoring: MaybePromise<void> = undefined

  constructor(stores: readonly ResolvedStore[], options: TaskStateOptions) {
    this.#options = options
    for (const [index, store] of stores.entries()) this.#add(store, options.numbers?.get(store.name) ?? index + 1)
  }

  /**
   * Finds out what an engine with content has, before anything is read. What `isGood` refuses is deleted, to be restored from the start. Throws
   * `STATE_CORRUPT`.
   */
  async open(isGood: (store: StoreName, mark: Mark) => boolean): Promise<void> {
    for (const { store, cache, prefix } of this.#stores.values()) {
      const mark = await this.mark(store.name)
      if (mark === undefined && !(await this.#hasRows(prefix))) continue
      // Rows without a mark are right where there is no changelog; elsewhere nobody knows up to where they are.
      if (mark === undefined ? store.changelog !== undefined : !isGood(store.name, mark)) await this.#wipe(store.name, prefix)
      // Rows that were kept before they had a time to live aren't in order of it.
      else if (mark?.streamTime === -1 && cache instanceof KeyValueCache && cache.life !== undefined) await this.#wipe(store.name, prefix)
      else await cache.load(mark?.streamTime ?? -1)
    }
  }

  /** The face of a store. Throws `STORE_CLOSED`, `UNKNOWN_STORE`. */
  store(name: StoreName): ReturnType<Held['face']> {
    return this.#found(name).held.face()
  }

  /** The slots of a key-value store. */
  slots(name: StoreName): Slots<unknown, unknown> {
    const { cache } = this.#found(name)
    assert(cache instanceof KeyValueCache, `store ${name} is no key-value store`)
    return cache
  }

  /** The slots of a window store. */
  windowSlots(name: StoreName): WindowSlots<unknown, unknown> {
    const { held } = this.#found(name)
    assert(held instanceof WindowCache, `store ${name} is no window store`)
    return held
  }

  /** The slots of a session store. */
  sessionSlots(name: StoreName): PlacedSlots<unknown, unknown> {
    const { held } = this.#found(name)
    assert(held instanceof SessionCache, `store ${name} is no session store`)
    return held
  }

  /** The rows of a window store that keeps duplicates. */
  windowRows(name: StoreName): WindowRows<unknown, unknown> {
    const { held, store } = this.#found(name)
    assert(held instanceof WindowCache && 'duplicates' in store.spec && store.spec.duplicates, `store ${name} keeps no duplicates`)
    return held
  }

  /** The slots of a versioned store. */
  versionedSlots(name: StoreName): VersionedSlots<unknown, unknown> {
    const { cache } = this.#found(name)
    assert(cache instanceof VersionedCache, `store ${name} is no versioned store`)
    return cache
  }

  /** Reads the memory that looking up these hashes will need, for stores that are read by the source's key. */
  touch(hashes: Int32Array, from: number, to: number): void {
    for (const { cache } of this.#stores.values()) if ('touch' in cache) cache.touch(hashes, from, to)
  }

  /** Reads what looking up the keys of these rows will need from the engine, for stores that are read by the source's key. */
  prefetch(rows: HashedRows, from: number, to: number): MaybePromise<void> {
    let waiting: MaybePromise<void> = undefined
    for (const { cache } of this.#stores.values()) {
      if (!('prefetch' in cache)) continue
      const one = cache.prefetch(rows, from, to)
      if (one !== undefined) waiting = waiting === undefined ? one : Promise.all([waiting, one]).then(() => undefined)
    }
    return waiting
  }

  /** What was written since the last landing, as an estimate in bytes. */
  get uncommittedBytes(): number {
    let bytes = 0
    for (const { cache } of this.#stores.values()) bytes += writesOf(cache).unlanded * ENTRY_BYTES
    return bytes
  }

  /** Lets clean entries go while there are more than the bound allows. */
  trim(): void {
    const most = Math.floor(this.#options.cacheBytes / ENTRY_BYTES)
    for (const { cache } of this.#stores.values())
      if ((cache instanceof KeyValueCache || cache instanceof VersionedCache) && cache.resident > most) cache.evict(Math.floor(0.8 * most))
  }

  /** Emits what waits for the commit; turns writes into changelog records and rows for the engine. */
  flush(): MaybePromise<void> {
    return chain(
      each(this.#mortal, (cache) => cache.expire()),
      () => this.#flush(),
    )
  }

  #flush(): MaybePromise<void> {
    const stores = [...this.#stores.values()]
    // What a flush emits may write to a store that was flushed before it: again, until nothing is dirty.
    return chain(this.#flushFrom(stores, 0), () => {
      if (stores.some(({ cache }) => writesOf(cache).isDirty)) return this.#flush()
      for (const { cache } of stores) {
        if (cache instanceof TimedSlots) cache.flushed()
        else if (cache instanceof KeyValueCache) cache.life?.flushed()
      }
      return undefined
    })
  }

  /** Writes the flushed rows to the engine, with the next changelog offset of each store, in one batch; only when the commit is known to have succeeded. */
  land(offsets: ReadonlyMap<StoreName, number>): MaybePromise<void> {
    const rows = new RowsBuilder()
    const deleteRanges: KeyRange[] = []
    for (const { cache } of this.#stores.values()) {
      const pending = writesOf(cache).pendingRows()
      if (pending !== undefined) append(pending.rows(), rows)
      if (cache instanceof TimedSlots) deleteRanges.push(...cache.expiredRanges())
      else if (cache instanceof KeyValueCache && cache.life !== undefined) append(cache.life.pendingRows(), rows)
    }
    for (const [name, offset] of offsets) this.#writeMark(this.#found(name), offset, rows)
    if (rows.count === 0 && deleteRanges.length === 0) return this.#landed()
    return chain(this.#options.engine.write({ rows: rows.rows(), deleteRanges }), () => this.#landed())
  }

  /** Forgets every write that hasn't landed; the stores may be used when what it answers has settled. */
  rollBack(): MaybePromise<void> {
    let waiting: MaybePromise<void> = undefined
    for (const { cache } of this.#stores.values()) {
      const one = cache.rollBack()
      waiting = chain(waiting, () => one)
    }
    return waiting
  }

  /**
   * Puts rows of a changelog back; `nextOffset` is one behind the last of them. They are gathered, and written while the next ones are read: what it answers
   * settles when those written before are in the engine, `restored()` when all are.
   */
  restore(name: StoreName, rows: RestoreRows, nextOffset: number): MaybePromise<void> {
    const found = this.#found(name)
    const { cache, store, prefix } = found
    if (cache instanceof VersionedCache) return this.#restoreVersions(found, cache, { rows, nextOffset })
    const gathered = (found.gathered ??= new GatheredRows(this.#options.engine))
    gathered.add({ store, cache, prefix }, rows, nextOffset)
    return gathered.isFull ? this.#writeGathered(found) : undefined
  }

  #writeGathered(found: OpenStore): MaybePromise<void> {
    const { gathered } = found
    if (gathered === undefined) return undefined
    found.gathered = undefined
    const rows = gathered.sealed((into) => this.#writeMark(found, gathered.nextOffset, into))
    const before = this.#restoring
    // One after the other: were one lost and the next one written, its mark would tell of rows that aren't there.
    this.#restoring = chain(before, () => this.#options.engine.write({ rows, deleteRanges: [] }))
    // Whoever waits for it hears of its failure; until then it isn't anybody's.
    if (this.#restoring instanceof Promise) this.#restoring.catch(() => undefined)
    return before
  }

  /** Versions have their place among those of their key, which are read first; so each batch waits for the one before. */
  #restoreVersions(
    found: OpenStore,
    cache: VersionedCache<unknown, unknown>,
    { rows, nextOffset }: { readonly rows: RestoreRows; readonly nextOffset: number },
  ): MaybePromise<void> {
    const batch = new RowsBuilder()
    const apply = (): MaybePromise<void> => {
      for (let row = 0; row < rows.count; row++)
        if (rows.keyLength[row]! >= 0) cache.restore(rows, row, rows.baseTimestamp + rows.timestampDelta[row]!, batch)
      this.#writeMark(found, nextOffset, batch)
      return chain(this.#options.engine.write({ rows: batch.rows(), deleteRanges: [] }), () => this.trim())
    }
    this.#restoring = chain(this.#restoring, () => chain(cache.makeResident(rows, 0, rows.count), apply))
    if (this.#restoring instanceof Promise) this.#restoring.catch(() => undefined)
    return this.#restoring
  }

  /** Settles when everything that was restored is in the engine. */
  async restored(): Promise<void> {
    for (const found of this.#stores.values()) void this.#writeGathered(found)
    await this.#restoring
    this.#restoring = undefined
    for (const { cache } of this.#stores.values()) if (cache instanceof KeyValueCache) await cache.restored()
  }

  /** Says which topic a store's changelog is, for its marks. */
  follow(name: StoreName, topicId: string): void {
    this.#found(name).topicId = topicId
  }

  /** Up to where the engine has a store; undefined: it has nothing of it. Throws `STATE_CORRUPT`. */
  mark(name: StoreName): MaybePromise<Mark | undefined> {
    const keys = new RowsBuilder()
    markKey(this.#found(name).number, keys)
    keys.value(NOTHING, 0, -1)
    return chain(this.#options.engine.getMany(keys.rows()), (found) => readMark(found, 0))
  }

  /** A store's rows as text. */
  dump(name: StoreName): StoreDump {
    const { held, store } = this.#found(name)
    return dumpOf(held, store.spec.kind)
  }

  /** How many entries are resident, by store. */
  metrics(): ReadonlyMap<StoreName, Readonly<Record<string, number>>> {
    return new Map([...this.#stores].map(([name, { cache }]) => [name, { entries: writesOf(cache).live }]))
  }

  /** Closes the engine; may be called twice. */
  close(): MaybePromise<void> {
    if (this.#closed) return undefined
    this.#closed = true
    for (const { cache } of this.#stores.values()) cache.close()
    return this.#options.engine.close()
  }

  #add(store: ResolvedStore, number: number): void {
    const { engine, record, everyWrite, changelog } = this.#options
    const prefix = new Uint8Array([number >> 8, number & 0xff])
    const parts: StoreParts = {
      store,
      prefix,
      engine,
      engineName: store.spec.engine ?? this.#options.engineName ?? engine.name,
      record,
      everyWrite,
      parity: this.#options.parity === true,
      log: changelog.open(store),
      expired: () => this.#options.expired(store.name),
    }
    const held = heldOf(parts)
    if (held instanceof KeyValueCache && held.life !== undefined) this.#mortal.push(held)
    this.#stores.set(store.name, { store, held, cache: cacheOf(held), number, prefix, topicId: '', gathered: undefined })
  }

  #found(name: StoreName): OpenStore {
    if (this.#closed) throw storeClosed(name)
    const found = this.#stores.get(name)
    if (found === undefined)
      throw new StoreUnavailableError(
        'UNKNOWN_STORE',
        `this task has no store ${name}: it has ${[...this.#stores.keys()].join(', ') || 'none'}`,
        { context: { store: name } },
      )
    return found
  }

  async #hasRows(prefix: Uint8Array): Promise<boolean> {
    const cursor = this.#options.engine.cursor(withPrefix({ from: NOTHING }, prefix))
    try {
      return (await cursor.next({ rows: 1, bytes: 1 })).count > 0
    } finally {
      cursor.close()
    }
  }

  #wipe(name: StoreName, prefix: Uint8Array): MaybePromise<void> {
    const rows = new RowsBuilder()
    markKey(this.#found(name).number, rows)
    rows.value(NOTHING, 0, -1)
    return this.#options.engine.write({ rows: rows.rows(), deleteRanges: [withPrefix({ from: NOTHING }, prefix), timeRows(prefix)] })
  }

  #flushFrom(stores: readonly OpenStore[], from: number): MaybePromise<void> {
    for (let i = from; i < stores.length; i++) {
      const waiting = writesOf(stores[i]!.cache).flush()
      if (waiting instanceof Promise) return waiting.then(() => this.#flushFrom(stores, i + 1))
    }
    return undefined
  }

  #landed(): void {
    for (const { cache } of this.#stores.values()) cache.landed()
    this.trim()
  }

  #writeMark({ number, cache, topicId }: OpenStore, offset: number, into: RowsBuilder): void {
    writeMark(number, { offset, streamTime: cache.flushedTime, topicId }, into)
  }
}

function append(from: PackedRows, into: RowsBuilder): void {
  for (let i = 0; i < from.count; i++) {
    into.key(from.bytes, from.keyAt[i]!, from.keyLength[i]!)
    into.value(from.bytes, from.valueAt[i]!, from.valueLength[i]!)
  }
}
