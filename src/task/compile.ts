/**
 * From a sub-topology to nested closures. From the sinks upwards each operator is started with the fan-out of its children, so a record runs
 * through all steps, depth first, children in order of insertion, as plain calls. This is where types are forgotten, with one sound cast: the
 * builder only ever joined an operator to a parent whose output it takes.
 */
import type { SourceNode, TopologyNode } from '../topology/node.ts'
import { fanOut, type Emit, type NodeName, type OperatorContext } from '../topology/operator.ts'
import type { ProcessorNode, SinkNode } from '../topology/node.ts'

/** How the parts of a task are made. */
export interface CompileParts {
  context(node: ProcessorNode, children: ReadonlyMap<NodeName, Emit<unknown, unknown>>): OperatorContext
  sink(node: SinkNode): Emit<unknown, unknown>
  /** Wraps a step, so that an error names it. */
  guard(emit: Emit<unknown, unknown>, node: ProcessorNode | SinkNode): Emit<unknown, unknown>
}

/** The head of each source: what to do with its records. */
export function compile(nodes: readonly TopologyNode[], parts: CompileParts): ReadonlyMap<SourceNode, Emit<unknown, unknown>> {
  const children = childrenOf(nodes)
  const started = new Map<NodeName, Emit<unknown, unknown>>()
  const heads = new Map<SourceNode, Emit<unknown, unknown>>()
  for (const node of [...nodes].reverse()) {
    const below = new Map((children.get(node.name) ?? []).map((child) => [child, started.get(child) ?? unstarted(child)]))
    const next = fanOut([...below.values()])
    if (node.kind === 'source') heads.set(node, next)
    else if (node.kind === 'sink') started.set(node.name, parts.guard(parts.sink(node), node))
    else started.set(node.name, parts.guard(neighbours(node.operator.start(next, parts.context(node, below))), node))
  }
  return heads
}

/** Sources whose values no user code below ever sees: what a sink gets of them unchanged is still what was decoded, so its bytes may be copied. */
export function unseenSources(nodes: readonly TopologyNode[]): ReadonlySet<SourceNode> {
  const children = childrenOf(nodes)
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const isSeen = (name: NodeName): boolean => {
    const node = byName.get(name)
    const reads =
      node?.kind === 'processor'
        ? node.operator.traits.readsValue === true
        : node?.kind === 'sink' && (node.sink.partitioner !== undefined || typeof node.sink.topic !== 'string')
    return reads || (children.get(name) ?? []).some(isSeen)
  }
  return new Set(
    nodes.filter((node): node is SourceNode => node.kind === 'source' && typeof node.timestamp !== 'function' && !isSeen(node.name)),
  )
}

function childrenOf(nodes: readonly TopologyNode[]): ReadonlyMap<NodeName, readonly NodeName[]> {
  const children = new Map<NodeName, NodeName[]>()
  for (const node of nodes) {
    for (const parent of node.parents) {
      const known = children.get(parent)
      if (known === undefined) children.set(parent, [node.name])
      else known.push(node.name)
    }
  }
  return children
}

function unstarted(child: NodeName): never {
  throw new Error(`step ${child} stands before its parent`)
}

/** Sound because the builder's types joined these two steps: what the parent sends is what this one takes. */
function neighbours(emit: Emit<never, never>): Emit<unknown, unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return emit as Emit<unknown, unknown>
}
