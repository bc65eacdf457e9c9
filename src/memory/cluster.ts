/**
 * The memory cluster: brokers in this process that answer the client's typed requests, behind the same seam as sockets. It keeps encoded batches, so
 * readers and writers are the real ones, and runs on a clock and a random source that are handed in, so a run can be repeated. Nothing outlives the
 * process. Besides what Kafka answers it has what tests and tools need: writing and reading by hand, and switches for what goes wrong.
 */
import type { Clock } from '../base/clock.ts'
import { assert, ClusterError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Address, Lane, LaneKind, Transport } from '../kafka/lane.ts'
import { errorName } from '../wire/error-table.ts'
import { Broker, MEMORY_HOST } from './broker.ts'
import { CODE } from './codes.ts'
import type { Group } from './group.ts'
import { MemoryLane, type Fault } from './lane.ts'
import type { MemoryPartition } from './partition.ts'
import { decodeRecords, encodeRecords, type AppendRecord, type LoggedRecord } from './records.ts'
import type { MemoryTopic } from './topics.ts'

/** What a cluster runs on. */
export interface MemoryClusterOptions {
  readonly clock: Clock
  readonly random: Random
  /** How many brokers there are; partitions are led by them in turn. 1 when not given. */
  readonly brokers?: number
  /** True (default): a batch's checksum is compared before it is appended. */
  readonly checkCrc?: boolean
  /** True: a topic that is first named by a metadata request which allows it is made, with one partition. False when not given. */
  readonly autoCreateTopics?: boolean
  /** True: answers to fetches end within a batch when that uses up their limit, as brokers' do. False when not given. */
  readonly cutBatches?: boolean
  /** How long the partitions of a new topic answer UNKNOWN_TOPIC_OR_PARTITION, then NOT_LEADER_OR_FOLLOWER, though Metadata lists them, in ms. 0 when not given. */
  readonly newTopicErrorMs?: number
  /** Shortest and longest session timeouts that members of groups may ask for, in ms. 1 ms and 30 minutes when not given. */
  readonly sessionTimeouts?: readonly [min: number, max: number]
}

/** A cluster in this process. */
export class MemoryCluster implements Transport {
  readonly #options: MemoryClusterOptions
  readonly #broker: Broker
  readonly #lanes: Set<MemoryLane> = new Set()
  readonly #stopped: Set<number> = new Set()
  #fault: Fault | undefined = undefined
  #closed = false

  constructor(options: MemoryClusterOptions) {
    this.#options = options
    const defaults = {
      brokers: 1,
      checkCrc: true,
      autoCreateTopics: false,
      cutBatches: false,
      newTopicErrorMs: 0,
      sessionTimeouts: [1, 1_800_000] as const,
    }
    this.#broker = new Broker({ ...defaults, ...options })
  }

