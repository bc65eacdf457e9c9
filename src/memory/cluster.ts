/**
 * The memory cluster: one broker in this process that answers the client's typed requests. It keeps encoded batches, so readers and writers are
 * the real ones, and runs on a clock that is handed in. Nothing outlives the process. Transactions have their place (a batch's header says so)
 * and are not there yet.
 */
import type { Clock } from '../base/clock.ts'
import { ClusterError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Address, Lane, LaneKind, Transport } from '../kafka/lane.ts'
import type { Api } from '../wire/api/api.ts'
import { Broker } from './broker.ts'
import { compact } from './compact.ts'
import type { MemoryTopic } from './topics.ts'

/** What a cluster runs on. */
export interface MemoryClusterOptions {
  readonly clock: Clock
  readonly random: Random
  /** True (default): a batch's checksum is compared before it is appended. */
  readonly checkCrc?: boolean
  /** True: a topic that is first named by a metadata request is made, with one partition. */
  readonly autoCreateTopics?: boolean
}

/** A request that a test wants to fail: answer an error, or undefined to let it pass. */
export type Fault = (api: Api<never, unknown>, request: unknown) => Error | undefined

/** One broker in this process. */
export class MemoryCluster implements Transport {
  readonly #broker: Broker
  readonly #lanes: Set<MemoryLane> = new Set()
  #fault: Fault | undefined = undefined
  #closed = false

  constructor(options: MemoryClusterOptions) {
    this.#broker = new Broker({ checkCrc: true, autoCreateTopics: false, ...options })
  }

  seeds(): readonly Address[] {
    return [{ host: 'memory', port: 1 }]
  }

  lane(_to: Address, kind: LaneKind): Promise<Lane> {
    if (this.#closed) return Promise.reject(new ClusterError('CONNECTION_LOST', 'the memory broker is closed', { retriable: false }))
    const lane = new MemoryLane(this.#broker, { kind, fault: (api, request) => this.#fault?.(api, request), closed: () => this.#lanes.delete(lane) })
    this.#lanes.add(lane)
    return Promise.resolve(lane)
  }

  /** Closes all lanes; later ones are refused. */
  close(): Promise<void> {
    this.#closed = true
    this.dropConnections()
    return Promise.resolve()
  }

  /** Cuts all lanes, as a broker that goes away does; requests under way are lost. */
  dropConnections(): void {
    for (const lane of [...this.#lanes]) lane.close()
  }

  /** Lets a test fail requests. */
  injectFault(fault: Fault | undefined): void {
    this.#fault = fault
  }

  /** Makes a topic; answers false when it is there already. Throws a `ClusterError` for a name or count that a broker refuses. */
  createTopic(name: string, options: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {}): boolean {
    return this.#broker.createTopic(name, options.partitions ?? 1, options.configs ?? {})
  }

  /** Deletes a topic. */
  deleteTopic(name: string): void {
    this.#broker.topics.delete(name)
  }

  /** The topic of that name, for tests and tools. */
  topic(name: string): MemoryTopic | undefined {
    return this.#broker.topics.get(name)
  }

  /** Names of all topics. */
  topicNames(): readonly string[] {
    return this.#broker.topics.all().map(({ name }) => name)
  }

  /** Appends one encoded batch. Throws a `ClusterError` when it is refused. */
  append(topic: string, partition: number, batch: Uint8Array): number {
    return this.#broker.append(topic, partition, batch)
  }

  /** Settles at the next append, or after `ms`. */
  nextAppend(ms: number): Promise<void> {
    return this.#broker.nextAppend(ms)
  }

  /** Compacts a topic now: the newest record of each key stays, in its place. */
  compactNow(topic: string): void {
    for (const { log } of this.#broker.topics.get(topic)?.partitions ?? []) compact(log)
  }
}

interface LaneOptions {
  readonly kind: LaneKind
  readonly fault: Fault
  readonly closed: () => void
}

/** Carries requests one after another, as a broker works on one of a connection at a time. */
class MemoryLane implements Lane {
  readonly node = 1
  readonly #broker: Broker
  readonly #options: LaneOptions
  readonly #listeners: ((why: Error) => void)[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #lost: (() => void) | undefined = undefined
  readonly #closing: Promise<never>

  constructor(broker: Broker, options: LaneOptions) {
    this.#broker = broker
    this.#options = options
    this.#closing = new Promise((_resolve, reject) => {
      this.#lost = () => reject(new ClusterError('CONNECTION_LOST', `the connection to the memory broker was closed (${options.kind})`, { retriable: true }))
    })
    this.#closing.catch(() => undefined)
  }

  request<Q, R>(api: Api<Q, R>, request: Q): Promise<R> {
    if (this.#lost === undefined) return this.#closing
    const answer = this.#tail.then(() => {
      const fault = this.#options.fault(api, request)
      if (fault !== undefined) throw fault
      return this.#broker.answer(api, request)
    })
    this.#tail = answer.catch(() => undefined)
    return Promise.race([answer, this.#closing])
  }

  onClose(f: (why: Error) => void): void {
    this.#listeners.push(f)
  }

  close(): void {
    if (this.#lost === undefined) return
    this.#lost()
    this.#lost = undefined
    this.#options.closed()
    for (const listener of this.#listeners) listener(new ClusterError('CONNECTION_LOST', 'the memory broker closed the connection', { retriable: true }))
  }
}
