/**
 * Records that steps let wait for a promise while the task goes on with others. When it has settled, the record goes on at an edge of the task, between
 * two records, as if it were processed then: in its own context, guarded like its step, with the stores and the stream time of that moment. Records of
 * one lane go on in the order in which they were deferred. Where a step has as many as it may, the task takes no further record, and records above that
 * step wait, so what is deferred is bounded by the sum of the steps' bounds; one record that becomes many waits inside the step until there is room.
 *
 * Each one knows the position it came from, and no position behind it is told to be done. That alone loses nothing; but stores hold what later records
 * did, so a task that has stores is committed only when nothing is deferred: a record is then either in the stores and below the position, or neither.
 */
import { assert } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { CurrentRecord } from '../model/record.ts'
import type { OnError } from '../topology/error-decision.ts'
import type { Deferring, Emit, NodeName, OperatorContext } from '../topology/operator.ts'
import { guarded, type FailureContext } from './failure.ts'
import { goTo, keptMoment, momentOf, type Doing, type Moment } from './moment.ts'
import type { RecordQueue } from './record-queue.ts'

/** The task whose records wait. */
export interface DeferringTask {
  readonly record: CurrentRecord
  readonly failures: FailureContext
  /** True where stores hold what later records did. */
  readonly hasStores: boolean
  doing(): Doing
  enter(doing: Doing): void
  /** Told when a record can go on. */
  ready(): void
}

/** The record that has waited longest. */
export interface LongestWait {
  readonly node: NodeName
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

const MOST = 64

/** A step that defers records. Steps nearer to the sinks have lower places. */
interface Step {
  readonly node: NodeName
  readonly place: number
  readonly lanes: Map<unknown, Waiting[]>
  readonly run: Emit<unknown, unknown>
  count: number
  most: number
}

/** The position a record came from: its queue and its offset there. */
interface Origin {
  readonly queue: RecordQueue
  readonly offset: number
}

interface Waiting {
  readonly step: Step
  readonly moment: Moment
  readonly origin: Origin | undefined
  readonly lane: unknown
  /** Goes on; undefined until the promise has settled. */
  go: (() => void | Promise<void>) | undefined
  /** The same, once more, after a failure. */
  readonly again: () => void | Promise<void>
  readonly begin: (() => void) | undefined
}

/** The deferred records of one task. */
export class Deferred {
  /** True: the task takes no further record, because a step has as many as it may, or because a commit waits. */
  holds = false
  readonly #task: DeferringTask
  readonly #steps: Step[] = []
  /** In the order in which they were deferred. */
  readonly #waiting: Set<Waiting> = new Set()
  /** Those that can go on, in the order in which they could. */
  readonly #ready: Waiting[] = []
  /** Told when the next one can go on. */
  #listener: (() => void) | undefined = undefined
  /** The one that goes on now. */
  #going: Waiting | undefined = undefined
  #draining = false
  #failure: { readonly error: unknown } | undefined = undefined
  #closed = false

  constructor(task: DeferringTask) {
    this.#task = task
  }

