/** What is told of restores: events for listeners and lines in the log, of each store when it starts, once a second on its way, and when it is done. */
import type { Clock } from '../base/clock.ts'
import type { TaskId } from '../model/task-id.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { EventHub } from './events.ts'
import type { Logger } from './logger.ts'
import type { RestoreProgress } from './restorer.ts'

/** What a report is written with. */
export interface RestoreReportOptions {
  readonly ports: { readonly clock: Clock }
  readonly hub: EventHub
  readonly logger: Logger
}

const EVERY_MS = 1_000

/** The report of one thread. */
export class RestoreReport {
  readonly #options: RestoreReportOptions
  /** By task and store, in ms of the monotonic clock. */
  readonly #under: Map<string, { readonly since: number; told: number }> = new Map()

  constructor(options: RestoreReportOptions) {
    this.#options = options
  }

  /** A store is so far. */
  tell(taskId: TaskId, store: StoreName, progress: RestoreProgress): void {
    const { hub, logger, ports } = this.#options
    const { phase, restored, total } = progress
    const key = `${taskId} ${store}`
    const now = ports.clock.monotonic()
    const known = this.#under.get(key) ?? { since: now, told: now }
    if (phase === 'progress') {
      if (now - known.told < EVERY_MS) return
      known.told = now
    }
    if (phase === 'end') this.#under.delete(key)
    else this.#under.set(key, phase === 'start' ? { since: now, told: now } : known)
    const event = { at: ports.clock.now(), taskId, store, ...progress }
    hub.emit('restore', event)
    if (phase === 'progress') logger.info(event, `restores ${key}: ${count(restored)} of ${count(total)} records`)
    if (phase === 'end') logger.info(event, `restored ${key}: ${count(restored)} records in ${Math.round(now - known.since)} ms`)
  }
}

function count(records: number): string {
  return records.toLocaleString('en')
}
