/**
 * How the broker suites talk to a broker: typed requests, to the leader or coordinator that answers, again for a while where a real one says "not yet".
 * Nothing here is memory's: a suite gets a transport and, when it is the memory cluster's, the switches for what only memory can do.
 */
import { decodeText, utf8 } from '../../../src/base/text.ts'
import type { Address, Lane, Transport } from '../../../src/kafka/lane.ts'
import type { MemoryCluster } from '../../../src/memory/cluster.ts'
import type { Api } from '../../../src/wire/api/api.ts'
import { OFFSET_COMMIT, OFFSET_FETCH, type CommittedOffset, type OffsetCommitRequest } from '../../../src/wire/api/commit.ts'
import { FIND_COORDINATOR } from '../../../src/wire/api/coordinator.ts'
import { FETCH, type FetchedPartition, type FetchPartition, type FetchRequest } from '../../../src/wire/api/fetch.ts'
import { JOIN_GROUP, SYNC_GROUP, type JoinGroupResponse } from '../../../src/wire/api/group.ts'
import { METADATA, type TopicMetadata } from '../../../src/wire/api/metadata.ts'
import { PRODUCE, type ProducedPartition } from '../../../src/wire/api/produce.ts'
import { CREATE_TOPICS } from '../../../src/wire/api/topics.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { readAll } from '../../wire/reading.ts'
import type { NaiveRecord } from '../../wire/naive-batch.ts'
import type { RunningKafka } from '../../support/kafka/start-kafka.ts'

/**
 * What old brokers don't have: limits for times that are ahead of their clocks (before 3.6), the offset of the newest time (before 3.0), and word for a
 * static leader that comes back that its assignment stays (before 3.2: it is told that its former self leads).
 */
export type Lacking = 'time-limits' | 'newest-time' | 'skipped-assignment'

/** A broker that a suite runs on. */
export interface BrokerUnderTest {
  readonly transport: Transport
  /** The memory cluster behind it; undefined on a real Kafka. */
  readonly memory?: MemoryCluster
  /** The real Kafka behind it, with its tools; undefined where there are none. */
  readonly kafka?: RunningKafka
  /** The version of transactions that it has; undefined where nobody coordinates any. */
  readonly transactions?: 1 | 2
  /** Nothing when not given. */
  readonly lacks?: readonly Lacking[]
  readonly close: () => Promise<void>
}

/** Starts, or connects to, a broker. */
export type MakeBroker = () => Promise<BrokerUnderTest>

const PATIENCE_MS = 15_000
const LIMIT_OF_TIMES = 'message.timestamp.after.max.ms'
const NOT_YET = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
])
let named = 0

/** A name that no other case uses. */
export function fresh(prefix: string): string {
  return `${prefix}-${process.pid}-${named++}`
}

/** Asks a broker. */
export class BrokerClient {
  readonly memory: MemoryCluster | undefined
  readonly kafka: RunningKafka | undefined
  readonly transactions: 1 | 2 | undefined
  readonly #lacks: readonly Lacking[]
  readonly #transport: Transport
  readonly #lanes: Map<string, Promise<Lane>> = new Map()

  constructor({ transport, memory, kafka, transactions, lacks = [] }: BrokerUnderTest) {
    this.#transport = transport
    this.memory = memory
    this.kafka = kafka
    this.transactions = transactions
    this.#lacks = lacks
  }

  /** True: this broker is too old for it. */
  lacks(what: Lacking): boolean {
    return this.#lacks.includes(what)
  }

