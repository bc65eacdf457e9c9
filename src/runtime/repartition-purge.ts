/**
 * Purging of repartition topics: what lies below the committed positions of their readers is needed by nobody. What can't be purged now is next time;
 * nothing is ever purged above a committed position, because what was not committed is read again.
 */
import { ClusterError } from '../base/errors.ts'
import type { Admin } from '../kafka/admin.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { Topology } from '../topology/topology.ts'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'

/** What purging needs. */
export interface PurgeOptions {
  readonly config: Pick<Config, 'applicationId'>
  readonly topology: Pick<Topology, 'repartitionTopics'>
  readonly admin: Pick<Admin, 'deleteRecords'>
  readonly logger: Logger
  /** The committed position of a partition; undefined: none. */
  committed(tp: TopicPartition): number | undefined
}

/** Purges the repartition topics among these partitions. */
export async function purgeRepartitions(read: readonly { readonly tp: TopicPartition }[], options: PurgeOptions): Promise<void> {
  const { config, topology, admin, logger } = options
  const internal = new Set(topology.repartitionTopics.map(({ name }) => `${config.applicationId}-${name}`))
  const below = read
    .filter(({ tp }) => internal.has(tp.topic))
    .flatMap(({ tp }) => {
      const offset = options.committed(tp)
      return offset === undefined || offset <= 0 ? [] : [{ tp, offset }]
    })
  try {
    await admin.deleteRecords(below)
  } catch (error) {
    if (!(error instanceof ClusterError) || !error.retriable) throw error
    logger.warn({ code: error.code }, `repartition topics were not purged: ${error.message}`)
  }
}