  /** What a step defers its records with. Called once a step, from the sinks upwards. */
  step(node: NodeName, onError: OnError | undefined): OperatorContext['defer'] {
    const step: Step = {
      node,
      place: this.#steps.length,
      lanes: new Map(),
      count: 0,
      most: MOST,
      run: guarded(() => this.#attempt(), { name: node, onError }, this.#task.failures),
    }
    this.#steps.push(step)
    return (result, resume, how = {}) =>
      result instanceof Promise || (how.lane !== undefined && step.lanes.has(how.lane))
        ? this.#defer(step, Promise.resolve(result), { resume, ...how })
        : resume(result)
  }

  /** How many records wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** True when one can go on, or can't for ever, which is the next call's to tell. */
  get isReady(): boolean {
    return this.#failure !== undefined || this.#next(Number.POSITIVE_INFINITY) >= 0
  }

  /** True: a commit now would pass a record that waits, or keep in stores what those behind it did. */
  get holdsCommit(): boolean {
    if (this.#waiting.size === 0) return false
    return this.#task.hasStores || [...this.#waiting].some(({ origin }) => origin === undefined)
  }

  /** Up to where the records of a queue are done. */
  position(queue: RecordQueue): number {
    let least = queue.position
    for (const { origin } of this.#waiting) if (origin?.queue === queue && origin.offset < least) least = origin.offset
    return least
  }

  /** The one that waits longest; undefined: none does. */
  get longest(): LongestWait | undefined {
    for (const { step, moment } of this.#waiting) {
      const { topic, partition, offset } = moment.fields
      return { node: step.node, topic, partition, offset }
    }
    return undefined
  }

  /** True while the task takes no further records, so that those that wait come to an end before a commit. */
  get isDraining(): boolean {
    return this.#draining
  }

  set isDraining(draining: boolean) {
    this.#draining = draining
    this.#weigh()
  }

  /** Goes on with records that can, at most so many; answers how many did. Throws what one failed with, then and ever after. */
  resume(most: number): MaybePromise<number> {
    if (this.#failure !== undefined) throw this.#failure.error
    let done = 0
    while (done < most) {
      const waiting = this.#take(Number.POSITIVE_INFINITY)
      if (waiting === undefined) break
      done++
      const going = this.#run(waiting)
      if (going !== undefined) return going.then(() => chain(this.resume(most - done), (more) => done + more))
    }
    return done
  }

  /** Forgets all that waits: whoever has the task next reads it again. */
  close(): void {
    this.#closed = true
    this.#waiting.clear()
    this.#ready.length = 0
    this.#listener?.()
  }

  #defer<T>(
    step: Step,
    promise: Promise<T>,
    how: Deferring<T> & { readonly resume: (result: T) => void | Promise<void> },
  ): void | Promise<void> {
    const { resume, most = MOST, lane, again = (): Promise<T> => promise, begin } = how
    const waiting: Waiting = {
      step,
      moment: keptMoment(this.#task.record, this.#task.doing()),
      origin: this.#origin(),
      lane,
      go: undefined,
      again: () => again().then(resume),
      begin,
    }
    promise.then(
      (result) => this.#settled(waiting, () => resume(result)),
      (error: unknown) =>
        this.#settled(waiting, () => {
          throw error
        }),
    )
    this.#waiting.add(waiting)
    step.most = most
    step.count++
    this.#weigh()
    const line = lane === undefined ? undefined : step.lanes.get(lane)
    if (line !== undefined) line.push(waiting)
    else {
      if (lane !== undefined) step.lanes.set(lane, [waiting])
      begin?.()
    }
    return step.count > most ? this.#room(step) : undefined
  }

  /** A record that comes of a deferred one came from where that did. */
  #origin(): Origin | undefined {
    if (this.#going !== undefined) return this.#going.origin
    const { queue } = this.#task.doing()
    return queue === undefined ? undefined : { queue, offset: queue.position }
  }

  #settled(waiting: Waiting, go: () => void | Promise<void>): void {
    if (this.#closed) return
    waiting.go = go
    if (waiting.lane === undefined || waiting.step.lanes.get(waiting.lane)?.[0] === waiting) this.#canGo(waiting)
  }

  #canGo(waiting: Waiting): void {
    this.#ready.push(waiting)
    this.#listener?.()
    this.#task.ready()
  }

  /** The index of the first that can go on; −1: none can. One above a full step has to wait, and so has one above `place`. */
  #next(place: number): number {
    const full = this.#steps.find((step) => step.count >= step.most)?.place ?? Number.POSITIVE_INFINITY
    return this.#ready.findIndex(({ step }) => step.place <= full && step.place <= place)
  }

  #take(place: number): Waiting | undefined {
    const index = this.#next(place)
    return index < 0 ? undefined : this.#ready.splice(index, 1)[0]
  }

  /** Lets one go on, in its own context; afterwards the task is where it was. */
  #run(waiting: Waiting): void | Promise<void> {
    const { record } = this.#task
    const before = { moment: momentOf(record, this.#task.doing()), going: this.#going }
    const back = (): void => {
      goTo(record, before.moment)
      this.#task.enter(before.moment.doing)
      this.#going = before.going
    }
    const fail = (error: unknown): never => {
      this.#failure ??= { error }
      back()
      throw error
    }
    goTo(record, waiting.moment)
    this.#task.enter(waiting.moment.doing)
    this.#going = waiting
    let running: void | Promise<void>
    try {
      running = waiting.step.run(waiting, null, record)
    } catch (error) {
      return fail(error)
    }
    const end = (): void => {
      back()
      this.#done(waiting)
    }
    return running === undefined ? end() : running.then(end, fail)
  }

  /** Runs what goes on now: the first time with what its promise settled to, then with another try. */
  #attempt(): void | Promise<void> {
    const waiting = this.#going
    const go = waiting?.go
    assert(waiting !== undefined && go !== undefined, 'nothing deferred goes on')
    waiting.go = waiting.again
    return go()
  }

  /** It is done: the next one of its lane may go on. */
  #done(waiting: Waiting): void {
    const { step, lane } = waiting
    this.#waiting.delete(waiting)
    step.count--
    this.#weigh()
    if (lane === undefined) return
    const line = step.lanes.get(lane)
    assert(line?.[0] === waiting, `a record of step ${step.node} has overtaken another of its lane`)
    line.shift()
    const [next] = line
    if (next === undefined) step.lanes.delete(lane)
    else {
      next.begin?.()
      if (next.go !== undefined) this.#canGo(next)
    }
  }

  /** Settles when the step has no more than it may. Meanwhile records of it and of steps below go on, between which the one in hand stands. */
  async #room(step: Step): Promise<void> {
    while (step.count > step.most && !this.#closed) {
      const waiting = this.#take(step.place)
      if (waiting !== undefined) await this.#run(waiting)
      else
        await new Promise<void>((resolve) => {
          this.#listener = resolve
        })
    }
  }

  #weigh(): void {
    this.holds = this.#draining || this.#steps.some((step) => step.count >= step.most)
  }
}
