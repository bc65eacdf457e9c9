/**
 * The tasks of a test driver and the order in which they run: after each record its task punctuates by stream time and commits, and what it wrote to
 * topics that are read joins what waits there, until nothing waits. Next is the partition whose first record has the lowest time; the heap breaks ties
 * as that of Kafka Streams' driver, which runs all sub-topologies as one task. For the same reason there is one stream time in parity mode. Written as
 * generators that yield whatever may be a promise, so that one text serves synchronous and asynchronous topologies.
 */
import { heap, type Heap } from '../base/heap.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import { MemoryEngine } from '../state/memory-engine.ts'
import type { StoreName } from '../state/store-spec.ts'
import { StreamTask } from '../task/stream-task.ts'
import type { OnError } from '../topology/error-decision.ts'
import type { SourceNode } from '../topology/node.ts'
import { matches } from '../topology/patterns.ts'
import { mergedGlobals, type Subtopology } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { readHeader } from '../wire/batch-reader.ts'
import { DriverLog, type LoggedBatch, type OnWritten } from './driver-log.ts'

/** What the tasks are made of. */
export interface DriverTasksOptions {
  readonly applicationId: string
  readonly topology: Topology
  readonly cacheBytes: number
  /** The engine that stores are taken to be kept by. */
  readonly engineName: string
  /** How often a step may scan for what has closed, in ms. */
  readonly scanIntervalMs: number
  /** True: every topic has one partition, whatever a repartition asks for. */
  readonly onePartition: boolean
  /** Partitions of a topic outside the topology's own. */
  count(topic: string): number
  /** Topics whose partitions are known, for sources with a pattern. */
  readonly topics: readonly string[]
  now(): number
  readonly onError: OnError
  print(line: string): void
  /** Told of every record that tasks write: at once, and when it is handed on. */
  readonly onWritten: OnWritten<StreamTask>
  collected(batch: LoggedBatch): void
  /** Calls `f` once, so many ms later by the manual clock; the answer cancels it. */
  after(ms: number, f: () => void): () => void
  /** Told when a record that waited can go on. */
  ready(): void
}

/** Steps that may wait: each yielded value is awaited if it is a promise. */
export type Steps = Generator<MaybePromise<unknown>, void, void>

/** What waits in a partition, first one first. */
interface Waiting {
  readonly readers: readonly StreamTask[]
  readonly batches: LoggedBatch[]
  /** Time of the first one, in ms. */
  time: number
}

/** All tasks of a topology, one of each sub-topology and partition. */
export class DriverTasks {
  readonly log: DriverLog<StreamTask>
  readonly tasks: readonly StreamTask[]
  /** Tasks with a deferred record that can go on. */
  readonly #woken: Set<StreamTask> = new Set()
  readonly #options: DriverTasksOptions
  readonly #readers: Map<string, StreamTask[]> = new Map()
  readonly #waiting: Map<string, Waiting> = new Map()
  readonly #next: Heap<Waiting> = heap((a, b) => a.time - b.time)
  readonly #counts: Map<string, number>
  readonly #globals: StreamTask | undefined

