/**
 * Old values on demand. A step that wants the old value of a change asks its parents; a table without a store asks on, upwards, until a step
 * that has a store of its own: that one keeps its optional store and sends old values.
 */
import type { Draft, DraftNode, DraftStep } from './draft.ts'
import { anyStore } from './naming.ts'

/** Marks every step that has to send old values. */
export function spreadOldValues(draft: Draft): Draft {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  for (const node of draft.nodes) {
    if (node.kind !== 'step') continue
    const { wantsOldValue, likesOldValue } = node.operator.traits
    if (wantsOldValue === true) ask(node, byName)
    // Where its parent has them anyway, a filter sends them on: it needn't tell of rows that never matched.
    else if (likesOldValue === true && offers(node, byName, draft)) node.sendsOldValues = true
  }
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

/** Whether a step's parent can send old values without a store being made for it; if so, it does. */
function offers(step: DraftStep, nodes: ReadonlyMap<string, DraftNode>, draft: Draft): boolean {
  const [name] = step.parents
  const parent = name === undefined ? undefined : nodes.get(name)
  if (parent?.kind !== 'step') return false
  if (parent.sendsOldValues) return true
  const { passesOldValue, storeOptional, ownsOldValue } = parent.operator.traits
  const hasStore = storeOptional !== true || parent.operator.stores.some((spec) => draft.stores.get(anyStore(spec))?.named === true)
  const can = passesOldValue === true ? offers(parent, nodes, draft) : ownsOldValue === true && hasStore
  if (can) parent.sendsOldValues = true
  return can
}
