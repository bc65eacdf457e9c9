/**
 * What the client knows of the cluster: brokers, leaders and coordinators, with a lane for each broker and purpose. Metadata is asked for when
 * something is missing or an answer says that it is old. A request that can be repeated is, with back-off, until its deadline.
 */
import { ClusterError } from '../base/errors.ts'
import type { TopicPartition } from '../model/topic.ts'
import type { Api } from '../wire/api/api.ts'
import { FIND_COORDINATOR } from '../wire/api/coordinator.ts'
import { METADATA, type BrokerAddress, type TopicMetadata } from '../wire/api/metadata.ts'
import { backoffMs, Pauses, type BackoffPorts } from './backoff.ts'
import { brokerError, isDoubtful } from './broker-error.ts'
import type { Address, Lane, LaneKind, Transport } from './lane.ts'

/** What a cluster client runs on. */
export interface ClusterOptions extends BackoffPorts {
  readonly transport: Transport
  /** How long a request is repeated, in ms. */
  readonly retryMs: number
}

/** How often a request is repeated that a broker refused without a reason that passes. */
const FEW_REPEATS = 3

/** The leader of a partition. */
export interface Leader {
  readonly node: number
  readonly epoch: number
}

/** The cluster as this client sees it. */
export class Cluster {
  readonly #options: ClusterOptions
  readonly #topics: Map<string, TopicMetadata> = new Map()
  readonly #brokers: Map<number, BrokerAddress> = new Map()
  readonly #lanes: Map<string, Promise<Lane>> = new Map()
  readonly #coordinators: Map<string, number> = new Map()
  readonly #pauses: Pauses
  #closed = false
  /** Whose turn it is to be asked for what any broker answers: one that fails is followed by the next. */
  #turn = 0

  constructor(options: ClusterOptions) {
    this.#options = options
    this.#pauses = new Pauses(options.clock)
  }

  /** How long requests are repeated, in ms. */
  get retryMs(): number {
    return this.#options.retryMs
  }

