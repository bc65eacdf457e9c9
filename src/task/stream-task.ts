/**
 * Hot path. A sub-topology × a partition: it takes records from its queues in order of time (ties: topic name, then partition), runs each
 * through all steps before the next one starts, and knows its stores, punctuations and positions. It reads no clock and does no I/O: whoever
 * runs it adds fetched batches, asks it to process, punctuate and flush, and tells it when a commit is known to have succeeded.
 */
import { assert, StoreUnavailableError, type Phase } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import { CurrentRecord, NO_SOURCE_KEY } from '../model/record.ts'
import { noHeaders } from '../model/headers.ts'
import { taskId, type TaskId } from '../model/task-id.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { Engine } from '../state/engine.ts'
import type { RestoreRows } from '../state/restored-rows.ts'
import { TaskState } from '../state/task-state.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { SourceNode } from '../topology/node.ts'
import type { Cancellable, DropReason, Emit, NodeName, Schedule } from '../topology/operator.ts'
import type { Subtopology } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { compile, unseenSources } from './compile.ts'
import { Deferred } from './deferred.ts'
import { failureContext } from './failure-context.ts'
import { guarded, type FailureContext } from './failure.ts'
import { TaskInputs, type Input } from './inputs.ts'
import { makeContext } from './operator-context.ts'
import { Outbox } from './outbox.ts'
import { firstDue, Punctuations } from './punctuation.ts'
import { RecordQueue, type Chunk } from './record-queue.ts'
import { StepTimes } from './step-times.ts'
import type { TaskPorts } from './task-ports.ts'
import { UnfitRecords } from './unfit-records.ts'

/** What a task is made of. */
export interface StreamTaskOptions {
  readonly applicationId: string
  readonly topology: Topology
  /** The stores that all tasks read, where the topology has some; not for the task that keeps them. */
  readonly globals?: TaskState
  readonly subtopology: Subtopology
  readonly partition: number
  readonly engine: Engine
  /** The engine that stores are taken to be kept by, where parity depends on it; the engine's own name when left out. */
  readonly engineName?: string
  readonly ports: TaskPorts
  /** The number that each store has in the engine; left out where the engine is empty. */
  readonly numbers?: ReadonlyMap<StoreName, number>
  /** Bound of the object cache, in bytes: at least 1 MiB is used. 0 says that there is no record cache in parity mode. */
  readonly cacheBytes: number
  /** How often a step may scan for what has closed, in ms of the wall clock. */
  readonly scanIntervalMs: number
  /** Bytes of writes above which the task asks for a commit. */
  readonly uncommittedBytes: number
  /** True: one changelog record a write; false: one a key and flush. */
  readonly everyWrite: boolean
  /** True: what is read is frozen, so that a step that changes it fails with MUTATED_INPUT. */
  readonly frozen?: boolean
}

/** What a task may keep resident in any case, in bytes. */
const LEAST_CACHE_BYTES = 1 << 20

/** A step in time that is hardly ever meant: a year, in ms. */
const JUMP_MS = 365 * 86_400_000

/** One sub-topology × one partition. */
export class StreamTask {
  readonly id: TaskId
  readonly subtopology: Subtopology
  readonly partition: number
  readonly state: TaskState
  readonly record: CurrentRecord = new CurrentRecord()
  /** Dropped records by reason. */
  readonly dropped: Map<DropReason, number> = new Map()
  /** The records that wait while it goes on with others. */
  readonly deferred: Deferred
  /** The steps that wait for something, innermost first. */
  readonly waitingIn: Set<NodeName> = new Set()
  /** True when a step asked for a commit. */
  commitRequested = false
  /** What its steps know of time. */
  readonly steps: StepTimes
  /** Greatest timestamp taken from the queues, in ms; −1 before any. */
  streamTime = -1

