/**
 * The edge to the Processor API: adapts a user's processor to a step. A record object is made here, for user code may keep it; `forward` takes
 * it apart again. It works while `process`, or the promise that it answered, is under way, because the task's context is only valid then. A
 * record is done when the user's promise and everything it forwarded are, awaited or not; what failed below isn't lost when user code catches it.
 */
import { ProcessingError, TopologyError } from '../base/errors.ts'
import { isThenable } from '../base/maybe-promise.ts'
import { noHeaders, type Headers } from '../model/headers.ts'
import { current, StreamRecord, type CurrentRecord, type RecordContext } from '../model/record.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Emit, Operator, OperatorContext } from './operator.ts'
import type { Processor, ProcessorContext } from './processor.ts'

/** The part of an operator that runs a processor. Throws a `TopologyError` when the supplier answers the same object twice. */
export function processing<K, V, KOut, VOut>(
  supplier: () => Processor<K, V, KOut, VOut>,
  stores: readonly StoreSpec[],
  keepsKey: boolean,
): Pick<Operator<K, V, KOut, VOut>, 'naming' | 'stores' | 'start'> {
  if (supplier() === supplier()) {
    const message = 'a processor supplier must make a new processor at each call, as in () => new Counter(): each task has its own'
    throw new TopologyError([{ code: 'ARGUMENT_INVALID', message }])
  }
  return {
    naming: { stores: 'none', namedIsFree: true },
    stores,
    start: (next, context) => {
      const running = new Running<K, V, KOut, VOut>(supplier(), { next, context, keepsKey })
      return (key, value, record) => running.process(key, value, record)
    },
  }
}

interface Surroundings<KOut, VOut> {
  readonly next: Emit<KOut, VOut>
  readonly context: OperatorContext
  readonly keepsKey: boolean
}

/** One processor in one task. */
class Running<K, V, KOut, VOut> {
  readonly #processor: Processor<K, V, KOut, VOut>
  readonly #around: Surroundings<KOut, VOut>
  /** While `init` waits, or for ever when it failed. */
  #starting: Promise<void> | undefined = undefined
  /** Calls of user code under way. */
  #open = 0
  /** What was forwarded and still waits: the next forward comes behind it. */
  #waiting: Promise<void> | undefined = undefined
  /** The first failure below, whatever user code made of it. */
  #failure: { readonly error: unknown } | undefined = undefined
  /** The key in hand, where it must stay. */
  #key: unknown = undefined
  #keyed = false
  #headers: Headers = noHeaders

