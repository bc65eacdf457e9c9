/**
 * Runs a topology without a cluster: the real tasks, any number of partitions, repartitioning through the real partitioner, the memory engine,
 * a manual clock, and a commit after each record, as Kafka Streams' driver does. It is synchronous: when `send` returns, everything the record
 * caused has happened; where user code is asynchronous, when `settled()` does. Records that are plain data come frozen, so that a step which changes
 * one, as others would then see it, fails with MUTATED_INPUT.
 */
import { ConfigError, StoreUnavailableError } from '../base/errors.ts'
import { murmur2, partitionOf } from '../base/murmur2.ts'
import { encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import { invalidTime, isTime } from '../model/record.ts'
import { type Topic } from '../model/topic.ts'
import type { StoreName, StoreSpec } from '../state/store-spec.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { OnError } from '../topology/error-decision.ts'
import type { DropReason } from '../topology/operator.ts'
import type { Topology } from '../topology/topology.ts'
import { readLogged, type LoggedBatch, type RawTestRecord } from './driver-log.ts'
import { drive, DriverTasks, type Steps } from './driver-tasks.ts'
import { testInput, testOutput, type TestInput, type TestOutput } from './test-topics.ts'

/** How a driver is made. */
export interface DriverOptions {
  /** Where the wall clock starts, in ms since the epoch; 0 when left out. */
  readonly startTime?: number
  /** Partitions of every topic outside the application, or of each by name; 1 when left out. */
  readonly partitions?: number | Readonly<Record<string, number>>
  /** Takes what `print` steps write; dropped when left out. */
  readonly print?: (line: string) => void
  /** What the application would be given. */
  readonly config?: {
    /** `test` when left out. */
    readonly applicationId?: string
    /** The engine that stores are taken to be kept by, where parity with Kafka Streams depends on it; they are in memory all the same. `memory` when left out. */
    readonly engine?: string
    /** Bound of the object caches of one task; 64 MiB when left out. */
    readonly cacheBytes?: number
    /** How often steps may look for what has closed, in ms of the wall clock; 0 when left out. */
    readonly scanIntervalMs?: number
    /** `fail` when left out. */
    readonly onError?: OnError
  }
}

/** A record as bytes, to be sent. */
export interface RawTestInput {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch; the driver's wall clock when left out. */
  readonly timestamp?: number
  readonly headers?: Headers
  /** The key decides when left out. */
  readonly partition?: number
}

/** Runs a topology in a test. */
export class TopologyTestDriver implements Disposable {
  readonly #topology: Topology
  readonly #applicationId: string
  readonly #tasks: DriverTasks
  readonly #outputs: Map<string, LoggedBatch[]> = new Map()
  readonly #internal: LoggedBatch[] = []
  #now: number
  #pending: Promise<void> | undefined = undefined
  #closed = false

  constructor(topology: Topology, options: DriverOptions = {}) {
    topology.mustRead()
    const { partitions = 1, config = {} } = options
    this.#topology = topology
    this.#applicationId = config.applicationId ?? 'test'
    this.#now = options.startTime ?? 0
    this.#tasks = new DriverTasks({
      applicationId: this.#applicationId,
      topology,
      engineName: config.engine ?? 'memory',
      cacheBytes: config.cacheBytes ?? 64 * 1024 * 1024,
      scanIntervalMs: config.scanIntervalMs ?? 0,
      topics: typeof partitions === 'number' ? [] : Object.keys(partitions),
      count: (topic) => (typeof partitions === 'number' ? partitions : (partitions[topic] ?? 1)),
      now: () => this.#now,
      onError: (error) => config.onError?.(error) ?? 'fail',
      print: options.print ?? (() => undefined),
      written: (batch) => this.#written(batch),
    })
    this.#do(() => this.#tasks.run())
  }

  /** The topic as an input. */
  input<K, V>(topic: Topic<K, V>): TestInput<K, V> {
    return testInput(topic, (record) => this.sendBytes(topic.name, record))
  }

  /** The topic as an output: what was written to it and not read yet. */
  output<K, V>(topic: Topic<K, V>): TestOutput<K, V> {
    const { name } = topic
    return testOutput(topic, {
      next: () => {
        const batch = this.#queue(name).shift()
        return batch === undefined ? undefined : readLogged(batch)
      },
      isEmpty: () => this.#queue(name).length === 0,
    })
  }

  /** Sends one record as bytes, to a topic that a source reads. */
  sendBytes(topic: string, input: RawTestInput): void {
    this.#tasks.discover(topic)
    const count = this.#tasks.partitions(topic)
    if (count === undefined) throw new ConfigError('CONFIG_VALUE', `no source reads topic ${topic}`, { context: { topic } })
    const partition = input.partition ?? (input.key === null ? 0 : partitionOf(murmur2(input.key), count))
    const { key, value, timestamp = this.#now, headers = noHeaders } = input
    if (!isTime(timestamp)) throw invalidTime(timestamp)
    this.#do(() => {
      this.#tasks.log.writer({ topic, partition }).append(key, value, timestamp, headers.length === 0 ? undefined : encodeHeaders(headers))
      return this.#tasks.feed(this.#tasks.log.take())
    })
  }

  /** Takes what was written to topics outside the application since the last call, as bytes, in order. */
  outputs(): RawTestRecord[] {
    const all = [...this.#outputs.values()].flatMap((batches) => batches.splice(0))
    return all.map((batch) => readLogged(batch))
  }

  /** Takes what was written to changelogs and repartition topics since the last call, as bytes, in order. */
  internal(): RawTestRecord[] {
    return this.#internal.splice(0).map((batch) => readLogged(batch))
  }

  /** Moves the wall clock on by `ms` and runs what is due. */
  advanceWallClock(ms: number): void {
    this.#do(() => {
      this.#now += ms
      return this.#tasks.punctuate()
    })
  }

  /** The greatest stream time of all tasks, in ms since the epoch; −1 before any record. */
  streamTime(): number {
    return Math.max(-1, ...this.#tasks.tasks.map((task) => (task.isGlobal ? -1 : task.streamTime)))
  }

  /** The store's typed face, in the task of that partition. Throws `UNKNOWN_STORE`. */
  store<S>(spec: StoreSpec<S> | string, partition = 0): S {
    const name = typeof spec === 'string' ? spec : this.#topology.storeName(spec)
    const task = name === undefined ? undefined : this.#holder(name, partition)
    if (name === undefined || task === undefined) {
      const known = [...this.#topology.stores.keys()].join(', ') || 'none'
      throw new StoreUnavailableError(
        'UNKNOWN_STORE',
        `there is no store ${String(name)} in partition ${partition}: the topology has ${known}`,
      )
    }
    return face<S>(task.state.store(name))
  }

  /** The rows of a store as text, for comparison: keys and values in hex. */
  dump(name: StoreName, partition = 0): ReturnType<StreamTask['state']['dump']> | undefined {
    return this.#holder(name, partition)?.state.dump(name)
  }

  /** Dropped records by reason, over all tasks. */
  dropped(): ReadonlyMap<DropReason, number> {
    const sum = new Map<DropReason, number>()
    for (const task of this.#tasks.tasks) for (const [reason, count] of task.dropped) sum.set(reason, (sum.get(reason) ?? 0) + count)
    return sum
  }

  /** Settles when everything sent so far has been processed; rejects with what failed. */
  async settled(): Promise<void> {
    while (this.#pending !== undefined) await this.#pending
  }

  /** Closes the tasks; may be called twice. */
  close(): void {
    if (this.#closed) return
    this.#do(() => this.#tasks.close())
    this.#closed = true
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Runs steps behind whatever is still under way. */
  #do(steps: () => Steps): void {
    if (this.#closed) throw new ConfigError('STATE_ILLEGAL', 'the test driver is closed: make a new one')
    const waiting = this.#pending === undefined ? drive(steps()) : this.#pending.then(() => drive(steps()))
    if (waiting === undefined) return
    const pending = waiting.finally(() => {
      if (this.#pending === pending) this.#pending = undefined
    })
    this.#pending = pending
    pending.catch(() => undefined)
  }

  #holder(name: StoreName, partition: number): StreamTask | undefined {
    return this.#tasks.tasks.find(
      (task) => (task.isGlobal || task.partition === partition) && task.subtopology.stores.some((store) => store.name === name),
    )
  }

  #written(batch: LoggedBatch): void {
    const { topic } = batch.tp
    if (topic.startsWith(`${this.#applicationId}-`)) this.#internal.push(batch)
    else this.#queue(topic).push(batch)
  }

  #queue(topic: string): LoggedBatch[] {
    const known = this.#outputs.get(topic)
    if (known !== undefined) return known
    const made: LoggedBatch[] = []
    this.#outputs.set(topic, made)
    return made
  }
}

/** Sound because the spec is the typed handle the store was declared with. */
function face<S>(found: unknown): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return found as S
}
