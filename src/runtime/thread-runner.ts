/**
 * One stream thread with everything it owns: a membership, a fetcher, a restore fetcher, a producer and its tasks. It ties the group's events to the
 * loop: revoked, it stands and commits; assigned, it closes what it lost, opens and restores what is new, and goes on; lost, it drops everything
 * without a commit.
 */
import { TaskMigratedError, type StreamsError } from '../base/errors.ts'
import type { TaskId } from '../model/task-id.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import { Admin } from '../kafka/admin.ts'
import { ClassicMember, type MemberHandlers } from '../kafka/classic-member.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { Fetcher } from '../kafka/fetcher.ts'
import { GroupOffsets } from '../kafka/offsets.ts'
import type { Producer } from '../kafka/producer.ts'
import type { TaskPlan } from '../kafka/subscription.ts'
import type { TaskState } from '../state/task-state.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { Topology } from '../topology/topology.ts'
import { Committer } from './committer.ts'
import type { Config } from './config.ts'
import type { EventHub } from './events.ts'
import { reasonOf } from './failure-policy.ts'
import { GroupPlanner } from './group-plan.ts'
import { LagWatch, partitionLags, type PartitionLag } from './lag.ts'
import type { Logger } from './logger.ts'
import type { Ports } from './ports.ts'
import { RebalanceReport } from './rebalance-report.ts'
import { purgeRepartitions } from './repartition-purge.ts'
import { deferredAt, SlowWatch, waitsOf } from './slow-watch.ts'
import { StreamThread, type ThreadEnd } from './stream-thread.ts'
import { stillDeferred } from './in-time.ts'
import { positionInLog } from './task-factory.ts'
import { threadProducer } from './thread-producer.ts'
import { TaskOpener } from './task-opener.ts'
import type { TaskStores } from './task-stores.ts'
import { externalSources } from './topic-setup.ts'

/** What a thread is made of. */
export interface ThreadRunnerOptions {
  readonly name: string
  readonly config: Config
  readonly topology: Topology
  readonly topologyHash: number
  readonly stores: TaskStores
  /** The stores that all tasks read. */
  readonly globals: () => TaskState | undefined
  readonly cluster: Cluster
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly hub: EventHub
  readonly logger: Logger
  print(line: string): void
  /** The thread rebalances, or has all its tasks. */
  moved(running: boolean): void
  /** The thread is lost. */
  failed(error: StreamsError): void
  /** A member of the group has asked for the end of the whole application. */
  stopped(): void
}

/** How long deferred records may take to end before tasks move. */
const DEFERRED_MS = 5_000

/** One stream thread. */
export class ThreadRunner {
  readonly #options: ThreadRunnerOptions
  readonly #offsets: GroupOffsets
  readonly #admin: Admin
  readonly #fetcher: Fetcher
  #producer: Producer
  readonly #member: ClassicMember
  readonly #committer: Committer
  readonly #thread: StreamThread
  readonly #opener: TaskOpener
  readonly #lagWatch: LagWatch
  readonly #slow: SlowWatch
  readonly #report: RebalanceReport
  readonly #planner: GroupPlanner
  readonly #owners: Map<string, StreamTask> = new Map()
  #running: Promise<void> = Promise.resolve()
  #ended = false
  /** Set while it asks for the end of the whole application: called when the group knows. */
  #told: (() => void) | undefined = undefined
  /** Set while a record keeps the thread from its group: others may own its tasks. */
  #stuck: string | undefined = undefined

