/**
 * Records without a key. They are of no use behind a repartition, whose filter drops them, unless a join somewhere below means something by them
 * (left and outer joins): then every repartition above it lets them through, as in Kafka Streams.
 */
import { filter } from '../../operators/stateless.ts'
import type { Draft, DraftNode } from './draft.ts'

/** Lets null keys through the repartitions above steps that keep them. */
export function keepNullKeys(draft: Draft): Draft {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  const sinks = new Map(draft.repartitions.map(({ source, sink }) => [source, sink]))
  const open = draft.nodes.filter((node) => node.kind === 'step' && node.operator.traits.keepsNullKeys === true)
  const kept = new Set<DraftNode>()
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (kept.has(node)) continue
    kept.add(node)
    const sink = sinks.get(node.name)
    for (const name of sink === undefined ? node.parents : [sink]) open.push(byName.get(name)!)
  }
  const filters = new Set(draft.repartitions.map((repartition) => repartition.filter))
  for (const node of kept) if (node.kind === 'step' && filters.has(node.name)) node.operator = filter(() => true)
  return draft
}
