/**
 * The global stores of an instance: one task for all of them, which reads every partition of their topics. It has read what was there at the start
 * before anything else is processed, and follows from then on, through the same steps: a record is put into a store in one way only. What it holds is
 * read again at each start, so it commits nothing; its engine takes one write for what one poll brought.
 */
import { ClusterError } from '../base/errors.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { Fetcher } from '../kafka/fetcher.ts'
import { GroupOffsets } from '../kafka/offsets.ts'
import { taskId } from '../model/task-id.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { TaskState } from '../state/task-state.ts'
import type { StreamTask } from '../task/stream-task.ts'
import { mergedGlobals, type Subtopology } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { EARLIEST, LATEST } from '../wire/api/list-offsets.ts'
import type { Config } from './config.ts'
import type { EventHub } from './events.ts'
import type { Logger } from './logger.ts'
import type { Ports } from './ports.ts'
import { makeTask } from './task-factory.ts'
import { taskPorts } from './task-opener.ts'
import type { TaskStores } from './task-stores.ts'

/** What global stores are opened with. */
export interface GlobalStoresOptions {
  readonly config: Config
  readonly topology: Topology
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly stores: TaskStores
  readonly logger: Logger
  readonly hub: EventHub
  print(line: string): void
  /** Told when following ends with an error. */
  failed(error: unknown): void
}

/** The folder of their state. */
const FOLDER = 'global'
const POLL_MS = 100
const MOST_RECORDS = 2_048

/** The global stores of one instance. */
export class GlobalStores {
  readonly #options: GlobalStoresOptions
  readonly #task: StreamTask
  readonly #fetcher: Fetcher
  #following: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(options: GlobalStoresOptions, task: StreamTask) {
    this.#options = options
    this.#task = task
    const { cluster, ports, config } = options
    this.#fetcher = new Fetcher({
      ...ports,
      cluster,
      kind: 'fetch:global',
      maxBytes: config.fetchMaxBytes,
      maxPartitionBytes: config.maxPartitionFetchBytes,
      outOfRange: async (tp) => (await new GroupOffsets(cluster).at([tp], EARLIEST))[0]?.offset ?? 0,
    })
  }

  /** Opens and fills them; undefined when the topology has none. Rejects with `SOURCE_MISSING` when a topic doesn't exist. */
  static async open(options: GlobalStoresOptions): Promise<GlobalStores | undefined> {
    const subtopology = mergedGlobals(options.topology.globals)
    if (subtopology === undefined) return undefined
    const { stores, config, topology } = options
    const engine = await stores.openTask(FOLDER)
    const ports = taskPorts({ ...options, producer: nothingToWrite, caughtUp: () => true, emptyAt: () => undefined })
    const opened = new GlobalStores(options, makeTask(taskId(subtopology.id, 0), { config, topology, subtopology, ports, engine }))
    try {
      await opened.#fill(subtopology)
    } catch (error) {
      await opened.close()
      throw error
    }
    opened.#following = opened.#follow()
    return opened
  }

  /** What tasks and queries read. */
  get state(): TaskState {
    return this.#task.state
  }

  /** Stops following; may be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fetcher.close()
    await this.#following
    await this.#task.close()
    await this.#options.stores.release(FOLDER)
  }

  /** Reads everything that is there now. */
  async #fill(subtopology: Subtopology): Promise<void> {
    // What an earlier run left may be of another time: it is read again.
    await this.#task.state.open(() => false)
    const offsets = new GroupOffsets(this.#options.cluster)
    const tps = await this.#partitions(subtopology)
    const starts = await offsets.at(tps, EARLIEST)
    const ends = await offsets.at(tps, LATEST)
    for (const { tp, offset } of starts) {
      const source = subtopology.sources.find(({ topics }) => topics.includes(tp.topic))
      this.#task.assign(tp, source!, offset)
    }
    this.#fetcher.assign(starts)
    const open = new Map(ends.map(({ tp, offset }) => [partitionKey(tp), { tp, end: offset }]))
    for (const [key, { tp, end }] of open) if (this.#fetcher.position(tp) >= end) open.delete(key)
    while (open.size > 0) {
      await this.#take()
      for (const [key, { tp, end }] of open) if (this.#fetcher.position(tp) >= end) open.delete(key)
    }
    await this.#take(0)
  }

  async #partitions({ sourceTopics }: Subtopology): Promise<TopicPartition[]> {
    const { cluster } = this.#options
    const found = await cluster.refresh(sourceTopics, { create: true })
    const missing = sourceTopics.filter((topic) => !found.has(topic))
    if (missing.length > 0) {
      const message = `there is no topic ${missing.join(', ')} for a global table to read: create it first`
      throw new ClusterError('SOURCE_MISSING', message, { context: { topic: missing[0]! } })
    }
    return sourceTopics.flatMap((topic) => Array.from({ length: cluster.partitions(topic) ?? 1 }, (_, partition) => ({ topic, partition })))
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#closed) await this.#take()
    } catch (error) {
      if (!this.#closed) this.#options.failed(error)
    }
  }

  /** Takes in what was fetched. */
  async #take(timeoutMs: number = POLL_MS): Promise<void> {
    const task = this.#task
    for (const chunk of await this.#fetcher.poll({ timeoutMs }))
      task.add(chunk.tp, { bytes: chunk.buffer, from: chunk.from, to: chunk.to, release: () => chunk.release() })
    if (task.waiting === 0) return
    while (task.waiting > 0 && !this.#closed) {
      await task.process(MOST_RECORDS)
      await this.#turn()
    }
    await task.flush()
    await task.land(new Map())
  }

  /** Lets the rest of the instance have its turn. */
  #turn(): Promise<void> {
    return new Promise((settle) => {
      this.#options.ports.clock.after(0, settle)
    })
  }
}

function nothingToWrite(): never {
  throw new Error('a global store writes to no topic')
}
