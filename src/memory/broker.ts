/** What the one broker of a memory cluster answers to each kind of request. */
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Api } from '../wire/api/api.ts'
import { OFFSET_COMMIT, OFFSET_FETCH, type OffsetCommitRequest, type OffsetCommitResponse, type OffsetFetchRequest, type OffsetFetchResponse } from '../wire/api/commit.ts'
import { FIND_COORDINATOR, INIT_PRODUCER_ID, type FindCoordinatorRequest, type FindCoordinatorResponse } from '../wire/api/coordinator.ts'
import { FETCH } from '../wire/api/fetch.ts'
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from '../wire/api/group.ts'
import { LIST_OFFSETS } from '../wire/api/list-offsets.ts'
import { METADATA, type MetadataRequest, type MetadataResponse, type TopicMetadata } from '../wire/api/metadata.ts'
import { PRODUCE, type ProduceRequest, type ProduceResponse } from '../wire/api/produce.ts'
import {
  CREATE_TOPICS,
  DELETE_RECORDS,
  DELETE_TOPICS,
  DESCRIBE_CONFIGS,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from '../wire/api/topics.ts'
import { errorName } from '../wire/error-table.ts'
import { CODE } from './codes.ts'
import { Group } from './group.ts'
import { GroupOffsets } from './offsets.ts'
import { Reads } from './reads.ts'
import { MemoryTopics } from './topics.ts'

/** What a broker runs on. */
export interface BrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly checkCrc: boolean
  readonly autoCreateTopics: boolean
}

type Handler = (request: never) => unknown

/** The broker. */
export class Broker {
  readonly topics: MemoryTopics
  readonly #options: BrokerOptions
  readonly #reads: Reads
  readonly #groups: Map<string, Group> = new Map()
  readonly #offsets: GroupOffsets = new GroupOffsets()
  readonly #handlers: ReadonlyMap<number, Handler>
  readonly #waiting: Set<() => void> = new Set()
  #producers = 0