  constructor(options: ThreadRunnerOptions) {
    this.#options = options
    this.#report = new RebalanceReport(options)
    const { config, cluster, ports, name } = options
    this.#offsets = new GroupOffsets(cluster)
    this.#admin = new Admin(cluster)
    this.#planner = new GroupPlanner({ ...options, admin: this.#admin })
    const reading = { ...ports, cluster, maxBytes: config.fetchMaxBytes, maxPartitionBytes: config.maxPartitionFetchBytes }
    this.#fetcher = new Fetcher({ ...reading, kind: `fetch:${name}`, outOfRange: (tp, _, parted) => this.#outOfRange(tp, parted) })
    this.#producer = threadProducer(this.#options)
    this.#member = new ClassicMember(
      {
        ...ports,
        cluster,
        name,
        groupId: config.applicationId,
        instanceId: config.instanceId ?? null,
        sessionTimeoutMs: config.sessionTimeoutMs,
        rebalanceTimeoutMs: config.maxPollIntervalMs,
        heartbeatIntervalMs: config.heartbeatIntervalMs,
      },
      {
        describe: () => this.#describe(),
        assign: (members) => this.#planner.plan(members),
        revoke: () => this.#revoke(),
        assigned: (plan, generation) => this.#assigned(plan, generation),
        lost: (why) => this.#lost(why),
        failed: (why) => this.#fail(why),
      },
    )
    this.#committer = new Committer({
      applicationId: config.applicationId,
      produce: () => {
        this.#checkContact()
        return this.#producer.flush()
      },
      commit: (positions) => {
        this.#checkContact()
        return this.#offsets.commit(positions, this.#member.fence())
      },
      written: (tp) => this.#producer.written(tp),
    })
    this.#lagWatch = new LagWatch(ports.clock, options.logger, config.lagWarnSeconds * 1_000)
    this.#slow = new SlowWatch({
      clock: ports.clock,
      logger: options.logger,
      warnMs: config.slowRecordWarnMs,
      giveUpMs: config.maxPollIntervalMs,
      gaveUp: (where, waitedMs) => this.#giveUp(where, waitedMs),
    })
    this.#thread = this.#makeThread()
    this.#opener = new TaskOpener({
      ...options,
      offsets: this.#offsets,
      producer: () => this.#producer,
      committer: this.#committer,
      caughtUp: (tp) => this.#fetcher.caughtUp(tp),
      emptyAt: (tp) => this.#fetcher.emptyAt(tp),
      ready: () => this.#thread.wake(),
      interrupted: () => this.#member.rejoining,
    })
  }

  /** Its name. */
  get name(): string {
    return this.#options.name
  }

  /** Its tasks. */
  tasks(): readonly StreamTask[] {
    return [...this.#thread.tasks.values()]
  }

  /** The partitions of one of its tasks, with how far each is behind. */
  lags(task: StreamTask): readonly PartitionLag[] {
    return partitionLags(task, (tp) => this.#fetcher.end(tp), this.#options.ports.clock.now())
  }

  /** Starts to take part. */
  async start(): Promise<void> {
    await this.#producer.init()
    this.#running = this.#run()
    this.#member.start()
  }

  /** Asks for the end of the whole application, also when it is lost itself; settles when the group knows, or when it is closed. */
  tellAll(): Promise<void> {
    return new Promise((resolve) => {
      this.#told = resolve
      this.#member.requestRejoin()
    })
  }

  /** Stops or continues processing. */
  pause(paused: boolean): void {
    this.#thread.pause(paused)
  }

  /** Ends the thread at a record's edge: commits (`clean`), deferred records first, within `patienceMs`, closes its tasks, leaves the group. Answers what went wrong. */
  async close({ clean, leave, patienceMs }: ThreadEnd): Promise<unknown> {
    let problem: unknown
    const wasEnded = this.#ended
    this.#ended = true
    this.#told?.()
    this.#opener.close()
    this.#thread.stop()
    await this.#running
    if (clean && !wasEnded) {
      try {
        const held = await this.#thread.commitAll(patienceMs)
        if (held.length > 0) problem = stillDeferred(patienceMs, held.map(deferredAt))
      } catch (error) {
        problem = error
      }
    }
    await this.#closeTasks(this.tasks())
    await this.#member.close({ leave })
    this.#producer.close()
    this.#fetcher.close()
    return problem
  }

  /** Ends the thread although a record is in hand that doesn't end: nothing is committed any more. */
  async abort({ leave }: { readonly leave: boolean }): Promise<void> {
    this.#ended = true
    this.#thread.stop()
    this.#opener.close()
    await this.#member.quit({ leave })
    this.#producer.close()
    this.#fetcher.close()
  }

  /** What its tasks wait for, as texts. */
  waits(): readonly string[] {
    return waitsOf(this.tasks())
  }

  /** Runs the loop. When somebody else owns its tasks it gives them up without a commit, and goes on with the next plan. */
  async #run(): Promise<void> {
    while (!this.#ended) {
      try {
        await this.#thread.run()
      } catch (error) {
        if (!(error instanceof TaskMigratedError)) return this.#fail(error)
        this.#thread.park()
        this.#member.abandon(error)
      }
    }
  }

  /** Throws when the group hasn't answered for a session's time: then the broker may have given the tasks to others (a process that slept, say). */
  #checkContact(): void {
    const { config, ports } = this.#options
    if (this.#stuck !== undefined) throw new TaskMigratedError(this.#stuck)
    const silentMs = ports.clock.monotonic() - this.#member.lastContact()
    if (this.#thread.tasks.size === 0 || silentMs <= config.sessionTimeoutMs) return
    throw new TaskMigratedError(
      `group ${config.applicationId} has not answered for ${Math.round(silentMs)} ms, longer than sessionTimeoutMs (${config.sessionTimeoutMs}): its tasks may run elsewhere`,
    )
  }

  /** One record has taken longer than the group may wait: the tasks are left to others, so that they go on there. */
  #giveUp(where: string, waitedMs: number): void {
    const { config, logger } = this.#options
    this.#stuck = `${where} has been waiting for ${Math.round(waitedMs)} ms, longer than maxPollIntervalMs (${config.maxPollIntervalMs})`
    logger.error({ thread: this.name }, `${this.#stuck}: thread ${this.name} leaves its group, so that others take its tasks`)
    this.#member.abandon(new TaskMigratedError(this.#stuck), { leave: config.instanceId === undefined })
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
        interrupt: () => this.#fetcher.interrupt(),
        after: (ms, f) => clock.after(ms, f),
        send: (all) => {
          if (this.#stuck !== undefined) this.#checkContact()
          this.#producer.send(all)
        },
        backPressure: () => this.#producer.backPressure(),
        checkContact: () => this.#checkContact(),
        watch: (task, work) => this.#slow.watch(task, work),
        look: (task) => this.#slow.look(task),
        purge: () =>
          purgeRepartitions(
            this.tasks().flatMap((task) => task.positions()),
            { ...this.#options, admin: this.#admin, committed: (tp) => this.#committer.committed(tp) },
          ),
        committed: (tasks, durationMs) => {
          hub.emit('commit', { at: clock.now(), thread: name, tasks, durationMs })
          this.#lagWatch.look(this.tasks().flatMap((task) => this.lags(task)))
        },
      },
      this.#committer,
    )
  }

  async #poll(timeoutMs: number): Promise<void> {
    for (const chunk of await this.#fetcher.poll({ timeoutMs })) {
      const task = this.#owners.get(partitionKey(chunk.tp))
      if (task === undefined) chunk.release()
      else task.add(chunk.tp, { ...chunk, bytes: chunk.buffer })
    }
  }

  #describe(): ReturnType<MemberHandlers['describe']> {
    const { topology, config, stores, topologyHash } = this.#options
    const internal = topology.repartitionTopics.map(({ name }) => `${config.applicationId}-${name}`)
    const lags = new Map<TaskId, number>([...this.#thread.tasks.keys()].map((task) => [task, -1]))
    return {
      topics: [...externalSources(topology), ...internal],
      info: { processId: stores.processId, topologyHash, endpoint: '', lags, stops: this.#told !== undefined },
    }
  }

  async #revoke(): Promise<void> {
    this.#options.moved(false)
    await this.#thread.stand()
    if (this.#ended) return
    this.#report.began()
    try {
      // Tasks whose records don't end in time are given up without a commit, or kept with them.
      await this.#thread.commitAll(DEFERRED_MS)
    } catch (error) {
      if (!(error instanceof TaskMigratedError)) throw error
      await this.#dropAll()
    }
    this.#report.tasks([...this.#thread.tasks.keys()], 'SUSPENDED')
  }

  async #lost(why: Error): Promise<void> {
    this.#options.moved(false)
    this.#options.logger.warn({ thread: this.name, reason: why.message }, 'tasks were lost')
    await this.#thread.stand()
    await this.#dropAll()
    this.#stuck = undefined
    // What the old producer still holds belongs to tasks of others: it must not be sent.
    this.#producer.close()
    this.#producer = threadProducer(this.#options)
    await this.#producer.init()
  }

  async #assigned(plan: TaskPlan, generation: number): Promise<void> {
    // A plan that was under way when it asked for the end says nothing of that yet.
    if (plan.stops === true) this.#told?.()
    if (plan.stops === true || this.#told !== undefined) return plan.stops === true ? this.#options.stopped() : undefined
    this.#report.began()
    this.#planner.followed()
    const kept = new Set(plan.active)
    const before = new Set(this.#thread.tasks.keys())
    const revoked = this.tasks().filter(({ id }) => !kept.has(id))
    await this.#closeTasks(revoked)
    const opened = plan.active.filter((id) => !before.has(id))
    this.#report.tasks(opened, 'RESTORING')
    const owns = (tp: TopicPartition, task: StreamTask): unknown => this.#owners.set(partitionKey(tp), task)
    await this.#opener.extend(this.tasks(), owns)
    const { tasks, records } = await this.#opener.open(opened, owns)
    for (const task of tasks) this.#thread.tasks.set(task.id, task)
    // The group asks for another plan before this one is restored: what was opened is given up, what was restored stays on its disk.
    if (this.#member.rejoining) await this.#closeTasks(tasks)
    if (this.#ended || this.#member.rejoining) return
    this.#readAll()
    this.#report.tasks(plan.active, 'RUNNING')
    this.#thread.proceed()
    const done = { generation, change: plan.change, assigned: opened, revoked: revoked.map(({ id }) => id), restoredRecords: records }
    this.#report.done(done)
    this.#options.moved(true)
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
      await this.#options.stores.release(task.id)
      this.#report.tasks([task.id], 'CLOSED')
    }
    if (!this.#ended) this.#readAll()
  }

  async #dropAll(): Promise<void> {
    this.#report.lost([...this.#thread.tasks.keys()], this.#stuck === undefined ? 'heartbeat-missed' : 'max-poll')
    await this.#closeTasks(this.tasks())
  }

  async #outOfRange(tp: TopicPartition, partedAt: number | undefined): Promise<number> {
    const { topology, ports, logger } = this.#options
    return positionInLog(tp, partedAt, { topology, logger, offsets: this.#offsets, now: () => ports.clock.now() })
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#thread.stop()
    this.#options.failed(reasonOf(error))
  }
}
