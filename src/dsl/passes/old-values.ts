/**
 * Old values on demand. A step that wants the old value of a change asks its parents; a table without a store asks on, upwards, until a step
 * that has a store of its own: that one keeps its optional store and sends old values.
 */
import type { Draft, DraftNode, DraftStep } from './draft.ts'

/** Marks every step that has to send old values. */
export function spreadOldValues(draft: Draft): Draft {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  for (const node of draft.nodes) if (node.kind === 'step' && node.operator.traits.wantsOldValue === true) ask(node, byName)
  return draft
}

function ask(step: DraftStep, nodes: ReadonlyMap<string, DraftNode>): void {
  for (const name of step.parents) {
    const parent = nodes.get(name)
    if (parent?.kind !== 'step' || parent.sendsOldValues) continue
    parent.sendsOldValues = true
    if (parent.operator.traits.passesOldValue === true) ask(parent, nodes)
  }
}
