/**
 * Old values on demand. A step that wants the old value of a change asks its parents; a table without a store asks on, upwards, until a step
 * that has a store of its own: that one keeps its optional store and sends old values. A step that only likes them takes them where they can be
 * had without a store being made for it, by what was called before it.
 */
import type { AnyStoreSpec } from '../../state/store-spec.ts'
import type { Draft, DraftNode, DraftStep } from './draft.ts'
import { anyStore } from './naming.ts'

/** Marks every step that has to send old values. */
export function spreadOldValues(draft: Draft): Draft {
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  const made = new Set([...draft.stores].flatMap(([spec, { named }]) => (named ? [spec] : [])))
  for (const node of draft.nodes) {
    if (node.kind !== 'step') continue
    const { stores, traits } = node.operator
    if (traits.wantsOldValue === true) ask(node, byName)
    // Where its parent has them anyway, a filter sends them on: it needn't tell of rows that never matched.
    else if (traits.likesOldValue === true && offers(node, byName, made)) node.sendsOldValues = true
    if (traits.storeOptional !== true) for (const spec of stores) made.add(anyStore(spec))
  }
  return draft
}

function ask(step: DraftStep, nodes: ReadonlyMap<string, DraftNode>): void {
  for (const name of step.parents) {
    const parent = nodes.get(name)
    if (parent?.kind !== 'step' || parent.sendsOldValues) continue
    parent.sendsOldValues = true
    const { passesOldValue, demandsOldValue } = parent.operator.traits
    if (passesOldValue === true || demandsOldValue === true) ask(parent, nodes)
  }
}

/** Whether a step's parent can send old values without a store being made for it; if so, it does. */
function offers(step: DraftStep, nodes: ReadonlyMap<string, DraftNode>, made: ReadonlySet<AnyStoreSpec>): boolean {
  const parents = step.parents.map((name) => nodes.get(name))
  return (
    parents.length > 0 && parents.map((parent) => parent?.kind === 'step' && canSend(parent, { below: step, nodes, made })).every(Boolean)
  )
}

interface Wish {
  readonly below: DraftStep
  readonly nodes: ReadonlyMap<string, DraftNode>
  /** Stores that exist anyway. */
  readonly made: ReadonlySet<AnyStoreSpec>
}

function canSend(parent: DraftStep, { below, nodes, made }: Wish): boolean {
  if (parent.sendsOldValues) return true
  const { passesOldValue, demandsOldValue, storeOptional, ownsOldValue } = parent.operator.traits
  if (demandsOldValue === true) {
    ask(below, nodes)
    return true
  }
  const hasStore = storeOptional !== true || parent.operator.stores.some((spec) => made.has(anyStore(spec)))
  const can = passesOldValue === true ? offers(parent, nodes, made) : ownsOldValue === true && hasStore
  if (can) parent.sendsOldValues = true
  return can
}
