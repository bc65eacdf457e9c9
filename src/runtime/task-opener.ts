/**
 * Opens tasks for a thread: each with its engine, at its committed positions, its stores restored. A store that turns out damaged is set aside and
 * its task opened once more, with nothing but its changelog.
 */
import { ClusterError, StateError, type RecordError } from '../base/errors.ts'
import { backoffMs, Pauses } from '../kafka/backoff.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { Fetcher } from '../kafka/fetcher.ts'
import type { GroupOffsets, OffsetAndMetadata } from '../kafka/offsets.ts'
import type { Producer } from '../kafka/producer.ts'
import type { TaskId } from '../model/task-id.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { Engine } from '../state/engine.ts'
import { MemoryEngine } from '../state/memory-engine.ts'
import { storeNumbers } from '../state/marks.ts'
import type { TaskState } from '../state/task-state.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { TaskPorts } from '../task/task-ports.ts'
import type { Topology } from '../topology/topology.ts'
import { EARLIEST, LATEST } from '../wire/api/list-offsets.ts'
import type { Committer } from './committer.ts'
import type { Config } from './config.ts'
import type { EventHub } from './events.ts'
import { oncePerMinute, type Logger } from './logger.ts'
import type { Ports } from './ports.ts'
import { RestoreReport } from './restore-report.ts'
import { restoreTasks } from './restorer.ts'
import { committedTimes, makeTask, startPositions, subtopologyOf, taskInputs, type TaskInput } from './task-factory.ts'
import type { TaskStores } from './task-stores.ts'
import { sourceCounts, subscribed } from './topic-setup.ts'

/** What tasks are opened with. */
export interface TaskOpenerOptions {
  readonly name: string
  readonly config: Config
  readonly topology: Topology
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly stores: TaskStores
  readonly hub: EventHub
  readonly logger: Logger
  readonly offsets: GroupOffsets
  producer(): Producer
  readonly committer: Committer
  print(line: string): void
  /** Told when a deferred record can go on. */
  ready?(): void
  /** True when everything written to the partition so far has been handed to its task. */
  caughtUp(tp: TopicPartition): boolean
  /** When that was last known, in ms of the monotonic clock; undefined: it isn't so, or nobody knows. */
  emptyAt(tp: TopicPartition): number | undefined
  /** The stores that all tasks read. */
  readonly globals: () => TaskState | undefined
  /** True when the group asks for another plan: restoring ends early. */
  interrupted(): boolean
}

interface Opening {
  readonly task: StreamTask
  readonly inputs: readonly TaskInput[]
}

/** Opens tasks. */
export class TaskOpener {
  readonly #options: TaskOpenerOptions
  readonly #fetcher: Fetcher
  readonly #ports: TaskPorts
  readonly #pauses: Pauses
  readonly #report: RestoreReport
  /** The tasks that are being restored. */
  #restoring: readonly StreamTask[] = []
  #closed = false

