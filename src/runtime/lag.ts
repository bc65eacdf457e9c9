/**
 * How far an application is behind: for each partition the end of its log, as the last fetch told, less the next offset to process. No question is
 * asked for it. A partition that stays behind for long is named in the log once a minute.
 */
import type { Clock } from '../base/clock.ts'
import { partitionKey, type TopicPartition } from '../model/topic.ts'
import type { StreamTask } from '../task/stream-task.ts'
import { oncePerMinute, type Logger } from './logger.ts'

/** A partition of a task. */
export interface PartitionLag extends TopicPartition {
  /** The next offset to process. */
  readonly position: number
  /** One behind the last record of the log; undefined: no fetch has told yet. */
  readonly end: number | undefined
  /** Records that wait; undefined where the end is not known. */
  readonly lag: number | undefined
  /** How old the last processed record is, in seconds of its own timestamp, while records wait; 0 when none does. Undefined: not known. */
  readonly seconds: number | undefined
}

/** The partitions of a task with their lag. `endOf` answers the log's end, `now` is in ms since the epoch. */
export function partitionLags(task: StreamTask, endOf: (tp: TopicPartition) => number | undefined, now: number): readonly PartitionLag[] {
  return task.positions().map(({ tp, offset, partitionTime }) => {
    const end = endOf(tp)
    const lag = end === undefined ? undefined : Math.max(0, end - offset)
    return { ...tp, position: offset, end, lag, seconds: secondsBehind(lag, partitionTime, now) }
  })
}

function secondsBehind(lag: number | undefined, partitionTime: number, now: number): number | undefined {
  if (lag === undefined) return undefined
  if (lag === 0) return 0
  return partitionTime < 0 ? undefined : Math.max(0, (now - partitionTime) / 1_000)
}

/** Watches partitions that fall behind. */
export class LagWatch {
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #warn: (key: string, fields: object, message: string) => void
  /** By partition: since when it has been behind, and where it was then. */
  readonly #behind: Map<string, { readonly since: number; readonly position: number }> = new Map()

  constructor(clock: Clock, logger: Logger, patienceMs: number) {
    this.#clock = clock
    this.#patienceMs = patienceMs
    this.#warn = oncePerMinute(clock, (fields, message) => logger.warn(fields, message))
  }

  /** Looks at all partitions: one that has not been caught up for the patience is named. */
  look(lags: readonly PartitionLag[]): void {
    const now = this.#clock.monotonic()
    const seen = new Set<string>()
    for (const { topic, partition, position, lag, seconds } of lags) {
      const key = partitionKey({ topic, partition })
      if (lag === undefined || lag === 0) continue
      seen.add(key)
      const known = this.#behind.get(key)
      if (known === undefined) this.#behind.set(key, { since: now, position })
      else if (now - known.since >= this.#patienceMs)
        this.#warn(
          key,
          { topic, partition, lag, seconds, processed: position - known.position },
          `${topic}[${partition}] is ${lag} records behind and has not been caught up for ${Math.round((now - known.since) / 1_000)} s: add instances, or look at what its steps wait for`,
        )
    }
    for (const key of this.#behind.keys()) if (!seen.has(key)) this.#behind.delete(key)
  }
}
