/**
 * What becomes of an error on the record path. Each step is guarded, so an error knows the step that threw; it is made one of the three
 * classes about records, with the topic, partition and offset of the record and the user's own stack, and `onError` decides: fail the task
 * before this record, or drop it at this step (what earlier steps forwarded stays, as in Kafka Streams).
 */
import {
  ClusterError,
  ProcessingError,
  ProductionError,
  SerdeError,
  StreamsError,
  type Phase,
  type RawRecord,
  type RecordError,
} from '../base/errors.ts'
import { isFrozenError } from '../base/deep-frozen.ts'
import type { CurrentRecord } from '../model/record.ts'
import type { TaskId } from '../model/task-id.ts'
import type { Emit, NodeName } from '../topology/operator.ts'
import type { ErrorDecision } from './task-ports.ts'

/** What the errors of one task are told and asked. */
export interface FailureContext {
  readonly taskId: TaskId
  readonly record: CurrentRecord
  /** What the task is doing. */
  phase(): Phase
  /** True where records are frozen: a step that changes one fails. */
  readonly frozen?: boolean
  /** The topic that a step writes to, where that is one and the same. */
  topicOf?(node: NodeName): string | undefined
  /** The steps that wait, innermost first; kept up by `guarded`. */
  readonly waiting?: Set<NodeName>
  onError(error: RecordError): ErrorDecision
  /** Counts a record that was dropped because `onError` said so. */
  skipped(node: NodeName, phase: Phase): void
}

/** Wraps a step: an error in it is located and decided here, an error of a step below passes. */
export function guarded(emit: Emit<unknown, unknown>, node: NodeName, context: FailureContext): Emit<unknown, unknown> {
  return (key, value, record) => {
    try {
      const waiting = emit(key, value, record)
      return waiting === undefined ? undefined : later(waiting, node, context)
    } catch (error) {
      decide(error, node, context)
      return undefined
    }
  }
}

function later(waiting: Promise<void>, node: NodeName, context: FailureContext): Promise<void> {
  context.waiting?.add(node)
  return waiting.then(
    () => void context.waiting?.delete(node),
    (error: unknown) => {
      context.waiting?.delete(node)
      decide(error, node, context)
    },
  )
}

/** Locates an error and asks what to do: returns when the record is to be dropped, throws the located error otherwise. */
export function decide(thrown: unknown, node: NodeName, context: FailureContext): void {
  const error = isTooLarge(thrown) ? new ProductionError('RECORD_TOO_LARGE', thrown.message, { cause: thrown }) : thrown
  if (isSettled(error)) throw error
  const located = locate(error, node, context)
  let decision: unknown
  try {
    decision = context.onError(located)
  } catch (cause) {
    throw settle(
      new ProcessingError('HANDLER_RESULT', `onError threw while it was asked about: ${located.message}`, {
        cause,
        context: located.context,
      }),
    )
  }
  if (decision === 'skip') {
    context.skipped(node, located.phase)
    return
  }
  if (decision === 'fail') throw settle(located)
  throw settle(
    new ProcessingError(
      'HANDLER_RESULT',
      `onError answered ${String(decision)}: answer 'fail' or 'skip' (asked about: ${located.message})`,
      {
        cause: located,
        context: located.context,
      },
    ),
  )
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

function locate(error: unknown, node: NodeName, context: FailureContext): RecordError {
  const { record, taskId } = context
  const where =
    record.topic === '' ? { taskId, node } : { taskId, node, topic: record.topic, partition: record.partition, offset: record.offset }
  const at = record.topic === '' ? 'in a punctuation' : `at ${record.topic}[${record.partition}]@${record.offset}`
  const mutates = context.frozen === true && isFrozenError(error)
  const text = mutates ? mutation(error) : error instanceof Error ? error.message : `threw ${describeThrown(error)}`
  const target = error instanceof SerdeError && error.phase === 'serialization' ? context.topicOf?.(node) : undefined
  const message = `step ${node} failed ${at}: ${text}${target === undefined ? '' : ` (writing to topic ${target})`}`
  const options = { cause: error, context: { ...(error instanceof StreamsError ? error.context : {}), ...where }, raw: rawOf(record) }
  const phase = context.phase()
  const located = mutates
    ? new ProcessingError('MUTATED_INPUT', message, { ...options, phase })
    : recordError(error, message, options, phase)
  return withUsersStack(located, error)
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
  readonly context: StreamsError['context']
  readonly raw: RawRecord | null
}

function recordError(error: unknown, message: string, options: Located, phase: Phase): RecordError {
  if (error instanceof SerdeError) return new SerdeError(error.code, message, { ...options, phase: error.phase })
  if (error instanceof ProductionError) return new ProductionError(error.code, message, { ...options, phase: error.phase })
  if (error instanceof ProcessingError) return new ProcessingError(error.code, message, { ...options, phase })
  return new ProcessingError('PROCESSING_ERROR', message, { ...options, phase })
}

/** The first line of the stack is the user's: what they look for is their own code. */
function withUsersStack(located: RecordError, error: unknown): RecordError {
  if (error instanceof Error && error.stack !== undefined) {
    const frames = error.stack.indexOf('\n    at ')
    if (frames >= 0) located.stack = `${located.name}: ${located.message}${error.stack.slice(frames)}`
  }
  return located
}

/** The source record's bytes, copied: an error outlives its batch. */
function rawOf(record: CurrentRecord): RawRecord | null {
  const rows = record.rows
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
