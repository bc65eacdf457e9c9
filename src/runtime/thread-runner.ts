/**
 * One stream thread with everything it owns: a membership, a fetcher, a restore fetcher, a producer and its tasks. It ties the group's events to the
 * loop: revoked, it stands and commits; assigned, it closes what it lost, opens and restores what is new, and goes on; lost, it drops everything
 * without a commit.
 */
import { ClusterError, StreamsError, TaskMigratedError, type RecordError } from '../base/errors.ts'
import type { TaskId } from '../model/task-id.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import { Admin } from '../kafka/admin.ts'
import { ClassicMember, type MemberHandlers } from '../kafka/classic-member.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { Fetcher } from '../kafka/fetcher.ts'
import { GroupOffsets, type OffsetAndMetadata } from '../kafka/offsets.ts'
import { Producer } from '../kafka/producer.ts'
import type { TaskPlan } from '../kafka/subscription.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { TaskPorts } from '../task/task-ports.ts'
import type { Topology } from '../topology/topology.ts'
import { LATEST, EARLIEST } from '../wire/api/list-offsets.ts'
import { Committer } from './committer.ts'
import type { Config } from './config.ts'
import type { EventHub } from './events.ts'
import { planGroup } from './group-plan.ts'
import { oncePerMinute, type Logger } from './logger.ts'
import type { Ports } from './ports.ts'
import { restoreTasks } from './restorer.ts'
import { StreamThread } from './stream-thread.ts'
import { beginning, committedTime, makeTask, startPositions, taskInputs, type TaskInput } from './task-factory.ts'
import { externalSources, sourceCounts } from './topic-setup.ts'

/** What a thread is made of. */
export interface ThreadRunnerOptions {
  readonly name: string
  readonly config: Config
  readonly topology: Topology
  readonly topologyHash: number
  readonly processId: Uint8Array
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly hub: EventHub
  readonly logger: Logger
  print(line: string): void
  /** The thread rebalances, or has all its tasks. */
  moved(running: boolean): void
  /** The thread is lost. */
  failed(error: StreamsError): void
}

/** One stream thread. */
export class ThreadRunner {
  readonly #options: ThreadRunnerOptions
  readonly #offsets: GroupOffsets
  readonly #admin: Admin
  readonly #fetcher: Fetcher
  readonly #restoreFetcher: Fetcher
  readonly #producer: Producer
  readonly #member: ClassicMember
  readonly #committer: Committer
  readonly #thread: StreamThread
  readonly #owners: Map<string, StreamTask> = new Map()
  readonly #droppedLog: (key: string, fields: object, message: string) => void
  #counts: ReadonlyMap<string, number> = new Map()
  #running: Promise<void> = Promise.resolve()
  #ended = false

