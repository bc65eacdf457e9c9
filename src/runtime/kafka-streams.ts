/**
 * The application: threads over one cluster, their states as one, events, stores to read, and an end that always comes. What it wasn't handed
 * (clock, randomness, transport) it makes when it starts; until then it has touched nothing.
 */
import { ClusterError, ConfigError, StreamsError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { TaskId } from '../model/task-id.ts'
import { Pauses } from '../kafka/backoff.ts'
import { Cluster } from '../kafka/cluster.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { TaskState } from '../state/task-state.ts'
import type { Topology } from '../topology/topology.ts'
import { resolveConfig, type Config } from './config.ts'
import { defaultClock, defaultRandom } from './defaults.ts'
import { EventHub, type AppEventName, type AppEvents } from './events.ts'
import type { PartitionLag } from './lag.ts'
import { lineLogger, silent, type Logger } from './logger.ts'
import { openMemoryBroker } from './memory-broker.ts'
import { FailurePolicy } from './failure-policy.ts'
import { inTime, LATE, tooLate } from './in-time.ts'
import { GlobalStores } from './global-stores.ts'
import type { KafkaStreamsOptions } from './options.ts'
import type { Ports } from './ports.ts'
import { readOnlyStore, notRunning, unknownStore, type ReadOnly } from './queries.ts'
import { shortWindows } from './short-windows.ts'
import { StateMachine, type AppState } from './states.ts'
import { memoryStores, type TaskStores } from './task-stores.ts'
import { ThreadRunner, type ThreadRunnerOptions } from './thread-runner.ts'
import { topologyHash } from './topology-hash.ts'

/** What an application may be handed instead of making it: for simulations and tests. */
export type AppPorts = Partial<Pick<Ports, 'clock' | 'random' | 'transport' | 'stores'>> & {
  /** Variables of the environment; the process's own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** How an application is closed. */
export interface CloseOptions {
  /** How long it may take; 10,000 ms. Then everything is closed without a commit. */
  readonly timeoutMs?: number
  /** Whether the group is told; true unless there is an `instanceId`. */
  readonly leaveGroup?: boolean
}

/** What closing came to. */
export interface CloseResult {
  /** True: everything was committed. */
  readonly clean: boolean
  readonly error?: unknown
}

/** A task of this instance. */
export interface TaskInfo {
  readonly id: TaskId
  readonly thread: string
  readonly partitions: readonly PartitionLag[]
}

interface Running {
  readonly cluster: Cluster
  readonly stores: TaskStores
  readonly ports: Pick<Ports, 'clock' | 'random'>
  readonly threads: ThreadRunner[]
  readonly print: (line: string) => void
  /** What is waited for before a thread is replaced. */
  readonly pauses: Pauses
  /** Stops the removal of state that nobody needs. */
  readonly stopCleaning: () => void
}

/** What the threads of an application share. */
type ThreadWorld = Pick<ThreadRunnerOptions, 'cluster' | 'ports' | 'stores' | 'globals' | 'print'>

interface LostThread {
  readonly thread: ThreadRunner
  readonly world: ThreadWorld
}

const CLOSE_MS = 10_000
/** How long a forced end may take to tell the group. */
const ABORT_MS = 500

/** An application. */
export class KafkaStreams implements AsyncDisposable {
  readonly topology: Topology
  /** The complete configuration, frozen. */
  readonly config: Config
  readonly #ports: AppPorts
  readonly #logger: Logger
  readonly #hub: EventHub
  readonly #state: StateMachine
  #running: Running | undefined = undefined
  #opening: Promise<Running> | undefined = undefined
  #globals: GlobalStores | undefined = undefined
  /** Threads that have all their tasks. */
  readonly #ready: Set<string> = new Set()
  #started: { readonly resolve: () => void; readonly reject: (why: unknown) => void } | undefined = undefined
  #closing: Promise<CloseResult> | undefined = undefined
  #now: () => number = () => 0
  /** True: this instance has asked all to stop. */
  #stopsAll = false
  readonly #policy: FailurePolicy

  /** Throws a `ConfigError` that lists every mistake in the options. */
  constructor(topology: Topology, options: KafkaStreamsOptions, ports: AppPorts = {}) {
    topology.mustRead()
    this.topology = topology
    this.#ports = ports
    this.config = resolveConfig(options, ports.environment ?? globalThis.process?.env ?? {})
    this.#logger =
      this.config.logger === false ? silent : (this.config.logger ?? lineLogger((line) => globalThis.process?.stderr.write(`${line}\n`)))
    this.#policy = new FailurePolicy({ onFailure: this.config.onFailure, logger: this.#logger, now: () => this.#now() })
    this.#hub = new EventHub((error, event) => this.#logger.error({ event, error: String(error) }, 'a listener threw'))
    this.#state = new StateMachine((state, before) => this.#hub.emit('state', { at: this.#now(), state, before }))
  }

  /** CREATED, REBALANCING, RUNNING, PENDING_SHUTDOWN, NOT_RUNNING, PENDING_ERROR or ERROR. */
  get state(): AppState {
    return this.#state.state
  }

  /** Adds a listener; the answer removes it. */
  on<Name extends AppEventName>(name: Name, listener: (event: AppEvents[Name]) => void): () => void {
    return this.#hub.on(name, listener)
  }

  /** Settles when the application is RUNNING; rejects with the reason when it can't. Throws `STATE_ILLEGAL` the second time. */
  async start(): Promise<void> {
    if (this.state !== 'CREATED')
      throw new ConfigError(
        'STATE_ILLEGAL',
        `start() was called in state ${this.state}: an application starts once, from CREATED; make a new one`,
      )
    const ready = new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
    })
    ready.catch(() => undefined)
    this.#state.move('REBALANCING')
    try {
      if (this.#closing === undefined) this.#opening = this.#open()
      const running = await this.#opening
      this.#running = running
      // Whatever a global store holds now is there before the first record that may ask for it.
      const { config, topology } = this
      const failed = (error: unknown): void => this.#failed(error)
      if (running !== undefined && this.#closing === undefined)
        this.#globals = await GlobalStores.open({ ...running, config, topology, logger: this.#logger, hub: this.#hub, failed })
      for (const thread of running?.threads ?? []) if (this.#closing === undefined) await thread.start()
    } catch (error) {
      if (this.#closing === undefined) this.#failed(error)
    }
    return ready
  }

  /** Ends the application: commits, closes, leaves the group. Never rejects; a second call answers the same promise. */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  /** Removes the local state of the application; its tasks are restored from their changelogs. Throws `STATE_ILLEGAL` while it runs. */
  async cleanUp(): Promise<void> {
    if (this.state !== 'CREATED' && this.state !== 'NOT_RUNNING' && this.state !== 'ERROR')
      throw new ConfigError('STATE_ILLEGAL', `cleanUp() was called in state ${this.state}: call it before start() or after close()`)
    const node = await import('../platform/node.ts')
    const stores = await node.openStores(this.config, { clock: defaultClock, random: defaultRandom }, this.#logger)
    try {
      await stores.cleanUp(0)
    } finally {
      await stores.close()
    }
  }

  /** Stops processing and punctuating; membership goes on. */
  pause(): void {
    for (const thread of this.#running?.threads ?? []) thread.pause(true)
  }

  /** Goes on after `pause`. */
  resume(): void {
    for (const thread of this.#running?.threads ?? []) thread.pause(false)
  }

  /** The tasks of this instance. */
  tasks(): readonly TaskInfo[] {
    return (this.#running?.threads ?? []).flatMap((thread) =>
      thread.tasks().map((task) => ({
        id: task.id,
        thread: thread.name,
        partitions: thread.lags(task),
      })),
    )
  }

  /** How far each partition of each task is behind: end of the log, position, records that wait, seconds. */
  lag(): ReadonlyMap<TaskId, readonly PartitionLag[]> {
    return new Map(this.tasks().map(({ id, partitions }) => [id, partitions]))
  }

  /** A read-only view of a store over the partitions that are here. Throws `UNKNOWN_STORE`; while the application isn't RUNNING, it and the view throw `REBALANCING`, or `STORE_CLOSED` when it has ended. */
  store<Face>(spec: StoreSpec<Face> | string): ReadOnly<Face> {
    const name = typeof spec === 'string' ? spec : this.topology.storeName(spec)
    const store = name === undefined ? undefined : this.topology.stores.get(name)
    if (name === undefined || store === undefined) throw unknownStore(String(name), [...this.topology.stores.keys()])
    const faces = (): ReturnType<TaskState['store']>[] => {
      if (this.state !== 'RUNNING') throw notRunning(name, this.state)
      if (this.#globals !== undefined && this.topology.isGlobal(name)) return [this.#globals.state.store(name)]
      const tasks = (this.#running?.threads ?? []).flatMap((thread) => thread.tasks())
      return tasks.filter(({ subtopology }) => subtopology.stores.includes(store)).map((task) => task.state.store(name))
    }
    faces()
    return readView<ReadOnly<Face>>(readOnlyStore(store, faces))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #open(): Promise<Running> {
    const { config } = this
    const node = await import('../platform/node.ts')
    node.registerNode()
    const ports = { clock: this.#ports.clock ?? defaultClock, random: this.#ports.random ?? defaultRandom }
    this.#now = () => ports.clock.now()
    if (config.memoryByDefault)
      node.writeNotice('Millrace: no Kafka configured, using the in-memory broker (set KAFKA_BROKERS to use Kafka)')
    const clientId = config.clientId ?? `${config.applicationId}-${hex(ports.random)}`
    const { brokers } = config
    const transport =
      this.#ports.transport ??
      ('memory' in brokers
        ? openMemoryBroker(brokers.memory, ports).cluster
        : await node.openTransport({ brokers: brokers.addresses, clientId, security: config.security }, ports))
    for (const doubt of shortWindows(this.topology)) this.#logger.warn({ store: doubt.store, sizeMs: doubt.sizeMs }, doubt.message)
    const needsDisk = config.engine !== 'memory' && this.topology.stores.size > 0
    const stores = this.#ports.stores ?? (needsDisk ? await node.openStores(config, ports, this.#logger) : memoryStores(ports.random))
    const cluster = new Cluster({ ...ports, transport, retryMs: config.taskTimeoutMs })
    const print = node.writeOut
    const threads = Array.from({ length: config.threads }, (_, index) =>
      this.#thread(`${clientId}-StreamThread-${index + 1}`, { cluster, ports, stores, print, globals: () => this.#globals?.state }),
    )
    return { cluster, stores, ports, print, threads, pauses: new Pauses(ports.clock), stopCleaning: this.#clean(stores, ports.clock) }
  }

  /** Removes, every now and then, the state of tasks that left long ago. */
  #clean(stores: TaskStores, clock: Ports['clock']): () => void {
    let cancel = (): void => undefined
    const again = (): void => {
      cancel = clock.after(Math.max(this.config.stateCleanupDelayMs, 1_000), () => {
        stores
          .cleanUp()
          .then((tasks) => (tasks.length === 0 ? undefined : this.#logger.info({ tasks }, 'the state of tasks that left was removed')))
          .catch((error: unknown) => this.#logger.warn({ error: String(error) }, 'old state could not be removed'))
        again()
      })
    }
    again()
    return () => cancel()
  }

  #thread(name: string, world: ThreadWorld): ThreadRunner {
    const thread: ThreadRunner = new ThreadRunner({
      ...world,
      name,
      config: this.config,
      topology: this.topology,
      topologyHash: topologyHash(this.topology),
      hub: this.#hub,
      logger: this.#logger,
      moved: (running) => this.#moved(name, running),
      failed: (error) => this.#failed(error, { thread, world }),
      stopped: () => this.#stopped(),
    })
    return thread
  }

  #moved(thread: string, running: boolean): void {
    if (running) this.#ready.add(thread)
    else this.#ready.delete(thread)
    if (this.#ready.size < this.config.threads) {
      if (this.state === 'RUNNING') this.#state.move('REBALANCING')
      return
    }
    if (this.state === 'REBALANCING') this.#state.move('RUNNING')
    this.#started?.resolve()
    this.#started = undefined
  }

  /** A thread, or the start, failed: asks what to do. */
  #failed(error: unknown, lost?: LostThread): void {
    const found = error instanceof StreamsError ? error : new ClusterError('BROKER_ERROR', String(error), { cause: error })
    this.#hub.emit('error', { at: this.#now(), error: found })
    this.#logger.error({ code: found.code, ...found.context }, found.message)
    const verdict = this.#policy.judge(found, lost?.thread.name)
    this.#logger.info({ decision: verdict.decision }, 'a thread was lost')
    if (verdict.decision === 'replace-thread') {
      if (lost === undefined || this.#closing !== undefined) this.#stop(found)
      else void this.#replace(lost, found, verdict.pauseMs)
    } else if (verdict.decision === 'stop-client') this.#stop(verdict.error)
    else void this.#stopAll(verdict.error, lost?.thread ?? this.#running?.threads[0])
  }

  /** Stops when one thread has told the group that all instances have to. */
  async #stopAll(error: StreamsError, speaker: ThreadRunner | undefined): Promise<void> {
    this.#stopsAll = true
    const clock = this.#running?.ports.clock
    if (speaker !== undefined && clock !== undefined && this.#closing === undefined) await inTime(speaker.tellAll(), CLOSE_MS, clock)
    this.#stop(error)
  }

  /** The group says that an instance has stopped all. */
  #stopped(): void {
    if (this.#stopsAll || this.#closing !== undefined) return
    const message = `another instance of ${this.config.applicationId} has stopped the whole application: its log says why. Start the instances again when that is mended`
    const error = new ClusterError('APPLICATION_STOPPED', message)
    this.#hub.emit('error', { at: this.#now(), error })
    this.#logger.error({ code: error.code }, error.message)
    this.#stop(error)
  }

  #stop(error: StreamsError): void {
    const starting = this.#started
    this.#started = undefined
    this.#closing ??= this.#die(error)
    starting?.reject(error)
  }

  /** Ends a lost thread without a commit and, after a pause, starts another in its place. */
  async #replace({ thread, world }: LostThread, error: StreamsError, pauseMs: number): Promise<void> {
    try {
      this.#moved(thread.name, false)
      await thread.close({ clean: false, leave: true, patienceMs: 0 })
      await this.#running?.pauses.wait(pauseMs)
      const running = this.#running
      if (running === undefined || this.#closing !== undefined) return
      const next = this.#thread(thread.name, world)
      running.threads[running.threads.indexOf(thread)] = next
      await next.start()
    } catch (failed) {
      this.#stop(failed instanceof StreamsError ? failed : error)
    }
  }

  async #die(error: StreamsError): Promise<CloseResult> {
    if (!this.#state.tryMove('PENDING_ERROR')) this.#state.tryMove('PENDING_SHUTDOWN')
    await this.#shutDown({ clean: false, leave: true, timeoutMs: CLOSE_MS })
    if (!this.#state.tryMove('ERROR')) this.#state.tryMove('NOT_RUNNING')
    return { clean: false, error }
  }

  async #close({ timeoutMs = CLOSE_MS, leaveGroup = this.config.instanceId === undefined }: CloseOptions): Promise<CloseResult> {
    if (!this.#state.tryMove('PENDING_SHUTDOWN')) return { clean: true }
    const starting = this.#started
    this.#started = undefined
    const problem = await this.#shutDown({ clean: true, leave: leaveGroup, timeoutMs })
    this.#state.tryMove('NOT_RUNNING')
    // Not before: a program that ends with this rejection would leave no group.
    starting?.reject(new ConfigError('STATE_ILLEGAL', 'the application was closed before it was RUNNING'))
    return problem === undefined ? { clean: true } : { clean: false, error: problem }
  }

  /** Closes the threads, in time or by force, and everything below them. Answers what went wrong. */
  async #shutDown({
    timeoutMs,
    ...how
  }: {
    readonly clean: boolean
    readonly leave: boolean
    readonly timeoutMs: number
  }): Promise<unknown> {
    const running = this.#running ?? (await this.#opening?.catch(() => undefined))
    if (running === undefined) return undefined
    running.stopCleaning()
    running.pauses.end()
    const { threads, ports, cluster, stores } = running
    const closing = Promise.all(threads.map((thread) => thread.close({ ...how, patienceMs: timeoutMs / 2 }))).then(
      (problems) => problems.find(Boolean),
      (error: unknown) => error,
    )
    const problem = await inTime(closing, timeoutMs, ports.clock)
    if (problem === LATE) await inTime(Promise.all(threads.map((thread) => thread.abort(how))), ABORT_MS, ports.clock)
    const waits = problem === LATE ? threads.flatMap((thread) => thread.waits()) : []
    await this.#globals?.close()
    await cluster.close()
    await stores.close()
    return problem === LATE ? tooLate(timeoutMs, waits) : problem
  }
}

function hex(random: Random): string {
  return Math.floor(random.next() * 2 ** 32)
    .toString(16)
    .padStart(8, '0')
}

/** Sound because the face was made for the kind of store that the spec says. */
function readView<T>(view: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return view as T
}