  /** A request to any broker. */
  async ask<Q, R>(api: Api<Q, R>, request: Q): Promise<R> {
    return (await this.#lane(this.#transport.seeds()[0]!.port, this.#transport.seeds()[0]!.host)).request(api, request)
  }

  /** A request to any broker, again while the answer is one that passes. */
  patiently<Q, R>(api: Api<Q, R>, request: Q, errorOf: (answer: R) => number): Promise<R> {
    return again(errorOf, () => this.ask(api, request))
  }

  /** Makes a topic under a fresh name and waits until it can be used. Brokers that know no limits for times aren't told of any: they take all. */
  async topic(options: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {}): Promise<string> {
    const name = fresh('topic')
    const { [LIMIT_OF_TIMES]: limit, ...others } = options.configs ?? {}
    const configs = limit === undefined || this.lacks('time-limits') ? others : { ...others, [LIMIT_OF_TIMES]: limit }
    const answer = await this.ask(CREATE_TOPICS, {
      topics: [{ name, partitions: options.partitions ?? 1, replicationFactor: 1, configs }],
      timeoutMs: 5000,
    })
    if (answer.topics[0]?.errorCode !== 0) throw new Error(`${name}: ${errorName(answer.topics[0]?.errorCode ?? -1)}`)
    for (let partition = 0; partition < (options.partitions ?? 1); partition++) await this.fetch(name, 0, { partition })
    return name
  }

  /** What is known of a topic. */
  async metadata(topic: string): Promise<TopicMetadata> {
    return (await this.ask(METADATA, { topics: [topic], allowAutoTopicCreation: false })).topics[0]!
  }

  /** A request to the leader of a partition; `errorOf` says what it answered. */
  toLeader<Q, R>(
    api: Api<Q, R>,
    request: Q,
    { topic, partition = 0, errorOf }: { readonly topic: string; readonly partition?: number; readonly errorOf: (answer: R) => number },
  ): Promise<R> {
    return again(errorOf, async () => {
      const { brokers, topics } = await this.ask(METADATA, { topics: [topic], allowAutoTopicCreation: false })
      const leader = topics[0]?.partitions.find((found) => found.partition === partition)?.leader
      const broker = brokers.find(({ nodeId }) => nodeId === leader) ?? brokers[0]!
      return (await this.#lane(broker.port, broker.host)).request(api, request)
    })
  }

  /** A request to the coordinator of a group. */
  toCoordinator<Q extends { readonly groupId: string }, R>(api: Api<Q, R>, request: Q, errorOf: (answer: R) => number): Promise<R> {
    return this.#coordinated(api, request, { keyType: 'group', key: request.groupId, errorOf })
  }

  /** A request to the coordinator of a transactional id. */
  toTransactionCoordinator<Q extends { readonly transactionalId: string | null }, R>(
    api: Api<Q, R>,
    request: Q,
    errorOf: (answer: R) => number,
  ): Promise<R> {
    return this.#coordinated(api, request, { keyType: 'transaction', key: request.transactionalId ?? '', errorOf })
  }

  #coordinated<Q, R>(
    api: Api<Q, R>,
    request: Q,
    { keyType, key, errorOf }: { readonly keyType: 'group' | 'transaction'; readonly key: string; readonly errorOf: (answer: R) => number },
  ): Promise<R> {
    return again(errorOf, async () => {
      const { coordinators } = await again(
        (answer) => answer.coordinators[0]!.errorCode,
        () => this.ask(FIND_COORDINATOR, { keyType, keys: [key] }),
      )
      const { host, port } = coordinators[0]!
      // A join or synchronisation may be parked, and would hold up others on its lane.
      const lane = await this.#transport.lane({ host, port }, 'group')
      try {
        return await lane.request(api, request)
      } finally {
        lane.close()
      }
    })
  }

  /** Produces one batch; refusals are answers. */
  async produce(topic: string, records: Uint8Array, partition = 0, transactionalId: string | null = null): Promise<ProducedPartition> {
    const request = { transactionalId, acks: -1, timeoutMs: 5000, topics: [{ topic, partitions: [{ partition, records }] }] }
    const answer = await this.toLeader(PRODUCE, request, { topic, partition, errorOf: ({ topics }) => topics[0]!.partitions[0]!.errorCode })
    return answer.topics[0]!.partitions[0]!
  }

  /** Fetches once, without waiting when no time is given. */
  async fetch(topic: string, fetchOffset: number, more: Partial<FetchPartition & FetchRequest> = {}): Promise<FetchedPartition> {
    const { partition = 0, currentLeaderEpoch = -1, maxBytes = 10_000_000, maxWaitMs = 0, isolation = 'read_uncommitted' } = more
    const topics = [{ topic, partitions: [{ partition, currentLeaderEpoch, fetchOffset, maxBytes }] }]
    const request = { maxWaitMs, minBytes: 1, maxBytes: 10_000_000, isolation, topics }
    const answer = await this.toLeader(FETCH, request, {
      topic,
      partition,
      errorOf: (found) => found.topics[0]?.partitions[0]?.errorCode ?? found.errorCode,
    })
    return answer.topics[0]!.partitions[0]!
  }

  /** All records from an offset to the end. */
  async read(topic: string, from = 0, partition = 0): Promise<NaiveRecord[]> {
    const records: NaiveRecord[] = []
    for (let at = from; ;) {
      const answer = await this.fetch(topic, at, { partition })
      if (answer.errorCode !== 0) throw new Error(errorName(answer.errorCode))
      if (at >= answer.highWatermark) return records
      const found = readAll(answer.records).filter(({ offset }) => offset >= at)
      if (found.length === 0) throw new Error(`no record from offset ${at} on`)
      records.push(...found)
      at = found.at(-1)!.offset + 1
    }
  }

  /** Joins a group as its only member, or after others. */
  async join(groupId: string, memberId = '', name = 'member'): Promise<JoinGroupResponse> {
    const protocols = [{ name: 'test-1', metadata: subscription(name) }]
    const request = {
      groupId,
      memberId,
      groupInstanceId: null,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      protocolType: 'consumer',
      protocols,
    }
    const answer = await this.toCoordinator(JOIN_GROUP, request, ({ errorCode }) => errorCode)
    return errorName(answer.errorCode) === 'MEMBER_ID_REQUIRED' ? this.join(groupId, answer.memberId, name) : answer
  }

  /** Brings every member an empty assignment, as the leader. */
  async sync(groupId: string, { memberId, generationId, members }: JoinGroupResponse): Promise<string> {
    const assignments = members.map((member) => ({ memberId: member.memberId, assignment: utf8(member.memberId) }))
    const request = {
      groupId,
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'test-1',
      assignments,
    }
    const answer = await this.toCoordinator(SYNC_GROUP, request, ({ errorCode }) => errorCode)
    return answer.errorCode === 0 ? decodeText(answer.assignment, 0, answer.assignment.length) : errorName(answer.errorCode)
  }

  /** Commits a position; answers the name of the error. */
  async commit(
    groupId: string,
    topic: string,
    more: Partial<OffsetCommitRequest> & { readonly offset?: number; readonly metadata?: string | null } = {},
  ): Promise<string> {
    const { offset = 5, metadata = null, ...fence } = more
    const topics = [{ topic, partitions: [{ partition: 0, offset, leaderEpoch: 0, metadata }] }]
    const request = { groupId, generationId: -1, memberId: '', groupInstanceId: null, topics, ...fence }
    const answer = await this.toCoordinator(OFFSET_COMMIT, request, (found) => {
      const { errorCode } = found.topics[0]!.partitions[0]!
      return errorName(errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION' ? 0 : errorCode
    })
    return errorName(answer.topics[0]!.partitions[0]!.errorCode)
  }

  /** The committed position. */
  async committed(groupId: string, topic: string): Promise<CommittedOffset> {
    const request = { groupId, topics: [{ topic, partitions: [0] }], requireStable: true }
    return (await this.toCoordinator(OFFSET_FETCH, request, ({ errorCode }) => errorCode)).topics[0]!.partitions[0]!
  }

  #lane(port: number, host: string): Promise<Lane> {
    const key = `${host}:${port}`
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const opening = this.#open(key, { host, port })
    this.#lanes.set(key, opening)
    return opening
  }

  async #open(key: string, to: Address): Promise<Lane> {
    try {
      const lane = await this.#transport.lane(to, 'call')
      lane.onClose(() => this.#lanes.delete(key))
      return lane
    } catch (error) {
      this.#lanes.delete(key)
      throw error
    }
  }
}

/** A subscription as the consumer protocol has it: a broker reads it and doesn't answer otherwise. Version 0, one topic. */
export function subscription(name: string): Uint8Array {
  const topic = utf8(name)
  return Uint8Array.from([0, 0, 0, 0, 0, 1, 0, topic.length, ...topic, 0, 0, 0, 0])
}

/** Asks again while the answer is one that passes. */
async function again<R>(errorOf: (answer: R) => number, ask: () => Promise<R>): Promise<R> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    const name = errorName(errorOf(answer))
    if (!NOT_YET.has(name) || Date.now() > until) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