  constructor(options: ThreadRunnerOptions) {
    this.#options = options
    const { config, cluster, ports, name } = options
    this.#droppedLog = oncePerMinute(ports.clock, (fields, message) => options.logger.warn(fields, message))
    this.#offsets = new GroupOffsets(cluster)
    this.#admin = new Admin(cluster)
    const reading = { ...ports, cluster, maxBytes: config.fetchMaxBytes, maxPartitionBytes: config.maxPartitionFetchBytes }
    this.#fetcher = new Fetcher({ ...reading, kind: `fetch:${name}`, outOfRange: (tp) => this.#outOfRange(tp) })
    this.#restoreFetcher = new Fetcher({
      ...reading,
      kind: `fetch:${name}-restore`,
      outOfRange: async (tp) => (await this.#offsets.at([tp], EARLIEST))[0]?.offset ?? 0,
    })
    this.#producer = new Producer({
      ...ports,
      cluster,
      batchSize: config.batchSize,
      lingerMs: config.lingerMs,
      codec: config.compression,
      bufferBytes: config.producerBufferBytes,
      requestTimeoutMs: config.requestTimeoutMs,
    })
    this.#member = new ClassicMember(
      {
        ...ports,
        cluster,
        groupId: config.applicationId,
        instanceId: config.instanceId ?? null,
        sessionTimeoutMs: config.sessionTimeoutMs,
        rebalanceTimeoutMs: config.maxPollIntervalMs,
        heartbeatIntervalMs: config.heartbeatIntervalMs,
      },
      {
        describe: () => this.#describe(),
        assign: (members) => planGroup(members, { ...options, admin: this.#admin }),
        revoke: () => this.#revoke(),
        assigned: (plan, generation) => this.#assigned(plan, generation),
        lost: (why) => this.#lost(why),
        failed: (why) => this.#fail(why),
      },
    )
    this.#committer = new Committer({
      applicationId: config.applicationId,
      produce: () => this.#producer.flush(),
      commit: (positions) => this.#offsets.commit(positions, this.#member.fence()),
      written: (tp) => this.#producer.written(tp),
    })
    this.#thread = this.#makeThread()
  }

  /** Its name. */
  get name(): string {
    return this.#options.name
  }

  /** Its tasks. */
  tasks(): readonly StreamTask[] {
    return [...this.#thread.tasks.values()]
  }

  /** How many offsets each of its partitions is behind; undefined: not known yet. */
  lag(tp: TopicPartition): number | undefined {
    return this.#fetcher.lag(tp)
  }

  /** Starts to take part. */
  async start(): Promise<void> {
    await this.#producer.init()
    this.#running = this.#thread.run().catch((error: unknown) => this.#fail(error))
    this.#member.start()
  }

  /** Stops or continues processing. */
  pause(paused: boolean): void {
    this.#thread.pause(paused)
  }

  /** Ends the thread at a record's edge: commits (`clean`), closes its tasks, leaves the group. Answers what went wrong. */
  async close({ clean, leave }: { readonly clean: boolean; readonly leave: boolean }): Promise<unknown> {
    let problem: unknown
    const wasEnded = this.#ended
    this.#ended = true
    this.#thread.stop()
    await this.#running
    if (clean && !wasEnded) {
      try {
        await this.#thread.commit()
      } catch (error) {
        problem = error
      }
    }
    await this.#closeTasks(this.tasks())
    await this.#member.close({ leave })
    this.#producer.close()
    this.#fetcher.close()
    this.#restoreFetcher.close()
    return problem
  }

  #makeThread(): StreamThread {
    const { name, config, ports, hub } = this.#options
    const { clock } = ports
    return new StreamThread(
      {
        name,
        commitIntervalMs: config.commitIntervalMs,
        purgeIntervalMs: config.repartitionPurgeIntervalMs,
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        turn: () =>
          new Promise((resolve) => {
            clock.after(0, resolve)
          }),
        poll: (timeoutMs) => this.#poll(timeoutMs),
        send: (all) => this.#producer.send(all),
        backPressure: () => this.#producer.backPressure(),
        purge: () => this.#purge(),
        committed: (tasks, durationMs) => hub.emit('commit', { at: clock.now(), thread: name, tasks, durationMs }),
      },
      this.#committer,
    )
  }

  async #poll(timeoutMs: number): Promise<void> {
    for (const chunk of await this.#fetcher.poll({ timeoutMs })) {
      const task = this.#owners.get(partitionKey(chunk.tp))
      if (task === undefined) chunk.release()
      else task.add(chunk.tp, { bytes: chunk.buffer, from: chunk.from, to: chunk.to, release: () => chunk.release() })
    }
  }

  #describe(): ReturnType<MemberHandlers['describe']> {
    const { topology, config, processId, topologyHash } = this.#options
    const internal = topology.repartitionTopics.map(({ name }) => `${config.applicationId}-${name}`)
    const lags = new Map<TaskId, number>([...this.#thread.tasks.keys()].map((task) => [task, -1]))
    return { topics: [...externalSources(topology), ...internal], info: { processId, topologyHash, endpoint: '', lags } }
  }

  async #revoke(): Promise<void> {
    this.#options.moved(false)
    await this.#thread.stand()
    if (this.#ended) return
    try {
      await this.#thread.commit()
    } catch (error) {
      if (!(error instanceof TaskMigratedError)) throw error
      await this.#dropAll()
    }
  }

  async #lost(why: Error): Promise<void> {
    this.#options.moved(false)
    this.#options.logger.warn({ thread: this.name, reason: why.message }, 'tasks were lost')
    await this.#thread.stand()
    await this.#dropAll()
  }

  async #assigned(plan: TaskPlan, generation: number): Promise<void> {
    const { clock } = this.#options.ports
    const started = clock.monotonic()
    const kept = new Set(plan.active)
    const before = new Set(this.#thread.tasks.keys())
    const revoked = this.tasks().filter(({ id }) => !kept.has(id))
    await this.#closeTasks(revoked)
    const { opened, restoredRecords } = await this.#open(plan.active.filter((id) => !before.has(id)))
    if (this.#ended) return
    this.#readAll()
    this.#options.hub.emit('rebalance', {
      at: clock.now(),
      thread: this.name,
      generation,
      durationMs: clock.monotonic() - started,
      assigned: opened,
      revoked: revoked.map(({ id }) => id),
      lost: [],
      restoredRecords,
    })
    this.#thread.proceed()
    this.#options.moved(true)
  }

  /** Opens tasks: positions first, then their stores are restored. */
  async #open(ids: readonly TaskId[]): Promise<{ readonly opened: readonly TaskId[]; readonly restoredRecords: number }> {
    const { topology, config, cluster, ports } = this.#options
    if (ids.length === 0) return { opened: [], restoredRecords: 0 }
    this.#counts = await sourceCounts({ cluster, topology })
    await this.#lookUpSinks()
    const world = { applicationId: config.applicationId, counts: this.#counts }
    const made = ids.map((id) => ({
      task: makeTask(id, { topology, config, ports: this.#taskPorts() }),
      inputs: [] as readonly TaskInput[],
    }))
    for (const one of made) one.inputs = taskInputs(one.task.subtopology, one.task.partition, world)
    const positions = await startPositions(
      made.flatMap(({ inputs }) => inputs),
      { offsets: this.#offsets, groupId: config.applicationId, now: () => ports.clock.now() },
    )
    for (const { task, inputs } of made) for (const input of inputs) this.#assignInput(task, input, positions.get(partitionKey(input.tp)))
    const restoredRecords = await this.#restore(made.map(({ task }) => task))
    for (const { task } of made) this.#thread.tasks.set(task.id, task)
    return { opened: ids, restoredRecords }
  }

  #assignInput(task: StreamTask, { tp, source }: TaskInput, position: OffsetAndMetadata | undefined): void {
    const offset = position?.offset ?? 0
    task.assign(tp, source, offset)
    const time = committedTime(position)
    if (time >= 0) task.resumeTime(tp, time)
    if (position?.metadata !== null) this.#committer.resume(tp, offset)
    this.#owners.set(partitionKey(tp), task)
  }

  #restore(tasks: readonly StreamTask[]): Promise<number> {
    const { config, hub, ports } = this.#options
    return restoreTasks(
      tasks,
      {
        applicationId: config.applicationId,
        assign: (partitions) => this.#restoreFetcher.assign(partitions),
        poll: (options) => this.#restoreFetcher.poll(options),
        position: (tp) => this.#restoreFetcher.position(tp),
        bounds: async (tps) => {
          const starts = await this.#offsets.at(tps, EARLIEST)
          const ends = await this.#offsets.at(tps, LATEST)
          const byKey = new Map(ends.map(({ tp, offset }) => [partitionKey(tp), offset]))
          return new Map(starts.map(({ tp, offset }) => [partitionKey(tp), { start: offset, end: byKey.get(partitionKey(tp)) ?? offset }]))
        },
        committed: (tp) => this.#committer.committed(tp),
        progress: (task, store, progress) => hub.emit('restore', { at: ports.clock.now(), taskId: task.id, store, ...progress }),
      },
      () => this.#ended,
    )
  }

  /** Tells the fetcher what the tasks read, each partition from where its task is. */
  #readAll(): void {
    const positions = this.tasks().flatMap((task) => task.positions())
    this.#fetcher.assign(positions.map(({ tp, offset }) => ({ tp, offset })))
  }

  async #closeTasks(tasks: readonly StreamTask[]): Promise<void> {
    for (const task of tasks) {
      this.#thread.tasks.delete(task.id)
      for (const [key, owner] of this.#owners) if (owner === task) this.#owners.delete(key)
      await task.close()
    }
    if (!this.#ended) this.#readAll()
  }

  async #dropAll(): Promise<void> {
    await this.#closeTasks(this.tasks())
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

  #taskPorts(): TaskPorts {
    const { config, cluster, ports } = this.#options
    return {
      now: () => ports.clock.now(),
      writer: (tp, sent) => this.#producer.writer(tp, sent),
      partitions: (topic) => cluster.partitions(topic),
      lookUp: async (topic) => {
        const found = await cluster.refresh([topic], { create: true })
        if (!found.has(topic))
          throw new ClusterError('SOURCE_MISSING', `there is no topic ${topic} to write to: create it first`, { context: { topic } })
      },
      caughtUp: (tp) => config.maxTaskIdleMs < 0 || this.#fetcher.caughtUp(tp),
      onError: (error: RecordError) => config.onError?.(error) ?? 'fail',
      print: (line) => this.#options.print(line),
      onDropped: (reason, node, at) => this.#droppedLog(`${reason} ${node}`, { reason, node, ...at }, 'a record was dropped'),
    }
  }

  async #outOfRange(tp: TopicPartition): Promise<number> {
    const source = this.#options.topology.subtopologies.flatMap(({ sources }) => sources).find(({ topics }) => topics.includes(tp.topic))
    const offset = await beginning(tp, source?.startFrom ?? 'earliest', {
      offsets: this.#offsets,
      now: () => this.#options.ports.clock.now(),
    })
    this.#options.logger.warn({ ...tp, offset }, 'a position was outside the log: records were deleted before they were processed')
    return offset
  }

  async #purge(): Promise<void> {
    const { config, topology } = this.#options
    const internal = new Set(topology.repartitionTopics.map(({ name }) => `${config.applicationId}-${name}`))
    const below = [...this.#owners.values()]
      .flatMap((task) => task.positions())
      .filter(({ tp }) => internal.has(tp.topic))
      .flatMap(({ tp }) => {
        const offset = this.#committer.committed(tp)
        return offset === undefined || offset <= 0 ? [] : [{ tp, offset }]
      })
    await this.#admin.deleteRecords(below)
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#thread.stop()
    this.#options.failed(
      error instanceof StreamsError
        ? error
        : new StreamsError('INVARIANT', error instanceof Error ? error.message : String(error), { cause: error }),
    )
  }
}
