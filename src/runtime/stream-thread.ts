/**
 * The loop that runs tasks: poll, add, process, punctuate, commit. It owns a group membership, a fetcher, an idempotent producer and the tasks
 * that the group gives it. A rebalance stops it at a record's edge: it commits, joins with its tasks still open, then closes what it lost, keeps
 * what it kept, and restores what is new before it processes. It yields to the event loop every turn, so timers and sockets get theirs.
 */
import type { TaskId } from '../model/task-id.ts'
import type { StreamTask } from '../task/stream-task.ts'
import type { Committer } from './committer.ts'

/** Records a task may process before the next one has its turn: with the dearest usual step (some 2 µs) a turn stays below 5 ms. */
const TURN_RECORDS = 2_048
const POLL_MS = 100

/** What a thread drives. Everything that talks to the cluster is behind it. */
export interface ThreadPorts {
  readonly name: string
  readonly commitIntervalMs: number
  readonly purgeIntervalMs: number
  now(): number
  monotonic(): number
  /** Settles in a later turn of the event loop. */
  turn(): Promise<void>
  /** Waits for fetched batches, at most so long, and hands them to their tasks. */
  poll(timeoutMs: number): Promise<void>
  /** Lets a poll that waits end at once. */
  interrupt(): void
  /** Calls `f` once, so many ms later; the answer cancels it. */
  after(ms: number, f: () => void): () => void
  /** Sends what is complete; with `all`, everything that was appended. */
  send(all: boolean): void
  /** Settles when there is room for more output; undefined: there is. */
  backPressure(): Promise<void> | undefined
  /** Throws a `TaskMigratedError` when the group hasn't been heard of for so long that somebody else may own the tasks. */
  checkContact(): void
  /** Waits for what a task does, and looks after it when that takes long. */
  watch<T>(task: StreamTask, work: Promise<T>): Promise<T>
  /** Looks after what a task has deferred. */
  look(task: StreamTask): void
  /** Drops what lies below the committed positions of repartition topics. */
  purge(): Promise<void>
  committed(tasks: readonly TaskId[], durationMs: number): void
}

/** How a thread ends. */
export interface ThreadEnd {
  /** With a commit. */
  readonly clean: boolean
  readonly leave: boolean
  /** How long deferred records may take to end, in ms. */
  readonly patienceMs: number
}

/** The tasks of a thread and its turns. */
export class StreamThread {
  readonly tasks: Map<TaskId, StreamTask> = new Map()
  readonly #ports: ThreadPorts
  readonly #committer: Committer
  #stopping = false
  #paused = false
  #lastCommit: number
  #lastPurge: number
  /** A rebalance that waits for the loop to stand at a record's edge. */
  #handOver: (() => void) | undefined = undefined
  /** Set while the group decides: the loop stands. */
  #parked: Promise<void> | undefined = undefined
  #unpark: (() => void) | undefined = undefined
  /** Ends a rest that waits for deferred records. */
  #woken: (() => void) | undefined = undefined

  constructor(ports: ThreadPorts, committer: Committer) {
    this.#ports = ports
    this.#committer = committer
    this.#lastCommit = ports.monotonic()
    this.#lastPurge = this.#lastCommit
    this.#park()
  }

  /** Runs until `stop`; rejects with what lost the thread. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      if (this.#handOver !== undefined) {
        this.park()
      }
      if (this.#parked === undefined) await this.#turn()
      else await this.#parked
    }
    this.#handOver?.()
  }

  /** Asks the loop to end at the next record's edge. */
  stop(): void {
    this.#stopping = true
    this.#unpark?.()
  }

  /** Stops processing and punctuating; polling and membership go on. */
  pause(paused: boolean): void {
    this.#paused = paused
  }

