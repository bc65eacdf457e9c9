/**
 * A finished topology: validated, frozen data. It knows no application: internal topics get their `<applicationId>-` when tasks are made. What
 * else there is to know about it (sub-topologies, partition counts, its description) is derived by functions. The `add…` methods are the low level:
 * each answers a new topology and leaves this one as it is, so one that the DSL built can be added to as well.
 */
import type { Topic, SinkTopic } from '../model/topic.ts'
import type { RecordContext } from '../model/record.ts'
import { TopologyError } from '../base/errors.ts'
import type { AnyStoreSpec, ResolvedStore, StoreName, StoreSpec } from '../state/store-spec.ts'
import { describe } from './describe.ts'
import { diffTopologies, type TopologyDiff } from './diff.ts'
import { toDot, toMermaid } from './draw.ts'
import type { OnError } from './error-decision.ts'
import {
  withConnection,
  withProcessor,
  withReadOnlyStore,
  withSink,
  withSource,
  withStore,
  type PatternNodeOptions,
  type ProcessorNodeOptions,
  type ReadOnlyStoreOptions,
  type SinkNodeOptions,
  type SourceNodeOptions,
} from './low-level.ts'
import type { ProcessorNode, RepartitionTopic, TopologyNode } from './node.ts'
import type { AnyOperator, NodeName } from './operator.ts'
import { partitionCounts } from './partition-counts.ts'
import { withTopics } from './patterns.ts'
import type { Processor } from './processor.ts'
import { partitionNodes, type Subtopology } from './subtopologies.ts'
import { topologyJson, type TopologyJson } from './topology-json.ts'

/** What a topology is made of. */
export interface TopologyParts {
  /** In order of insertion, parents before children. */
  readonly nodes: readonly TopologyNode[]
  readonly stores: readonly ResolvedStore[]
  readonly storeNames: ReadonlyMap<AnyStoreSpec, StoreName>
  readonly repartitionTopics: readonly RepartitionTopic[]
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity: boolean
}

const EMPTY: TopologyParts = { nodes: [], stores: [], storeNames: new Map(), repartitionTopics: [], parity: false }

/** What an application runs. Made by `StreamsBuilder.build()`, or from nothing: `new Topology().addSource('in', orders).addSink('out', copies, 'in')`. */
export class Topology {
  readonly nodes: ReadonlyMap<NodeName, TopologyNode>
  readonly stores: ReadonlyMap<StoreName, ResolvedStore>
  /** Internal topics between its sub-topologies, without the application id. */
  readonly repartitionTopics: readonly RepartitionTopic[]
  readonly subtopologies: readonly Subtopology[]
  /** The parts that keep global stores: every instance runs them all. */
  readonly globals: readonly Subtopology[]
  readonly parity: boolean
  readonly #parts: TopologyParts

  constructor(given: Partial<TopologyParts> = {}) {
    const parts = { ...EMPTY, ...given }
    this.#parts = parts
    this.nodes = new Map(parts.nodes.map((node) => [node.name, Object.freeze(node)]))
    this.stores = new Map(parts.stores.map((store) => [store.name, Object.freeze(store)]))
    this.repartitionTopics = Object.freeze([...parts.repartitionTopics])
    const { subtopologies, globals } = partitionNodes(parts.nodes, this.stores)
    this.subtopologies = Object.freeze(subtopologies)
    this.globals = Object.freeze(globals)
    this.parity = parts.parity
    Object.freeze(this)
  }

