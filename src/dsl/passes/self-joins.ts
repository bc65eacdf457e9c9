/**
 * Optimisation `single.store.self.join`: a join of a stream with itself keeps its records once. Both sides read one step, so the right side's store and
 * both look-ups go, and the step that brought their results together does the whole join over the left side's store.
 */
import type { Draft, DraftNode, DraftStep } from './draft.ts'
import { anyStore } from './naming.ts'

/** Gives each self-join one store. Kafka Streams does so to left and outer ones too, which loses results without a partner: in parity mode only. */
export function joinSelves(draft: Draft, { parity }: { readonly parity: boolean }): Draft {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  for (const node of draft.nodes) {
    if (node.kind !== 'step') continue
    const { ofOneStream } = node.operator.traits
    if (ofOneStream === undefined || !(ofOneStream.isExact || parity)) continue
    const sides = node.parents.map((name) => stepAt(byName, name))
    const buffers = sides.map((side) => stepAt(byName, side.parents[0]!))
    const [left, right] = buffers
    if (left!.parents[0] !== right!.parents[0]) continue
    node.operator = ofOneStream.operator
    node.parents = [left!.name]
    drop(draft, [...sides, right!])
  }
  return draft
}

/** Takes steps out, and the stores that nobody lists any more. */
function drop(draft: Draft, steps: readonly DraftStep[]): void {
  draft.nodes = draft.nodes.filter((node) => !steps.some((step) => step === node))
  const listed = new Set(draft.nodes.flatMap((node) => (node.kind === 'step' ? node.operator.stores : [])))
  for (const spec of steps.flatMap((step) => step.operator.stores)) if (!listed.has(spec)) draft.stores.delete(anyStore(spec))
}

function stepAt(nodes: ReadonlyMap<string, DraftNode>, name: string): DraftStep {
  const node = nodes.get(name)
  if (node?.kind !== 'step') throw new Error(`a join has no step ${name}`)
  return node
}