  readonly #options: StreamTaskOptions
  readonly #outbox: Outbox
  readonly #inputs: TaskInputs
  readonly #heads: ReadonlyMap<SourceNode, Emit<unknown, unknown>>
  readonly #failures: FailureContext
  readonly #unfit: UnfitRecords
  readonly #streamTimePunctuations: Punctuations = new Punctuations()
  readonly #wallClockPunctuations: Punctuations = new Punctuations()
  readonly #closers: (() => void)[] = []
  /** Where the record in hand is from; below a punctuation: nowhere. */
  #queue: RecordQueue | undefined = undefined
  #phase: Phase = 'processing'
  #closed = false

  constructor(options: StreamTaskOptions) {
    const { subtopology, partition, ports } = options
    this.id = taskId(subtopology.id, partition)
    this.subtopology = subtopology
    this.partition = partition
    this.#options = options
    this.#inputs = new TaskInputs((tp) => ports.caughtUp(tp))
    this.steps = new StepTimes(this.#inputs, ports, () => this.deferred.size > 0)
    this.#outbox = new Outbox(
      {
        applicationId: options.applicationId,
        partition,
        record: this.record,
        source: () => this.#queue?.source,
        unseen: unseenSources(subtopology.nodes),
        dropped: (node) => this.drop('partitioner', node),
      },
      ports,
    )
    this.state = new TaskState(subtopology.stores, {
      engine: options.engine,
      engineName: options.engineName ?? options.engine.name,
      changelog: this.#outbox,
      record: this.record,
      cacheBytes: Math.max(LEAST_CACHE_BYTES, options.cacheBytes),
      everyWrite: options.everyWrite,
      parity: options.topology.parity,
      ...(options.numbers === undefined ? {} : { numbers: options.numbers }),
      expired: (store) => this.drop('expired', String(store)),
    })
    this.#failures = failureContext(this, {
      ports,
      parity: options.topology.parity,
      frozen: options.frozen === true,
      phase: () => this.#phase,
      topicOf: (node) => {
        const topic = subtopology.sinks.find(({ name }) => name === node)?.sink.topic
        return typeof topic === 'string' ? topic : undefined
      },
      bury: (record, letter) => this.#outbox.bury(letter.topic, record, letter.partition),
    })
    this.#unfit = new UnfitRecords({
      record: this.record,
      failures: this.#failures,
      enter: (phase) => {
        this.#phase = phase
      },
      drop: (reason, node) => this.drop(reason, node),
    })
    this.deferred = new Deferred({
      record: this.record,
      failures: this.#failures,
      hasStores: subtopology.stores.length > 0,
      doing: () => ({ queue: this.#queue, phase: this.#phase }),
      enter: ({ queue, phase }) => {
        this.#queue = queue
        this.#phase = phase
      },
      ready: () => ports.onReady?.(),
    })
    this.#heads = this.#compile()
  }

  #compile(): ReadonlyMap<SourceNode, Emit<unknown, unknown>> {
    const shared = new Map<object, unknown>()
    return compile(this.subtopology.nodes, {
      guard: (emit, node) => guarded(emit, node, this.#failures),
      sink: (node) => this.#outbox.sink(node.sink, node.name),
      context: (node, children) =>
        makeContext({
          node,
          children,
          shared,
          task: this,
          topology: this.#options.topology,
          globals: this.#options.globals,
          applicationId: this.#options.applicationId,
          cacheBytes: this.#options.cacheBytes,
          scanIntervalMs: this.#options.scanIntervalMs,
          ports: this.#options.ports,
          defer: this.deferred.step(node.name, node.onError),
          onClose: (f) => this.#closers.push(f),
        }),
    })
  }

  /** True for the task that keeps the global stores. */
  get isGlobal(): boolean {
    return this.subtopology.id < 0
  }

  /** Records in flight: appended to a batch, not yet acknowledged. */
  get inFlight(): number {
    return this.#outbox.inFlight.count
  }

  /** Starts to read a partition of one of its sources at `position`, the next offset to process. */
  assign(tp: TopicPartition, source: SourceNode, position: number): void {
    // By name: a source with a pattern is another object for each list of topics.
    const own = this.subtopology.sources.find(({ name }) => name === source.name)
    const head = own === undefined ? undefined : this.#heads.get(own)
    assert(own !== undefined && head !== undefined, `source ${source.name} is not in task ${this.id}`)
    const { ports, frozen = false } = this.#options
    const queue = new RecordQueue(tp, own, { record: this.record, now: () => ports.now(), position, frozen })
    this.#inputs.add(queue, head)
  }

  /** Adds fetched batches of a partition it reads. */
  add(tp: TopicPartition, chunk: Chunk): void {
    this.#queueOf(tp).add(chunk)
  }

  /** How many fetched chunks of a partition aren't used up. */
  chunks(tp: TopicPartition): number {
    return this.#queueOf(tp).chunks
  }

  /** How many of its partitions have a record that may be processed now; while deferred records hold it up, none, unless one of them can go on. */
  get waiting(): number {
    if (this.deferred.size > 0 && this.deferred.isReady) return 1
    return this.deferred.holds ? 0 : this.#inputs.all.reduce((sum, { queue }) => sum + (queue.rows === undefined ? 0 : 1), 0)
  }

  /**
   * Goes on with deferred records that can, and processes others, at most `most` in all; answers how many. Stops early when an empty partition may still
   * hold an earlier record, and when deferred ones hold it up.
   */
  process(most: number): MaybePromise<number> {
    const resumed = this.deferred.size === 0 ? 0 : this.deferred.resume(most)
    return typeof resumed === 'number' ? this.#process(resumed, most) : this.#afterResuming(resumed, most)
  }

  #process(resumed: number, most: number): MaybePromise<number> {
    let done = resumed
    while (done < most && !this.deferred.holds) {
      const input = this.#inputs.first()
      if (input === undefined) break
      const { queue } = input
      const run = queue.runs
      if (input.prefetched !== run) {
        input.prefetched = run
        const reading = this.state.prefetch(queue.rows!, queue.index, queue.rows!.count)
        if (reading !== undefined) return this.#after(reading, done, most)
      }
      const limit = this.#inputs.secondTime(input)
      do {
        const waiting = this.#one(input)
        done++
        if (waiting !== undefined) {
          const advanced = waiting.then(() => queue.advance())
          return this.#after(advanced, done, most)
        }
        queue.advance()
      } while (done < most && queue.headTimestamp < limit && queue.runs === run && !this.deferred.holds)
    }
    this.#ran(done)
    return done
  }

  /** So many records were processed in one go. */
  #ran(done: number): void {
    if (done > 0) this.steps.heard()
    if (this.deferred.size === 0 && this.#inputs.wantCommit(done)) this.commitRequested = true
    if (this.state.uncommittedBytes > this.#options.uncommittedBytes) this.commitRequested = true
  }

  async #after(waiting: Promise<void>, done: number, most: number): Promise<number> {
    await waiting
    this.steps.heard()
    return done + (await this.process(most - done))
  }

  async #afterResuming(resuming: Promise<number>, most: number): Promise<number> {
    const done = await resuming
    this.steps.heard()
    return done + (await this.process(most - done))
  }

  /** Runs the head of an input through all steps. */
  #one(input: Input): void | Promise<void> {
    const { queue } = input
    const record = this.record
    queue.load()
    if (record.timestamp < 0) return this.#unfit.badTime(queue)
    if (record.timestamp > this.streamTime) {
      if (record.timestamp - this.streamTime > JUMP_MS && this.streamTime >= 0) this.#jumped()
      this.streamTime = record.timestamp
    }
    this.#queue = queue
    try {
      record.sourceKey = queue.readKey()
      record.sourceValue = queue.readValue()
    } catch (error) {
      return this.#unfit.undecodable(error, input)
    }
    return input.head(record.sourceKey, record.sourceValue, record)
  }

  /** Says that time jumps far ahead, before everything that is open by then closes. */
  #jumped(): void {
    const { topic, partition, offset, timestamp } = this.record
    this.#options.ports.onJump?.({ topic, partition, offset }, { from: this.streamTime, to: timestamp })
  }

  /** Runs what is due by stream time and, with `now` in ms, by the wall clock; nothing while a commit waits for deferred records. Answers whether anything ran. */
  punctuate(now?: number): MaybePromise<boolean> {
    if (this.deferred.isDraining) return false
    const due = this.streamTime >= 0 && this.#streamTimePunctuations.isDue(this.streamTime)
    const first = due ? this.#punctuated(this.#streamTimePunctuations, this.streamTime) : false
    if (now === undefined || !this.#wallClockPunctuations.isDue(now)) return first
    return chain(first, () => this.#punctuated(this.#wallClockPunctuations, now))
  }

  #punctuated(punctuations: Punctuations, timestamp: number): MaybePromise<boolean> {
    this.#queue = undefined
    this.#phase = 'punctuation'
    const { record } = this
    record.topic = ''
    record.partition = -1
    record.offset = -1
    record.timestamp = timestamp
    record.sourceKey = NO_SOURCE_KEY
    record.sourceValue = NO_SOURCE_KEY
    record.rows = undefined
    record.lazyHeaders = noHeaders
    const ran = punctuations.run(timestamp)
    if (!(ran instanceof Promise)) {
      this.#phase = 'processing'
      return ran
    }
    return ran.finally(() => {
      this.#phase = 'processing'
    })
  }

  /** Schedules a punctuation of a step; an error in it is located there and decided by `onError`. */
  schedule(when: Schedule, f: (timestamp: number) => void | Promise<void>, node: NodeName): Cancellable {
    const streamTime = when.by === 'stream-time'
    const first = firstDue(when, streamTime ? this.streamTime : this.#options.ports.now(), node)
    const onError = this.#options.topology.onErrorOf(node)
    const guardedCall = guarded((_key, value) => f(Number(value)), { name: node, onError }, this.#failures)
    const punctuations = streamTime ? this.#streamTimePunctuations : this.#wallClockPunctuations
    return punctuations.add(first, when.every, (timestamp) => guardedCall(null, timestamp, this.record))
  }

  /** Counts a dropped record. */
  drop(reason: DropReason, node: NodeName): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1)
    const { topic, partition, offset } = this.record
    this.#options.ports.onDropped(reason, node, { topic, partition, offset })
  }

  /** Emits what waits for the commit and writes dirty entries to the changelogs and the pending batch. */
  flush(): MaybePromise<void> {
    return chain(this.state.flush(), () => this.steps.collect())
  }

  /** The positions to commit: next offset to process, or the first that is deferred, with the partition time, by partition. */
  positions(): readonly { readonly tp: TopicPartition; readonly offset: number; readonly partitionTime: number }[] {
    return this.#inputs.all.map(({ queue }) => ({
      tp: queue.tp,
      offset: this.deferred.position(queue),
      partitionTime: queue.partitionTime,
    }))
  }

  /** Takes over the partition time that was committed, in ms, and the times of steps: stream time goes on from there. */
  resumeTime(tp: TopicPartition, partitionTime: number, times: ReadonlyMap<string, number> = new Map()): void {
    const queue = this.#queueOf(tp)
    queue.partitionTime = Math.max(queue.partitionTime, partitionTime)
    this.streamTime = Math.max(this.streamTime, partitionTime)
    this.steps.resume(times)
  }

  /** Writes the flushed batch to the engine, with the next changelog offset of each store; only after the commit is known to have succeeded. */
  land(offsets: ReadonlyMap<StoreName, number>): MaybePromise<void> {
    this.deferred.isDraining = false
    return this.state.land(offsets)
  }

  /** Puts rows of a changelog back into a store; `nextOffset` is one behind the last of them. What it answers settles when those before are written. */
  restore(store: StoreName, rows: RestoreRows, nextOffset: number): MaybePromise<void> {
    return this.state.restore(store, rows, nextOffset)
  }

  /** Closes steps and stores; may be called twice. */
  close(): MaybePromise<void> {
    if (this.#closed) return undefined
    this.#closed = true
    for (const { queue } of this.#inputs.all) queue.seek(queue.position)
    this.deferred.close()
    for (const closer of this.#closers) closer()
    return this.state.close()
  }

  #queueOf(tp: TopicPartition): RecordQueue {
    const found = this.#inputs.of(tp)
    if (found === undefined) throw new StoreUnavailableError('REBALANCING', `task ${this.id} doesn't read ${partitionKey(tp)}`)
    return found
  }
}
