/** What a thread tells of its tasks and its rebalances: events for listeners, and one line in the log for each rebalance. */
import type { Clock } from '../base/clock.ts'
import type { PlanChange, RebalanceCause } from '../kafka/subscription.ts'
import type { TaskId } from '../model/task-id.ts'
import type { AppEvents, EventHub, TaskState } from './events.ts'
import type { Logger } from './logger.ts'

/** What a report is written with. */
export interface RebalanceReportOptions {
  readonly name: string
  readonly ports: { readonly clock: Clock }
  readonly hub: EventHub
  readonly logger: Logger
}

/** What a thread did for a plan. */
export interface PlanDone {
  readonly generation: number
  readonly change: PlanChange | undefined
  readonly assigned: readonly TaskId[]
  readonly revoked: readonly TaskId[]
  readonly restoredRecords: number
}

/** The report of one thread. */
export class RebalanceReport {
  readonly #options: RebalanceReportOptions
  /** When its tasks stopped, or began to be opened; in ms of the monotonic clock. */
  #since: number | undefined = undefined
  #lost: readonly TaskId[] = []
  #why: RebalanceCause | undefined = undefined

  constructor(options: RebalanceReportOptions) {
    this.#options = options
  }

  /** A rebalance is under way; the first call counts. */
  began(): void {
    this.#since ??= this.#options.ports.clock.monotonic()
  }

  /** These tasks moved to a state. */
  tasks(tasks: readonly TaskId[], state: TaskState): void {
    const { hub, name: thread, ports } = this.#options
    for (const taskId of tasks) hub.emit('task', { at: ports.clock.now(), thread, taskId, state })
  }

  /** These tasks were dropped, and why: the group didn't hear the thread in time, or one of its records took too long. */
  lost(tasks: readonly TaskId[], why: RebalanceCause): void {
    this.began()
    this.#why = why
    this.#lost = [...this.#lost, ...tasks]
  }

  /** The plan is carried out: tells of the rebalance. */
  done({ change, ...plan }: PlanDone): void {
    const { hub, logger, name: thread, ports } = this.#options
    const now = ports.clock.monotonic()
    const event = {
      at: ports.clock.now(),
      thread,
      ...plan,
      cause: this.#why ?? change?.cause ?? 'rejoined',
      durationMs: now - (this.#since ?? now),
      lost: this.#lost,
      movedTasks: change?.movedTasks ?? 0,
      totalTasks: change?.totalTasks ?? 0,
    } as const
    this.#since = undefined
    this.#lost = []
    this.#why = undefined
    hub.emit('rebalance', event)
    logger.info(event, rebalanceLine(event))
  }
}

/** `rebalance #12 member-left 840 ms: +0_3 +1_3 −none, moved 2/8 tasks, restored 12,400 records`. */
function rebalanceLine(event: AppEvents['rebalance']): string {
  const { generation, cause, durationMs, assigned, revoked, lost, movedTasks, totalTasks, restoredRecords } = event
  const list = (sign: string, ids: readonly TaskId[]): string =>
    ids.length === 0 ? `${sign}none` : ids.map((id) => `${sign}${id}`).join(' ')
  const changes = `${list('+', assigned)} ${list('−', [...lost, ...revoked])}`
  const records = restoredRecords.toLocaleString('en')
  return `rebalance #${generation} ${cause} ${Math.round(durationMs)} ms: ${changes}, moved ${movedTasks}/${totalTasks} tasks, restored ${records} records`
}
