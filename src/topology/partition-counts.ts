/**
 * How many partitions each source topic of a topology has: those outside the application as they are; a repartition topic as the user fixed it,
 * else as the largest topic that its writers read. Topics that are joined must agree: repartition topics adopt the count of the others.
 */
import { TopologyError, type Mistake } from '../base/errors.ts'
import type { RepartitionTopic } from './node.ts'
import type { Subtopology } from './subtopologies.ts'

/** What the counts follow from. */
export interface CountedTopology {
  readonly subtopologies: readonly Subtopology[]
  readonly repartitionTopics: readonly RepartitionTopic[]
}

/** The count of every source topic, by name (internal ones without the application id). Throws `COPARTITION` with all groups that disagree. */
export function partitionCounts(topology: CountedTopology, external: (topic: string) => number): ReadonlyMap<string, number> {
  const fixed = new Map(
    topology.repartitionTopics.flatMap(({ name, partitions }) => (partitions === undefined ? [] : [[name, partitions] as const])),
  )
  const internal = new Set(topology.repartitionTopics.map(({ name }) => name))
  const counts = new Map<string, number>(fixed)
  for (const { sourceTopics } of topology.subtopologies) {
    for (const topic of sourceTopics) if (!internal.has(topic)) counts.set(topic, external(topic))
  }
  settle(topology, internal, counts)
  const mistakes = topology.subtopologies.flatMap(({ copartitionGroups }) =>
    copartitionGroups.flatMap((group) => agree(group, { counts, internal, fixed })),
  )
  if (mistakes.length > 0) throw new TopologyError(mistakes)
  return counts
}

/** Gives each internal topic the greatest count of what its writers read, along chains of them. */
function settle(topology: CountedTopology, internal: ReadonlySet<string>, counts: Map<string, number>): void {
  const settleOne = (topic: string, isEnough: (known: readonly number[], read: readonly string[]) => boolean): boolean => {
    const read = topology.subtopologies
      .filter(({ sinks }) => sinks.some(({ sink }) => sink.internal && sink.topic === topic))
      .flatMap(({ sourceTopics }) => sourceTopics)
    const known = read.flatMap((source) => counts.get(source) ?? [])
    if (!isEnough(known, read)) return false
    counts.set(topic, Math.max(1, ...known))
    return true
  }
  for (let open = [...internal].filter((topic) => !counts.has(topic)); open.length > 0;) {
    for (const topic of open) settleOne(topic, (known, read) => known.length === read.length)
    const rest = open.filter((topic) => !counts.has(topic))
    // Sub-topologies that feed each other, as the two sides of a foreign-key join do: what is known of one has to do. Of nothing but such: one partition.
    if (rest.length === open.length && !rest.some((topic) => settleOne(topic, (known) => known.length > 0)))
      for (const topic of rest) counts.set(topic, 1)
    open = rest.filter((topic) => !counts.has(topic))
  }
}

interface Counting {
  readonly counts: Map<string, number>
  readonly internal: ReadonlySet<string>
  readonly fixed: ReadonlyMap<string, number>
}

function agree(group: readonly string[], { counts, internal, fixed }: Counting): Mistake[] {
  const binding = group.filter((topic) => !internal.has(topic) || fixed.has(topic))
  const wanted = binding.length > 0 ? binding : group
  const count = Math.max(...wanted.map((topic) => counts.get(topic)!))
  if (binding.some((topic) => counts.get(topic) !== count)) return [disagreement(group, counts)]
  for (const topic of group) if (!binding.includes(topic)) counts.set(topic, count)
  return []
}

function disagreement(group: readonly string[], counts: ReadonlyMap<string, number>): Mistake {
  const list = group.map((topic) => `${topic} → ${counts.get(topic)}`).join(', ')
  const most = Math.max(...group.map((topic) => counts.get(topic)!))
  const fewest = group.find((topic) => counts.get(topic) !== most)
  return {
    code: 'COPARTITION',
    message: `${group.join(' and ')} can't be joined: they have different partition counts (${list}). Use .repartition({ partitions: ${most} }) on the stream of ${fewest} before the join, or give the topics the same count.`,
  }
}
