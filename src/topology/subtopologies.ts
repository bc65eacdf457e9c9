/**
 * Sub-topologies: the connected parts of a topology when it is cut at topics. Nodes belong together when an edge or a shared store connects
 * them. They are numbered by their first node in order of insertion, as Kafka Streams does; a task is a sub-topology and a partition.
 */
import type { ResolvedStore, StoreName } from '../state/store-spec.ts'
import type { SinkNode, SourceNode, TopologyNode } from './node.ts'
import type { NodeName } from './operator.ts'

/** A connected part of a topology. */
export interface Subtopology {
  readonly id: number
  /** All its nodes, in order of insertion. */
  readonly nodes: readonly TopologyNode[]
  readonly sources: readonly SourceNode[]
  readonly sinks: readonly SinkNode[]
  readonly stores: readonly ResolvedStore[]
  /** Topics it reads, without the application id where internal. */
  readonly sourceTopics: readonly string[]
  /** Groups of source topics that must have the same partition count. */
  readonly copartitionGroups: readonly (readonly string[])[]
}

/** The parts that tasks run, and those that keep global stores: they take part in the numbering, and make no tasks. */
export interface TopologyPartition {
  readonly subtopologies: readonly Subtopology[]
  readonly globals: readonly Subtopology[]
}

/** The connected parts, in order of their first node. */
export function partitionNodes(nodes: readonly TopologyNode[], stores: ReadonlyMap<StoreName, ResolvedStore>): TopologyPartition {
  const all = subtopologiesOf(nodes, stores)
  const isGlobal = ({ sources }: Subtopology): boolean => sources.some((source) => source.isGlobal)
  return { subtopologies: all.filter((part) => !isGlobal(part)), globals: all.filter(isGlobal) }
}

/** All global stores as one part, which one task of each instance keeps; undefined: there are none. */
export function mergedGlobals(globals: readonly Subtopology[]): Subtopology | undefined {
  if (globals.length === 0) return undefined
  return {
    id: -1,
    nodes: globals.flatMap(({ nodes }) => nodes),
    sources: globals.flatMap(({ sources }) => sources),
    sinks: [],
    stores: globals.flatMap(({ stores }) => stores),
    sourceTopics: globals.flatMap(({ sourceTopics }) => sourceTopics),
    copartitionGroups: [],
  }
}

function subtopologiesOf(nodes: readonly TopologyNode[], stores: ReadonlyMap<StoreName, ResolvedStore>): readonly Subtopology[] {
  const groups = connected(nodes)
  return groups.map((members, id) => {
    const sources = members.filter((node) => node.kind === 'source')
    const used = new Set(members.flatMap((node) => (node.kind === 'processor' ? node.stores : [])))
    return {
      id,
      nodes: members,
      sources,
      sinks: members.filter((node) => node.kind === 'sink'),
      stores: [...stores.values()].filter(({ name }) => used.has(name)),
      sourceTopics: [...new Set(sources.flatMap(({ topics }) => topics))],
      copartitionGroups: copartitionGroups(members),
    }
  })
}

function connected(nodes: readonly TopologyNode[]): TopologyNode[][] {
  const parent = new Map<string, string>()
  const find = (name: string): string => {
    let root = name
    for (let up = parent.get(root); up !== undefined; up = parent.get(root)) root = up
    return root
  }
  const unite = (a: string, b: string): void => {
    const rootA = find(a)
    const rootB = find(b)
    if (rootA !== rootB) parent.set(rootB, rootA)
  }
  for (const node of nodes) {
    for (const up of node.parents) unite(up, node.name)
    // A store's name can't be a node's here: it is prefixed with a character that names don't have.
    for (const store of node.kind === 'processor' ? node.stores : []) unite(`/${store}`, node.name)
  }
  const groups = new Map<string, TopologyNode[]>()
  for (const node of nodes) {
    const root = find(node.name)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [node])
    else group.push(node)
  }
  return [...groups.values()]
}

/** For each join: the topics that its input comes from, and those that the stores it reads are fed by. */
function copartitionGroups(members: readonly TopologyNode[]): string[][] {
  const byName = new Map(members.map((node) => [node.name, node]))
  const groups: string[][] = []
  for (const node of members) {
    if (node.kind !== 'processor' || node.operator.traits.copartitioned !== true) continue
    const sharing = members.filter(
      (other) => other.kind === 'processor' && other !== node && other.stores.some((store) => node.stores.includes(store)),
    )
    const topics = new Set([node, ...sharing].flatMap((reader) => sourceTopicsOf(reader.name, byName)))
    groups.push([...topics])
  }
  return groups
}

function sourceTopicsOf(name: NodeName, nodes: ReadonlyMap<NodeName, TopologyNode>): readonly string[] {
  const node = nodes.get(name)
  if (node === undefined) return []
  return node.kind === 'source' ? node.topics : node.parents.flatMap((parent) => sourceTopicsOf(parent, nodes))
}
