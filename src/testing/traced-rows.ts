/**
 * Which row of which store it is that a step reads or writes: an id that is the same whoever asks, and the key as it is shown. Rows of one key are told
 * apart by their window, session or version; those that are the same in all of that, by how many came before.
 */
import { readInt64, toHex } from '../base/bytes.ts'
import { noHeaders } from '../model/headers.ts'
import type { Window, Windowed } from '../model/window.ts'
import type { ResolvedStore } from '../state/store-spec.ts'
import { kept } from './kept.ts'
import type { Row, Trace } from './trace.ts'

const NOTHING = new Uint8Array(0)

/** The rows of one store in one task, and what happens to them. */
export class Rows {
  readonly store: ResolvedStore
  readonly trace: Trace
  readonly #task: string
  /** How many rows were added, where one key and time may have several. */
  readonly #added: Map<string, number> = new Map()

  /** `task`: what tells this store from the same one of another partition. */
  constructor(store: ResolvedStore, task: string, trace: Trace) {
    this.store = store
    this.trace = trace
    this.#task = task
  }

  /** The row of a key; of a window or session by its bounds too. */
  of(key: unknown): Row {
    const { kind } = this.store.spec
    return (kind === 'window' || kind === 'session') && isWindowed(key)
      ? this.#row(key.key, boundsText(this.store, key.window), key)
      : this.#row(key, '', key)
  }

  /** The row of a key's window that starts then. */
  starting(key: unknown, start: number): Row {
    const { spec } = this.store
    const end = 'sizeMs' in spec ? Math.min(start + spec.sizeMs, Number.MAX_SAFE_INTEGER) : start
    return this.of({ key, window: { start, end } })
  }

  /** The version of a key from a time on. */
  version(key: unknown, from: number): Row {
    return this.#row(key, `@${from}`, key)
  }

  /** One more row of a key and time. */
  added(key: unknown, start: number): Row {
    const row = this.starting(key, start)
    const count = (this.#added.get(row.id) ?? 0) + 1
    this.#added.set(row.id, count)
    return { ...row, id: `${row.id}#${count}` }
  }

  /** Of several rows of a key and time the one that has so many behind it. */
  fromLast(key: unknown, start: number, behind: number): Row {
    const row = this.starting(key, start)
    return { ...row, id: `${row.id}#${(this.#added.get(row.id) ?? 0) - behind}` }
  }

  /** The id of the row whose change a changelog record is, by its key's bytes. Rows of which there are several are changed one by one, by steps. */
  changed(key: Uint8Array): string {
    const { kind } = this.store.spec
    const at = (from: number): number => readInt64(key, key.length - from)
    if (kind === 'window') return this.#id(key.subarray(0, key.length - 12), `@${at(12)}`)
    return kind === 'session' ? this.#id(key.subarray(0, key.length - 16), `@${at(8)}-${at(16)}`) : this.#id(key, '')
  }

  /** A row was read: `value` is what was found, undefined where there is none. Answers it. */
  read<T>(row: Row, value: T): T {
    this.trace.reads(row, value)
    return value
  }

  /** A row is written. */
  write(row: Row, value: unknown): void {
    this.trace.writes(row, value)
  }

  #row(key: unknown, beside: string, shown: unknown): Row {
    return { store: this.store.name, key: kept(shown), id: this.#id(this.#bytes(key), beside) }
  }

  #id(key: Uint8Array, beside: string): string {
    return `${this.#task}/${this.store.name}/${toHex(key)}${beside}`
  }

  #bytes(key: unknown): Uint8Array {
    if (key === null || key === undefined) return NOTHING
    return this.store.key.serialize(key, { topic: this.store.name, side: 'key', headers: noHeaders })
  }
}

/** Sessions have two bounds, windows a start. */
function boundsText({ spec }: ResolvedStore, { start, end }: Window): string {
  return spec.kind === 'session' ? `@${start}-${end}` : `@${start}`
}

function isWindowed(key: unknown): key is Windowed<unknown> {
  return typeof key === 'object' && key !== null && 'key' in key && 'window' in key
}