  seeds(): readonly Address[] {
    return Array.from({ length: this.#options.brokers ?? 1 }, (_, i) => ({ host: MEMORY_HOST, port: i + 1 }))
  }

  lane({ port: node }: Address, kind: LaneKind): Promise<Lane> {
    if (this.#closed) return Promise.reject(new ClusterError('CONNECTION_LOST', 'the memory cluster is closed', { retriable: false }))
    if (this.#stopped.has(node))
      return Promise.reject(new ClusterError('CONNECTION_LOST', `the memory broker ${node} is stopped`, { retriable: true }))
    const { clock } = this.#options
    const fault: Fault = (api, request, lane) => this.#fault?.(api, request, lane)
    const lane = new MemoryLane(this.#broker, { node, kind, clock, fault, closed: (closed) => this.#lanes.delete(closed) })
    this.#lanes.add(lane)
    return Promise.resolve(lane)
  }

  /** Cuts all lanes and stops all timers; later lanes are refused. */
  close(): Promise<void> {
    this.#closed = true
    this.dropConnections()
    this.#broker.close()
    return Promise.resolve()
  }

  /** Makes a topic; answers false when it is there already. Throws a `ClusterError` for a name, count or config that a broker refuses. */
  createTopic(name: string, options: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {}): boolean {
    const { errorCode, errorMessage } = this.#broker.topics.create(name, { partitions: 1, ...options })
    if (errorCode === CODE.TOPIC_ALREADY_EXISTS) return false
    if (errorCode !== CODE.NONE) throw refusal(`topic ${name} can't be made: ${errorName(errorCode)} (${errorMessage})`, name)
    return true
  }

  /** Deletes a topic. */
  deleteTopic(name: string): void {
    this.#broker.deleteTopic(name)
  }

  /** All topics, in order of their making. */
  topics(): readonly MemoryTopic[] {
    return this.#broker.topics.all()
  }

  /** Names of all topics. */
  topicNames(): readonly string[] {
    return this.topics().map(({ name }) => name)
  }

  /** The topic of that name. */
  topic(name: string): MemoryTopic | undefined {
    return this.#broker.topics.get(name)
  }

  /**
   * Appends one batch: encoded, and then given away unless it is smaller than 32 KiB, or as records, of which there must be one. Answers its base
   * offset. Throws a `ClusterError` when it is refused.
   */
  append(topic: string, partition: number, records: Uint8Array | readonly AppendRecord[]): number {
    return this.#append(topic, partition, { batch: records instanceof Uint8Array ? records : encodeRecords(records), byHand: false })
  }

  /** Appends one batch of a transaction, or the marker that ends one, as its coordinator would have it. Answers its base offset; throws as `append` does. */
  appendTransactional(topic: string, partition: number, batch: Uint8Array): number {
    return this.#append(topic, partition, { batch, byHand: true })
  }

  /** The records of a partition from an offset on, or from its start. */
  read(topic: string, partition: number, from = 0): LoggedRecord[] {
    const { log } = this.#partition(topic, partition)
    return decodeRecords(log, Math.max(from, log.startOffset))
  }

  /** For each partition of a topic the offset behind its last record. */
  endOffsets(topic: string): readonly number[] {
    return this.topic(topic)?.partitions.map(({ log }) => log.endOffset) ?? []
  }

  /** Settles at the next change of a log, or after `ms`. */
  nextAppend(ms: number): Promise<void> {
    return this.#broker.nextChange(ms)
  }

  /** A group as its coordinator sees it; undefined: nobody has joined it. */
  group(id: string): Pick<Group, 'state' | 'generation' | 'leader' | 'members'> | undefined {
    return this.#broker.groups.get(id)
  }

  /** Compacts a topic now, whose policy must say so: the newest record of each key stays, in its place. */
  compactNow(topic: string): void {
    const found = this.topic(topic)
    assert(found?.settings.compacted === true, `topic ${topic} is there and compacted`)
    for (const partition of found?.partitions ?? []) partition.compact()
    this.#broker.changed(topic)
  }

  /** Lets requests fail: each is shown to `fault`. Undefined ends it. */
  injectFault(fault: Fault | undefined): void {
    this.#fault = fault
  }

  /** Cuts all lanes, or those to one broker; requests under way are lost. */
  dropConnections(node?: number): void {
    for (const lane of this.#lanes) if (node === undefined || lane.node === node) lane.close()
  }

  /** Stops a broker: its lanes are cut, and new ones refused until `startBroker`. It leads and coordinates what it did. */
  stopBroker(node: number): void {
    this.#stopped.add(node)
    this.dropConnections(node)
  }

  /** Starts a stopped broker again. */
  startBroker(node: number): void {
    this.#stopped.delete(node)
  }

  /** Another broker (or the same one) leads a partition, in a new epoch; what stands from `loseFrom` on is lost with the old leader. */
  moveLeader(topic: string, partition: number, to: { readonly node?: number; readonly loseFrom?: number } = {}): void {
    const found = this.#partition(topic, partition)
    found.lead(to.node ?? found.leader, to.loseFrom)
    this.#broker.changed(topic)
  }

  /** Another broker coordinates a group. */
  moveCoordinator(group: string, node: number): void {
    this.#broker.moveCoordinator(group, node)
  }

  /** Keeps readers of a partition from seeing records from an offset on, until undefined lets them. */
  holdHighWatermark(topic: string, partition: number, offset: number | undefined): void {
    this.#partition(topic, partition).holdHighWatermark(offset)
    this.#broker.changed(topic)
  }

  #append(topic: string, partition: number, { batch, byHand }: { readonly batch: Uint8Array; readonly byHand: boolean }): number {
    const to = this.#partition(topic, partition)
    const { errorCode, errorMessage, baseOffset } = this.#broker.appends.append(to, this.topic(topic)!.settings, batch, byHand)
    if (errorCode !== CODE.NONE)
      throw refusal(`a batch for ${topic}[${partition}] was refused: ${errorName(errorCode)} (${errorMessage})`, topic)
    this.#broker.changed(topic)
    return baseOffset
  }

  #partition(topic: string, partition: number): MemoryPartition {
    const found = this.#broker.topics.partition(topic, partition)
    if (found === undefined) throw refusal(`there is no ${topic}[${partition}]: create the topic first`, topic)
    return found
  }
}

function refusal(message: string, topic: string): ClusterError {
  return new ClusterError('BROKER_ERROR', message, { context: { topic } })
}
