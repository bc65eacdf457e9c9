/**
 * From the draft to a topology: which optional stores exist, every store with its serdes and changelog, and frozen nodes. A store that a step
 * could do without exists only if the user named it, another step lists it, or old values are asked for.
 */
import type { AnySerde } from '../../model/serde.ts'
import type { AnyStoreSpec, ResolvedStore, StoreName } from '../../state/store-spec.ts'
import type { OnError } from '../../topology/error-decision.ts'
import type { SourceCall } from '../../topology/graph.ts'
import type { TopologyNode } from '../../topology/node.ts'
import type { TopologyParts } from '../../topology/topology.ts'
import type { Draft, DraftNode, DraftStep, DraftStore } from './draft.ts'
import { missing } from './internal-topic.ts'
import { anyStore } from './naming.ts'

/** How stores are resolved. */
export interface ResolveOptions {
  /** True: a table's source topic serves as its changelog. */
  readonly reuseSourceTopics: boolean
  readonly parity: boolean
}

/** The parts of the topology. Mistakes are added to the draft's. */
export function resolve(draft: Draft, options: ResolveOptions): TopologyParts {
  const steps = draft.nodes.filter((node) => node.kind === 'step')
  const existing = new Map([...draft.stores].filter(([spec, store]) => exists(spec, store, steps)))
  const byName = new Map(draft.nodes.map((node) => [node.name, node]))
  const stores = [...existing].map(([spec, store]) =>
    resolveStore(draft, store, { ...options, users: steps.filter((step) => step.operator.stores.includes(spec)), byName }),
  )
  const storeNames = new Map<AnyStoreSpec, StoreName>([...existing].map(([spec, { name }]) => [spec, name]))
  return {
    nodes: draft.nodes.map((node) => finished(node, storeNames)),
    stores,
    storeNames,
    repartitionTopics: draft.repartitions.map(({ name, partitions }) => ({ name, partitions })),
    parity: options.parity,
  }
}

function exists(spec: AnyStoreSpec, store: DraftStore, steps: readonly DraftStep[]): boolean {
  const users = steps.filter((step) => step.operator.stores.includes(spec))
  if (store.named || users.length > 1) return true
  return users.some((step) => step.operator.traits.storeOptional !== true || step.sendsOldValues)
}

interface StoreUse extends ResolveOptions {
  readonly users: readonly DraftStep[]
  readonly byName: ReadonlyMap<string, DraftNode>
}

function resolveStore(draft: Draft, store: DraftStore, use: StoreUse): ResolvedStore {
  const { name, spec } = store
  const key: AnySerde | undefined = spec.key ?? store.key
  const value: AnySerde | undefined = spec.value ?? store.value
  for (const [side, serde] of [['key', key] as const, ['value', value] as const]) {
    if (serde !== undefined) continue
    draft.mistakes.push({
      code: 'SERDE_MISSING',
      message: `store ${name} needs a ${side} serde: ${whereSerde(store, side, use)}`,
      node: name,
    })
  }
  return {
    name,
    spec,
    key: key ?? missing,
    value: value ?? missing,
    changelog: changelogOf(store, use),
    keepsPrior: use.users.some(({ sendsOldValues }) => sendsOldValues),
    parity: use.parity,
    // Others than the global store's own task read it by keys of theirs.
    readBySourceKey:
      key !== undefined &&
      sourceTopic(use, 'global table') === undefined &&
      use.users.length > 0 &&
      use.users.every((step) => sourcesAbove(step, use.byName).every((serde) => serde === key)),
  }
}

/** Where the serde of a store is given: in its spec if only processors use it, else in the options of its step. */
function whereSerde({ name, named }: DraftStore, side: 'key' | 'value', { users }: StoreUse): string {
  if (users.every(({ call }) => call?.storeSerdes === undefined))
    return `give it in the spec, as { name: '${name}', ${side}: serdes.string }`
  return `give it in the step's options, as { ${named ? `store: '${name}', ` : ''}${side}: serdes.string }`
}

/** Where a store's changes go: its own topic, the table's source topic, or nowhere. */
function changelogOf({ name, spec }: DraftStore, use: StoreUse): ResolvedStore['changelog'] {
  const topic = sourceTopic(use, 'global table') ?? (use.reuseSourceTopics ? sourceTopic(use, 'table') : undefined)
  if (topic !== undefined) return { topic, source: true, configs: {} }
  if (spec.changelog === false) return undefined
  return { topic: `${name}-changelog`, source: false, configs: typeof spec.changelog === 'object' ? spec.changelog : {} }
}

/** The topic of the table that this store keeps. */
function sourceTopic({ users, byName }: StoreUse, as: SourceCall['as']): string | undefined {
  for (const step of users) {
    const [parent] = step.parents
    const source = parent === undefined ? undefined : byName.get(parent)
    if (source?.kind === 'source' && !source.internal && source.call.as === as && source.call.topics.length === 1)
      return source.call.topics[0]
  }
  return undefined
}

/** Key serdes of all sources above a step. */
function sourcesAbove(step: DraftStep, byName: ReadonlyMap<string, DraftNode>): AnySerde[] {
  return step.parents.flatMap((name) => {
    const parent = byName.get(name)
    if (parent === undefined || parent.kind === 'sink') return []
    return parent.kind === 'source' ? [parent.call.key] : sourcesAbove(parent, byName)
  })
}

function finished(node: DraftNode, storeNames: ReadonlyMap<AnyStoreSpec, StoreName>): TopologyNode {
  switch (node.kind) {
    case 'source': {
      const { topics, pattern, key, value, timestamp, startFrom } = node.call
      return {
        kind: 'source',
        name: node.name,
        topics,
        internal: node.internal,
        isGlobal: node.call.as === 'global table',
        key,
        value,
        timestamp,
        startFrom,
        parents: [],
        ...(pattern === undefined ? {} : { pattern }),
        ...decidedBy(node.call.onError),
      }
    }
    case 'step': {
      const stores = [...new Set(node.operator.stores.flatMap((spec) => storeNames.get(anyStore(spec)) ?? []))]
      return {
        kind: 'processor',
        name: node.name,
        operator: node.operator,
        parents: node.parents,
        stores,
        sendsOldValues: node.sendsOldValues,
        ...decidedBy(node.call?.onError),
      }
    }
    case 'sink':
      return { kind: 'sink', name: node.name, sink: node.sink, parents: node.parents, ...decidedBy(node.onError) }
  }
}

function decidedBy(onError: OnError | undefined): { readonly onError?: OnError } {
  return onError === undefined ? {} : { onError }
}
