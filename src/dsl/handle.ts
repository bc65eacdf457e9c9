/**
 * What all handles share: the builder's list of calls, the serdes that are known so far, and the makers of the other handles. A handle is a
 * place in that list with types; its methods append a call and answer the handle of it. Handles import each other as types only, so the makers
 * come from the builder, which alone imports the classes.
 */
import { TopologyError, type Mistake } from '../base/errors.ts'
import type { AnySerde, Serde } from '../model/serde.ts'
import type { Topic } from '../model/topic.ts'
import type { SessionStoreSpec, StoreSpec, TableStoreSpec, WindowStoreSpec } from '../state/store-spec.ts'
import type { Call } from '../topology/graph.ts'
import type { TableReader } from '../topology/operator.ts'
import type { CogroupedKStream, CogroupInput } from './cogrouped.ts'
import type { KGroupedStream } from './grouped.ts'
import type { KGroupedTable } from './grouped-table.ts'
import type { KStream } from './kstream.ts'
import type { KTable } from './ktable.ts'
import type { SessionWindowedKStream, WindowedKStream } from './windowed.ts'
import { anyStore } from './passes/naming.ts'
import { retentionOf, sizeOf, type SessionWindows, type StoredWindows } from '../operators/window-placement.ts'

/** The builder's list. @internal */
export class Graph {
  readonly calls: Call[] = []
  /** What is wrong with calls by themselves; `build()` reports it with all the rest. */
  readonly mistakes: Mistake[] = []
  #frozen = false

  /** Appends a call. Throws `TOPOLOGY_FROZEN` after `build()`. */
  add<C extends Call>(call: C): C {
    if (this.#frozen)
      throw new TopologyError([
        { code: 'TOPOLOGY_FROZEN', message: 'the topology is built already: make all steps before build(), or a new StreamsBuilder' },
      ])
    this.calls.push(call)
    return call
  }

  /** Takes no more calls. */
  freeze(): void {
    this.#frozen = true
  }
}

/** A place in the list, with the serdes known there. @internal */
export interface Parts {
  readonly graph: Graph
  readonly makers: Makers
  readonly call: Call
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
}

/** A table's place: how it is read as well. @internal */
export interface TableParts<K, V> extends Parts {
  /** Undefined where it can't be read by key. */
  readonly reader: TableReader<K, V> | undefined
}

/** A grouping's place. @internal */
export interface GroupParts extends Parts {
  /** Name of the repartition. */
  readonly name: string | undefined
  /** Steps of one grouping share its repartition when it has a name. */
  readonly grouping: object
}

/** Makes the other handles. Their types are unchecked claims: only `dsl/` calls them. @internal */
export interface Makers {
  stream<K, V>(parts: Parts): KStream<K, V>
  table<K, V, Deletes extends boolean>(parts: TableParts<K, V>): KTable<K, V, Deletes>
  grouped<K, V>(parts: GroupParts): KGroupedStream<K, V>
  windowed<K, V>(parts: GroupParts, windows: StoredWindows): WindowedKStream<K, V>
  cogrouped<K, A>(inputs: readonly CogroupInput<K, A>[]): CogroupedKStream<K, A>
  sessionWindowed<K, V>(parts: GroupParts, windows: SessionWindows): SessionWindowedKStream<K, V>
  groupedTable<K, V>(parts: GroupParts): KGroupedTable<K, V>
}

/** The spec of a table's store from a name, a spec, or nothing: a key-value one unless a spec says otherwise. @internal */
export function keyValueSpec<K, V>(store: string | TableStoreSpec<K, V> | undefined): TableStoreSpec<K, V> {
  if (typeof store === 'object') return store
  return Object.freeze({ kind: 'keyValue', ...(store === undefined ? {} : { name: store }) })
}

/** Appends the store of a topic's table. @internal */
export function addTopicStore<K, V>(graph: Graph, { name, key, value }: Topic<K, V>, store: StoreSpec): void {
  graph.add({ kind: 'store', spec: anyStore(store), role: `${name}-STATE-STORE-`, key: erased(key), value: erased(value) })
}

/** The spec of a window store from a name, a spec, or nothing; what doesn't fit the windows is added to `mistakes`. @internal */
export function windowSpec<K, V>(
  store: string | WindowStoreSpec<K, V> | undefined,
  windows: StoredWindows,
  mistakes: Mistake[],
): WindowStoreSpec<K, V> {
  const sizeMs = sizeOf(windows)
  const needed = retentionOf(windows)
  if (typeof store !== 'object')
    return Object.freeze({ kind: 'window', sizeMs, retentionMs: needed, ...(store === undefined ? {} : { name: store }) })
  const { name = '(unnamed)' } = store
  if (store.sizeMs !== sizeMs) {
    const message = `store ${name} has windows of ${store.sizeMs} ms, the step's have ${sizeMs} ms: give the store sizeMs: ${sizeMs}`
    mistakes.push({ code: 'WINDOW_INVALID', message, node: name })
  }
  if (store.retentionMs < needed) {
    const what = windows.kind === 'sliding' ? 'twice the difference + grace' : 'size + grace'
    const message = `store ${name} keeps its windows ${store.retentionMs} ms: they need ${what}, at least ${needed} ms (retentionMs)`
    mistakes.push({ code: 'WINDOW_RETENTION', message, node: name })
  }
  return store
}

/** The spec of a session store from a name, a spec, or nothing; what doesn't fit the sessions is added to `mistakes`. @internal */
export function sessionSpec<K, V>(
  store: string | SessionStoreSpec<K, V> | undefined,
  windows: SessionWindows,
  mistakes: Mistake[],
): SessionStoreSpec<K, V> {
  const needed = retentionOf(windows)
  if (typeof store !== 'object')
    return Object.freeze({ kind: 'session', retentionMs: needed, ...(store === undefined ? {} : { name: store }) })
  const { name = '(unnamed)', retentionMs } = store
  if (retentionMs < needed) {
    const message = `store ${name} keeps its sessions ${retentionMs} ms: they need gap + grace, at least ${needed} ms (retentionMs)`
    mistakes.push({ code: 'WINDOW_RETENTION', message, node: name })
  }
  return store
}

/** Whether an aggregate can be deleted: when the function that makes it may answer null. */
export type MayDelete<R> = null extends R ? true : false

/** Throws `TOPOLOGY_INVALID` when two handles are of two builders. @internal */
export function checkBuilder(mine: Graph, theirs: Graph, what: 'stream' | 'table'): void {
  if (mine === theirs) return
  const message = `this ${what} is of another StreamsBuilder: make everything that meets in one topology with one builder`
  throw new TopologyError([{ code: 'TOPOLOGY_INVALID', message }])
}

/** Erases a serde's type. @internal */
export function erased<T>(serde: Serde<T> | undefined): AnySerde | undefined {
  return serde
}

/** Sound because a null result deletes the row: no reader ever answers it. @internal */
export function narrowed<K, V>(reader: TableReader<K, V> | undefined): TableReader<K, Exclude<V, null>> | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return reader as TableReader<K, Exclude<V, null>> | undefined
}
