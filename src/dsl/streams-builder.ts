/**
 * Where a topology begins. The builder keeps a list of calls and hands out handles; `build()` runs the passes over that list and answers a
 * frozen topology, or throws one error with every mistake. It alone imports the handles' classes.
 */
import { TopologyError, type Mistake } from '../base/errors.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Nullable, Sided, Topic } from '../model/topic.ts'
import { storeReader, tableSource } from '../operators/table.ts'
import type { Processor } from '../topology/processor.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { Topology } from '../topology/topology.ts'
import { CogroupedKStream } from './cogrouped.ts'
import { globalStore, globalTable, type GlobalKTable } from './global-ktable.ts'
import { KGroupedStream } from './grouped.ts'
import { KGroupedTable } from './grouped-table.ts'
import { addTopicStore, erased, Graph, keyValueSpec, type Makers } from './handle.ts'
import { KStream } from './kstream.ts'
import { KTable } from './ktable.ts'
import type { GlobalStoreOptions, GlobalTableOptions, PatternOptions, SourceOptions, TableSourceOptions } from './options.ts'
import { mergeRepartitions } from './passes/merge-repartitions.ts'
import { missing } from './passes/internal-topic.ts'
import { anyStore, nameCalls } from './passes/naming.ts'
import { keepNullKeys } from './passes/null-keys.ts'
import { spreadOldValues } from './passes/old-values.ts'
import { resolve } from './passes/resolve.ts'
import { joinSelves } from './passes/self-joins.ts'
import { validate } from './passes/validate.ts'
import { SessionWindowedKStream, WindowedKStream } from './windowed.ts'

/** The optimisations that `optimize` may name; `true` is all of them. */
export type Optimization = 'merge.repartition.topics' | 'reuse.ktable.source.topics' | 'single.store.self.join'

/** How a topology is built. */
export interface BuildOptions {
  /** Kafka Streams' `topology.optimization`; none when left out. */
  readonly optimize?: boolean | readonly Optimization[]
  /** True: an internal topic or store without a name of its own is a mistake. */
  readonly ensureExplicitInternalResourceNaming?: boolean
  /** `kafka-streams`: its own behaviour where ours differs on purpose. */
  readonly parity?: 'kafka-streams'
}