  constructor(options: TaskOpenerOptions) {
    this.#options = options
    const { config, cluster, ports, name } = options
    this.#fetcher = new Fetcher({
      ...ports,
      cluster,
      kind: `fetch:${name}-restore`,
      maxBytes: config.fetchMaxBytes,
      maxPartitionBytes: config.maxPartitionFetchBytes,
      outOfRange: (tp) => Promise.reject(this.#truncated(tp)),
    })
    this.#ports = taskPorts(options)
    this.#pauses = new Pauses(ports.clock)
    this.#report = new RestoreReport(options)
  }

  /** Opens these tasks; `owns` is told of each partition. Answers how many records were restored. */
  async open(
    ids: readonly TaskId[],
    owns: (tp: TopicPartition, task: StreamTask) => void,
  ): Promise<{ tasks: StreamTask[]; records: number }> {
    if (ids.length === 0) return { tasks: [], records: 0 }
    const inputsOf = await this.#inputs()
    await this.#lookUpSinks()
    const openings: Opening[] = []
    for (const id of ids) {
      const task = await this.#make(id)
      if (task === undefined) return { tasks: openings.map((opening) => opening.task), records: 0 }
      openings.push({ task, inputs: inputsOf(task) })
    }
    const positions = await this.#positions(openings.flatMap(({ inputs }) => inputs))
    const restored = await this.#restored(openings, positions)
    for (const { task, inputs } of restored.openings) for (const { tp } of inputs) owns(tp, task)
    return { tasks: restored.openings.map(({ task }) => task), records: restored.records }
  }

  /** Lets open tasks read the topics that the patterns of their sources find by now; `owns` is told of each new partition. */
  async extend(tasks: readonly StreamTask[], owns: (tp: TopicPartition, task: StreamTask) => void): Promise<void> {
    if (tasks.length === 0 || !this.#options.topology.hasPatterns) return
    const inputsOf = await this.#inputs()
    const openings = tasks.map((task) => {
      const known = new Set(task.positions().map(({ tp }) => partitionKey(tp)))
      return { task, inputs: inputsOf(task).filter(({ tp }) => !known.has(partitionKey(tp))) }
    })
    const positions = await this.#positions(openings.flatMap(({ inputs }) => inputs))
    for (const opening of openings) {
      this.#assign(opening, positions)
      for (const { tp } of opening.inputs) owns(tp, opening.task)
    }
  }

  /** What a task reads, with the topics that patterns find now. */
  async #inputs(): Promise<(task: StreamTask) => readonly TaskInput[]> {
    const { config, cluster } = this.#options
    const topology = await subscribed(this.#options.topology, this.#options)
    const world = { applicationId: config.applicationId, counts: await sourceCounts({ cluster, topology }) }
    return (task) => taskInputs(subtopologyOf(task.id, topology, config.applicationId), task.partition, world)
  }

  #positions(inputs: readonly TaskInput[]): Promise<ReadonlyMap<string, OffsetAndMetadata>> {
    const { config, ports, offsets } = this.#options
    return startPositions(inputs, { offsets, groupId: config.applicationId, now: () => ports.clock.now() })
  }

  /** Stops restoring. */
  close(): void {
    this.#closed = true
    this.#pauses.end()
    this.#fetcher.close()
  }

  /** Makes a task; undefined: it isn't wanted any more. */
  async #make(id: TaskId): Promise<StreamTask | undefined> {
    const { topology, config } = this.#options
    const subtopology = subtopologyOf(id, topology, config.applicationId)
    if (subtopology.stores.length === 0)
      return makeTask(id, {
        ...this.#options,
        globals: this.#options.globals(),
        subtopology,
        ports: this.#ports,
        engine: new MemoryEngine(),
      })
    for (let attempt = 1; ; attempt++) {
      const engine = await this.#engine(id)
      if (engine === undefined) return undefined
      try {
        const numbers = await storeNumbers(engine, subtopology.stores)
        return makeTask(id, { ...this.#options, globals: this.#options.globals(), subtopology, ports: this.#ports, engine, numbers })
      } catch (error) {
        if (!isDamage(error) || attempt > 1) throw error
        await this.#setAside(id, error)
      }
    }
  }

  /** The engine of a task. One that another thread of this process has not closed yet is waited for, as long as a task may stall. */
  async #engine(id: TaskId): Promise<Engine | undefined> {
    const { stores, ports, config } = this.#options
    const deadline = ports.clock.monotonic() + config.taskTimeoutMs
    for (let attempt = 1; ; attempt++) {
      try {
        return await stores.openTask(id)
      } catch (error) {
        const held = error instanceof StateError && error.code === 'STATE_DIR_LOCKED' && error.retriable
        if (!held || ports.clock.monotonic() >= deadline) throw error
      }
      await this.#pauses.wait(backoffMs(attempt, ports.random))
      if (this.#closed || this.#options.interrupted()) return undefined
    }
  }

  /** Restores the tasks; one whose store is damaged is made again, once, without it. */
  async #restored(
    openings: readonly Opening[],
    positions: ReadonlyMap<string, OffsetAndMetadata>,
  ): Promise<{ readonly openings: readonly Opening[]; readonly records: number }> {
    for (const opening of openings) this.#assign(opening, positions)
    try {
      const records = await this.#restore(openings.map(({ task }) => task))
      return { openings, records }
    } catch (error) {
      const damaged = isDamage(error) ? openings.find(({ task }) => task.id === error.context.taskId) : undefined
      if (damaged === undefined || !isDamage(error)) throw error
      await damaged.task.close()
      await this.#setAside(damaged.task.id, error)
      const made = await this.#make(damaged.task.id)
      if (made === undefined) return { openings: openings.filter((opening) => opening !== damaged), records: 0 }
      const again = { ...damaged, task: made }
      this.#assign(again, positions)
      const all = openings.map((opening) => (opening === damaged ? again : opening))
      const records = await this.#restore(all.map(({ task }) => task))
      return { openings: all, records }
    }
  }

  async #setAside(id: TaskId, error: StateError): Promise<void> {
    this.#options.logger.warn({ taskId: id, code: error.code }, `${error.message}; it is set aside and restored from its changelog`)
    await this.#options.stores.setAside(id, 'corrupt')
  }

  #assign({ task, inputs }: Opening, positions: ReadonlyMap<string, OffsetAndMetadata>): void {
    for (const { tp, source } of inputs) {
      const position = positions.get(partitionKey(tp))
      const offset = position?.offset ?? 0
      task.assign(tp, source, offset)
      const { partitionTime, times } = committedTimes(position)
      if (partitionTime >= 0) task.resumeTime(tp, partitionTime, times)
      if (position?.metadata !== null) this.#options.committer.resume(tp, offset)
    }
  }

  /** A changelog lost what was being restored: among that may be the deletes of rows that the store has. It is restored anew, from where the log begins now. */
  #truncated({ topic, partition }: TopicPartition): StateError {
    const { applicationId } = this.#options.config
    const owner = this.#restoring.find(
      ({ partition: own, subtopology }) =>
        own === partition &&
        subtopology.stores.some(({ changelog }) => changelog !== undefined && topic === (changelog.source ? changelog.topic : `${applicationId}-${changelog.topic}`)), // prettier-ignore
    )
    const context = { topic, partition, ...(owner === undefined ? {} : { taskId: owner.id }) }
    return new StateError('STATE_CORRUPT', `the changelog ${topic}[${partition}] was truncated while it was restored`, { context })
  }

  #restore(tasks: readonly StreamTask[]): Promise<number> {
    const { config, cluster, committer, offsets } = this.#options
    this.#restoring = tasks
    return restoreTasks(
      tasks,
      {
        applicationId: config.applicationId,
        assign: (partitions) => this.#fetcher.assign(partitions),
        poll: (options) => this.#fetcher.poll(options),
        position: (tp) => this.#fetcher.position(tp),
        topicId: (topic) => cluster.topicId(topic),
        bounds: async (tps) => {
          const starts = await offsets.at(tps, EARLIEST)
          const ends = new Map((await offsets.at(tps, LATEST)).map(({ tp, offset }) => [partitionKey(tp), offset]))
          return new Map(starts.map(({ tp, offset }) => [partitionKey(tp), { start: offset, end: ends.get(partitionKey(tp)) ?? offset }]))
        },
        committed: (tp) => committer.committed(tp),
        progress: (task, store, progress) => this.#report.tell(task.id, store, progress),
      },
      () => this.#closed || this.#options.interrupted(),
    )
  }

  async #lookUpSinks(): Promise<void> {
    const { topology, config, cluster } = this.#options
    const sinks = topology.subtopologies.flatMap(({ sinks: list }) =>
      list.flatMap(({ sink }) =>
        typeof sink.topic === 'string' ? [sink.internal ? `${config.applicationId}-${sink.topic}` : sink.topic] : [],
      ),
    )
    const changelogs = [...topology.stores.values()].flatMap(({ changelog }) =>
      changelog === undefined ? [] : [changelog.source ? changelog.topic : `${config.applicationId}-${changelog.topic}`],
    )
    await cluster.refresh([...new Set([...sinks, ...changelogs])], { create: true })
  }
}

