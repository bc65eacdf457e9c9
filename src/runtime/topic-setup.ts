/**
 * What the leader of the group does before it assigns: looks up the sources, works out partition counts, creates the internal topics that are
 * missing and checks those that exist. An internal topic is never altered and never made anew: a wrong one is named with what was needed.
 */
import { ClusterError } from '../base/errors.ts'
import type { Admin } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import type { Topology } from '../topology/topology.ts'
import type { Config } from './config.ts'
import { internalTopics, type InternalTopic } from './internal-topics.ts'

/** What topics are set up with. */
export interface TopicSetup {
  readonly cluster: Cluster
  readonly admin: Admin
  readonly topology: Topology
  readonly config: Config
}

/** The partition count of every source topic (internal ones without the application id). Throws `SOURCE_MISSING`, `COPARTITION`. */
export async function sourceCounts({ cluster, topology }: Pick<TopicSetup, 'cluster' | 'topology'>): Promise<ReadonlyMap<string, number>> {
  const external = externalSources(topology)
  const found = await cluster.refresh(external, { create: true })
  const missing = external.filter((topic) => !found.has(topic))
  if (missing.length > 0) {
    throw new ClusterError(
      'SOURCE_MISSING',
      `${missing.length === 1 ? 'source topic' : 'source topics'} ${missing.join(', ')} can't be found: create ${missing.length === 1 ? 'it' : 'them'} before the application starts`,
      { context: { topic: missing[0]! } },
    )
  }
  return topology.partitionCounts((topic) => cluster.partitions(topic) ?? 1)
}

/** The topology with the topics that its patterns find in the cluster now; those of the application itself are left out. */
export async function subscribed(
  topology: Topology,
  { cluster, config }: { readonly cluster: Cluster; readonly config: Pick<Config, 'applicationId'> },
): Promise<Topology> {
  if (!topology.hasPatterns) return topology
  const topics = await cluster.topics()
  return topology.subscribed(topics.filter((topic) => !topic.startsWith(`${config.applicationId}-`)))
}

/** Creates the internal topics that are missing, and checks all of them. Throws `INTERNAL_TOPIC_MISMATCH`, `INTERNAL_TOPIC_CONFIG`. */
export async function setUpTopics({ cluster, admin, topology, config }: TopicSetup, counts: ReadonlyMap<string, number>): Promise<void> {
  const wanted = internalTopics(topology, {
    applicationId: config.applicationId,
    counts,
    additionalRetentionMs: config.windowstoreChangelogAdditionalRetentionMs,
    configs: config.topicConfig ?? {},
  })
  const names = wanted.map(({ name }) => name)
  const existing = await cluster.refresh(names)
  const missing = wanted.filter(({ name }) => !existing.has(name))
  await admin.createTopics(
    missing.map(({ name, partitions, configs }) => ({ name, partitions, configs, replicationFactor: config.replicationFactor })),
  )
  if (missing.length > 0) await cluster.retried(() => allThere(cluster, names), 'waiting for internal topics')
  for (const topic of wanted) checkPartitions(topic, cluster.partitions(topic.name))
  const configs = await admin.configs(names)
  for (const topic of wanted) checkPolicy(topic, configs.get(topic.name)?.['cleanup.policy'])
}

/** Topics outside the application that its sources read. */
export function externalSources(topology: Topology): readonly string[] {
  return [...new Set(topology.subtopologies.flatMap(({ sources }) => sources.flatMap(({ internal, topics }) => (internal ? [] : topics))))]
}

async function allThere(cluster: Cluster, names: readonly string[]): Promise<void> {
  const found = await cluster.refresh(names)
  const missing = names.filter((name) => !found.has(name))
  if (missing.length > 0)
    throw new ClusterError('BROKER_NOT_READY', `the brokers don't know ${missing.join(', ')} yet`, { retriable: true })
}

function checkPartitions({ name, partitions }: InternalTopic, found: number | undefined): void {
  if (found === partitions) return
  throw new ClusterError(
    'INTERNAL_TOPIC_MISMATCH',
    `internal topic ${name} has ${found ?? 0} partitions and needs ${partitions}: the sources were repartitioned, or another application has the same applicationId; reset the application, or give it another id`,
    { context: { topic: name } },
  )
}

function checkPolicy({ name, kind, configs }: InternalTopic, found: string | undefined): void {
  const compacts = configs['cleanup.policy']?.includes('compact') === true
  if (kind !== 'changelog' || found === undefined || !compacts || found.includes('compact')) return
  throw new ClusterError(
    'INTERNAL_TOPIC_CONFIG',
    `changelog ${name} has cleanup.policy=${found} and needs ${String(configs['cleanup.policy'])}: with it, state that is still needed would be deleted`,
    { context: { topic: name } },
  )
}
