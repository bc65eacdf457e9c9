/**
 * Topologies without the DSL, as functions from parts to parts: each adds one thing, checks it against what is there, and throws one
 * `TopologyError` with all that is wrong with it. A node's parents must be there before it, so there is no cycle and nothing unreachable.
 */
import { TopologyError, type Mistake } from '../base/errors.ts'
import type { RecordContext } from '../model/record.ts'
import type { AnySerde, Serde } from '../model/serde.ts'
import type { AnyStoreSpec, ResolvedStore, StoreSpec } from '../state/store-spec.ts'
import type { OnError } from './error-decision.ts'
import { nameMistake, topicMistake } from './names.ts'
import type { ProcessorNode, SinkNode, SourceNode, StartFrom, TimestampPolicy, TopologyNode } from './node.ts'
import type { AnyPartitioner, NodeName, Partitioner, SinkSpec, Traits } from './operator.ts'
import { overlaps, patternMistake } from './patterns.ts'
import type { Processor } from './processor.ts'
import { processing } from './running-processor.ts'
import type { TopologyParts } from './topology.ts'

/** Options of `addSource`. */
export interface SourceNodeOptions<K, V> {
  /** What becomes of a record's time: `fail` (default) on a negative one, `skip`, `partition-time`, `wall-clock`, or a function; its negative answer drops the record. */
  readonly timestamp?:
    | 'fail'
    | 'skip'
    | 'partition-time'
    | 'wall-clock'
    | ((value: V, key: K, record: RecordContext, partitionTime: number) => number)
  /** Where a new group begins: `earliest` (default), `latest`, `none` (an error), or so many milliseconds back. */
  readonly startFrom?: StartFrom
  readonly onError?: OnError
}

/** Options of `addSource` with a pattern. */
export interface PatternNodeOptions<K, V> extends SourceNodeOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Options of `addProcessor`. */
export interface ProcessorNodeOptions {
  /** Stores it uses: added where they aren't there yet, and connected to it. */
  readonly stores?: readonly StoreSpec[]
  readonly onError?: OnError
}

/** Options of `addSink`. */
export interface SinkNodeOptions<K, V> {
  /** The topic's own when left out; needed where a function chooses the topic. */
  readonly key?: Serde<Exclude<K, null>>
  readonly value?: Serde<Exclude<V, null>>
  /** The default one, by the key's hash, when left out. */
  readonly partitioner?: Partitioner<K, V>
  readonly onError?: OnError
}

/** Options of `addReadOnlyStore`. */
export interface ReadOnlyStoreOptions<K, V> extends SourceNodeOptions<K, V> {
  /** The names of its two nodes; made from the store's when left out. */
  readonly sourceName?: string
  readonly processorName?: string
}

/** What a source reads. */
export interface SourceParts {
  readonly name: string
  readonly topics: readonly string[]
  readonly pattern: RegExp | undefined
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly timestamp: TimestampPolicy | undefined
  readonly startFrom: StartFrom | undefined
  readonly onError: OnError | undefined
  /** True: every instance reads all of it, for a global store. */
  readonly isGlobal?: boolean
}

/** What a sink writes. */
export interface SinkParts {
  readonly name: string
  readonly topic: SinkSpec['topic']
  readonly parents: readonly string[]
  readonly key: AnySerde | undefined
  readonly value: AnySerde | undefined
  readonly partitioner: AnyPartitioner | undefined
  readonly onError: OnError | undefined
}

/** What a processor node is made of. */
export interface ProcessorParts<K, V, KOut, VOut> extends ProcessorNodeOptions {
  readonly name: string
  readonly supplier: () => Processor<K, V, KOut, VOut>
  readonly parents: readonly string[]
}

/** A store that a topic feeds. */
export interface ReadOnlyParts<K, V> {
  readonly source: SourceParts
  readonly processor: Omit<ProcessorParts<K, V, never, never>, 'parents'>
  readonly store: StoreSpec
}

