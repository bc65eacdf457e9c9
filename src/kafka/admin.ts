/** Topics and their configs: creating, checking, purging. */
import { ClusterError } from '../base/errors.ts'
import type { TopicPartition } from '../model/topic.ts'
import { CREATE_TOPICS, DELETE_RECORDS, DESCRIBE_CONFIGS } from '../wire/api/topics.ts'
import { errorName } from '../wire/error-table.ts'
import { brokerError } from './broker-error.ts'
import type { Cluster } from './cluster.ts'
import { byTopic } from './offsets.ts'

/** A topic to create. */
export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** −1: the broker's default. */
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

const TOPIC_ALREADY_EXISTS = 36
const TIMEOUT_MS = 30_000

/** Administers a cluster. */
export class Admin {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Creates topics; those that exist already are left as they are. */
  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    if (topics.length === 0) return
    const answer = await this.#cluster.callAny(CREATE_TOPICS, { topics, timeoutMs: TIMEOUT_MS })
    for (const { name, errorCode, errorMessage } of answer.topics) {
      if (errorCode === 0 || errorCode === TOPIC_ALREADY_EXISTS) continue
      throw brokerError(errorCode, 'fetch', `creating topic ${name}${errorMessage === null ? '' : ` (${errorMessage})`}`, { topic: name })
    }
  }

  /** The configs of topics, by name; topics that don't exist are left out. */
  async configs(topics: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    if (topics.length === 0) return new Map()
    const answer = await this.#cluster.callAny(DESCRIBE_CONFIGS, { topics })
    return new Map(answer.topics.flatMap(({ name, errorCode, configs }) => (errorCode === 0 ? [[name, configs] as const] : [])))
  }

  /** Deletes all records below these offsets. */
  async deleteRecords(below: readonly { readonly tp: TopicPartition; readonly offset: number }[]): Promise<void> {
    const byNode = await this.#cluster.byLeader(below)
    await Promise.all([...byNode].map(([node, led]) => this.#deleteRecords(node, led)))
  }

  async #deleteRecords(node: number, below: readonly { readonly tp: TopicPartition; readonly offset: number }[]): Promise<void> {
    const topics = byTopic(below, ({ tp, offset }) => ({ partition: tp.partition, offset }))
    const lane = await this.#cluster.lane(node, 'call')
    const answer = await lane.request(DELETE_RECORDS, { topics, timeoutMs: TIMEOUT_MS })
    const failed = answer.topics.flatMap(({ topic, partitions }) =>
      partitions
        .filter(({ errorCode }) => errorCode !== 0)
        .map(({ partition, errorCode }) => `${topic}[${partition}] ${errorName(errorCode)}`),
    )
    if (failed.length === 0) return
    // Leaders may have moved: whoever asks again asks the right ones.
    await this.#cluster.refresh(topics.map(({ topic }) => topic))
    throw new ClusterError('BROKER_ERROR', `records could not be deleted: ${failed.join(', ')}`, { retriable: true })
  }
}
