/**
 * A topology as plain data: what can be drawn, kept beside a program, and compared with a later one. Everything is in the order of declaration, so
 * the same program gives the same text.
 */
import type { ResolvedStore, StoreName } from '../state/store-spec.ts'
import type { RepartitionTopic, TopologyNode } from './node.ts'
import type { TopologyPartition } from './subtopologies.ts'

/** One step. */
export interface NodeJson {
  readonly name: string
  readonly kind: 'source' | 'processor' | 'sink'
  readonly parents: readonly string[]
  /** Topics that it reads or writes, internal ones without the application id; none where a function or a pattern chooses them. */
  readonly topics: readonly string[]
  readonly stores: readonly string[]
}

/** One connected part. */
export interface SubtopologyJson {
  readonly id: number
  /** True: every instance keeps all of it, and it makes no tasks. */
  readonly global: boolean
  readonly nodes: readonly NodeJson[]
}

/** One store. */
export interface StoreJson {
  readonly name: string
  readonly kind: string
  /** The topic it is restored from, internal ones without the application id; null: none. */
  readonly changelog: string | null
}

/** A topology. */
export interface TopologyJson {
  readonly format: 1
  readonly subtopologies: readonly SubtopologyJson[]
  readonly stores: readonly StoreJson[]
  /** Internal topics between its parts, without the application id. */
  readonly repartitionTopics: readonly string[]
}

/** What the data are made of. */
export interface DescribedTopology extends TopologyPartition {
  readonly stores: ReadonlyMap<StoreName, ResolvedStore>
  readonly repartitionTopics: readonly RepartitionTopic[]
}

/** The topology as plain data. */
export function topologyJson({ subtopologies, globals, stores, repartitionTopics }: DescribedTopology): TopologyJson {
  const parts = [...subtopologies.map((part) => ({ part, global: false })), ...globals.map((part) => ({ part, global: true }))]
  return {
    format: 1,
    subtopologies: parts
      .toSorted((a, b) => a.part.id - b.part.id)
      .map(({ part, global }) => ({ id: part.id, global, nodes: part.nodes.map((node) => nodeJson(node)) })),
    stores: [...stores.values()].map(({ name, spec, changelog }) => ({ name, kind: spec.kind, changelog: changelog?.topic ?? null })),
    repartitionTopics: repartitionTopics.map(({ name }) => name),
  }
}

function nodeJson(node: TopologyNode): NodeJson {
  const { name, kind, parents } = node
  switch (node.kind) {
    case 'source':
      return { name, kind, parents, topics: node.topics, stores: [] }
    case 'processor':
      return { name, kind, parents, topics: [], stores: node.stores }
    case 'sink':
      return { name, kind, parents, topics: typeof node.sink.topic === 'string' ? [node.sink.topic] : [], stores: [] }
  }
}
