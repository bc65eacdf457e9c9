/**
 * The internal topics of an application, as data: repartition topics and changelogs with their partition counts and configs, which are Kafka
 * Streams' (a JVM application finds what it expects). Creating and checking them is `topic-setup`'s.
 */
import type { ResolvedStore } from '../state/store-spec.ts'
import type { Topology } from '../topology/topology.ts'

/** One internal topic that must exist. */
export interface InternalTopic {
  /** Its full name. */
  readonly name: string
  readonly kind: 'repartition' | 'changelog'
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

/** What the names and configs follow from. */
export interface InternalTopicOptions {
  readonly applicationId: string
  /** Partitions of each source topic, internal ones by their name without the application id. */
  readonly counts: ReadonlyMap<string, number>
  /** Added to the retention of window changelogs, in ms. */
  readonly additionalRetentionMs: number
  /** Configs for all of them. */
  readonly configs: Readonly<Record<string, string>>
}

/** Added to the history of versioned stores before their changelogs are compacted, as by Kafka Streams. */
const DAY_MS = 86_400_000

/** Event time may run ahead of the broker's clock; since 4.0 brokers refuse more than an hour unless told otherwise. */
const EVENT_TIME = { 'message.timestamp.type': 'CreateTime', 'message.timestamp.after.max.ms': '9223372036854775807' }

/** All internal topics of a topology. */
export function internalTopics(topology: Topology, options: InternalTopicOptions): readonly InternalTopic[] {
  const { applicationId, counts } = options
  const repartitions = topology.repartitionTopics.map(({ name }): InternalTopic => ({
    name: `${applicationId}-${name}`,
    kind: 'repartition',
    partitions: counts.get(name) ?? 1,
    configs: { 'cleanup.policy': 'delete', 'segment.bytes': '52428800', 'retention.ms': '-1', ...EVENT_TIME, ...options.configs },
  }))
  const changelogs = topology.subtopologies.flatMap(({ stores, sourceTopics }) => {
    const tasks = Math.max(0, ...sourceTopics.map((topic) => counts.get(topic) ?? 1))
    // A pattern that finds no topic yet has no tasks, and no changelogs.
    return tasks === 0 ? [] : stores.flatMap((store) => changelogOf(store, tasks, options))
  })
  return [...repartitions, ...changelogs]
}

function changelogOf(store: ResolvedStore, partitions: number, options: InternalTopicOptions): InternalTopic[] {
  const { changelog } = store
  if (changelog === undefined || changelog.source) return []
  const configs = { ...policyOf(store, options.additionalRetentionMs), ...EVENT_TIME, ...options.configs, ...changelog.configs }
  return [{ name: `${options.applicationId}-${changelog.topic}`, kind: 'changelog', partitions, configs }]
}

/** Key-value changelogs are compacted; those of windows and sessions are also deleted behind their retention, join buffers only that. */
function policyOf({ spec }: ResolvedStore, additionalRetentionMs: number): Readonly<Record<string, string>> {
  if (spec.kind === 'versioned') return { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': String(spec.historyMs + DAY_MS) }
  if (spec.kind !== 'window' && spec.kind !== 'session') return { 'cleanup.policy': 'compact' }
  const retention = { 'retention.ms': String(spec.retentionMs + additionalRetentionMs) }
  const isBuffer = spec.kind === 'window' && spec.duplicates === true
  return { 'cleanup.policy': isBuffer ? 'delete' : 'compact,delete', ...retention }
}
