/**
 * Sub-topologies: the connected parts of a topology when it is cut at topics. Nodes belong together when an edge or a shared store connects
 * them. They are numbered by their first node in order of insertion, as Kafka Streams does; a task is a sub-topology and a partition.
 */
import type { ResolvedStore } from '../state/store-spec.ts'
import type { SourceNode, SinkNode, TopologyNode } from './node.ts'

/** A connected part of a topology. */
export interface Subtopology {
  readonly id: number
  /** All its nodes, in order of insertion. */
  readonly nodes: readonly TopologyNode[]
  readonly sources: readonly SourceNode[]
  readonly sinks: readonly SinkNode[]
  readonly stores: readonly ResolvedStore[]
  /** Topics it reads, without the application id where internal. */
  readonly sourceTopics: readonly string[]
  /** Groups of source topics that must have the same partition count. */
  readonly copartitionGroups: readonly (readonly string[])[]
}
