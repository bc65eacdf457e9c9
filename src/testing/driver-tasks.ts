/**
 * The tasks of a test driver and the order in which they run: after each record its task punctuates by stream time and commits, then what it
 * wrote to internal topics is fed on, tasks by sub-topology, then partition, until nothing waits. Written as generators that yield whatever may
 * be a promise, so that one text serves synchronous and asynchronous topologies.
 */
import type { RecordError } from '../base/errors.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import { MemoryEngine } from '../state/memory-engine.ts'
import type { StoreName } from '../state/store-spec.ts'
import { StreamTask } from '../task/stream-task.ts'
import type { ErrorDecision } from '../task/task-ports.ts'
import type { Subtopology } from '../topology/subtopologies.ts'
import type { Topology } from '../topology/topology.ts'
import { DriverLog, type LoggedBatch } from './driver-log.ts'

/** What the tasks are made of. */
export interface DriverTasksOptions {
  readonly applicationId: string
  readonly topology: Topology
  readonly cacheBytes: number
  /** The engine that stores are taken to be kept by. */
  readonly engineName: string
  /** How often a step may scan for what has closed, in ms. */
  readonly scanIntervalMs: number
  /** Partitions of a topic outside the topology's own. */
  count(topic: string): number
  now(): number
  onError(error: RecordError): ErrorDecision
  print(line: string): void
  /** Told of every record that tasks write. */
  written(batch: LoggedBatch): void
}

/** Steps that may wait: each yielded value is awaited if it is a promise. */
export type Steps = Generator<MaybePromise<unknown>, void, void>

/** All tasks of a topology, one of each sub-topology and partition. */
export class DriverTasks {
  readonly log: DriverLog = new DriverLog()
  readonly tasks: readonly StreamTask[]
  readonly #options: DriverTasksOptions
  readonly #readers: Map<string, StreamTask[]> = new Map()
  readonly #counts: ReadonlyMap<string, number>

  constructor(options: DriverTasksOptions) {
    this.#options = options
    const { topology } = options
    this.#counts = topology.partitionCounts((topic) => options.count(topic))
    this.tasks = topology.subtopologies.flatMap((subtopology) => {
      const count = Math.max(...subtopology.sourceTopics.map((topic) => this.#counts.get(topic) ?? 1))
      return Array.from({ length: count }, (_, partition) => this.#make(subtopology, partition))
    })
  }

  /** How many partitions a topic of the application has, by its full name; undefined for one that no source reads. */
  partitions(topic: string): number | undefined {
    const own = `${this.#options.applicationId}-`
    return this.#counts.get(topic) ?? (topic.startsWith(own) ? this.#counts.get(topic.slice(own.length)) : undefined)
  }

  /** Feeds batches to their readers and runs everything they cause. */
  *feed(batches: readonly LoggedBatch[]): Steps {
    for (const batch of batches) this.#hand(batch)
    yield* this.run()
  }

  /** Runs the tasks until nothing waits. */
  *run(): Steps {
    this.#collect()
    for (let task = this.#busy(); task !== undefined; task = this.#busy()) {
      yield task.process(1)
      yield task.punctuate()
      yield* this.commit(task)
    }
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

  #busy(): StreamTask | undefined {
    return this.tasks.find((task) => task.waiting > 0)
  }

  #collect(): void {
    for (const batch of this.log.take()) {
      this.#options.written(batch)
      this.#hand(batch)
    }
  }

  #hand({ tp, bytes }: LoggedBatch): void {
    for (const task of this.#readers.get(partitionKey(tp)) ?? []) {
      task.add(tp, { bytes, from: 0, to: bytes.length, release: () => undefined })
    }
  }

  #make(subtopology: Subtopology, partition: number): StreamTask {
    const { applicationId, topology, cacheBytes, engineName, scanIntervalMs } = this.#options
    const task = new StreamTask({
      applicationId,
      topology,
      subtopology,
      partition,
      cacheBytes,
      scanIntervalMs,
      engine: new MemoryEngine(),
      engineName,
      everyWrite: true,
      frozen: true,
      uncommittedBytes: Number.MAX_SAFE_INTEGER,
      ports: {
        now: () => this.#options.now(),
        writer: (tp) => this.log.writer(tp),
        partitions: (topic) => this.partitions(topic) ?? this.#options.count(topic),
        lookUp: () => Promise.resolve(),
        caughtUp: () => true,
        onError: (error) => this.#options.onError(error),
        onDropped: () => undefined,
        print: (line) => this.#options.print(line),
      },
    })
    for (const source of subtopology.sources) {
      for (const topic of source.topics) {
        if (partition >= (this.#counts.get(topic) ?? 1)) continue
        const tp: TopicPartition = { topic: source.internal ? `${applicationId}-${topic}` : topic, partition }
        task.assign(tp, source, 0)
        const key = partitionKey(tp)
        this.#readers.set(key, [...(this.#readers.get(key) ?? []), task])
      }
    }
    return task
  }
}

/** Runs steps: at once as long as nothing waits, else in the promise that it answers. */
export function drive(steps: Steps): MaybePromise<void> {
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    const { value } = step
    if (value instanceof Promise) return driveLater(value, steps)
  }
  return undefined
}

async function driveLater(first: Promise<unknown>, steps: Steps): Promise<void> {
  await first
  for (let step = steps.next(); step.done !== true; step = steps.next()) await step.value
}
