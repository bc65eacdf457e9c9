/**
 * What becomes of an error on the record path. Each step is guarded, so an error knows the step that threw; it is made one of the three
 * classes about records, with the topic, partition and offset of the record and the user's own stack, and `onError` decides: fail the task
 * before this record, drop it at this step (what earlier steps forwarded stays, as in Kafka Streams), drop it as a dead letter, or run this
 * step again. Nothing here costs a record that doesn't fail.
 */
import {
  ClusterError,
  ProcessingError,
  ProductionError,
  SerdeError,
  StoreUnavailableError,
  StreamsError,
  type Phase,
  type RawRecord,
  type RecordError,
} from '../base/errors.ts'
import { isFrozenError } from '../base/deep-frozen.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { CurrentRecord, RecordContext } from '../model/record.ts'
import type { TaskId } from '../model/task-id.ts'
import { isDecision, pauseMs, type DeadLetter, type ErrorDecision, type OnError, type Retry } from '../topology/error-decision.ts'
import type { Emit, NodeName } from '../topology/operator.ts'

/** What the errors of one task are told and asked. */
export interface FailureContext {
  readonly taskId: TaskId
  readonly record: CurrentRecord
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity: boolean
  /** What the task is doing. */
  phase(): Phase
  /** True where records are frozen: a step that changes one fails. */
  readonly frozen?: boolean
  /** The topic that a step writes to, where that is one and the same. */
  topicOf?(node: NodeName): string | undefined
  /** The steps that wait, innermost first; kept up by `guarded`. */
  readonly waiting?: Set<NodeName>
  /** The application's decision, for steps without one of their own. */
  onError(error: RecordError): ErrorDecision
  /** Counts a record that was dropped because `onError` said so. */
  skipped(node: NodeName, phase: Phase): void
  /** Writes a dead letter. */
  bury(letter: DeadLetter, error: RecordError): MaybePromise<void>
  /** Told what was decided, unless the task fails: then it hears of the error itself. */
  decided(error: RecordError, decision: 'skip' | 'dead-letter' | 'retry'): void
  /** Waits before a step runs again. */
  pause(ms: number): MaybePromise<void>
  /** Chance, in [0, 1). */
  random(): number
  /** For how long one record is tried again, in ms. */
  readonly patienceMs: number
}

/** A step as its guard knows it. */
export interface GuardedStep {
  readonly name: NodeName
  readonly onError?: OnError | undefined
}

/** Wraps a step: an error in it is located and decided here, an error of a step below passes. */
export function guarded(emit: Emit<unknown, unknown>, step: GuardedStep, context: FailureContext): Emit<unknown, unknown> {
  // Closures over a record are made outside of its path: inside it, each record would need a place for what they share.
  const rescue = (error: unknown, key: unknown, value: unknown, record: RecordContext): void | Promise<void> =>
    failed(error, step, context, () => emit(key, value, record))
  const watch = (waiting: Promise<void>, key: unknown, value: unknown, record: RecordContext): Promise<void> =>
    watched(waiting, step.name, context).catch((error: unknown) => rescue(error, key, value, record))
  return (key, value, record) => {
    try {
      const waiting = emit(key, value, record)
      return waiting === undefined ? undefined : watch(waiting, key, value, record)
    } catch (error) {
      return rescue(error, key, value, record)
    }
  }
}

/** Keeps account of a step that waits. */
function watched(waiting: Promise<void>, node: NodeName, context: FailureContext): Promise<void> {
  const names = context.waiting
  if (names === undefined) return waiting
  names.add(node)
  return waiting.finally(() => names.delete(node))
}

/** Locates an error and does what was decided: ends when the record is done with, throws the located error otherwise. `again` runs the step again. */
export function failed(
  error: unknown,
  step: GuardedStep,
  context: FailureContext,
  again: () => void | Promise<void>,
): void | Promise<void> {
  return new Failure(step, context, again).handle(error)
}

/** One record that failed at one step, until it is done with. */
class Failure {
  readonly #step: GuardedStep
  readonly #context: FailureContext
  readonly #again: () => void | Promise<void>
  #attempt = 1
  #waitedMs = 0

