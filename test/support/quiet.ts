/** Waiting until an application on an in-process cluster has nothing left to do. */
import type { MemoryCluster } from '../../src/memory/cluster.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { OFFSET_FETCH } from '../../src/wire/api/commit.ts'

/** Settles when application `app` has committed all records of the topics: with them, all they caused is in its topics. */
export async function committed(cluster: MemoryCluster, topics: readonly string[]): Promise<void> {
  const lane = await cluster.lane(cluster.seeds()[0]!, 'call')
  const deadline = Date.now() + 30_000
  for (;;) {
    const ends = topics.map((topic) => ({
      topic,
      partitions: cluster.endOffsets(topic).map((offset, partition) => ({ partition, offset })),
    }))
    const asked = ends.map(({ topic, partitions }) => ({ topic, partitions: partitions.map(({ partition }) => partition) }))
    const answer = await lane.request(OFFSET_FETCH, { groupId: 'app', topics: asked, requireStable: true })
    const positions = new Map(
      answer.topics.flatMap(({ topic, partitions }) => partitions.map(({ partition, offset }) => [`${topic}-${partition}`, offset])),
    )
    const behind = ends.flatMap(({ topic, partitions }) =>
      partitions
        .filter(({ partition, offset }) => offset > 0 && positions.get(`${topic}-${partition}`) !== offset)
        .map(({ partition }) => `${topic}-${partition}`),
    )
    if (behind.length === 0) return
    if (Date.now() > deadline) throw new Error(`not committed: ${behind.join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Options of an application that commits at once what it has processed. */
export const quietly: {
  readonly applicationId: string
  readonly brokers: string
  readonly commitIntervalMs: number
  readonly lingerMs: number
  readonly heartbeatIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly logger: false
} = {
  applicationId: 'app',
  brokers: 'memory:',
  commitIntervalMs: 1,
  lingerMs: 0,
  heartbeatIntervalMs: 20,
  sessionTimeoutMs: 10_000,
  logger: false,
}

/** The topics that a topology reads: those of others, also of these records, and with its own. */
export function topicsRead(
  { subtopologies, repartitionTopics }: Topology,
  records: readonly { readonly topic: string }[],
): { readonly outer: readonly string[]; readonly all: readonly string[] } {
  const own = new Set(repartitionTopics.map(({ name }) => name))
  const read = subtopologies.flatMap((subtopology) => subtopology.sourceTopics).filter((topic) => !own.has(topic))
  const outer = [...new Set([...read, ...records.map(({ topic }) => topic)])]
  return { outer, all: [...outer, ...[...own].map((topic) => `app-${topic}`)] }
}