  constructor(options: BrokerOptions) {
    this.#options = options
    this.topics = new MemoryTopics({ now: () => options.clock.now(), checkCrc: options.checkCrc })
    this.#reads = new Reads(this.topics, options.clock)
    this.#handlers = new Map<number, Handler>([
      on(METADATA, (request) => this.#metadata(request)),
      on(FIND_COORDINATOR, (request) => coordinators(request)),
      on(INIT_PRODUCER_ID, () => ({ errorCode: CODE.NONE, producerId: ++this.#producers, producerEpoch: 0 })),
      on(PRODUCE, (request) => this.#produce(request)),
      on(FETCH, (request) => this.#reads.fetch(request)),
      on(LIST_OFFSETS, (request) => this.#reads.listOffsets(request)),
      on(JOIN_GROUP, (request) => this.#group(request.groupId).join(request)),
      on(SYNC_GROUP, (request) => this.#group(request.groupId).sync(request)),
      on(HEARTBEAT, (request) => ({ errorCode: this.#group(request.groupId).heartbeat(request) })),
      on(LEAVE_GROUP, (request) => ({ errorCode: this.#group(request.groupId).leave(request) })),
      on(OFFSET_COMMIT, (request) => this.#commit(request)),
      on(OFFSET_FETCH, (request) => this.#committed(request)),
      on(CREATE_TOPICS, (request) => this.#create(request)),
      on(DELETE_TOPICS, ({ topics }) => ({ topics: topics.map((name) => ({ name, errorCode: this.topics.delete(name) })) })),
      on(DELETE_RECORDS, (request) => this.#deleteRecords(request)),
      on(DESCRIBE_CONFIGS, (request) => this.#configs(request)),
    ])
  }

  /** The answer to a request. */
  async answer<Q, R>(api: Api<Q, R>, request: Q): Promise<R> {
    const handler = this.#handlers.get(api.key)
    if (handler === undefined) throw new ClusterError('BROKER_TOO_OLD', `the memory broker doesn't answer ${api.name}`)
    return answerOf<R>(await (handler as (request: Q) => unknown)(request))
  }

  /** Makes a topic; false: it is there already. */
  createTopic(name: string, partitions: number, configs: Readonly<Record<string, string>>): boolean {
    const errorCode = this.topics.create(name, partitions, configs)
    if (errorCode === CODE.TOPIC_ALREADY_EXISTS) return false
    if (errorCode !== CODE.NONE) throw new ClusterError('BROKER_ERROR', `topic ${name} can't be made with ${partitions} partitions: ${errorName(errorCode)}`, { context: { topic: name } })
    return true
  }

  /** Appends a batch; answers its base offset. */
  append(topic: string, partition: number, batch: Uint8Array): number {
    const { errorCode, baseOffset } = this.topics.append(topic, partition, batch)
    if (errorCode !== CODE.NONE) throw new ClusterError('BROKER_ERROR', `a batch for ${topic}[${partition}] was refused: ${errorName(errorCode)}`, { context: { topic, partition } })
    this.#appended()
    return baseOffset
  }

  /** Settles at the next append, or after `ms`. */
  nextAppend(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        cancel()
        resolve()
      }
      const cancel = this.#options.clock.after(ms, done)
      this.#waiting.add(done)
    })
  }

  #appended(): void {
    this.#reads.appended()
    for (const wake of [...this.#waiting]) wake()
  }

  #group(id: string): Group {
    const known = this.#groups.get(id)
    if (known !== undefined) return known
    const made = new Group(id, this.#options)
    this.#groups.set(id, made)
    return made
  }

  #metadata({ topics, allowAutoTopicCreation }: MetadataRequest): MetadataResponse {
    const names = topics ?? this.topics.all().map(({ name }) => name)
    if (allowAutoTopicCreation && this.#options.autoCreateTopics) for (const name of names) this.topics.create(name, 1)
    return { brokers: [{ nodeId: 1, host: 'memory', port: 1 }], controllerId: 1, topics: names.map((name) => this.#topicMetadata(name)) }
  }

  #topicMetadata(name: string): TopicMetadata {
    const found = this.topics.get(name)
    if (found === undefined) return { errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION, topic: name, topicId: '', internal: false, partitions: [] }
    const partitions = found.partitions.map((_, partition) => ({ errorCode: CODE.NONE, partition, leader: 1, leaderEpoch: 0 }))
    return { errorCode: CODE.NONE, topic: name, topicId: found.id, internal: false, partitions }
  }

  #produce({ topics }: ProduceRequest): ProduceResponse {
    const answers = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, records }) => ({ partition, ...this.topics.append(topic, partition, records), logStartOffset: this.topics.partition(topic, partition)?.log.startOffset ?? -1, errorMessage: null })),
    }))
    this.#appended()
    return { topics: answers, throttleTimeMs: 0 }
  }

  #commit(request: OffsetCommitRequest): OffsetCommitResponse {
    const errorCode = this.#group(request.groupId).mayCommit(request)
    if (errorCode === CODE.NONE) this.#offsets.commit(request)
    return { topics: request.topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode })) })) }
  }

  #committed(request: OffsetFetchRequest): OffsetFetchResponse {
    return this.#offsets.fetch(request)
  }

  #create({ topics }: CreateTopicsRequest): CreateTopicsResponse {
    return {
      topics: topics.map(({ name, partitions, configs }) => ({ name, errorCode: this.topics.create(name, partitions === -1 ? 1 : partitions, configs), errorMessage: null })),
    }
  }

  #deleteRecords({ topics }: DeleteRecordsRequest): DeleteRecordsResponse {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, offset }) => {
          const found = this.topics.get(topic)
          const log = found?.partitions[partition]?.log
          if (found === undefined || log === undefined) return { partition, lowWatermark: -1, errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION }
          if (found.configs['cleanup.policy'] === 'compact') return { partition, lowWatermark: -1, errorCode: CODE.POLICY_VIOLATION }
          if (offset > log.endOffset) return { partition, lowWatermark: -1, errorCode: CODE.OFFSET_OUT_OF_RANGE }
          log.truncateTo(offset === -1 ? log.endOffset : offset)
          return { partition, lowWatermark: log.startOffset, errorCode: CODE.NONE }
        }),
      })),
    }
  }

  #configs({ topics }: DescribeConfigsRequest): DescribeConfigsResponse {
    return {
      topics: topics.map((name) => {
        const found = this.topics.get(name)
        return { name, errorCode: found === undefined ? CODE.UNKNOWN_TOPIC_OR_PARTITION : CODE.NONE, configs: found?.configs ?? {} }
      }),
    }
  }
}

function coordinators({ keys }: FindCoordinatorRequest): FindCoordinatorResponse {
  return { coordinators: keys.map((key) => ({ key, errorCode: CODE.NONE, nodeId: 1, host: 'memory', port: 1 })) }
}

function on<Q, R>(api: Api<Q, R>, handler: (request: Q) => R | Promise<R>): [number, Handler] {
  return [api.key, handler]
}

/** Sound because a handler is registered with the request whose answer it gives. */
function answerOf<R>(answer: unknown): R {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return answer as R
}
