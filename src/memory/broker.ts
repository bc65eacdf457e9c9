/**
 * The brokers of a memory cluster: what each kind of request is answered with, by whom. They share all they know; a broker refuses only what it
 * doesn't lead or coordinate. Whatever changes a log wakes the fetches that wait for it.
 */
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Random } from '../base/random.ts'
import type { Api } from '../wire/api/api.ts'
import { OFFSET_COMMIT, OFFSET_FETCH } from '../wire/api/commit.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../wire/api/configs.ts'
import {
  FIND_COORDINATOR,
  INIT_PRODUCER_ID,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '../wire/api/coordinator.ts'
import { FETCH } from '../wire/api/fetch.ts'
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from '../wire/api/group.ts'
import { LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH } from '../wire/api/list-offsets.ts'
import { METADATA, type MetadataRequest, type MetadataResponse, type TopicMetadata } from '../wire/api/metadata.ts'
import { PRODUCE, type ProduceRequest, type ProduceResponse } from '../wire/api/produce.ts'
import {
  CREATE_PARTITIONS,
  CREATE_TOPICS,
  DELETE_RECORDS,
  DELETE_TOPICS,
  DESCRIBE_CONFIGS,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from '../wire/api/topics.ts'
import { Appends } from './appends.ts'
import { CODE } from './codes.ts'
import { Fetches } from './fetches.ts'
import { Groups } from './groups.ts'
import type { Answerer } from './lane.ts'
import { LogOffsets } from './offsets.ts'
import { MemoryTopics } from './topics.ts'

/** What brokers run on. */
export interface BrokerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly brokers: number
  readonly checkCrc: boolean
  readonly autoCreateTopics: boolean
  readonly cutBatches: boolean
  readonly newTopicErrorMs: number
  readonly sessionTimeouts: readonly [min: number, max: number]
}

type Handler = (request: never, node: number) => unknown

/** The host of all brokers; their port is their id. */
export const MEMORY_HOST = 'memory'

/** The brokers of one cluster. */
export class Broker implements Answerer {
  readonly topics: MemoryTopics
  readonly groups: Groups
  readonly appends: Appends
  readonly #options: BrokerOptions
  readonly #fetches: Fetches
  readonly #offsets: LogOffsets
  readonly #handlers: ReadonlyMap<number, Handler>
  readonly #coordinators: Map<string, number> = new Map()
  readonly #waiting: Set<() => void> = new Set()
  #producers = 0

  constructor(options: BrokerOptions) {
    const { clock, brokers: nodes, newTopicErrorMs } = options
    const now = (): number => clock.now()
    this.#options = options
    this.topics = new MemoryTopics({ now, nodes, newTopicErrorMs })
    this.groups = new Groups({ ...options, topicExists: (topic, partition) => this.topics.partition(topic, partition) !== undefined })
    this.appends = new Appends(this.topics, { now, checkCrc: options.checkCrc })
    this.#fetches = new Fetches(this.topics, options)
    this.#offsets = new LogOffsets(this.topics)
    this.#handlers = new Map<number, Handler>([...this.#topicHandlers(), ...this.#logHandlers(), ...this.#groupHandlers()])
  }

  /** The answer of the broker `node` to a request. */
  answer<Q, R>(api: Api<Q, R>, request: Q, node: number): MaybePromise<R> {
    const handler = this.#handlers.get(api.key)
    if (handler === undefined) throw new ClusterError('BROKER_TOO_OLD', `the memory broker doesn't answer ${api.name}`)
    return answerOf<Q, R>(handler)(request, node)
  }

  /** Something about a topic changed: whoever waits looks again. */
  changed(topic: string): void {
    this.#fetches.changed(topic)
    for (const wake of this.#waiting) wake()
  }

  /** Settles at the next change of a log, or after `ms`. */
  nextChange(ms: number): Promise<void> {
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

  /** Deletes a topic with all that is known of it; answers an error code. */
  deleteTopic(name: string): number {
    const errorCode = this.topics.delete(name)
    if (errorCode !== CODE.NONE) return errorCode
    this.groups.topicDeleted(name)
    this.changed(name)
    return errorCode
  }

  /** Gives a group another coordinator. */
  moveCoordinator(group: string, node: number): void {
    this.#coordinators.set(group, node)
  }

  /** Ends all that waits. */
  close(): void {
    this.#fetches.close()
    this.groups.close()
    for (const wake of this.#waiting) wake()
  }

  #topicHandlers(): [number, Handler][] {
    return [
      on(METADATA, (request) => this.#metadata(request)),
      on(CREATE_TOPICS, ({ topics }) => ({
        topics: topics.map(({ name, partitions, replicationFactor, configs }) => {
          return { name, ...this.topics.create(name, { partitions: partitions === -1 ? 1 : partitions, replicationFactor, configs }) }
        }),
      })),
      on(CREATE_PARTITIONS, ({ topics }) => ({ topics: topics.map(({ name, count }) => ({ name, ...this.topics.grow(name, count) })) })),
      on(INCREMENTAL_ALTER_CONFIGS, ({ topics }) => ({
        topics: topics.map(({ name, configs }) => ({ name, ...this.topics.alter(name, configs) })),
      })),
      on(DELETE_TOPICS, (request) => this.#delete(request)),
      on(DESCRIBE_CONFIGS, (request) => this.#configs(request)),
    ]
  }

  #logHandlers(): [number, Handler][] {
    return [
      on(INIT_PRODUCER_ID, (request) => this.#initProducer(request)),
      on(PRODUCE, (request, node) => this.#produce(request, node)),
      on(FETCH, (request, node) => this.#fetches.fetch(request, node)),
      on(LIST_OFFSETS, (request, node) => this.#offsets.list(request, node)),
      on(OFFSET_FOR_LEADER_EPOCH, (request, node) => this.#offsets.epochEnds(request, node)),
      on(DELETE_RECORDS, (request, node) => {
        const answer = this.#offsets.deleteRecords(request, node)
        for (const { topic } of request.topics) this.changed(topic)
        return answer
      }),
    ]
  }

  #groupHandlers(): [number, Handler][] {
    const elsewhere = (group: string, node: number): boolean => this.#coordinator(group) !== node
    const errorCode = CODE.NOT_COORDINATOR
    return [
      on(FIND_COORDINATOR, (request) => this.#findCoordinator(request)),
      on(JOIN_GROUP, (request, node) => {
        if (!elsewhere(request.groupId, node)) return this.groups.join(request)
        return {
          errorCode,
          generationId: -1,
          protocolName: null,
          leader: '',
          skipAssignment: false,
          memberId: request.memberId,
          members: [],
        }
      }),
      on(SYNC_GROUP, (request, node) =>
        elsewhere(request.groupId, node) ? { errorCode, assignment: new Uint8Array(0) } : this.groups.sync(request),
      ),
      on(HEARTBEAT, (request, node) => (elsewhere(request.groupId, node) ? { errorCode } : this.groups.heartbeat(request))),
      on(LEAVE_GROUP, (request, node) => (elsewhere(request.groupId, node) ? { errorCode } : this.groups.leave(request))),
      on(OFFSET_COMMIT, (request, node) => {
        if (!elsewhere(request.groupId, node)) return this.groups.commit(request)
        return {
          topics: request.topics.map(({ topic, partitions }) => ({
            topic,
            partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
          })),
        }
      }),
      on(OFFSET_FETCH, (request, node) => (elsewhere(request.groupId, node) ? { errorCode, topics: [] } : this.groups.committed(request))),
    ]
  }

  #coordinator(key: string): number {
    return this.#coordinators.get(key) ?? 1
  }

  #findCoordinator({ keys }: FindCoordinatorRequest): FindCoordinatorResponse {
    return {
      coordinators: keys.map((key) => {
        const nodeId = this.#coordinator(key)
        return { key, errorCode: CODE.NONE, nodeId, host: MEMORY_HOST, port: nodeId }
      }),
    }
  }

  /** Every answer is a new id; transactions aren't there yet. */
  #initProducer({ transactionalId }: InitProducerIdRequest): InitProducerIdResponse {
    if (transactionalId !== null) return { errorCode: CODE.UNSUPPORTED_VERSION, producerId: -1, producerEpoch: -1 }
    return { errorCode: CODE.NONE, producerId: ++this.#producers, producerEpoch: 0 }
  }

  #produce(request: ProduceRequest, node: number): ProduceResponse {
    const answer = this.appends.produce(request, node)
    for (const { topic } of request.topics) this.changed(topic)
    return answer
  }

  #metadata({ topics, allowAutoTopicCreation }: MetadataRequest): MetadataResponse {
    const names = topics ?? this.topics.all().map(({ name }) => name)
    if (allowAutoTopicCreation && this.#options.autoCreateTopics) for (const name of names) this.topics.create(name, { partitions: 1 })
    const brokers = Array.from({ length: this.#options.brokers }, (_, i) => ({ nodeId: i + 1, host: MEMORY_HOST, port: i + 1 }))
    return { brokers, controllerId: 1, topics: names.map((name) => this.#topicMetadata(name)) }
  }

  #topicMetadata(name: string): TopicMetadata {
    const found = this.topics.get(name)
    if (found === undefined)
      return { errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION, topic: name, topicId: '', internal: false, partitions: [] }
    const partitions = found.partitions.map(({ leader, leaderEpoch }, partition) => ({
      errorCode: CODE.NONE,
      partition,
      leader,
      leaderEpoch,
    }))
    return { errorCode: CODE.NONE, topic: name, topicId: found.id, internal: false, partitions }
  }

  #delete({ topics }: DeleteTopicsRequest): DeleteTopicsResponse {
    return { topics: topics.map((name) => ({ name, errorCode: this.deleteTopic(name) })) }
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

function on<Q, R>(api: Api<Q, R>, handler: (request: Q, node: number) => MaybePromise<R>): [number, Handler] {
  return [api.key, handler]
}

/** Sound because a handler is registered with the request whose answer it gives. */
function answerOf<Q, R>(handler: Handler): (request: Q, node: number) => MaybePromise<R> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return handler as (request: Q, node: number) => MaybePromise<R>
}
