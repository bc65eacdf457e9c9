/** A table's changes as plain rows, and what of them a commit tells: the naive side of every test of `emit: 'on-commit'`. */
import type { Headers } from '../../src/model/headers.ts'
import type { Change } from '../../src/topology/operator.ts'
import type { Emitted } from './operator-harness.ts'

/** One change. */
export interface Update<K> {
  readonly key: K
  readonly value: unknown
  readonly old: unknown
  readonly timestamp: number
  readonly headers: Headers
}

/** What came out as an update. */
export function updateOf<K>({ key, value: change, timestamp, headers }: Emitted<K, Change<unknown>>): Update<K> {
  return { key, value: change.value, old: change.old, timestamp, headers }
}

/** The rows that commits have told of so far. */
export class Committed<K> {
  readonly #withOld: boolean
  readonly #rows: Map<string, unknown> = new Map()

  constructor(withOld: boolean) {
    this.#withOld = withOld
  }

  /** What a commit after these updates tells: the last of each key, in order of last write, with what the commit before told as the old value. */
  commit(updates: readonly Update<K>[]): Update<K>[] {
    const last = new Map<string, Update<K>>()
    for (const update of updates) {
      const id = idOf(update)
      const old = this.#withOld ? (this.#rows.get(id) ?? null) : null
      last.delete(id)
      last.set(id, { ...update, old })
    }
    const news = this.news([...last.values()])
    for (const [id, { value }] of last) {
      if (value === null) this.#rows.delete(id)
      else this.#rows.set(id, value)
    }
    return news
  }

  /** Without the tombstones of rows that came and went between two commits: those may be told or not. */
  news(updates: readonly Update<K>[]): Update<K>[] {
    return updates.filter((update) => update.value !== null || this.#rows.has(idOf(update)))
  }
}

function idOf({ key }: Update<unknown>): string {
  return JSON.stringify(key)
}