  constructor(options: DriverTasksOptions) {
    this.#options = options
    this.log = new DriverLog(options.onWritten)
    const { topology } = options
    const read = topology.subscribed(options.topics)
    const counts = read.partitionCounts((topic) => options.count(topic))
    this.#counts = new Map([...counts].map(([topic, count]) => [topic, options.onePartition ? 1 : count]))
    const globals = mergedGlobals(topology.globals)
    this.#globals = globals === undefined ? undefined : this.#make(globals, 0)
    const own = read.subtopologies.flatMap((subtopology) => {
      const patterns = subtopology.sources.some(({ pattern }) => pattern !== undefined)
      const count = Math.max(patterns ? options.count('') : 1, ...subtopology.sourceTopics.map((topic) => this.#counts.get(topic) ?? 1))
      return Array.from({ length: count }, (_, partition) => this.#make(subtopology, partition))
    })
    // Global tables come first.
    this.tasks = this.#globals === undefined ? own : [this.#globals, ...own]
  }

  /** How many partitions a topic of the application has, by its full name; undefined for one that no source reads. */
  partitions(topic: string): number | undefined {
    if (this.#globals?.subtopology.sourceTopics.includes(topic) === true) return this.#options.count(topic)
    const own = `${this.#options.applicationId}-`
    return this.#counts.get(topic) ?? (topic.startsWith(own) ? this.#counts.get(topic.slice(own.length)) : undefined)
  }

  /** Makes a topic known that a source's pattern finds: its tasks read it from now on. */
  discover(topic: string): void {
    if (this.#counts.has(topic) || topic.startsWith(`${this.#options.applicationId}-`)) return
    for (const { sources, id } of this.#options.topology.subtopologies) {
      const source = sources.find(({ pattern }) => pattern !== undefined && matches(pattern, topic))
      if (source === undefined) continue
      this.#counts.set(topic, this.#options.count(topic))
      for (const task of this.tasks) if (task.subtopology.id === id) this.#assign(task, source, topic)
    }
  }

  /** Feeds batches to their readers and runs everything they cause. */
  *feed(batches: readonly LoggedBatch[]): Steps {
    for (const batch of batches) this.#hand(batch)
    yield* this.run()
  }

  /** Runs the tasks until nothing waits. */
  *run(): Steps {
    this.#collect()
    yield* this.#runGlobals()
    yield* this.#goOn()
    for (let waiting = this.#next.pop(); waiting !== undefined; waiting = this.#next.pop()) {
      const batch = waiting.batches.shift()!
      this.#queue(waiting)
      for (const task of waiting.readers) {
        add(task, batch)
        yield* this.#one(task)
      }
      yield* this.#runGlobals()
      yield* this.#goOn()
    }
  }

  *#one(task: StreamTask): Steps {
    yield task.process(1)
    yield* this.#punctuateByStreamTime(task)
    yield* this.commit(task)
  }

  /** Goes on with deferred records that can, and with those that they held up. */
  *#goOn(): Steps {
    for (const task of this.#woken) {
      while (task.waiting > 0) yield* this.#one(task)
      this.#woken.delete(task)
    }
  }

  *#runGlobals(): Steps {
    const task = this.#globals
    if (task === undefined) return
    while (task.waiting > 0) {
      yield task.process(1)
      yield* this.commit(task)
    }
  }

  /** In parity mode time goes on in all tasks of a partition at once. */
  *#punctuateByStreamTime(task: StreamTask): Steps {
    if (!this.#options.topology.parity) {
      yield task.punctuate()
      return
    }
    const { streamTime, partition } = task
    for (const other of this.tasks) {
      if (other.isGlobal || other.partition !== partition) continue
      other.streamTime = Math.max(other.streamTime, streamTime)
      const ran = other.punctuate()
      yield ran
      if (ran !== false && other !== task) yield* this.commit(other)
    }
  }

  /** True while records wait for promises. */
  get isWaiting(): boolean {
    return this.tasks.some(({ deferred }) => deferred.size > 0)
  }

  /** Punctuates all tasks by the wall clock, then runs what that caused. */
  *punctuate(): Steps {
    for (const task of this.tasks) {
      yield task.punctuate(this.#options.now())
      yield* this.commit(task)
    }
    yield* this.run()
  }

  /** Flushes a task, lands what it wrote, and hands on what it sent. */
  *commit(task: StreamTask): Steps {
    yield task.flush()
    yield task.land(new Map<StoreName, number>())
    task.commitRequested = false
    this.#collect()
  }

  /** Closes all tasks. */
  *close(): Steps {
    for (const task of this.tasks) yield task.close()
  }

  #collect(): void {
    for (const batch of this.log.take()) {
      this.#options.collected(batch)
      this.#hand(batch)
    }
  }

  /** A global store takes a record at once; for the others it waits its turn. */
  #hand(batch: LoggedBatch): void {
    const key = partitionKey(batch.tp)
    const all = this.#readers.get(key) ?? []
    for (const task of all) if (task.isGlobal) add(task, batch)
    const readers = all.filter((task) => !task.isGlobal)
    if (readers.length === 0) return
    let waiting = this.#waiting.get(key)
    if (waiting === undefined) this.#waiting.set(key, (waiting = { readers, batches: [], time: 0 }))
    waiting.batches.push(batch)
    if (waiting.batches.length === 1) this.#queue(waiting)
  }

