/**
 * Optimisation `merge.repartition.topics`: the repartitions below one key-changing step become one, placed right below it, under the name of the
 * first. The steps that stood between (filters, peeks: nothing that changes a value, since the topic then carries another one) move behind it.
 * Repartitions that the user asked for, and those of regrouped tables, stay where they are.
 */
import type { NodeName } from '../../topology/operator.ts'
import type { Draft, DraftNode, DraftRepartition, DraftStep } from './draft.ts'

interface Movable {
  readonly repartition: DraftRepartition
  readonly keyChanger: NodeName
  /** Steps between the key changer and the repartition, upper first. */
  readonly between: readonly DraftStep[]
}

/** Merges the repartitions of each key-changing step. */
export function mergeRepartitions(draft: Draft): Draft {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  const movable = draft.repartitions.flatMap((repartition) => movableOf(repartition, byName) ?? [])
  const groups = new Map<NodeName, Movable[]>()
  for (const one of movable) groups.set(one.keyChanger, [...(groups.get(one.keyChanger) ?? []), one])
  for (const [keyChanger, group] of groups) {
    if (group.length > 1 || group[0]!.between.length > 0) mergeGroup(draft, keyChanger, group)
  }
  const kept = new Set([...groups.values()].map((group) => group[0]!.repartition.name))
  return renamed(draft, kept)
}

/** What was placed anew is called after its topic, also where that is generated. */
function renamed(draft: Draft, kept: ReadonlySet<string>): Draft {
  const names = new Map<NodeName, NodeName>()
  const after = (name: NodeName): NodeName => names.get(name) ?? name
  draft.repartitions = draft.repartitions.map((repartition) => {
    if (!kept.has(repartition.name)) return repartition
    const { name, filter, sink, source } = repartition
    if (filter !== undefined) names.set(filter, `${name}-filter`)
    names.set(sink, `${name}-sink`).set(source, `${name}-source`)
    return { ...repartition, filter: filter === undefined ? undefined : after(filter), sink: after(sink), source: after(source) }
  })
  draft.nodes = draft.nodes.map((node): DraftNode => {
    const moved = { name: after(node.name), parents: node.parents.map(after) }
    return node.kind === 'source' && names.has(node.name)
      ? { ...node, ...moved, call: { ...node.call, name: moved.name } }
      : { ...node, ...moved }
  })
  return draft
}

function movableOf(repartition: DraftRepartition, byName: ReadonlyMap<string, DraftNode>): Movable | undefined {
  const { explicit, filter } = repartition
  if (explicit || filter === undefined) return undefined
  const between: DraftStep[] = []
  let node = parentOf(byName.get(filter), byName)
  while (node?.kind === 'step') {
    const { changesKey, changesValue } = node.operator.traits
    if (changesKey === true) return { repartition, keyChanger: node.name, between: between.reverse() }
    if (changesValue === true || node.parents.length !== 1) return undefined
    between.push(node)
    node = parentOf(node, byName)
  }
  return undefined
}

function parentOf(node: DraftNode | undefined, byName: ReadonlyMap<string, DraftNode>): DraftNode | undefined {
  const name = node?.kind === 'step' ? node.parents[0] : undefined
  return name === undefined ? undefined : byName.get(name)
}

function mergeGroup(draft: Draft, keyChanger: NodeName, group: readonly Movable[]): void {
  const kept = group[0]!.repartition
  const dropped = group.slice(1).map(({ repartition }) => repartition)
  const gone = new Set(dropped.flatMap(({ filter, sink, source }) => [filter, sink, source]))
  const moved = new Set(group.flatMap(({ between }) => between.map(({ name }) => name)))
  draft.repartitions = draft.repartitions.filter((repartition) => !dropped.includes(repartition))
  const rest = draft.nodes.filter(
    ({ name }) => !gone.has(name) && !moved.has(name) && ![kept.filter, kept.sink, kept.source].includes(name),
  )
  const triple = draft.nodes.filter(({ name }) => [kept.filter, kept.sink, kept.source].includes(name))
  const steps = draft.nodes.filter((node) => moved.has(node.name))
  for (const node of [...triple, ...steps, ...rest]) if (node.kind === 'step') reparent(node, { keyChanger, kept, group })
  const at = rest.findIndex(({ name }) => name === keyChanger) + 1
  draft.nodes = [...rest.slice(0, at), ...triple, ...steps, ...rest.slice(at)]
}

/** The filter goes below the key changer, the steps between below the merged source, and what read a dropped source below its last step between. */
function reparent(
  node: DraftStep,
  { keyChanger, kept, group }: { keyChanger: NodeName; kept: DraftRepartition; group: readonly Movable[] },
): void {
  if (node.name === kept.filter) {
    node.parents = [keyChanger]
    return
  }
  for (const { repartition, between } of group) {
    const last = between.at(-1)?.name ?? kept.source
    if (between[0] === node) node.parents = [kept.source]
    else node.parents = node.parents.map((parent) => (parent === repartition.source ? last : parent))
  }
}