  /** Settles when the loop stands at a record's edge; it stands until `proceed`. */
  async stand(): Promise<void> {
    if (this.#parked !== undefined || this.#stopping) return
    await new Promise<void>((resolve) => {
      this.#handOver = resolve
    })
  }

  /** Makes the loop stand at once; for a loop that has ended with an error. */
  park(): void {
    this.#park()
    this.#handOver?.()
    this.#handOver = undefined
  }

  /** Lets the loop go on. */
  proceed(): void {
    this.#unpark?.()
    this.#parked = undefined
    this.#unpark = undefined
  }

  /** A deferred record of one of the tasks can go on. */
  wake(): void {
    this.#ports.interrupt()
    this.#woken?.()
  }

  /** Commits all tasks, but for those whose deferred records must end first. */
  async commit(): Promise<void> {
    const start = this.#ports.monotonic()
    const tasks = await this.#committer.commit([...this.tasks.values()])
    this.#lastCommit = this.#ports.monotonic()
    this.#ports.committed(
      tasks.map(({ id }) => id),
      this.#lastCommit - start,
    )
  }

  /**
   * Commits all tasks while the loop stands: what is deferred may end first, within so many ms. Answers the tasks that aren't committed, because some
   * record of theirs has not.
   */
  async commitAll(patienceMs: number): Promise<readonly StreamTask[]> {
    const end = this.#ports.monotonic() + patienceMs
    for (;;) {
      await this.#settle(end)
      await this.commit()
      const held = [...this.tasks.values()].filter(({ deferred }) => deferred.holdsCommit)
      if (held.length === 0 || this.#ports.monotonic() >= end) return held
    }
  }

  /** Goes on with deferred records, and takes no others, until none is left or the time has come. */
  async #settle(end: number): Promise<void> {
    const tasks = [...this.tasks.values()].filter(({ deferred }) => deferred.size > 0)
    for (const task of tasks) task.deferred.isDraining = true
    for (;;) {
      for (const task of tasks) {
        const done = task.process(TURN_RECORDS)
        if (typeof done !== 'number') await this.#ports.watch(task, done)
      }
      const left = end - this.#ports.monotonic()
      if (left <= 0 || !tasks.some(({ deferred }) => deferred.size > 0)) return
      await this.#rest(left)
    }
  }

  /** Waits until a deferred record can go on, at most so long. */
  async #rest(ms: number): Promise<void> {
    if ([...this.tasks.values()].some(({ deferred }) => deferred.isReady)) return
    await new Promise<void>((resolve) => {
      const cancel = this.#ports.after(ms, resolve)
      this.#woken = () => {
        cancel()
        resolve()
      }
    })
    this.#woken = undefined
  }

  async #turn(): Promise<void> {
    this.#ports.checkContact()
    const tasks = [...this.tasks.values()]
    const busy = !this.#paused && tasks.some(({ waiting }) => waiting > 0)
    await this.#ports.poll(busy ? 0 : this.#patience())
    let processed = 0
    if (!this.#paused) {
      for (const task of tasks) processed += await this.#runTask(task)
    }
    this.#ports.send(processed === 0)
    const full = this.#ports.backPressure()
    if (full !== undefined) await full
    await this.#commitIfDue(tasks)
    await this.#ports.turn()
  }

  async #runTask(task: StreamTask): Promise<number> {
    const done = task.process(TURN_RECORDS)
    const processed = typeof done === 'number' ? done : await this.#ports.watch(task, done)
    const punctuated = task.punctuate(this.#ports.now())
    if (typeof punctuated !== 'boolean') await this.#ports.watch(task, punctuated)
    if (task.deferred.size > 0) this.#ports.look(task)
    return processed
  }

  async #commitIfDue(tasks: readonly StreamTask[]): Promise<void> {
    const now = this.#ports.monotonic()
    const due = now - this.#lastCommit >= this.#ports.commitIntervalMs
    if (due || tasks.some(({ commitRequested, deferred }) => commitRequested && !deferred.holdsCommit)) await this.commit()
    if (now - this.#lastPurge >= this.#ports.purgeIntervalMs) {
      this.#lastPurge = now
      await this.#ports.purge()
    }
  }

  /** How long an idle turn may wait for records. */
  #patience(): number {
    const untilCommit = this.#lastCommit + this.#ports.commitIntervalMs - this.#ports.monotonic()
    return Math.max(0, Math.min(POLL_MS, untilCommit))
  }

  #park(): void {
    this.#parked ??= new Promise<void>((resolve) => {
      this.#unpark = resolve
    })
  }
}