const TRAITS: Traits = { changesKey: true, changesValue: true, readsKey: true, readsValue: true }

/** With a source more. */
export function withSource(parts: TopologyParts, source: SourceParts): TopologyParts {
  const { name, topics, pattern, key, value, onError } = source
  const node: Omit<SourceNode, 'key' | 'value'> = {
    kind: 'source',
    name,
    topics,
    internal: false,
    isGlobal: source.isGlobal ?? false,
    timestamp: source.timestamp ?? 'fail',
    startFrom: source.startFrom ?? 'earliest',
    parents: [],
    ...(pattern === undefined ? {} : { pattern }),
    ...decidedBy(onError),
  }
  const serdes = topics.length === 0 && pattern === undefined ? [] : serdeMistakes({ key, value }, `source ${name}`, name)
  raise([...newName(parts, name), ...topicMistakes(parts, node), ...serdes])
  return settled({ ...parts, nodes: [...parts.nodes, { ...node, key: key!, value: value! }] })
}

/** With a processor more. */
export function withProcessor<K, V, KOut, VOut>(parts: TopologyParts, given: ProcessorParts<K, V, KOut, VOut>): TopologyParts {
  const { name, supplier, parents, stores = [], onError } = given
  const operator = { ...processing(supplier, stores, false), role: 'KSTREAM-PROCESSOR-', traits: TRAITS }
  const added = stores.reduce((sum, spec) => withStore(sum, spec), parts)
  raise([...newName(parts, name), ...parentMistakes(parts, name, parents), ...globalMistakes(parts, name, stores)])
  const node: ProcessorNode = {
    kind: 'processor',
    name,
    operator,
    parents,
    stores: [...new Set(stores.map((spec) => added.storeNames.get(anyStore(spec))!))],
    sendsOldValues: false,
    ...decidedBy(onError),
  }
  return settled({ ...added, nodes: [...added.nodes, node] })
}

/** With a sink more. */
export function withSink(parts: TopologyParts, given: SinkParts): TopologyParts {
  const { name, topic, parents, key, value, partitioner, onError } = given
  const wrongTopic = typeof topic === 'function' ? undefined : topicMistake(topic, name)
  raise([
    ...newName(parts, name),
    ...parentMistakes(parts, name, parents),
    ...(wrongTopic === undefined ? [] : [wrongTopic]),
    ...serdeMistakes({ key, value }, `sink ${name}`, name),
  ])
  const sink: SinkSpec = { topic, internal: false, key: key!, value: value!, ...(partitioner === undefined ? {} : { partitioner }) }
  const node: SinkNode = { kind: 'sink', name, sink, parents, ...decidedBy(onError) }
  return settled({ ...parts, nodes: [...parts.nodes, node] })
}

/** With a store, if it isn't there yet; `topic`: the source topic that is its changelog. */
export function withStore(parts: TopologyParts, given: StoreSpec, topic?: string): TopologyParts {
  const spec = anyStore(given)
  if (parts.storeNames.has(spec)) return parts
  const name = spec.name ?? ''
  const wrongName = nameMistake(name, 'store')
  const twin = parts.stores.some((store) => store.name === name)
  const duplicate: Mistake = {
    code: 'STORE_DUPLICATE',
    message: `two stores are called ${name}: give one of them another name, or use one spec for both`,
    node: name,
  }
  const { key, value } = spec
  raise([
    ...(wrongName === undefined ? [] : [wrongName]),
    ...(twin ? [duplicate] : []),
    ...serdeMistakes({ key, value }, `store ${name}`, name),
  ])
  const own = { topic: `${name}-changelog`, source: false, configs: typeof spec.changelog === 'object' ? spec.changelog : {} }
  const changelog = topic !== undefined ? { topic, source: true, configs: {} } : spec.changelog === false ? undefined : own
  const store: ResolvedStore = { name, spec, key: key!, value: value!, changelog, keepsPrior: false, readBySourceKey: false }
  return { ...parts, stores: [...parts.stores, store], storeNames: new Map([...parts.storeNames, [spec, name]]) }
}