  /** A partition takes its place by its first record, if it has one. */
  #queue(waiting: Waiting): void {
    const [first] = waiting.batches
    if (first === undefined) return
    waiting.time = readHeader(first.bytes, 0, first.bytes.length)!.baseTimestamp
    this.#next.push(waiting)
  }

  #make(subtopology: Subtopology, partition: number): StreamTask {
    const { applicationId, topology, cacheBytes, engineName, scanIntervalMs } = this.#options
    const task: StreamTask = new StreamTask({
      applicationId,
      topology,
      subtopology,
      partition,
      ...(this.#globals === undefined ? {} : { globals: this.#globals.state }),
      cacheBytes,
      scanIntervalMs,
      engine: new MemoryEngine(),
      engineName,
      everyWrite: true,
      frozen: true,
      uncommittedBytes: Number.MAX_SAFE_INTEGER,
      ports: {
        now: () => this.#options.now(),
        writer: (tp) => this.log.writer(tp, () => task),
        partitions: (topic) => this.partitions(topic) ?? this.#options.count(topic),
        lookUp: () => Promise.resolve(),
        caughtUp: () => true,
        emptyAt: () => this.#options.now(),
        monotonic: () => this.#options.now(),
        onError: (error) => this.#options.onError(error),
        onDecided: () => undefined,
        // Nobody waits in a test: a step that is tried again is at once.
        pause: () => undefined,
        after: (ms, f) => this.#options.after(ms, f),
        onReady: () => {
          this.#woken.add(task)
          this.#options.ready()
        },
        random: () => 0.5,
        patienceMs: Number.POSITIVE_INFINITY,
        onDropped: () => undefined,
        print: (line) => this.#options.print(line),
      },
    })
    for (const source of subtopology.sources) for (const topic of source.topics) this.#assign(task, source, topic)
    return task
  }

  /** Lets a task read its own partition of a topic, or, for a global store, all of them. */
  #assign(task: StreamTask, source: SourceNode, name: string): void {
    const count = source.isGlobal ? this.#options.count(name) : (this.#counts.get(name) ?? 1)
    const topic = source.internal ? `${this.#options.applicationId}-${name}` : name
    for (let partition = 0; partition < count; partition++) {
      if (!source.isGlobal && partition !== task.partition) continue
      const tp: TopicPartition = { topic, partition }
      task.assign(tp, source, 0)
      const key = partitionKey(tp)
      this.#readers.set(key, [...(this.#readers.get(key) ?? []), task])
    }
  }
}

function add(task: StreamTask, { tp, bytes }: LoggedBatch): void {
  task.add(tp, { bytes, from: 0, to: bytes.length, release: () => undefined })
}

/** Runs steps: at once as long as nothing waits, else in the promise that it answers. */
export function drive(steps: Steps): MaybePromise<void> {
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    const { value } = step
    if (value instanceof Promise) return driveLater(value, steps)
  }
  return undefined
}

/** What was waited for in vain is thrown inside the steps, as if they had waited themselves. */
async function driveLater(first: Promise<unknown>, steps: Steps): Promise<void> {
  for (let waiting: MaybePromise<unknown> = first; ;) {
    const step = await Promise.resolve(waiting).then(
      () => steps.next(),
      (error: unknown) => steps.throw(error),
    )
    if (step.done === true) return
    waiting = step.value
  }
}