  /** With a source more, of topics of one type. Throws a `TopologyError`, as all that add do. `topology.addSource('in', orders)` */
  addSource<K, V>(name: string, topics: Topic<K, V> | readonly Topic<K, V>[], options?: SourceNodeOptions<K, V>): Topology
  /** With a source more, of all topics that a pattern finds. `topology.addSource('in', /^orders-/, { key: serdes.string, value: serdes.json() })` */
  addSource<K, V>(name: string, pattern: RegExp, options: PatternNodeOptions<K, V>): Topology
  addSource<K, V>(
    name: string,
    topics: Topic<K, V> | readonly Topic<K, V>[] | RegExp,
    options: SourceNodeOptions<K, V> | PatternNodeOptions<K, V> = {},
  ): Topology {
    const pattern = topics instanceof RegExp ? topics : undefined
    const list = topics instanceof RegExp ? [] : isTopic(topics) ? [topics] : topics
    const { key, value } = 'key' in options ? options : { key: list[0]?.key, value: list[0]?.value }
    const { timestamp, startFrom, onError } = options
    const source = { name, topics: list.map((topic) => topic.name), pattern, key, value, timestamp, startFrom, onError }
    return new Topology(withSource(this.#parts, source))
  }

  /** With a processor more, below steps that are there. `topology.addProcessor('count', () => new Counter(), 'in', { stores: [counts] })` */
  addProcessor<K, V, KOut, VOut>(
    name: string,
    supplier: () => Processor<K, V, KOut, VOut>,
    parents: string | readonly string[],
    options: ProcessorNodeOptions = {},
  ): Topology {
    return new Topology(withProcessor(this.#parts, { ...options, name, supplier, parents: listed(parents) }))
  }

  /** With a sink more: a topic, or a function that names one for each record. `topology.addSink('out', totals, 'count')` */
  addSink<K, V>(
    name: string,
    topic: SinkTopic<K, V> | ((value: V, key: K, record: RecordContext) => string),
    parents: string | readonly string[],
    options: SinkNodeOptions<K, V> = {},
  ): Topology {
    const chosen = typeof topic === 'function'
    const key = options.key ?? (chosen ? undefined : topic.key)
    const value = options.value ?? (chosen ? undefined : topic.value)
    const { partitioner, onError } = options
    const sink = { name, topic: chosen ? topic : topic.name, parents: listed(parents), key, value, partitioner, onError }
    return new Topology(withSink(this.#parts, sink))
  }

  /** With a store more, connected to processors that are there. `topology.addStateStore(counts, ['count'])` */
  addStateStore(spec: StoreSpec, processors: string | readonly string[] = []): Topology {
    const added = withStore(this.#parts, spec)
    return new Topology(listed(processors).reduce((parts, processor) => withConnection(parts, processor, [spec]), added))
  }

  /** With stores that are there connected to a processor. `topology.connect('count', counts)` */
  connect(processor: string, stores: StoreSpec | readonly StoreSpec[]): Topology {
    return new Topology(withConnection(this.#parts, processor, isList(stores) ? stores : [stores]))
  }

  /**
   * With a store that a topic feeds: `supplier`'s processor puts its records in as they are, for the topic is its changelog too. Other processors are
   * connected to read it. `topology.addReadOnlyStore(prices, priceTopic, () => new Keeper())`
   */
  addReadOnlyStore<K, V>(
    spec: StoreSpec,
    topic: Topic<K, V>,
    supplier: () => Processor<K, V, never, never>,
    options: ReadOnlyStoreOptions<K, V> = {},
  ): Topology {
    return this.#fed(spec, topic, supplier, { ...options, isGlobal: false })
  }

  /** With a store that every instance fills from all of a topic; any processor may read it. `topology.addGlobalStore(rates, currencies, () => new Rates())` */
  addGlobalStore<K, V>(
    spec: StoreSpec,
    topic: Topic<K, V>,
    supplier: () => Processor<K, V, never, never>,
    options: Omit<ReadOnlyStoreOptions<K, V>, 'startFrom'> = {},
  ): Topology {
    return this.#fed(spec, topic, supplier, { ...options, isGlobal: true })
  }

  #fed<K, V>(
    spec: StoreSpec,
    topic: Topic<K, V>,
    supplier: () => Processor<K, V, never, never>,
    options: ReadOnlyStoreOptions<K, V> & { readonly isGlobal: boolean },
  ): Topology {
    const { name: store = '' } = spec
    const { sourceName = `${store}-source`, processorName = `${store}-processor`, timestamp, startFrom, onError, isGlobal } = options
    const { key, value } = topic
    const source = { name: sourceName, topics: [topic.name], pattern: undefined, key, value, timestamp, startFrom, onError, isGlobal }
    return new Topology(withReadOnlyStore(this.#parts, { source, processor: { name: processorName, supplier }, store: spec }))
  }

  /** The name of a store by its spec; undefined when the topology doesn't have it. */
  storeName(spec: StoreSpec): StoreName | undefined {
    const names: ReadonlyMap<object, StoreName> = this.#parts.storeNames
    const name = names.get(spec)
    return name !== undefined && this.stores.has(name) ? name : undefined
  }

  /** Whether a store is global: read by all tasks, and written by its own source only. */
  isGlobal(store: StoreName): boolean {
    return this.globals.some(({ stores }) => stores.some(({ name }) => name === store))
  }

  /** What decides about records that fail at a step; undefined: the application's. */
  onErrorOf(node: NodeName): OnError | undefined {
    return this.nodes.get(node)?.onError
  }

  /** This topology where sources with a pattern read those of the given topics that it finds. */
  subscribed(topics: readonly string[]): Topology {
    return this.hasPatterns ? new Topology({ ...this.#parts, nodes: withTopics(this.#parts.nodes, topics) }) : this
  }

  /** This topology with steps that are started otherwise, and must behave as before: how a test looks at what they do. */
  withStarts(startOf: (node: ProcessorNode) => AnyOperator['start']): Topology {
    const nodes = this.#parts.nodes.map((node) => {
      if (node.kind !== 'processor') return node
      const { role, traits, naming, stores } = node.operator
      return { ...node, operator: { role, traits, stores, ...(naming === undefined ? {} : { naming }), start: startOf(node) } }
    })
    return new Topology({ ...this.#parts, nodes })
  }

  /** True where the topics of a source depend on those of the cluster. */
  get hasPatterns(): boolean {
    return this.#parts.nodes.some((node) => node.kind === 'source' && node.pattern !== undefined)
  }

  /** Throws `TOPOLOGY_EMPTY` when it reads nothing. */
  mustRead(): void {
    if (this.nodes.size > 0) return
    throw new TopologyError([
      { code: 'TOPOLOGY_EMPTY', message: 'the topology reads nothing: begin with addSource(name, topic), or use a StreamsBuilder' },
    ])
  }

  /** The partition count of every source topic, given those of topics outside the application. Throws `COPARTITION`. */
  partitionCounts(external: (topic: string) => number): ReadonlyMap<string, number> {
    return partitionCounts(this, external)
  }

  /** The text that Kafka Streams' `Topology.describe()` gives for the same program. */
  describe(): string {
    return describe(this)
  }

  /** A picture as a Mermaid flowchart. */
  toMermaid(): string {
    return toMermaid(this.toJSON())
  }

  /** A picture as a Graphviz digraph. */
  toDot(): string {
    return toDot(this.toJSON())
  }

  /** The topology as plain data, to be kept and compared with a later one. */
  toJSON(): TopologyJson {
    return topologyJson(this)
  }

  /** What this topology has made of an older one, and whether it can be rolled out beside it. `topology.diff(JSON.parse(saved))` */
  diff(older: Topology | TopologyJson): TopologyDiff {
    return diffTopologies(this.toJSON(), older instanceof Topology ? older.toJSON() : older)
  }
}

function isTopic<K, V>(topics: Topic<K, V> | readonly Topic<K, V>[]): topics is Topic<K, V> {
  return !Array.isArray(topics)
}

function isList(stores: StoreSpec | readonly StoreSpec[]): stores is readonly StoreSpec[] {
  return Array.isArray(stores)
}

function listed(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names
}