/** With stores connected to a processor. */
export function withConnection(parts: TopologyParts, processor: string, stores: readonly StoreSpec[]): TopologyParts {
  const node = parts.nodes.find(({ name }) => name === processor)
  raise([
    ...connectionMistakes(node, processor),
    ...stores.flatMap((spec) => unknownStore(parts, spec, processor)),
    ...globalMistakes(parts, processor, stores),
  ])
  if (node?.kind !== 'processor') return parts
  const names = stores.map((spec) => parts.storeNames.get(anyStore(spec))!)
  const connected: ProcessorNode = { ...node, stores: [...new Set([...node.stores, ...names])] }
  return settled({ ...parts, nodes: parts.nodes.map((other) => (other === node ? connected : other)) })
}

/** With a store that a topic feeds through a processor: the topic is its changelog. */
export function withReadOnlyStore<K, V>(parts: TopologyParts, { source, processor, store }: ReadOnlyParts<K, V>): TopologyParts {
  const known = parts.storeNames.has(anyStore(store))
  const name = store.name ?? ''
  if (known)
    raise([{ code: 'STORE_DUPLICATE', message: `store ${name} is there already: a read-only store has a topic of its own`, node: name }])
  const fed = withStore(withSource(parts, source), store, source.topics[0])
  return withProcessor(fed, { ...processor, parents: [source.name], stores: [store] })
}

/** Sound because specs are made by this library's functions only, and those make the kinds of the union. */
function anyStore(spec: object): AnyStoreSpec {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return spec as AnyStoreSpec
}

function raise(mistakes: readonly Mistake[]): void {
  if (mistakes.length > 0) throw new TopologyError(mistakes)
}

function decidedBy(onError: OnError | undefined): { readonly onError?: OnError } {
  return onError === undefined ? {} : { onError }
}

function newName({ nodes }: TopologyParts, name: string): Mistake[] {
  const mistake = nameMistake(name, 'step')
  const twin = nodes.some((node) => node.name === name)
  const duplicate: Mistake = { code: 'NODE_DUPLICATE', message: `two steps are called ${name}: give one of them another name`, node: name }
  return [...(mistake === undefined ? [] : [mistake]), ...(twin ? [duplicate] : [])]
}

function parentMistakes({ nodes }: TopologyParts, node: string, parents: readonly string[]): Mistake[] {
  if (parents.length === 0) {
    const message = `step ${node} has no parent, so no record would ever reach it: name the steps that it comes after`
    return [{ code: 'TOPOLOGY_UNREACHABLE', message, node }]
  }
  return parents.flatMap((parent, index): Mistake[] => {
    const found = nodes.find(({ name }) => name === parent)
    if (parent === node) return [{ code: 'TOPOLOGY_CYCLE', message: `step ${node} is its own parent`, node }]
    if (parents.indexOf(parent) !== index)
      return [{ code: 'ARGUMENT_INVALID', message: `step ${node} names its parent ${parent} twice`, node }]
    if (found?.kind === 'sink')
      return [{ code: 'TOPOLOGY_INVALID', message: `step ${node} can't come after ${parent}: that is a sink, where paths end`, node }]
    const known = nodes.map(({ name }) => name).join(', ') || 'none'
    const message = `step ${node} comes after ${parent}, which isn't there: add that first (there are: ${known})`
    return found === undefined ? [{ code: 'NODE_UNKNOWN', message, node }] : []
  })
}

