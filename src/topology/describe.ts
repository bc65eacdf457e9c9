/**
 * The text of a topology, equal to Kafka Streams' `Topology.describe()`. Nodes and their neighbours are listed by size, a count of descendants
 * that the JVM builds up while it links nodes in the order of a hash map; both the order and the moment of each sort are reproduced.
 */
import type { TopologyNode } from './node.ts'
import type { TopologyPartition } from './subtopologies.ts'
import { javaSetOrder } from '../base/java-order.ts'
import { JavaTreeSet } from './java-tree.ts'

interface Described {
  readonly node: TopologyNode
  size: number
  readonly before: JavaTreeSet<Described>
  readonly after: JavaTreeSet<Described>
}

/** The text of these sub-topologies, by number. */
export function describe({ subtopologies, globals }: TopologyPartition): string {
  const parts = [
    ...subtopologies.map(({ id, nodes }) => ({ id, text: `  Sub-topology: ${id}\n${describeNodes(nodes)}\n` })),
    ...globals.map(({ id, nodes }) => ({
      id,
      text: `  Sub-topology: ${id} for global store (will not generate tasks)\n${describeNodes(nodes)}`,
    })),
  ]
  const ordered = parts.toSorted((a, b) => a.id - b.id)
  return `Topologies:\n ${ordered.map(({ text }) => text).join('')}`
}

function describeNodes(nodes: readonly TopologyNode[]): string {
  const all = new Map<string, Described>(
    nodes.map((node) => [node.name, { node, size: 1, before: new JavaTreeSet(bySize), after: new JavaTreeSet(bySize) }]),
  )
  for (const name of javaSetOrder(nodes.map((node) => node.name))) {
    const described = all.get(name)!
    for (const parent of described.node.parents) link(all.get(parent)!, described)
  }
  const listed = [...all.values()].sort(bySize)
  return listed.map((described) => textOf(described)).join('')
}

function link(parent: Described, child: Described): void {
  child.before.add(parent)
  parent.after.add(child)
  grow(parent, child.size)
}

/** Adds to a node and to all ancestors linked so far. */
function grow(described: Described, by: number): void {
  described.size += by
  for (const before of described.before.values()) grow(before, by)
}

function bySize(a: Described, b: Described): number {
  return b.size - a.size || (a.node.name < b.node.name ? -1 : a.node.name > b.node.name ? 1 : 0)
}

function textOf({ node, before, after }: Described): string {
  const names = (set: JavaTreeSet<Described>): string =>
    set
      .values()
      .map((described) => described.node.name)
      .join(', ') || 'none'
  const to = `      --> ${names(after)}\n`
  const from = `      <-- ${names(before)}\n`
  switch (node.kind) {
    case 'source': {
      const topics = node.pattern === undefined ? `topics: [${javaSetOrder(node.topics).join(', ')}]` : `topics: ${node.pattern.source}`
      return `    Source: ${node.name} (${topics})\n${to}`
    }
    case 'processor':
      return `    Processor: ${node.name} (stores: [${javaSetOrder(node.stores).join(', ')}])\n${to}${from}`
    case 'sink': {
      const { topic } = node.sink
      return `    Sink: ${node.name} (${typeof topic === 'string' ? `topic: ${topic}` : 'extractor class: any'})\n${from}`
    }
  }
}
