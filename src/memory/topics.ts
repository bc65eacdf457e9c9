/** The topics of a memory cluster: making, growing, configuring and deleting them, and finding the partition that a request names. */
import { CODE } from './codes.ts'
import { MemoryPartition } from './partition.ts'
import { configMistake, settingsOf, withDefaults, type TopicConfigs, type TopicSettings } from './topic-configs.ts'

/** One topic. */
export interface MemoryTopic {
  readonly name: string
  /** Another one when the topic is deleted and made again. */
  readonly id: string
  readonly partitions: readonly MemoryPartition[]
  /** All configs, defaults among them. */
  readonly configs: TopicConfigs
  readonly settings: TopicSettings
}

/** What became of a change. */
export interface TopicAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** What topics run on. */
export interface TopicsOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** How many brokers there are; their ids begin at 1. */
  readonly nodes: number
  /** How long a new topic's leader doesn't know that it is one, in ms. */
  readonly newTopicErrorMs: number
}

/** A topic to be made. */
export interface NewTopicOptions {
  readonly partitions: number
  readonly replicationFactor?: number
  readonly configs?: TopicConfigs
}

interface Made {
  readonly name: string
  readonly id: string
  readonly at: number
  partitions: MemoryPartition[]
  configs: TopicConfigs
  settings: TopicSettings
}

const MOST_PARTITIONS = 10_000

/** All topics. */
export class MemoryTopics {
  readonly #topics: Map<string, Made> = new Map()
  readonly #options: TopicsOptions
  #made = 0

  constructor(options: TopicsOptions) {
    this.#options = options
  }

  /** All topics, in order of their making. */
  all(): readonly MemoryTopic[] {
    return [...this.#topics.values()]
  }

  /** The topic of that name. */
  get(name: string): MemoryTopic | undefined {
    return this.#topics.get(name)
  }

  /** The partition; undefined when there is none. */
  partition(name: string, partition: number): MemoryPartition | undefined {
    return this.#topics.get(name)?.partitions[partition]
  }

  /** The partition as one broker knows it, or the error code that it answers with. */
  led(name: string, partition: number, node: number): MemoryPartition | number {
    const topic = this.#topics.get(name)
    const found = topic?.partitions[partition]
    if (topic === undefined || found === undefined) return CODE.UNKNOWN_TOPIC_OR_PARTITION
    const { newTopicErrorMs, now } = this.#options
    const age = newTopicErrorMs === 0 ? Infinity : now() - topic.at
    if (age < newTopicErrorMs / 2) return CODE.UNKNOWN_TOPIC_OR_PARTITION
    return age < newTopicErrorMs || found.leader !== node ? CODE.NOT_LEADER_OR_FOLLOWER : found
  }

  /** Makes a topic. */
  create(name: string, { partitions, replicationFactor = -1, configs = {} }: NewTopicOptions): TopicAnswer {
    if (this.#topics.has(name)) return refused(CODE.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..')
      return refused(CODE.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: '${name}'`)
    if (!isCount(partitions)) return refused(CODE.INVALID_PARTITIONS, `Number of partitions was set to an invalid value: ${partitions}`)
    if (replicationFactor !== -1 && !(replicationFactor >= 1 && replicationFactor <= this.#options.nodes)) {
      return refused(
        CODE.INVALID_REPLICATION_FACTOR,
        `Unable to replicate the partition ${replicationFactor} time(s): there are ${this.#options.nodes} broker(s)`,
      )
    }
    const mistake = configMistake(configs)
    if (mistake !== undefined) return refused(CODE.INVALID_CONFIG, mistake)
    const all = withDefaults(configs)
    const id = `memory-${++this.#made}`
    this.#topics.set(name, {
      name,
      id,
      at: this.#options.now(),
      partitions: this.#more(0, partitions),
      configs: all,
      settings: settingsOf(all),
    })
    return OK
  }

  /** Gives a topic more partitions. */
  grow(name: string, count: number): TopicAnswer {
    const topic = this.#topics.get(name)
    if (topic === undefined) return UNKNOWN
    const before = topic.partitions.length
    if (!isCount(count) || count <= before)
      return refused(CODE.INVALID_PARTITIONS, `The topic ${name} currently has ${before} partition(s); ${count} would not be an increase.`)
    topic.partitions = [...topic.partitions, ...this.#more(before, count)]
    return OK
  }

  /** Changes configs of a topic, and leaves the others; null puts the default back. */
  alter(name: string, changes: Readonly<Record<string, string | null>>): TopicAnswer {
    const topic = this.#topics.get(name)
    if (topic === undefined) return UNKNOWN
    const given = Object.fromEntries(Object.entries(changes).filter((change): change is [string, string] => change[1] !== null))
    const mistake = configMistake(given)
    if (mistake !== undefined) return refused(CODE.INVALID_CONFIG, mistake)
    const kept = Object.fromEntries(Object.entries(topic.configs).filter(([config]) => changes[config] !== null))
    topic.configs = withDefaults({ ...kept, ...given })
    topic.settings = settingsOf(topic.configs)
    return OK
  }

  /** Deletes a topic; answers an error code. */
  delete(name: string): number {
    return this.#topics.delete(name) ? CODE.NONE : CODE.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** Partitions from the index `from` on, led by the brokers in turn. */
  #more(from: number, count: number): MemoryPartition[] {
    return Array.from({ length: count - from }, (_, i) => new MemoryPartition(1 + ((from + i) % this.#options.nodes)))
  }
}

const OK: TopicAnswer = { errorCode: CODE.NONE, errorMessage: null }
const UNKNOWN: TopicAnswer = refused(CODE.UNKNOWN_TOPIC_OR_PARTITION, 'This server does not host this topic-partition.')

function isCount(partitions: number): boolean {
  return Number.isInteger(partitions) && partitions >= 1 && partitions <= MOST_PARTITIONS
}

function refused(errorCode: number, errorMessage: string): TopicAnswer {
  return { errorCode, errorMessage }
}