/** Builds a topology. */
export class StreamsBuilder {
  readonly #graph: Graph = new Graph()
  readonly #makers: Makers = {
    stream: (parts) => new KStream(parts),
    table: (parts) => new KTable(parts),
    grouped: (parts) => new KGroupedStream(parts),
    groupedTable: (parts) => new KGroupedTable(parts),
    windowed: (parts, windows) => new WindowedKStream(parts, windows),
    cogrouped: (inputs) => new CogroupedKStream(inputs),
    sessionWindowed: (parts, windows) => new SessionWindowedKStream(parts, windows),
  }

  /** A stream of a topic's records, or of several topics of one type. `builder.stream(orders)` */
  stream<K, V>(topics: Topic<K, V> | readonly Topic<K, V>[], options?: SourceOptions<K, V>): KStream<K, V>
  /** A stream of all topics that a pattern finds, also of those made later. `builder.stream(/^orders-/, { key: serdes.string, value: serdes.json<Order>() })` */
  stream<K, V, const N extends Nullable | undefined = undefined>(
    pattern: RegExp,
    options: PatternOptions<K, V, N>,
  ): KStream<Sided<K, N, 'key'>, Sided<V, N, 'value'>>
  stream<K, V>(topics: Topic<K, V> | readonly Topic<K, V>[] | RegExp, options: StreamOptions<K, V> = {}): KStream<K, V> {
    const list = topics instanceof RegExp ? [] : isTopic(topics) ? [topics] : topics
    const pattern = topics instanceof RegExp ? topics : undefined
    const { call, key, value } = this.#source(list, { ...options, as: 'stream' }, pattern)
    return this.#makers.stream<K, V>({ graph: this.#graph, makers: this.#makers, call, key, value })
  }

  /** A table of a topic: the newest value of each key; null deletes. `builder.table(customers, { store: 'customers' })` */
  table<K, V>(topic: Topic<K, V>, options: TableSourceOptions<K, V> = {}): KTable<Exclude<K, null>, Exclude<V, null>, true> {
    const graph = this.#graph
    const store = keyValueSpec<Exclude<K, null>, Exclude<V, null>>(options.store)
    addTopicStore(graph, topic, store)
    const { name, onError } = options
    const { call, key, value } = this.#source([topic], {
      ...options,
      ...(name === undefined ? {} : { name: `${name}-source` }),
      as: 'table',
    })
    const operator = tableSource<Exclude<K, null>, Exclude<V, null>>({ store, emit: options.emit })
    const step = graph.add({ kind: 'step', name, operator, parents: [call], key, value, onError })
    return this.#makers.table({ graph, makers: this.#makers, call: step, key, value, reader: storeReader(store) })
  }

  /** A store that processors may use. `builder.addStateStore(keyValueStore('seen', { key: serdes.string, value: serdes.long }))` */
  addStateStore(spec: StoreSpec): this {
    this.#graph.add({ kind: 'store', spec: anyStore(spec), role: undefined })
    return this
  }

  /** A table that every instance has all of, so that any key of it can be looked up anywhere. `builder.globalTable(products, { store: 'products' })` */
  globalTable<K, V>(topic: Topic<K, V>, options: GlobalTableOptions<K, V> = {}): GlobalKTable<Exclude<K, null>, Exclude<V, null>> {
    return globalTable(this.#graph, topic, options)
  }

  /** A store that every instance fills from a topic, by a processor; any processor may read it. `builder.addGlobalStore(rates, currencies, () => new Rates())` */
  addGlobalStore<K, V>(
    spec: StoreSpec,
    topic: Topic<K, V>,
    processor: () => Processor<K, V, never, never>,
    options: GlobalStoreOptions<K, V> = {},
  ): this {
    globalStore(this.#graph, spec, topic, { processor, options })
    return this
  }

  /** The finished topology. Throws one `TopologyError` with every mistake; takes no more steps afterwards. */
  build(options: BuildOptions = {}): Topology {
    const wants = (optimization: Optimization): boolean =>
      options.optimize === true || (Array.isArray(options.optimize) && options.optimize.includes(optimization))
    this.#graph.freeze()
    const named = nameCalls(this.#graph.calls)
    const merged = wants('merge.repartition.topics') ? mergeRepartitions(named) : named
    const parity = options.parity === 'kafka-streams'
    const draft = spreadOldValues(keepNullKeys(wants('single.store.self.join') ? joinSelves(merged, { parity }) : merged))
    const parts = resolve(draft, { reuseSourceTopics: wants('reuse.ktable.source.topics'), parity })
    const mistakes = [
      ...unknownOptimizations(options),
      ...this.#graph.mistakes,
      ...validate(draft, { explicitNaming: options.ensureExplicitInternalResourceNaming === true }),
    ]
    if (mistakes.length > 0) throw new TopologyError(mistakes)
    return new Topology(parts)
  }

  #source<K, V>(
    topics: readonly Topic<K, V>[],
    options: StreamOptions<K, V> & { readonly as: 'stream' | 'table' },
    pattern?: RegExp,
  ): Pick<Parameters<Makers['stream']>[0], 'call' | 'key' | 'value'> {
    const [first] = topics
    const key = options.key ?? erased(first?.key)
    const value = options.value ?? erased(first?.value)
    const call = this.#graph.add({
      kind: 'source',
      name: options.name,
      topics: topics.map(({ name }) => name),
      pattern,
      key: key ?? missing,
      value: value ?? missing,
      timestamp: options.timestamp ?? 'fail',
      startFrom: options.startFrom ?? 'earliest',
      as: options.as,
      onError: options.onError,
    })
    return { call, key, value }
  }
}

/** Options of a source with the serdes that a pattern needs. */
type StreamOptions<K, V> = SourceOptions<K, V> & { readonly key?: AnySerde; readonly value?: AnySerde }

const OPTIMIZATIONS: readonly Optimization[] = ['merge.repartition.topics', 'reuse.ktable.source.topics', 'single.store.self.join']

function unknownOptimizations({ optimize }: BuildOptions): Mistake[] {
  const unknown = Array.isArray(optimize) ? optimize.filter((name: Optimization) => !OPTIMIZATIONS.includes(name)) : []
  return unknown.map((name) => ({
    code: 'ARGUMENT_INVALID',
    message: `there is no optimization '${String(name)}': give some of ${OPTIMIZATIONS.join(', ')}, or true for all`,
  }))
}

function isTopic<K, V>(topics: Topic<K, V> | readonly Topic<K, V>[]): topics is Topic<K, V> {
  return !Array.isArray(topics)
}