function topicMistakes({ nodes }: TopologyParts, node: Pick<SourceNode, 'name' | 'topics' | 'pattern'>): Mistake[] {
  const { name, topics, pattern } = node
  const sources = nodes.filter((other) => other.kind === 'source')
  const none: Mistake = { code: 'TOPIC_INVALID', message: `source ${name} reads no topic: name at least one`, node: name }
  const unsafe = pattern === undefined ? undefined : patternMistake(pattern, name)
  const twice = topics.filter((topic, i) => topics.indexOf(topic) !== i || sources.some((other) => other.topics.includes(topic)))
  return [
    ...topics.flatMap((topic) => topicMistake(topic, name) ?? []),
    ...(topics.length === 0 && pattern === undefined ? [none] : []),
    ...(unsafe === undefined ? overlaps([...sources, node]) : [unsafe]),
    ...twice.map((topic): Mistake => ({
      code: 'DUPLICATE_SOURCE',
      message: `topic ${topic} is read twice: let the steps below share one source`,
      node: name,
    })),
  ]
}

function serdeMistakes(
  serdes: { readonly key: AnySerde | undefined; readonly value: AnySerde | undefined },
  what: string,
  node: string,
): Mistake[] {
  return (['key', 'value'] as const).flatMap((side): Mistake[] =>
    serdes[side] !== undefined
      ? []
      : [{ code: 'SERDE_MISSING', message: `${what} needs a ${side} serde: give { ${side}: serdes.string }`, node }],
  )
}

function connectionMistakes(node: TopologyNode | undefined, processor: string): Mistake[] {
  if (node?.kind === 'processor') return []
  const message =
    node === undefined
      ? `stores are connected to ${processor}, which isn't there: add the processor first`
      : `stores can't be connected to ${processor}: it is a ${node.kind}; only processors use stores`
  return [{ code: node === undefined ? 'NODE_UNKNOWN' : 'TOPOLOGY_INVALID', message, node: processor }]
}

/** Global stores among those of another step than the one that fills them: it would be taken for that. */
function globalMistakes({ nodes, storeNames }: TopologyParts, node: string, stores: readonly StoreSpec[]): Mistake[] {
  const byName = new Map(nodes.map((other) => [other.name, other]))
  const fills = ({ name }: TopologyNode): boolean => name !== node && sourcesOf(name, byName).some(({ isGlobal }) => isGlobal)
  return stores.flatMap((spec): Mistake[] => {
    const store = storeNames.get(anyStore(spec))
    const isFilled = nodes.some((other) => other.kind === 'processor' && other.stores.some((name) => name === store) && fills(other))
    if (store === undefined || !isFilled) return []
    const message = `step ${node} is connected to the global store ${store}: every step may read it, so leave it out`
    return [{ code: 'TOPOLOGY_INVALID', message, node }]
  })
}

function unknownStore({ storeNames }: TopologyParts, spec: StoreSpec, node: string): Mistake[] {
  if (storeNames.has(anyStore(spec))) return []
  const known = [...storeNames.values()].join(', ') || 'none'
  const message = `store ${spec.name ?? '(unnamed)'} is connected to ${node}, but was never added: addStateStore(spec) first (there are: ${known})`
  return [{ code: 'STORE_UNKNOWN', message, node }]
}

/** Says anew which stores are read by their sources' own keys. */
function settled(parts: TopologyParts): TopologyParts {
  const byName = new Map(parts.nodes.map((node) => [node.name, node]))
  const stores = parts.stores.map((store): ResolvedStore => {
    const users = parts.nodes.filter((node) => node.kind === 'processor' && node.stores.includes(store.name))
    const sources = users.flatMap((user) => sourcesOf(user.name, byName))
    // Others than a global store's own task read it by keys of theirs.
    return { ...store, readBySourceKey: sources.length > 0 && sources.every((source) => source.key === store.key && !source.isGlobal) }
  })
  return { ...parts, stores }
}

function sourcesOf(name: NodeName, nodes: ReadonlyMap<NodeName, TopologyNode>): SourceNode[] {
  const node = nodes.get(name)
  if (node === undefined) return []
  return node.kind === 'source' ? [node] : node.parents.flatMap((parent) => sourcesOf(parent, nodes))
}