function isDamage(error: unknown): error is StateError {
  return error instanceof StateError && error.code === 'STATE_CORRUPT'
}

/** What a task of a thread, or that of the global stores, is given. */
export function taskPorts(
  options: Pick<
    TaskOpenerOptions,
    'config' | 'cluster' | 'ports' | 'logger' | 'hub' | 'producer' | 'caughtUp' | 'emptyAt' | 'print' | 'ready'
  >,
): TaskPorts {
  const { config, cluster, ports, logger, hub } = options
  const dropped = oncePerMinute(ports.clock, (fields, message) => logger.warn(fields, message))
  const jumped = oncePerMinute(ports.clock, (fields, message) => logger.warn(fields, message))
  return {
    now: () => ports.clock.now(),
    writer: (tp, sent) => options.producer().writer(tp, sent),
    partitions: (topic) => cluster.partitions(topic),
    lookUp: async (topic) => {
      const found = await cluster.refresh([topic], { create: true })
      if (!found.has(topic))
        throw new ClusterError('SOURCE_MISSING', `there is no topic ${topic} to write to: create it first`, { context: { topic } })
    },
    caughtUp: (tp) => config.maxTaskIdleMs < 0 || options.caughtUp(tp),
    emptyAt: (tp) => options.emptyAt(tp),
    monotonic: () => ports.clock.monotonic(),
    onError: (error: RecordError) => (config.onError === undefined ? 'fail' : config.onError(error)),
    onDecided: (error, decision) => hub.emit('error', { at: ports.clock.now(), error, decision }),
    pause: (ms) => new Promise((resolve) => void ports.clock.after(ms, resolve)),
    after: (ms, f) => ports.clock.after(ms, f),
    onReady: () => options.ready?.(),
    random: () => ports.random.next(),
    patienceMs: config.taskTimeoutMs,
    print: (line) => options.print(line),
    onJump: ({ topic, partition, offset }, { from, to }) =>
      jumped(
        `${topic}-${partition}`,
        { topic, partition, offset },
        `time jumps by ${Math.round((to - from) / 86_400_000)} days at ${topic}[${partition}]@${offset}, to ${to}: windows that were open close, and records of before count as late; a timestamp function of the source can refuse such times`,
      ),
    onDropped: (reason, node, at) => dropped(`${reason} ${node}`, { reason, node, ...at }, 'a record was dropped'),
  }
}
