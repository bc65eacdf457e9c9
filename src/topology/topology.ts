/**
 * A finished topology: validated, frozen data. It knows no application: internal topics get their `<applicationId>-` when tasks are made. What
 * else there is to know about it (sub-topologies, partition counts, its description) is derived by functions.
 */
import type { AnyStoreSpec, ResolvedStore, StoreName, StoreSpec } from '../state/store-spec.ts'
import { describe } from './describe.ts'
import type { RepartitionTopic, TopologyNode } from './node.ts'
import type { NodeName } from './operator.ts'
import { partitionCounts } from './partition-counts.ts'
import { subtopologiesOf, type Subtopology } from './subtopologies.ts'

/** What a topology is made of. */
export interface TopologyParts {
  /** In order of insertion, parents before children. */
  readonly nodes: readonly TopologyNode[]
  readonly stores: readonly ResolvedStore[]
  readonly storeNames: ReadonlyMap<AnyStoreSpec, StoreName>
  readonly repartitionTopics: readonly RepartitionTopic[]
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity: boolean
}

/** What an application runs. Made by `StreamsBuilder.build()`. */
export class Topology {
  readonly nodes: ReadonlyMap<NodeName, TopologyNode>
  readonly stores: ReadonlyMap<StoreName, ResolvedStore>
  /** Internal topics between its sub-topologies, without the application id. */
  readonly repartitionTopics: readonly RepartitionTopic[]
  readonly subtopologies: readonly Subtopology[]
  readonly parity: boolean
  readonly #storeNames: ReadonlyMap<object, StoreName>

  constructor(parts: TopologyParts) {
    this.nodes = new Map(parts.nodes.map((node) => [node.name, Object.freeze(node)]))
    this.stores = new Map(parts.stores.map((store) => [store.name, Object.freeze(store)]))
    this.repartitionTopics = Object.freeze([...parts.repartitionTopics])
    this.subtopologies = Object.freeze([...subtopologiesOf(parts.nodes, this.stores)])
    this.parity = parts.parity
    this.#storeNames = new Map<object, StoreName>(parts.storeNames)
    Object.freeze(this)
  }

  /** The name of a store by its spec; undefined when the topology doesn't have it. */
  storeName(spec: StoreSpec): StoreName | undefined {
    const name = this.#storeNames.get(spec)
    return name !== undefined && this.stores.has(name) ? name : undefined
  }

  /** The partition count of every source topic, given those of topics outside the application. Throws `COPARTITION`. */
  partitionCounts(external: (topic: string) => number): ReadonlyMap<string, number> {
    return partitionCounts(this, external)
  }

  /** The text that Kafka Streams' `Topology.describe()` gives for the same program. */
  describe(): string {
    return describe(this.subtopologies)
  }
}
