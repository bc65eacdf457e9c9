/**
 * What becomes of an application when one of its threads is lost: `onFailure` decides, within two bounds. A record that has failed a thread three times in
 * a row will do so again: it is named as the reason (`POISON_LOOP`), and its thread isn't replaced. And at most six threads are replaced a minute
 * (`REPLACEMENT_LIMIT`), each one after a pause, which grows while the same thread goes on failing.
 */
import { ProcessingError, StreamsError } from '../base/errors.ts'
import type { Logger } from './logger.ts'
import type { FailureDecision, KafkaStreamsOptions } from './options.ts'

const DECISIONS: readonly FailureDecision[] = ['replace-thread', 'stop-client', 'stop-application']
const POISON = 3
const MOST_REPLACED = 6
const WITHIN_MS = 60_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** What a policy is made of. */
export interface FailurePolicyOptions {
  readonly onFailure: KafkaStreamsOptions['onFailure'] | undefined
  readonly logger: Logger
  /** Wall clock, in ms. */
  now(): number
}

/** What is to be done: another thread after a pause, or the end, and why. */
export type Verdict =
  | { readonly decision: 'replace-thread'; readonly pauseMs: number }
  | { readonly decision: Exclude<FailureDecision, 'replace-thread'>; readonly error: StreamsError }

/** How a thread has failed of late. */
interface Failures {
  /** The record, as `topic[partition]@offset`; empty: no record. */
  readonly record: string
  /** How often in a row at that record, and how often with less than a minute between. */
  readonly sameRecord: number
  readonly inARow: number
  readonly at: number
}

/** Decides about lost threads of one application. */
export class FailurePolicy {
  readonly #options: FailurePolicyOptions
  readonly #threads: Map<string, Failures> = new Map()
  /** When threads were replaced, in the last minute. */
  readonly #replaced: number[] = []

  constructor(options: FailurePolicyOptions) {
    this.#options = options
  }

  /** What is to be done about an error; `thread` is the lost one's name, undefined where something else failed, which can't be replaced. */
  judge(error: StreamsError, thread: string | undefined): Verdict {
    const failures = thread === undefined ? undefined : this.#count(error, thread)
    const isPoison = failures !== undefined && failures.record !== '' && failures.sameRecord >= POISON
    const reason = isPoison ? poisonLoop(error, failures) : error
    const decision = this.#decide(reason)
    if (decision !== 'replace-thread') return { decision, error: reason }
    if (failures === undefined || isPoison) return { decision: 'stop-client', error: reason }
    if (!this.#mayReplace()) return { decision: 'stop-client', error: tooMany(error) }
    return { decision, pauseMs: Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures.inARow - 1)) }
  }

  #count({ context }: StreamsError, thread: string): Failures {
    const { topic = '', partition = -1, offset = -1 } = context
    const record = topic === '' || offset < 0 ? '' : `${topic}[${partition}]@${offset}`
    const before = this.#threads.get(thread)
    const at = this.#options.now()
    const isInARow = before !== undefined && at - before.at <= WITHIN_MS
    const failures: Failures = {
      record,
      sameRecord: before?.record === record ? before.sameRecord + 1 : 1,
      inARow: isInARow ? before.inARow + 1 : 1,
      at,
    }
    this.#threads.set(thread, failures)
    return failures
  }

  #decide(error: StreamsError): FailureDecision {
    const { onFailure, logger } = this.#options
    if (onFailure === undefined) return 'stop-client'
    try {
      const decision: unknown = onFailure(error)
      const known = DECISIONS.find((each) => each === decision)
      if (known !== undefined) return known
      const shown = typeof decision === 'string' ? `'${decision}'` : String(decision)
      logger.error({ known: DECISIONS }, `onFailure answered ${shown}: the client stops`)
    } catch (thrown) {
      logger.error({ error: String(thrown) }, 'onFailure threw')
    }
    return 'stop-client'
  }

  #mayReplace(): boolean {
    const now = this.#options.now()
    while (this.#replaced.length > 0 && now - this.#replaced[0]! > WITHIN_MS) this.#replaced.shift()
    if (this.#replaced.length >= MOST_REPLACED) return false
    this.#replaced.push(now)
    return true
  }
}

/** Why a thread was lost: what it threw, or our own mistake. */
export function reasonOf(error: unknown): StreamsError {
  if (error instanceof StreamsError) return error
  return new StreamsError('INVARIANT', error instanceof Error ? error.message : String(error), { cause: error })
}

function poisonLoop(error: StreamsError, { record, sameRecord }: Failures): ProcessingError {
  return new ProcessingError(
    'POISON_LOOP',
    `record ${record} has failed its thread ${sameRecord} times in a row, the last time with ${error.code}: ${error.message}. It isn't tried again: let onError skip it or send it to a dead letter topic, or mend the step`,
    { cause: error, context: error.context },
  )
}

function tooMany(error: StreamsError): ProcessingError {
  return new ProcessingError(
    'REPLACEMENT_LIMIT',
    `${MOST_REPLACED} threads were replaced within a minute, and another one was lost with ${error.code}: ${error.message}. The client stops: what fails so often doesn't go away by itself`,
    { cause: error, context: error.context },
  )
}
