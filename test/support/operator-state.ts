/**
 * Real stores for one operator: a `TaskState` over the memory engine, resolved as `build()` would, with a commit at a call. With `slow` every read
 * that the cache can't answer is a promise, as on an engine on disk; with a small cache that is most of them.
 */
import type { PackedRows } from '../../src/base/packed-rows.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Cursor, Engine, KeyRange, WriteBatch } from '../../src/state/engine.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import type { AnyStoreSpec, ResolvedStore, StoreName } from '../../src/state/store-spec.ts'
import { TaskState } from '../../src/state/task-state.ts'
import type { AnyOperator, Operator } from '../../src/topology/operator.ts'
import { harness, type HarnessOptions, type OperatorHarness } from './operator-harness.ts'
import { untyped } from './untyped.ts'

/** How an operator with stores is started. */
export interface StatefulOptions extends Omit<HarnessOptions, 'stores' | 'state'> {
  /** True: reads of what isn't in the cache are promises. */
  readonly slow?: boolean
  /** Bound of the cache in bytes; plenty when left out. */
  readonly cacheBytes?: number
  /** Names of stores that don't exist, as `build()` leaves out those nobody reads. */
  readonly without?: readonly StoreName[]
}

/** An operator with its stores. */
export interface Stateful<K, V, KOut, VOut> {
  readonly running: OperatorHarness<K, V, KOut, VOut>
  readonly state: TaskState
  /** Flushes the stores and lands what they wrote, as a commit does. */
  readonly commit: () => Promise<void>
  /** Rows of a store, as hex. */
  readonly rows: (name: StoreName) => unknown
}

/** Starts an operator over real stores. */
export function stateful<K, V, KOut, VOut>(
  operator: Operator<K, V, KOut, VOut>,
  options: StatefulOptions = {},
): Stateful<K, V, KOut, VOut> {
  const stores = resolved(operator, options)
  const memory = new MemoryEngine()
  const made: TaskState[] = []
  const running = harness(operator, {
    ...options,
    stores,
    state: (record) => {
      const state = new TaskState(stores, {
        engine: options.slow === true ? new SlowEngine(memory) : memory,
        changelog: { open: () => undefined },
        record,
        cacheBytes: options.cacheBytes ?? 1 << 20,
        everyWrite: false,
        expired: () => undefined,
      })
      made.push(state)
      return state
    },
  })
  const state = made[0]!
  return {
    running,
    state,
    commit: async () => {
      await state.flush()
      await state.land(new Map())
    },
    rows: (name) => state.dump(name),
  }
}

function resolved(operator: AnyOperator, { sendsOldValues = false, without = [], parity = false }: StatefulOptions): ResolvedStore[] {
  return operator.stores.flatMap((spec): ResolvedStore[] => {
    const name = spec.name ?? 'store'
    if (without.includes(name)) return []
    const { key = serdes.string, value = serdes.json() }: Pick<AnyStoreSpec, 'key' | 'value'> = untyped(spec)
    return [{ name, spec: untyped(spec), key, value, changelog: undefined, keepsPrior: sendsOldValues, readBySourceKey: false, parity }]
  })
}

/** An engine whose reads take a turn of the event loop. */
class SlowEngine implements Engine {
  readonly name = 'slow'
  readonly persistent = false
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async getMany(keys: PackedRows): Promise<PackedRows> {
    // What the caller reuses meanwhile is its own business: the keys are read at the call.
    const found = await this.#engine.getMany(keys)
    await new Promise((settle) => setImmediate(settle))
    return found
  }

  cursor(range: KeyRange): Cursor {
    const cursor = this.#engine.cursor(range)
    return {
      next: async (limit) => {
        const page = await cursor.next(limit)
        await new Promise((settle) => setImmediate(settle))
        return page
      },
      close: () => cursor.close(),
    }
  }

  async write(batch: WriteBatch): Promise<void> {
    await this.#engine.write(batch)
  }

  flush(): void | Promise<void> {
    return this.#engine.flush()
  }

  close(): void | Promise<void> {
    return this.#engine.close()
  }

  metrics(): Readonly<Record<string, number>> {
    return this.#engine.metrics()
  }
}
