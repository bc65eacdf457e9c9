/**
 * What the steps of a task know of time besides the record in hand: times that are kept with the committed positions, and for how long nothing has come.
 * Silence begins when the task has processed its last record, and lasts up to the last moment at which every partition it reads was known to hold nothing
 * more: where the cluster doesn't answer there is no silence, for nobody knows what waits there. The clock is read once a run of records, and only where a
 * step listens.
 */
import type { KeptTime, Silence } from '../topology/operator.ts'
import type { TaskInputs } from './inputs.ts'
import type { TaskPorts } from './task-ports.ts'

/** The times of one task's steps. */
export class StepTimes {
  /** Times by name, in ms, that are kept with the committed positions. */
  readonly times: Map<string, number> = new Map()
  readonly #kept: (readonly [name: string, time: KeptTime])[] = []
  readonly #defers: () => boolean
  readonly #inputs: TaskInputs
  readonly #ports: Pick<TaskPorts, 'monotonic' | 'emptyAt'>
  /** When the last record was done, in ms of the monotonic clock; undefined: nobody listens. */
  #heardAt: number | undefined = undefined

  /** `defers` answers whether records that were taken aren't done yet. */
  constructor(inputs: TaskInputs, ports: Pick<TaskPorts, 'monotonic' | 'emptyAt'>, defers: () => boolean) {
    this.#defers = defers
    this.#inputs = inputs
    this.#ports = ports
  }

  /** Keeps a step's time under a name: it is read at each commit, and told to the step after a restart. */
  keep(name: string, time: KeptTime): void {
    this.#kept.push([name, time])
  }

  /** Takes over times that were committed. */
  resume(times: ReadonlyMap<string, number>): void {
    for (const [name, time] of times) this.times.set(name, Math.max(time, this.times.get(name) ?? time))
    for (const [name, step] of this.#kept) {
      const time = this.times.get(name)
      if (time !== undefined) step.resume(time)
    }
  }

  /** Reads the kept times, for the commit. */
  collect(): void {
    for (const [name, step] of this.#kept) {
      const time = step.read()
      if (time >= 0) this.times.set(name, time)
    }
  }

  /** Records have been processed. */
  heard(): void {
    if (this.#heardAt !== undefined) this.#heardAt = this.#ports.monotonic()
  }

  /** From now on somebody wants to know; answers the silence there is, undefined where something waits or may wait. */
  listen(): () => Silence | undefined {
    this.#heardAt ??= this.#ports.monotonic()
    return () => {
      const since = this.#heardAt!
      const until = this.#emptyAt()
      return until === undefined ? undefined : { since, lastsMs: Math.max(0, Math.floor(until - since)) }
    }
  }

  /** When all partitions were last known to be empty. */
  #emptyAt(): number | undefined {
    if (this.#defers()) return undefined
    let least: number | undefined
    for (const { queue } of this.#inputs.all) {
      const at = queue.rows === undefined && queue.readError === undefined ? this.#ports.emptyAt(queue.tp) : undefined
      if (at === undefined) return undefined
      if (least === undefined || at < least) least = at
    }
    return least
  }
}