  constructor(step: GuardedStep, context: FailureContext, again: () => void | Promise<void>) {
    this.#step = step
    this.#context = context
    this.#again = again
  }

  handle(thrown: unknown): void | Promise<void> {
    const error = isTooLarge(thrown) ? new ProductionError('RECORD_TOO_LARGE', thrown.message, { cause: thrown }) : thrown
    if (error instanceof StoreUnavailableError && !settled.has(error)) throw settle(misused(error, this.#step.name, this.#context))
    if (isSettled(error)) throw error
    const located = locate(error, { node: this.#step.name, attempt: this.#attempt, context: this.#context })
    const decision = this.#ask(located)
    return typeof decision === 'object' && decision.kind === 'retry' ? this.#retry(decision, located) : this.#end(decision, located)
  }

  #ask(located: RecordError): ErrorDecision {
    let decision: unknown
    try {
      decision = this.#step.onError === undefined ? this.#context.onError(located) : this.#step.onError(located)
    } catch (thrown) {
      throw badHandler(`onError threw while it was asked about: ${located.message}`, thrown, located)
    }
    if (isDecision(decision)) return decision
    const answer = typeof decision === 'string' ? decision : (JSON.stringify(decision) ?? typeof decision)
    throw badHandler(
      `onError answered ${answer}: answer 'fail', 'skip', deadLetter(topic) or retry(policy, then) (asked about: ${located.message})`,
      located,
      located,
    )
  }

  #retry(policy: Retry, located: RecordError): void | Promise<void> {
    const ms = pauseMs(policy, this.#attempt, this.#context.random())
    if (this.#attempt > policy.attempts || this.#waitedMs + ms > this.#context.patienceMs) return this.#end(policy.after, located)
    this.#context.decided(located, 'retry')
    this.#attempt++
    this.#waitedMs += ms
    return chain(this.#context.pause(ms), () => this.#run())
  }

  #run(): void | Promise<void> {
    try {
      return this.#again()?.catch((error: unknown) => this.handle(error))
    } catch (error) {
      return this.handle(error)
    }
  }

  #end(decision: 'fail' | 'skip' | DeadLetter, located: RecordError): void | Promise<void> {
    if (decision === 'fail') throw settle(located)
    const { name } = this.#step
    this.#context.decided(located, decision === 'skip' ? 'skip' : 'dead-letter')
    const buried = decision === 'skip' ? undefined : this.#context.bury(decision, located)
    return chain(buried, () => this.#context.skipped(name, located.phase))
  }
}

function badHandler(message: string, cause: unknown, located: RecordError): StreamsError {
  return settle(new ProcessingError('HANDLER_RESULT', message, { cause, context: located.context }))
}

/** True for what a batch says of a record that no batch can hold. */
function isTooLarge(error: unknown): error is ClusterError {
  return error instanceof ClusterError && error.code === 'BATCH_TOO_LARGE'
}

/** Errors that were decided on already, or that nobody may decide on. */
const settled = new WeakSet<object>()

function settle(error: StreamsError): StreamsError {
  settled.add(error)
  return error
}

function isSettled(error: unknown): boolean {
  if (!(error instanceof StreamsError)) return false
  if (settled.has(error)) return true
  return !(error instanceof SerdeError || error instanceof ProcessingError || error instanceof ProductionError)
}

interface Failing {
  readonly node: NodeName
  readonly attempt: number
  readonly context: FailureContext
}

/** Where a step failed, for the error and in words. */
function placeOf(
  node: NodeName,
  { record, taskId }: FailureContext,
): { readonly where: StreamsError['context']; readonly failedAt: string } {
  const { topic, partition, offset } = record
  return topic === ''
    ? { where: { taskId, node }, failedAt: `step ${node} failed in a punctuation` }
    : { where: { taskId, node, topic, partition, offset }, failedAt: `step ${node} failed at ${topic}[${partition}]@${offset}` }
}

/** A store or a scan that a step used at the wrong time: nobody decides on that, but it says where. */
function misused(error: StoreUnavailableError, node: NodeName, context: FailureContext): StreamsError {
  const { where, failedAt } = placeOf(node, context)
  const options = { cause: error, context: { ...error.context, ...where } }
  return withUsersStack(new StoreUnavailableError(error.code, `${failedAt}: ${error.message}`, options), error)
}

function locate(error: unknown, { node, attempt, context }: Failing): RecordError {
  const { record } = context
  const { where, failedAt } = placeOf(node, context)
  const mutates = context.frozen === true && isFrozenError(error)
  const text = mutates ? mutation(error) : error instanceof Error ? error.message : `threw ${describeThrown(error)}`
  const message = `${failedAt}: ${text}${writingTo(error, node, context)}`
  const known = error instanceof StreamsError ? error.context : {}
  const retriable = error instanceof StreamsError && error.retriable
  const options = { cause: error, retriable, context: { ...known, ...where }, raw: rawOf(record, context.parity), attempt }
  const phase = context.phase()
  const located = mutates
    ? new ProcessingError('MUTATED_INPUT', message, { ...options, phase })
    : recordError(error, message, options, phase)
  return withUsersStack(located, error)
}

/** The topic that a value could not be written for. */
function writingTo(error: unknown, node: NodeName, context: FailureContext): string {
  const target = error instanceof SerdeError && error.phase === 'serialization' ? context.topicOf?.(node) : undefined
  return target === undefined ? '' : ` (writing to topic ${target})`
}

function mutation({ message }: Error): string {
  return `it changes a value that it was given (${message}): other steps are given the same one, so make a new one, as { ...value, seen: true }`
}

/** What a serde threw, as an error about bytes that it can't read. */
export function undecodable(error: unknown): SerdeError {
  if (error instanceof SerdeError) return error
  return new SerdeError('SERDE_DECODE', error instanceof Error ? error.message : String(error), { cause: error })
}

/** A record before the epoch, where its source doesn't say what becomes of it. */
export function negativeTime(timestamp: number): SerdeError {
  const text = `the record's timestamp is ${timestamp}: give the source another policy, as { timestamp: 'skip' }, or a function`
  return new SerdeError('TIMESTAMP_INVALID', text, { phase: 'deserialization' })
}

interface Located {
  readonly cause: unknown
  readonly retriable: boolean
  readonly context: StreamsError['context']
  readonly raw: RawRecord | null
  readonly attempt: number
}

function recordError(error: unknown, message: string, options: Located, phase: Phase): RecordError {
  const reading = phase === 'deserialization' ? phase : undefined
  if (error instanceof SerdeError) return new SerdeError(error.code, message, { ...options, phase: reading ?? error.phase })
  if (error instanceof ProductionError) return new ProductionError(error.code, message, { ...options, phase: error.phase })
  if (error instanceof ProcessingError) return new ProcessingError(error.code, message, { ...options, phase })
  return new ProcessingError('PROCESSING_ERROR', message, { ...options, phase })
}

/** The first line of the stack is the user's: what they look for is their own code. */
function withUsersStack<E extends StreamsError>(located: E, error: unknown): E {
  if (error instanceof Error && error.stack !== undefined) {
    const frames = error.stack.indexOf('\n    at ')
    if (frames >= 0) located.stack = `${located.name}: ${located.message}${error.stack.slice(frames)}`
  }
  return located
}

/** The source record's bytes, copied: an error outlives its batch. */
function rawOf(record: CurrentRecord, parity: boolean): RawRecord | null {
  const rows = record.rows
  // Kafka Streams lets a record's bytes go when it was sent somewhere.
  if (parity && record.rawReleased) return null
  if (rows === undefined || record.topic === '') return null
  const slice = (at: number, length: number): Uint8Array | null => (length < 0 ? null : rows.bytes.slice(at, at + length))
  return {
    key: slice(rows.keyAt[record.index]!, rows.keyLength[record.index]!),
    value: slice(rows.valueAt[record.index]!, rows.valueLength[record.index]!),
  }
}

function describeThrown(thrown: unknown): string {
  return typeof thrown === 'string' ? `the string '${thrown.slice(0, 64)}'` : String(thrown)
}
