/**
 * Stores of one task over an engine that outlives them, with changelogs that keep what is written: commits in one step or two, crashes, and what a
 * restore puts back. What was written after the last commit is cut off the changelogs by a crash or a roll-back, as an aborted transaction is.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { PackedRows } from '../../src/base/packed-rows.ts'
import { decodeHeaders, type Headers } from '../../src/model/headers.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { AnySerde } from '../../src/model/serde.ts'
import type { Cursor, Engine, KeyRange, WriteBatch } from '../../src/state/engine.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'
import type { AnyStoreSpec, KeyValueStore, ResolvedStore, SessionStore, StoreName, WindowStore } from '../../src/state/store-spec.ts'
import type { RestoreRows } from '../../src/state/restored-rows.ts'
import { TaskState, type ChangelogWriter, type StoreLog } from '../../src/state/task-state.ts'
import { untyped } from './untyped.ts'

/** A record of a changelog. */
export interface Written {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers?: Headers
}

/** How the stores are kept. */
export interface WorldOptions {
  readonly engine: Engine
  readonly cacheBytes?: number
  readonly everyWrite?: boolean
  readonly numbers?: ReadonlyMap<StoreName, number>
}

/** Changelogs that keep what is written. */
export class KeptChangelogs implements ChangelogWriter {
  readonly #records: Map<StoreName, Written[]> = new Map()

  open({ name, changelog }: ResolvedStore): StoreLog | undefined {
    return changelog === undefined ? undefined : keptLog(this.of(name))
  }

  /** The records of a store. */
  of(name: StoreName): Written[] {
    const known = this.#records.get(name) ?? []
    this.#records.set(name, known)
    return known
  }

  /** The offsets behind the last records. */
  ends(): Map<StoreName, number> {
    return new Map([...this.#records].map(([name, records]) => [name, records.length]))
  }

  /** Forgets what is behind these offsets. */
  cut(ends: ReadonlyMap<StoreName, number>): void {
    for (const [name, records] of this.#records) records.length = ends.get(name) ?? 0
  }
}

/** The stores of one task. */
export class StateWorld {
  readonly record: CurrentRecord = new CurrentRecord()
  readonly changelogs: KeptChangelogs = new KeptChangelogs()
  readonly engine: Engine
  state: TaskState
  /** How many rows came too late. */
  expired = 0
  /** The changelogs' ends of the last commit. */
  committed: ReadonlyMap<StoreName, number> = new Map()
  readonly #stores: readonly ResolvedStore[]
  readonly #options: WorldOptions
  #flushed: ReadonlyMap<StoreName, number> | undefined = undefined

  constructor(stores: readonly ResolvedStore[], options: WorldOptions) {
    this.#stores = stores
    this.#options = options
    this.engine = options.engine
    this.record.timestamp = 0
    this.state = this.#made()
  }

  /** The face of a key-value store of text. */
  keyValues(name: StoreName = 'store'): KeyValueStore<string, string> {
    return untyped(this.state.store(name))
  }

  /** The face of a window store of text. */
  windows(name: StoreName = 'store'): WindowStore<string, string> {
    return untyped(this.state.store(name))
  }

  /** The face of a session store of text. */
  sessions(name: StoreName = 'store'): SessionStore<string, string> {
    return untyped(this.state.store(name))
  }

  /** True between a flush and its landing. */
  get isInFlight(): boolean {
    return this.#flushed !== undefined
  }

  async flush(): Promise<void> {
    await this.state.flush()
    this.#flushed = this.changelogs.ends()
  }

  /** Lands the last flush, whose commit has succeeded. */
  async land(): Promise<void> {
    this.committed = this.#flushed!
    await this.state.land(this.committed)
    this.#flushed = undefined
  }

  async commit(): Promise<void> {
    await this.flush()
    await this.land()
  }

  async rollBack(): Promise<void> {
    await this.state.rollBack()
    this.#abort()
  }

  /** The process ends; the next one opens the same engine. */
  async crash(): Promise<void> {
    this.#abort()
    await this.#reopen()
  }

  /** The process ends when the commit has succeeded and nothing has landed; the next one restores what is missing. */
  async crashBeforeLanding(): Promise<void> {
    await this.flush()
    this.committed = this.#flushed!
    this.#flushed = undefined
    await this.#reopen()
    await this.restoreTail()
  }

  /** Restores what the changelogs have behind the marks. */
  async restoreTail(): Promise<void> {
    for (const { name, changelog } of this.#stores) {
      if (changelog === undefined) continue
      const mark = await this.state.mark(name)
      const records = this.changelogs.of(name)
      await this.state.restore(name, restoreRows(records.slice(mark?.offset ?? 0)), records.length)
    }
    await this.state.restored()
  }

  async #reopen(): Promise<void> {
    this.state = this.#made()
    await this.state.open(() => true)
  }

  #abort(): void {
    this.#flushed = undefined
    this.changelogs.cut(this.committed)
  }

  #made(): TaskState {
    return new TaskState(this.#stores, {
      cacheBytes: 1 << 20,
      everyWrite: false,
      ...this.#options,
      changelog: this.changelogs,
      record: this.record,
      expired: () => this.expired++,
    })
  }
}

