/**
 * The edge to the Processor API: adapts a user's processor to a step. A record object is made here, for user code may keep it; `forward` takes
 * it apart again. It works while `process`, or the promise that it answered, is under way, because the task's context is only valid then.
 */
import { ProcessingError, TopologyError } from '../base/errors.ts'
import { current, StreamRecord, type RecordContext } from '../model/record.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { Emit, Operator, OperatorContext } from '../topology/operator.ts'
import type { FixedKeyProcessor, Processor, ProcessorContext } from './processor.ts'

/** Runs a processor; it may change the key. Throws a `TopologyError` when the supplier answers the same object twice. */
export function process<K, V, KOut, VOut>(
  supplier: () => Processor<K, V, KOut, VOut>,
  stores: readonly StoreSpec[],
): Operator<K, V, KOut, VOut> {
  return {
    ...step(supplier, stores),
    role: 'KSTREAM-PROCESSOR-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true },
  }
}

/** Runs a processor that keeps the key, so that no repartition follows. */
export function processValues<K, V, VOut>(
  supplier: () => FixedKeyProcessor<K, V, VOut>,
  stores: readonly StoreSpec[],
): Operator<K, V, K, VOut> {
  return { ...step(supplier, stores), role: 'KSTREAM-PROCESSVALUES-', traits: { changesValue: true, readsKey: true, readsValue: true } }
}

function step<K, V, KOut, VOut>(
  supplier: () => Processor<K, V, KOut, VOut>,
  stores: readonly StoreSpec[],
): Pick<Operator<K, V, KOut, VOut>, 'naming' | 'stores' | 'start'> {
  if (supplier() === supplier()) {
    throw new TopologyError([
      {
        code: 'ARGUMENT_INVALID',
        message: 'a processor supplier must make a new processor at each call, as in () => new Counter(): each task has its own',
      },
    ])
  }
  return { naming: { stores: 'none', namedIsFree: true }, stores, start: (next, context) => new Running(supplier(), next, context).emit }
}

/** One processor in one task. */
class Running<K, V, KOut, VOut> {
  readonly emit: Emit<K, V>
  readonly #context: OperatorContext
  readonly #next: Emit<KOut, VOut>
  #active = 0
  /** What was forwarded and still waits: the next forward comes behind it. */
  #waiting: Promise<void> | undefined = undefined

  constructor(processor: Processor<K, V, KOut, VOut>, next: Emit<KOut, VOut>, context: OperatorContext) {
    this.#context = context
    this.#next = next
    let starting = this.#run(() => processor.init?.(this.#face()))
    starting = starting?.finally(() => {
      starting = undefined
    })
    if (processor.close !== undefined) context.onClose(() => processor.close?.())
    const handle = (key: K, value: V, record: RecordContext): void | Promise<void> =>
      this.#run(() => processor.process(new StreamRecord(key, value, record.timestamp, record.headers)))
    this.emit = (key, value, record) =>
      starting === undefined ? handle(key, value, record) : starting.then(() => handle(key, value, record))
  }

  /** Runs user code; what it forwarded counts as part of it. */
  #run(f: () => void | Promise<void>): void | Promise<void> {
    this.#active++
    let result: void | Promise<void>
    try {
      result = f()
    } catch (error) {
      this.#active--
      throw error
    }
    if (result === undefined && this.#waiting === undefined) {
      this.#active--
      return undefined
    }
    return this.#settle(result)
  }

  async #settle(result: void | Promise<void>): Promise<void> {
    try {
      await result
      await this.#waiting
    } finally {
      this.#waiting = undefined
      this.#active--
    }
  }

  #face(): ProcessorContext<KOut, VOut> {
    const context = this.#context
    return {
      forward: (record, child) => this.#forward(record, child),
      store: (spec) => context.store(spec),
      schedule: (when, f) => context.schedule(when, (timestamp) => this.#run(() => f(timestamp))),
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
        return context.record.headers
      },
    }
  }

  #forward(record: StreamRecord<KOut, VOut>, child: string | undefined): void | Promise<void> {
    if (this.#active === 0) {
      const { node } = this.#context
      throw new ProcessingError(
        'CONTEXT_CLOSED',
        `step ${node} forwards after its process() has ended: forward before the promise it answers has settled`,
        { context: { node } },
      )
    }
    const emit = child === undefined ? this.#next : this.#child(child)
    if (this.#waiting !== undefined) {
      this.#waiting = this.#waiting.then(() => this.#emitAs(record, emit))
      return this.#waiting
    }
    const waiting = this.#emitAs(record, emit)
    if (waiting !== undefined) this.#waiting = waiting
    return waiting
  }

  /** Emits with the record's own time and headers; its topic, partition and offset stay those of the record in hand. */
  #emitAs({ key, value, timestamp, headers }: StreamRecord<KOut, VOut>, emit: Emit<KOut, VOut>): void | Promise<void> {
    const context = current(this.#context.record)
    const { timestamp: before, lazyHeaders } = context
    const putBack = (): void => {
      context.timestamp = before
      context.lazyHeaders = lazyHeaders
    }
    context.timestamp = timestamp
    context.lazyHeaders = headers
    const waiting = emit(key, value, context)
    if (waiting !== undefined) return waiting.finally(putBack)
    putBack()
    return undefined
  }

  #child(name: string): Emit<KOut, VOut> {
    const { children, node } = this.#context
    const found = children.get(name)
    if (found !== undefined) return found
    throw new ProcessingError(
      'UNKNOWN_CHILD',
      `step ${node} forwards to ${name}, which is not below it: its children are ${[...children.keys()].join(', ') || 'none'}`,
      { context: { node } },
    )
  }
}
