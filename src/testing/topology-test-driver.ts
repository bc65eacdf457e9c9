/**
 * Runs a topology without a cluster: the real tasks, any number of partitions, repartitioning through the real partitioner, the memory engine,
 * a manual clock, and a commit after each record, as Kafka Streams' driver does. It is synchronous: when `send` returns, everything the record
 * caused has happened; where user code is asynchronous, when `settled()` does. Records that are plain data come frozen, so that a step which changes
 * one, as others would then see it, fails with MUTATED_INPUT. `restore` and `explain` make a run of their own, that does again what was done so far.
 */
import { ConfigError, StoreUnavailableError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { murmur2, partitionOf } from '../base/murmur2.ts'
import { noHeaders, type Headers } from '../model/headers.ts'
import { invalidTime, isTime } from '../model/record.ts'
import { type Topic } from '../model/topic.ts'
import type { StoreName, StoreSpec } from '../state/store-spec.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { OnError } from '../topology/error-decision.ts'
import type { DropReason } from '../topology/operator.ts'
import type { Topology } from '../topology/topology.ts'
import type { HistoryMark } from './driver-history.ts'
import { batchOf, readLogged, type LoggedBatch, type RawTestRecord } from './driver-log.ts'
import { DriverRun, type DriverRunOptions } from './driver-run.ts'
import { savedOf, takeSnapshot, type DriverSnapshot } from './driver-snapshot.ts'
import { drive, type Steps } from './driver-tasks.ts'
import { Explainer, type ReadPlace } from './explainer.ts'
import type { Explanation } from './explanation.ts'
import type { OpenScans } from './open-scans.ts'
import { storeFace } from './store-face.ts'
import { testInput, testOutput, type TestInput, type TestOutput, type TestOutputRecord } from './test-topics.ts'

/** How a driver is made. */
export interface DriverOptions {
  /** Where the wall clock starts, in ms since the epoch; 0 when left out. */
  readonly startTime?: number
  /** Partitions of every topic outside the application, or of each by name; 1 when left out. */
  readonly partitions?: number | Readonly<Record<string, number>>
  /** How many bytes of sent records are kept, for `snapshot` and `explain`; 64 MiB when left out. */
  readonly historyBytes?: number
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

/** Bound of the history when it isn't given. */
const HISTORY_BYTES = 64 * 1024 * 1024

/** Runs a topology in a test. */
export class TopologyTestDriver implements Disposable {
  readonly #topology: Topology
  readonly #options: DriverRunOptions
  /** Where records stand that were read. */
  readonly #places: WeakMap<object, ReadPlace> = new WeakMap()
  #run: DriverRun
  #pending: Promise<void> | undefined = undefined
  #replaying = false
  /** True: something had to wait, so it will have to when it is done again. */
  #waits = false
  /** Told when a record that waited for a promise can go on, or when none does any more. */
  #woken: (() => void) | undefined = undefined
  #closed = false
  /** Of runs that were left by `restore`. */
  readonly #left: OpenScans[] = []

  constructor(topology: Topology, options: DriverOptions = {}) {
    topology.mustRead()
    const { partitions = 1, config = {}, print } = options
    this.#topology = topology
    this.#options = {
      applicationId: config.applicationId ?? 'test',
      topology,
      engineName: config.engine ?? 'memory',
      cacheBytes: config.cacheBytes ?? 64 * 1024 * 1024,
      scanIntervalMs: config.scanIntervalMs ?? 0,
      // Kafka Streams' driver has one partition of everything.
      onePartition: topology.parity && partitions === 1,
      topics: typeof partitions === 'number' ? [] : Object.keys(partitions),
      count: (topic) => (typeof partitions === 'number' ? partitions : (partitions[topic] ?? 1)),
      onError: (error) => config.onError?.(error) ?? 'fail',
      print: (line) => {
        if (!this.#replaying) print?.(line)
      },
      startTime: options.startTime ?? 0,
      historyBytes: options.historyBytes ?? HISTORY_BYTES,
      onReady: () => this.#goOn(),
    }
    this.#run = new DriverRun(this.#options)
    this.#do((run) => run.tasks.run())
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
        const batch = this.#run.queue(name).shift()
        return batch === undefined ? undefined : readLogged(batch)
      },
      isEmpty: () => this.#run.queue(name).length === 0,
      seen: (record, at) => this.#seen(record, at),
    })
  }

  /** Sends one record as bytes, to a topic that a source reads. */
  sendBytes(topic: string, input: RawTestInput): void {
    const { tasks, now } = this.#run
    tasks.discover(topic)
    const count = tasks.partitions(topic)
    if (count === undefined) throw new ConfigError('CONFIG_VALUE', `no source reads topic ${topic}`, { context: { topic } })
    const partition = input.partition ?? (input.key === null ? 0 : partitionOf(murmur2(input.key), count))
    const { key, value, timestamp = now, headers = noHeaders } = input
    if (!isTime(timestamp)) throw invalidTime(timestamp)
    const batch = batchOf({ topic, partition }, { key, value, timestamp, headers })
    this.#do((run) => run.make({ kind: 'send', batch }))
  }

  /** Takes what was written to topics outside the application since the last call, as bytes, in order. */
  outputs(): RawTestRecord[] {
    return this.#taken([...this.#run.outputs.values()].flatMap((batches) => batches.splice(0)))
  }

  /** Takes what was written to changelogs and repartition topics since the last call, as bytes, in order. */
  internal(): RawTestRecord[] {
    const all = this.#run.internal
    this.#run.internal = []
    return this.#taken(all)
  }

  /** Moves the wall clock on by `ms` and runs what is due. */
  advanceWallClock(ms: number): void {
    this.#do((run) => run.make({ kind: 'advance', ms }))
  }

  /** The greatest stream time of all tasks, in ms since the epoch; −1 before any record. */
  streamTime(): number {
    return Math.max(-1, ...this.#run.tasks.tasks.map((task) => (task.isGlobal ? -1 : task.streamTime)))
  }

  /** The store's typed face, in the task of that partition, also after a `restore`. Throws `UNKNOWN_STORE`. */
  store<S>(spec: StoreSpec<S> | string, partition = 0): S {
    const name = typeof spec === 'string' ? spec : this.#topology.storeName(spec)
    const store = name === undefined ? undefined : this.#run.holder(name, partition)?.subtopology.stores.find((one) => one.name === name)
    if (store === undefined) {
      const known = [...this.#topology.stores.keys()].join(', ') || 'none'
      throw new StoreUnavailableError(
        'UNKNOWN_STORE',
        `there is no store ${String(name)} in partition ${partition}: the topology has ${known}`,
      )
    }
    return face<S>(storeFace(store, partition, () => this.#run))
  }

  /** The rows of a store as text, for comparison: keys and values in hex. */
  dump(name: StoreName, partition = 0): ReturnType<StreamTask['state']['dump']> | undefined {
    return this.#run.holder(name, partition)?.state.dump(name)
  }

  /** Dropped records by reason, over all tasks. */
  dropped(): ReadonlyMap<DropReason, number> {
    const sum = new Map<DropReason, number>()
    for (const task of this.#run.tasks.tasks) for (const [reason, count] of task.dropped) sum.set(reason, (sum.get(reason) ?? 0) + count)
    return sum
  }

  /**
   * Everything as it is now: stores, times, schedules, what waits to be read. Throws `STATE_ILLEGAL` while something is under way, when more was
   * sent than `historyBytes`, or when records waited for promises of `…Async` steps. `const before = driver.snapshot()`
   */
  snapshot(): DriverSnapshot {
    this.#mustBeIdle('take a snapshot of')
    const { history, now } = this.#run
    const mark = this.#mark()
    const saved = { topology: this.#topology, history, mark, unread: this.#run.unread(), startTime: this.#options.startTime }
    return takeSnapshot(saved, { wallClock: now, streamTime: this.streamTime() })
  }

  /**
   * Puts the driver back to where it was, or where another driver of this topology and these options was, any number of times: the same input then gives
   * the same output. It does again what was done until then, so user code runs again; where that is asynchronous, wait for `settled()`. Throws
   * `REPLAY_DIFFERS` where user code depends on more than its input, and stays as it is then. `driver.restore(before)`
   */
  restore(snapshot: DriverSnapshot): void {
    this.#mustBeIdle('restore')
    const { topology, history, mark, unread, startTime } = savedOf(snapshot)
    if (topology !== this.#topology) throw new ConfigError('CONFIG_VALUE', 'the snapshot is one of another topology')
    const before = this.#run
    const run = new DriverRun({ ...this.#options, startTime })
    const steps = function* steps(): Steps {
      yield* run.repeat(history, mark)
      run.putBack(unread)
      yield* before.tasks.close()
    }
    this.#follow(
      chain(this.#repeating(steps()), () => {
        this.#left.push(before.scans)
        this.#run = run
      }),
    )
  }

  /**
   * Why a record came out: the input that led to it, the steps in between, what they read and wrote in stores, and why that was there. It takes what
   * an output has read, also before a `restore`, and does again what was done until then, so user code runs again. `explain(record).toString()` is a
   * text. Throws `REPLAY_DIFFERS` as `restore` does, `STATE_ILLEGAL` where user code is asynchronous: use `explainAsync`.
   */
  explain<K, V>(record: TestOutputRecord<K, V>): Explanation<K | null, V | null> {
    this.#mustBeIdle('explain a record of')
    if (this.#waits) throw new ConfigError('STATE_ILLEGAL', 'the topology is asynchronous: write `await driver.explainAsync(record)`')
    const explainer = this.#explainer(record)
    this.#follow(this.#repeating(explainer.steps()))
    return explainer.explanation(record)
  }

  /** The same where user code is asynchronous. `await driver.explainAsync(output.read()!)` */
  async explainAsync<K, V>(record: TestOutputRecord<K, V>): Promise<Explanation<K | null, V | null>> {
    await this.settled()
    const explainer = this.#explainer(record)
    const repeating = this.#repeating(explainer.steps())
    this.#follow(repeating)
    await repeating
    return explainer.explanation(record)
  }

  /** True while `restore` or `explain` do again what was done: for user code with effects of its own, which should come once. */
  get isReplaying(): boolean {
    return this.#replaying
  }

  /** Settles when everything sent so far has been processed; rejects with what failed. */
  async settled(): Promise<void> {
    for (;;) {
      while (this.#pending !== undefined) await this.#pending
      if (this.#closed || !this.#run.tasks.isWaiting) return
      // Where a record that waited has failed, this tells with what.
      this.#do((run) => run.goOn())
      if (this.#pending === undefined && this.#run.tasks.isWaiting) {
        await new Promise<void>((resolve) => {
          this.#woken = resolve
        })
      }
    }
  }

  /** Closes the tasks; may be called twice. Throws `ITERATOR_CLOSED` when a step or the test has left a scan open. */
  close(): void {
    if (this.#closed) return
    const left = this.#left
    try {
      this.#do(function* closing(run) {
        yield* run.tasks.close()
        for (const scans of [...left, run.scans]) scans.mustBeClosed()
      })
    } finally {
      this.#closed = true
      this.#woken?.()
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Goes on with what waited for a promise. What fails then is told by `settled()`, or to whoever sends next. */
  #goOn(): void {
    try {
      if (!this.#closed) this.#do((run) => run.goOn())
    } catch {
      // The task stays where it is and fails again.
    }
    this.#woken?.()
  }

  /** Runs steps behind whatever is still under way. */
  #do(steps: (run: DriverRun) => Steps): void {
    if (this.#closed) throw closed()
    this.#follow(this.#pending === undefined ? drive(steps(this.#run)) : this.#pending.then(() => drive(steps(this.#run))))
  }

  /** Keeps what is under way. */
  #follow(waiting: MaybePromise<void>): void {
    if (waiting === undefined) return
    this.#waits = true
    const pending = waiting.finally(() => {
      if (this.#pending === pending) this.#pending = undefined
    })
    this.#pending = pending
    pending.catch(() => undefined)
  }

  /** Runs steps that do again what was done. */
  #repeating(steps: Steps): MaybePromise<void> {
    const end = (): void => {
      this.#replaying = false
    }
    this.#replaying = true
    let waiting: MaybePromise<void> = undefined
    try {
      waiting = drive(steps)
    } finally {
      if (waiting === undefined) end()
    }
    return waiting instanceof Promise ? waiting.finally(end) : waiting
  }

  #mustBeIdle(toDo: string): void {
    if (this.#closed) throw closed()
    if (this.#pending !== undefined || this.#run.tasks.isWaiting) {
      throw new ConfigError('STATE_ILLEGAL', `something is under way: write \`await driver.settled()\` before you ${toDo} the driver`)
    }
  }

  /** The history up to now. Throws `STATE_ILLEGAL` when it wasn't kept. */
  #mark(): HistoryMark {
    const mark = this.#run.history.now
    if (mark !== undefined) return mark
    const { historyBytes } = this.#options
    if (this.#run.history.hasEnded) {
      const message = 'records waited for promises, and nobody knows when those would settle if it were all done again'
      throw new ConfigError('STATE_ILLEGAL', `${message}: let the functions of …Async steps answer at once for this test`)
    }
    throw new ConfigError(
      'STATE_ILLEGAL',
      `more than ${historyBytes} bytes of records were sent: make the driver with a larger historyBytes`,
    )
  }

  #explainer(record: object): Explainer {
    const place = this.#places.get(record)
    if (place === undefined) {
      this.#mark()
      throw new ConfigError(
        'CONFIG_VALUE',
        'only a record can be explained that an output of this driver has read: hand it over as it came',
      )
    }
    return new Explainer(this.#options, place)
  }

  #taken(batches: readonly LoggedBatch[]): RawTestRecord[] {
    return batches.map((batch) => {
      const record = readLogged(batch)
      this.#seen(record, record)
      return record
    })
  }

  #seen(record: object, { topic, partition, offset }: RawTestRecord): void {
    const { history } = this.#run
    const mark = history.now
    if (mark !== undefined) this.#places.set(record, { history, mark, topic, partition, offset })
  }
}

function closed(): ConfigError {
  return new ConfigError('STATE_ILLEGAL', 'the test driver is closed: make a new one')
}

/** Sound because the spec is the typed handle the store was declared with. */
function face<S>(found: unknown): S {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return found as S
}