/** A store as `build()` fills it in: of text, unless its spec says otherwise. */
export function resolvedStore(spec: AnyStoreSpec, more: Partial<ResolvedStore> = {}): ResolvedStore {
  const name = spec.name ?? 'store'
  const serde: AnySerde = untyped(serdes.string)
  const { key = serde, value = serde } = spec
  const changelog = { topic: `${name}-changelog`, source: false, configs: {} }
  return { name, spec, key, value, changelog, keepsPrior: false, readBySourceKey: false, ...more }
}

/** Records as a restore gets them. */
export function restoreRows(records: readonly Written[]): RestoreRows {
  const into = new RowsBuilder()
  for (const { key, value } of records) {
    into.key(key, 0, key.length)
    into.value(value ?? key, 0, value === null ? -1 : value.length)
  }
  const baseTimestamp = records[0]?.timestamp ?? 0
  return { ...into.rows(), baseTimestamp, timestampDelta: Float64Array.from(records, ({ timestamp }) => timestamp - baseTimestamp) }
}

function keptLog(records: Written[]): StoreLog {
  let timestamp = -1
  let key = new Uint8Array(0)
  let value: Uint8Array | null = null
  return {
    begin: (time) => {
      timestamp = time
    },
    key: (bytes, at, length) => {
      key = bytes.slice(at, at + length)
    },
    value: (bytes, at, length) => {
      value = length < 0 ? null : bytes.slice(at, at + length)
    },
    written: (serde, written) => {
      value = serde.serialize(written)
    },
    end: (headers) =>
      records.push({ key, value, timestamp, ...(headers === undefined ? {} : { headers: decodeHeaders(headers, 0, headers.length) }) }),
  }
}

/** An engine on disk, as far as stores can tell: reads answer what was there at the call, turns later; writes are done turns later, in order. */
export class SlowEngine implements Engine {
  readonly name = 'slow'
  readonly persistent = true
  /** What it holds. */
  readonly held: Engine
  /** How many keys were read. */
  keysRead = 0
  /** Reads are answered when it has settled. */
  gate: Promise<void> | undefined = undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(held: Engine) {
    this.held = held
  }

  async getMany(keys: PackedRows): Promise<PackedRows> {
    this.keysRead += keys.count
    const found = await this.held.getMany(keys)
    await turn()
    await turn()
    await this.gate
    return found
  }

  cursor(range: KeyRange): Cursor {
    const cursor = this.held.cursor(range)
    return {
      next: async (limit) => {
        await turn()
        return cursor.next({ ...limit, rows: Math.min(limit.rows, 2) })
      },
      close: () => cursor.close(),
    }
  }

  async write(batch: WriteBatch): Promise<void> {
    const before = this.#writing
    this.#writing = (async () => {
      await before
      await turn()
      await this.held.write(batch)
    })()
    return this.#writing
  }

  async flush(): Promise<void> {
    await this.held.flush()
  }

  async close(): Promise<void> {
    await this.held.close()
  }

  metrics(): Readonly<Record<string, number>> {
    return this.held.metrics()
  }
}
