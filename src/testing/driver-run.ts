/**
 * One run of a topology in a test: its tasks, its wall clock, what was written and not read yet, and the history of what was done to it. A run can be
 * made to do again what another one did, up to a point of its history. Then it is where that one was: if it isn't, because user code depends on more
 * than its input, it says which record came out otherwise.
 */
import { ProcessingError } from '../base/errors.ts'
import type { StoreName } from '../state/store-spec.ts'
import type { StreamTask } from '../task/stream-task.ts'
import { DriverHistory, type DriverCall, type HistoryMark, type StoreCall } from './driver-history.ts'
import { readLogged, type LoggedBatch, type OnWritten } from './driver-log.ts'
import { DriverTasks, type DriverTasksOptions, type Steps } from './driver-tasks.ts'
import { kept } from './kept.ts'
import { OpenScans } from './open-scans.ts'
import { Timers } from './timers.ts'

/** What a run is made of. */
export interface DriverRunOptions extends Omit<DriverTasksOptions, 'now' | 'after' | 'ready' | 'collected' | 'onWritten'> {
  /** Where the wall clock starts, in ms since the epoch. */
  readonly startTime: number
  /** How many bytes of records its history keeps. */
  readonly historyBytes: number
  /** Told when a record that waited for a promise can go on. */
  readonly onReady?: () => void
  /** Told of every record when it is written. */
  readonly onWritten?: OnWritten<StreamTask>
  /** Wraps a test's own call of a store's method. */
  readonly onStoreCall?: (call: StoreCall, face: object, make: (face: object) => unknown) => unknown
}

/** What was written and not read yet: by topic outside the application, in order of their first record; and in internal topics. */
export interface Unread {
  readonly outputs: ReadonlyMap<string, readonly LoggedBatch[]>
  readonly internal: readonly LoggedBatch[]
}

/** What REPLAY_DIFFERS says to do. */
const DETERMINISM =
  'a step answers something else to the same input: let it take time from context.now(), and chance and everything else from its records and stores'

/** A topology at work. */
export class DriverRun {
  readonly tasks: DriverTasks
  readonly history: DriverHistory
  readonly scans: OpenScans = new OpenScans()
  readonly outputs: Map<string, LoggedBatch[]> = new Map()
  internal: LoggedBatch[] = []
  readonly #timers: Timers
  readonly #options: DriverRunOptions
  /** The first record that came out otherwise than in the history that is done again. */
  #odd: LoggedBatch | undefined = undefined
  #original: DriverHistory | undefined = undefined

  constructor(options: DriverRunOptions) {
    this.#options = options
    this.#timers = new Timers(options.startTime)
    this.history = new DriverHistory(options.historyBytes)
    this.tasks = new DriverTasks({
      ...options,
      topology: this.scans.topology(options.topology),
      now: () => this.now,
      after: (ms, f) => this.#timers.after(ms, f),
      ready: () => options.onReady?.(),
      collected: (batch) => this.#collected(batch),
      onWritten: (batch, by) => this.#wrote(batch, by),
    })
  }

  /** The wall clock, in ms since the epoch. */
  get now(): number {
    return this.#timers.now
  }

  /** Goes on with records that waited for promises. Nobody knows when those of another run would settle, so the history ends here. */
  goOn(): Steps {
    this.history.end()
    return this.tasks.run()
  }

  /** Makes a call: sends a record, moves the wall clock on, or has a test's own way with a store. */
  *make(call: DriverCall): Steps {
    const number = this.history.add(call)
    try {
      switch (call.kind) {
        case 'send':
          this.tasks.discover(call.batch.tp.topic)
          return yield* this.tasks.feed([this.tasks.log.append(call.batch)])
        case 'advance':
          this.#timers.advance(call.ms)
          return yield* this.tasks.punctuate()
        case 'store':
          yield this.#callStore(call)
      }
    } catch (error) {
      this.history.fail(number)
      throw error
    }
  }