  /** Asks for topics anew; a topic that is missing is made where the broker does that. Answers those that exist. */
  async refresh(topics: readonly string[], options: { readonly create?: boolean } = {}): Promise<ReadonlyMap<string, TopicMetadata>> {
    const answer = await this.callAny(METADATA, { topics, allowAutoTopicCreation: options.create ?? false })
    for (const broker of answer.brokers) this.#brokers.set(broker.nodeId, broker)
    for (const topic of answer.topics) {
      if (topic.errorCode === 0) this.#topics.set(topic.topic, topic)
      else this.#topics.delete(topic.topic)
    }
    return new Map(topics.flatMap((name) => (this.#topics.has(name) ? [[name, this.#topics.get(name)!] as const] : [])))
  }

  /** The names of all topics of the cluster, sorted. */
  async topics(): Promise<readonly string[]> {
    const { topics } = await this.callAny(METADATA, { topics: null, allowAutoTopicCreation: false })
    return topics.flatMap(({ topic, errorCode }) => (errorCode === 0 ? [topic] : [])).sort()
  }

  /** How many partitions a topic has; undefined: it isn't known. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.partitions.length
  }

  /** Kafka's id of a topic, which another topic of that name doesn't have; undefined or empty: it isn't known. */
  topicId(topic: string): string | undefined {
    return this.#topics.get(topic)?.topicId
  }

  /** The leader of a partition; undefined: it isn't known. */
  leader({ topic, partition }: TopicPartition): Leader | undefined {
    const found = this.#topics.get(topic)?.partitions.find((candidate) => candidate.partition === partition)
    return found === undefined || found.errorCode !== 0 || found.leader < 0 ? undefined : { node: found.leader, epoch: found.leaderEpoch }
  }

  /** The lane to a broker for a purpose; opened when first used, and again when it was closed. */
  lane(node: number, kind: LaneKind): Promise<Lane> {
    const address = this.#brokers.get(node)
    return address === undefined
      ? Promise.reject(new ClusterError('CONNECTION_LOST', `broker ${node} is not known`, { retriable: true }))
      : this.#lane(`${node} ${kind}`, address, kind)
  }

  /** The lane to a group's coordinator. */
  async coordinator(group: string, kind: LaneKind): Promise<Lane> {
    const known = this.#coordinators.get(group)
    if (known !== undefined) return this.#coordinatorLane(group, known, kind)
    const { coordinators } = await this.callAny(FIND_COORDINATOR, { keyType: 'group', keys: [group] })
    const [found] = coordinators
    if (found === undefined || found.errorCode !== 0)
      throw brokerError(found?.errorCode ?? 15, 'group', `looking for the coordinator of group ${group}`)
    this.#brokers.set(found.nodeId, { nodeId: found.nodeId, host: found.host, port: found.port })
    this.#coordinators.set(group, found.nodeId)
    return this.#coordinatorLane(group, found.nodeId, kind)
  }

  /** Forgets a group's coordinator: the next request looks for it again. */
  forgetCoordinator(group: string): void {
    this.#coordinators.delete(group)
  }

  /** Items by the broker that leads their partition; asks again for partitions that nobody is known to lead. */
  byLeader<T extends { readonly tp: TopicPartition }>(items: readonly T[]): Promise<ReadonlyMap<number, readonly T[]>> {
    return this.retried(async () => {
      const byNode = new Map<number, T[]>()
      for (const item of items) {
        const { tp } = item
        const leader = this.leader(tp) ?? (await this.refresh([tp.topic]), this.leader(tp))
        if (leader === undefined) throw brokerError(3, 'fetch', `looking for the leader of ${tp.topic}[${tp.partition}]`, tp)
        byNode.set(leader.node, [...(byNode.get(leader.node) ?? []), item])
      }
      return byNode
    }, 'looking for leaders')
  }

  /** Sends a request to any broker, again with back-off, and to another, where that helps. */
  callAny<Q, R>(api: Api<Q, R>, request: Q): Promise<R> {
    return this.retried(async () => {
      try {
        return await (await this.#anyLane()).request(api, request)
      } catch (error) {
        this.#turn++
        throw error
      }
    }, api.name)
  }

  /** Repeats `attempt` with back-off while it fails with an error that says so, until the deadline or until the client is closed. */
  async retried<T>(attempt: () => Promise<T>, what: string): Promise<T> {
    const { clock, random, retryMs } = this.#options
    const deadline = clock.monotonic() + retryMs
    let doubts = 0
    for (let n = 1; ; n++) {
      try {
        return await attempt()
      } catch (error) {
        if (isDoubtful(error)) doubts++
        if (this.#closed || doubts > FEW_REPEATS || !(error instanceof ClusterError) || !error.retriable) throw error
        if (clock.monotonic() >= deadline)
          throw new ClusterError('TASK_TIMEOUT', `${what} failed for ${retryMs} ms, last with: ${error.message}`, { cause: error })
        await this.#pauses.wait(backoffMs(n, random))
      }
    }
  }

  /** Closes all lanes, and ends what is repeated. */
  async close(): Promise<void> {
    this.#closed = true
    this.#pauses.end()
    const lanes = [...this.#lanes.values()]
    this.#lanes.clear()
    for (const lane of lanes) await lane.then((open) => open.close()).catch(() => undefined)
  }

  async #open(key: string, address: Address, kind: LaneKind): Promise<Lane> {
    const lane = await this.#options.transport.lane(address, kind)
    lane.onClose(() => this.#lanes.delete(key))
    return lane
  }

  #coordinatorLane(group: string, node: number, kind: LaneKind): Promise<Lane> {
    const lane = this.lane(node, kind)
    // A coordinator that can't be reached has a successor.
    lane.catch(() => this.forgetCoordinator(group))
    return lane
  }

  #anyLane(): Promise<Lane> {
    const known = [...this.#brokers.keys()]
    const seeds = this.#options.transport.seeds()
    const turn = this.#turn % Math.max(1, known.length + seeds.length)
    if (turn < known.length) return this.lane(known[turn]!, 'call')
    const seed = seeds[turn - known.length]
    return seed === undefined
      ? Promise.reject(new ClusterError('CONNECTION_LOST', 'there is no broker to begin with'))
      : this.#lane(`seed ${turn - known.length}`, seed, 'call')
  }

  #lane(key: string, address: Address, kind: LaneKind): Promise<Lane> {
    if (this.#closed) return Promise.reject(new ClusterError('CONNECTION_LOST', 'the client is closed'))
    const open = this.#lanes.get(key)
    if (open !== undefined) return open
    const opening = this.#open(key, address, kind)
    this.#lanes.set(key, opening)
    opening.catch(() => this.#lanes.delete(key))
    return opening
  }
}
