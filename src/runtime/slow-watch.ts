/**
 * Watches records that steps wait for. A record that takes very long is named in the log, with the step that waits; when the thread hasn't been at a
 * record's edge for so long that the group needs its tasks done by somebody else, whoever owns it is told. Code that holds the event loop itself can't be
 * watched from within.
 */
import type { Clock } from '../base/clock.ts'
import type { LongestWait } from '../task/deferred.ts'
import type { StreamTask } from '../task/stream-task.ts'
import { oncePerMinute, type Logger } from './logger.ts'

/** What a watch is made with. */
export interface SlowWatchOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** After how long a record is named. */
  readonly warnMs: number
  /** After how long the thread is given up. */
  readonly giveUpMs: number
  gaveUp(where: string, waitedMs: number): void
}

/** How often a waiting record is looked at before it is named. */
const LOOKS = 4

/** Watches what the tasks of a thread wait for. */
export class SlowWatch {
  readonly #options: SlowWatchOptions
  /** The record that each task has deferred longest, and since when that is so. */
  readonly #deferred: WeakMap<StreamTask, { readonly where: string; readonly since: number }> = new WeakMap()
  readonly #warn: (key: string, fields: object, message: string) => void

  constructor(options: SlowWatchOptions) {
    this.#options = options
    this.#warn = oncePerMinute(options.clock, (fields, message) => options.logger.warn(fields, message))
  }

  /** Waits for what a task does; meanwhile looks at it every now and then. */
  async watch<T>(task: StreamTask, work: Promise<T>): Promise<T> {
    const { clock, warnMs, giveUpMs } = this.#options
    const started = clock.monotonic()
    let seen = { where: whereIs(task), since: started }
    let gaveUp = false
    let cancel = (): void => undefined
    const look = (): void => {
      cancel = clock.after(Math.max(1, Math.min(warnMs, giveUpMs) / LOOKS), () => {
        const now = clock.monotonic()
        const where = whereIs(task)
        if (where !== seen.where) seen = { where, since: now }
        if (now - seen.since >= warnMs) this.#name(placed(task), where, now - seen.since)
        if (!gaveUp && now - started >= giveUpMs) {
          gaveUp = true
          this.#options.gaveUp(where, now - started)
        }
        look()
      })
    }
    look()
    try {
      return await work
    } finally {
      cancel()
    }
  }

  /** Looks at the record that has been deferred longest. */
  look(task: StreamTask): void {
    const { longest } = task.deferred
    if (longest === undefined) return
    const { clock, warnMs, giveUpMs } = this.#options
    const now = clock.monotonic()
    const where = deferredAt(task)
    const known = this.#deferred.get(task)
    const seen = known?.where === where ? known : { where, since: now }
    this.#deferred.set(task, seen)
    if (now - seen.since >= warnMs) this.#name({ taskId: task.id, ...longest }, where, now - seen.since)
    if (now - seen.since >= giveUpMs) this.#options.gaveUp(where, now - seen.since)
  }

  #name(at: object, where: string, waitedMs: number): void {
    const seconds = Math.round(waitedMs / 1_000)
    this.#warn(
      where,
      { ...at, seconds },
      `${where} has been waiting for ${seconds} s: its partition stands still until the promise it answered settles; give what it waits for a time limit`,
    )
  }
}

/** Where a task is: `step lookup at orders[0]@17`. */
export function whereIs({ record, waitingIn, id }: StreamTask): string {
  const [node] = waitingIn
  return `${node === undefined ? `task ${id}` : `step ${node}`} ${placeOf(record)}`
}

/** The record that a task has deferred longest: `step lookup at orders[0]@17`. */
export function deferredAt({ id, deferred: { longest } }: StreamTask): string {
  return longest === undefined ? `task ${id}` : `step ${longest.node} ${placeOf(longest)}`
}

/** What tasks wait for, as texts. */
export function waitsOf(tasks: readonly StreamTask[]): readonly string[] {
  const inHand = tasks.filter(({ waitingIn }) => waitingIn.size > 0).map(whereIs)
  return [...inHand, ...tasks.filter(({ deferred }) => deferred.size > 0).map(deferredAt)]
}

function placed({ id, record: { topic, partition, offset }, waitingIn: [node] }: StreamTask): object {
  return { taskId: id, node, topic, partition, offset }
}

function placeOf({ topic, partition, offset }: Omit<LongestWait, 'node'>): string {
  return topic === '' ? 'in a punctuation' : `at ${topic}[${partition}]@${offset}`
}
