/**
 * What members of a group must agree on: sub-topology ids, their sources, internal topics and stores. A step that is added elsewhere changes none of
 * it, so such a change can be rolled out without a reset.
 */
import { murmur2 } from '../base/murmur2.ts'
import { utf8 } from '../base/text.ts'
import type { Topology } from '../topology/topology.ts'

/** A hash of what must agree, 32 bits. */
export function topologyHash(topology: Topology): number {
  const parts = topology.subtopologies.map(({ id, sourceTopics, sources, stores, sinks }) => [
    id,
    [...sourceTopics, ...sources.flatMap(({ pattern }) => (pattern === undefined ? [] : [String(pattern)]))].sort(),
    stores.map(({ name, spec }) => `${name} ${spec.kind}`).sort(),
    sinks.flatMap(({ sink }) => (sink.internal ? [String(sink.topic)] : [])).sort(),
  ])
  return murmur2(utf8(JSON.stringify(parts)))
}
