/**
 * A global table: every instance has all rows of its topic, so streams can look anything up in it, under any key, without a repartition. It is read
 * before anything is processed and then followed, on its own: its rows are not in step with the records of streams.
 */
import { TopologyError } from '../base/errors.ts'
import type { Topic } from '../model/topic.ts'
import { process } from '../operators/process.ts'
import type { Processor } from '../topology/processor.ts'
import { storeReader, tableSource } from '../operators/table.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { AnyOperator, TableReader } from '../topology/operator.ts'
import { addTopicStore, checkBuilder, erased, keyValueSpec, type Graph } from './handle.ts'
import type { GlobalStoreOptions, GlobalTableOptions } from './options.ts'
import { anyStore } from './passes/naming.ts'

/** A table that every instance has all of. */
export class GlobalKTable<K, V> {
  /** Tells it from other tables. @internal */
  readonly isGlobal: true = true
  readonly #graph: Graph
  readonly #reader: TableReader<K, V>

  /** @internal */
  constructor(graph: Graph, reader: TableReader<K, V>) {
    this.#graph = graph
    this.#reader = reader
  }

  /** How the table is read by key, from a handle of that builder's. @internal */
  reader(from: Graph): TableReader<K, V> {
    checkBuilder(from, this.#graph, 'table')
    return this.#reader
  }
}

/** Appends a global table. @internal */
export function globalTable<K, V>(
  graph: Graph,
  topic: Topic<K, V>,
  options: GlobalTableOptions<K, V>,
): GlobalKTable<Exclude<K, null>, Exclude<V, null>> {
  const store = keyValueSpec<Exclude<K, null>, Exclude<V, null>>(options.store)
  if (store.kind !== 'keyValue') {
    const message = `a global table keeps one value a key: give ${topic.name} a store made by keyValueStore, not one of another kind`
    throw new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
  }
  addTopicStore(graph, topic, store)
  const source = tableSource<Exclude<K, null>, Exclude<V, null>>({ store, emit: 'every-update' })
  keep(graph, topic, options, { ...source, traits: { ...source.traits, storeOptional: false } })
  return new GlobalKTable(graph, storeReader(store))
}

/** Appends a store that a processor fills from a topic, on every instance. @internal */
export function globalStore<K, V>(
  graph: Graph,
  spec: StoreSpec,
  topic: Topic<K, V>,
  call: { readonly processor: () => Processor<K, V, never, never>; readonly options: GlobalStoreOptions<K, V> },
): void {
  graph.add({ kind: 'store', spec: anyStore(spec), role: undefined })
  const { role, naming = { stores: 'none' } } = tableSource({ store: keyValueSpec(undefined), emit: 'every-update' })
  keep(graph, topic, call.options, { ...process(call.processor, [spec]), role, naming: { ...naming, stores: 'none' } })
}

/** The source of a global store and the step that writes it. */
function keep<K, V>(
  graph: Graph,
  topic: Topic<K, V>,
  { name, timestamp = 'fail', onError }: GlobalStoreOptions<K, V>,
  operator: AnyOperator,
): void {
  const [key, value] = [erased(topic.key)!, erased(topic.value)!]
  const source = graph.add({
    kind: 'source',
    name: name === undefined ? undefined : `${name}-source`,
    topics: [topic.name],
    pattern: undefined,
    key,
    value,
    timestamp,
    startFrom: 'earliest',
    as: 'global table',
    onError,
  })
  graph.add({ kind: 'step', name, operator, parents: [source], key, value, onError })
}