  /** A test's own call of a store's method, which may change the store. */
  callStore(call: StoreCall): unknown {
    const number = this.history.add({ kind: 'store', ...call, args: call.args.map((arg) => kept(arg)) })
    try {
      return this.#callStore(call)
    } catch (error) {
      this.history.fail(number)
      throw error
    }
  }

  /** Does what was done to another run, up to a point, or until `isEnough`. Throws `REPLAY_DIFFERS` when something else comes of it. */
  *repeat(original: DriverHistory, upTo: HistoryMark, isEnough: () => boolean = () => false): Steps {
    this.#original = original
    yield* this.tasks.run()
    for (let number = 0; number < upTo.calls; number++) {
      let failed = false
      try {
        yield* this.make(original.call(number))
      } catch (error) {
        if (!original.hasFailed(number)) throw error
        failed = true
      }
      if (this.#odd !== undefined || failed !== original.hasFailed(number)) throw differs(this.#odd, number)
      if (isEnough()) return
    }
    if (this.history.written !== upTo.written) throw differs(undefined, upTo.calls - 1)
    this.#original = undefined
  }

  /** The task that has a store, in that partition. */
  holder(name: StoreName, partition: number): StreamTask | undefined {
    return this.tasks.tasks.find(
      (task) => (task.isGlobal || task.partition === partition) && task.subtopology.stores.some((store) => store.name === name),
    )
  }

  /** What was written to a topic outside the application and not read yet. */
  queue(topic: string): LoggedBatch[] {
    const known = this.outputs.get(topic)
    if (known !== undefined) return known
    const made: LoggedBatch[] = []
    this.outputs.set(topic, made)
    return made
  }

  /** What was written and not read yet. */
  unread(): Unread {
    return { outputs: new Map([...this.outputs].map(([topic, batches]) => [topic, [...batches]])), internal: [...this.internal] }
  }

  /** Puts back what wasn't read yet. */
  putBack({ outputs, internal }: Unread): void {
    this.outputs.clear()
    for (const [topic, batches] of outputs) this.outputs.set(topic, [...batches])
    this.internal = [...internal]
  }

  #callStore(call: StoreCall): unknown {
    const face = this.holder(call.store, call.partition)?.state.store(call.store)
    const make = (of: object): unknown => methodOf(of, call.method)(...call.args)
    return this.#options.onStoreCall === undefined || face === undefined ? make(face ?? {}) : this.#options.onStoreCall(call, face, make)
  }

  #wrote(batch: LoggedBatch, by: StreamTask): void {
    if (this.#original !== undefined && this.#odd === undefined && !this.#original.isWritten(this.history.written, batch)) this.#odd = batch
    this.history.wrote(batch)
    this.#options.onWritten?.(batch, by)
  }

  #collected(batch: LoggedBatch): void {
    const { topic } = batch.tp
    if (topic.startsWith(`${this.#options.applicationId}-`)) this.internal.push(batch)
    else this.queue(topic).push(batch)
  }
}

/** The method of a face by its name, bound to it. */
export function methodOf(face: object, name: string): (...args: readonly unknown[]) => unknown {
  const method: unknown = Reflect.get(face, name)
  if (typeof method !== 'function') throw new TypeError(`a store has no method ${name}`)
  return (...args) => Reflect.apply(method, face, args)
}

function differs(odd: LoggedBatch | undefined, call: number): ProcessingError {
  if (odd === undefined) {
    return new ProcessingError('REPLAY_DIFFERS', `call ${call + 1} of this test came to another end when it was repeated: ${DETERMINISM}`)
  }
  const { topic, partition, offset } = readLogged(odd)
  const message = `${topic}[${partition}]@${offset} is another record when call ${call + 1} of this test is repeated: ${DETERMINISM}`
  return new ProcessingError('REPLAY_DIFFERS', message, { context: { topic, partition, offset } })
}