  constructor(processor: Processor<K, V, KOut, VOut>, around: Surroundings<KOut, VOut>) {
    this.#processor = processor
    this.#around = around
    if (processor.close !== undefined) around.context.onClose(() => processor.close?.())
    const starting = this.#run(() => processor.init?.(this.#face()))
    if (starting === undefined) return
    this.#starting = starting.then(() => {
      this.#starting = undefined
      return undefined
    })
    // It is the first record's to report.
    this.#starting.catch(() => undefined)
  }

  /** Handles one record. */
  process(key: K, value: V, record: RecordContext): void | Promise<void> {
    if (this.#starting !== undefined) return this.#starting.then(() => this.process(key, value, record))
    const { headers } = record
    this.#key = key
    this.#keyed = this.#around.keepsKey
    this.#headers = headers
    this.#open++
    let result: unknown
    try {
      result = this.#processor.process(new StreamRecord(key, value, record.timestamp, headers))
    } catch (error) {
      return this.#finish(undefined, { error })
    }
    return this.#finish(result, undefined)
  }

  /** Runs user code that has no record in hand. */
  #run(f: () => unknown): void | Promise<void> {
    this.#keyed = false
    this.#headers = noHeaders
    this.#open++
    let result: unknown
    try {
      result = f()
    } catch (error) {
      return this.#finish(undefined, { error })
    }
    return this.#finish(result, undefined)
  }

  #punctuate(f: (timestamp: number) => void | Promise<void>, timestamp: number): void | Promise<void> {
    if (this.#starting !== undefined) return this.#starting.then(() => this.#punctuate(f, timestamp))
    return this.#run(() => f(timestamp))
  }

  /** Ends a call of user code: at once, unless it or something that it forwarded has to wait. */
  #finish(result: unknown, thrown: { readonly error: unknown } | undefined): void | Promise<void> {
    if (this.#waiting !== undefined || isThenable(result)) return this.#finishLater(result, thrown)
    this.#open--
    return this.#report(thrown)
  }

  async #finishLater(result: unknown, thrown: { readonly error: unknown } | undefined): Promise<void> {
    let failed = thrown
    try {
      await result
    } catch (error) {
      failed ??= { error }
    }
    while (this.#waiting !== undefined) await this.#waiting
    this.#open--
    this.#report(failed)
  }

  #report(thrown: { readonly error: unknown } | undefined): void {
    const failed = this.#failure ?? thrown
    this.#failure = undefined
    if (failed !== undefined) throw failed.error
  }

  #face(): ProcessorContext<KOut, VOut> {
    const { context } = this.#around
    const headers = (): Headers => this.#headers
    return {
      forward: (record, child) => this.#forward(record, child),
      store: (spec) => context.store(spec),
      schedule: (when, f) => context.schedule(when, (timestamp) => this.#punctuate(f, timestamp)),
      streamTime: () => context.streamTime(),
      now: () => context.now(),
      commit: () => context.requestCommit(),
      taskId: context.taskId,
      applicationId: context.applicationId,
      get metadata() {
        const { topic, partition, offset } = context.record
        return topic === '' ? undefined : { topic, partition, offset }
      },
      get headers() {
        return headers()
      },
    }
  }

  #forward(record: StreamRecord<KOut, VOut>, child: string | undefined): void | Promise<void> {
    const { next, context } = this.#around
    const { node } = context
    if (this.#open === 0) {
      const message = `step ${node} forwards after its process() has ended: forward before the promise it answers has settled`
      throw new ProcessingError('CONTEXT_CLOSED', message, { context: { node } })
    }
    if (this.#keyed && record.key !== this.#key && typeof record.key !== 'object') {
      const message = `step ${node} keeps its keys (processValues), but forwards another key than that of the record in hand: use process() to change keys`
      throw new ProcessingError('PROCESSOR_RESULT', message, { context: { node } })
    }
    const emit = child === undefined ? next : this.#child(child)
    const waiting = this.#waiting === undefined ? this.#emitAs(record, emit) : this.#waiting.then(() => this.#emitNext(record, emit))
    if (waiting !== undefined) this.#await(waiting)
    return waiting
  }

  /** Keeps a promise from below until it settles, and what it failed with. */
  #await(waiting: Promise<void>): void {
    const settled: Promise<void> = waiting
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .then(() => {
        if (this.#waiting === settled) this.#waiting = undefined
        return undefined
      })
    this.#waiting = settled
  }

  #emitNext(record: StreamRecord<KOut, VOut>, emit: Emit<KOut, VOut>): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#emitAs(record, emit)
  }

  /** Emits with the record's own time and headers; its topic, partition and offset stay those of the record in hand. */
  #emitAs({ key, value, timestamp, headers }: StreamRecord<KOut, VOut>, emit: Emit<KOut, VOut>): void | Promise<void> {
    const context = current(this.#around.context.record)
    const { timestamp: before, lazyHeaders } = context
    const released = timestamp !== before || headers !== lazyHeaders ? context.rawReleased : undefined
    context.timestamp = timestamp
    context.lazyHeaders = headers
    let waiting: void | Promise<void>
    try {
      waiting = emit(key, value, context)
    } catch (error) {
      putBack(context, before, lazyHeaders, released)
      this.#failure ??= { error }
      throw error
    }
    if (waiting !== undefined) return waiting.finally(() => putBack(context, before, lazyHeaders, released))
    putBack(context, before, lazyHeaders, released)
    return undefined
  }

  #child(name: string): Emit<KOut, VOut> {
    const { children, node } = this.#around.context
    const found = children.get(name)
    if (found !== undefined) return found
    const known = [...children.keys()].join(', ') || 'none'
    throw new ProcessingError('UNKNOWN_CHILD', `step ${node} forwards to ${name}, which is not below it: its children are ${known}`, {
      context: { node },
    })
  }
}

/** `released`: whether the record's bytes were let go before, where what was emitted was another record. */
function putBack(context: CurrentRecord, timestamp: number, headers: CurrentRecord['lazyHeaders'], released: boolean | undefined): void {
  context.timestamp = timestamp
  context.lazyHeaders = headers
  if (released !== undefined) context.rawReleased = released
}
