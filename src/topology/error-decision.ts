/**
 * What to do about a record that failed, as data: `onError` answers one of these, for the whole application or for one source, step or sink.
 * The task carries it out; nothing here runs.
 */
import { ConfigError, type RecordError } from '../base/errors.ts'
import type { Headers } from '../model/headers.ts'

/** Asked about each record that failed. */
export type OnError = (error: RecordError) => ErrorDecision

/** `fail` stops the task before the record, `skip` drops it at the step that failed and goes on; or a dead letter, or another try. */
export type ErrorDecision = 'fail' | 'skip' | DeadLetter | Retry

/** Drops the record and writes its source record to a topic. Made by `deadLetter()`. */
export interface DeadLetter {
  readonly kind: 'dead-letter'
  readonly topic: string
  readonly partition?: number
  readonly mapRecord?: (record: DeadLetterRecord, error: RecordError) => DeadLetterRecord
}

/** Runs the step again. Made by `retry()`. */
export interface Retry extends Required<RetryPolicy> {
  readonly kind: 'retry'
  /** What to do when all attempts failed. */
  readonly after: 'fail' | 'skip' | DeadLetter
}

/** A dead letter as it is written. */
export interface DeadLetterRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
}

/** How a dead letter is written. */
export interface DeadLetterOptions {
  /** The partition; by the key's hash when left out. */
  readonly partition?: number
  /** Changes what is written. */
  readonly mapRecord?: (record: DeadLetterRecord, error: RecordError) => DeadLetterRecord
}

/** How often and how soon a step runs again. */
export interface RetryPolicy {
  /** How often it runs again; 5. */
  readonly attempts?: number
  /** The first pause in ms; 100. */
  readonly delayMs?: number
  /** By how much each pause is longer than the one before; 2. */
  readonly factor?: number
  /** The longest pause in ms; 10,000. */
  readonly maxDelayMs?: number
  /** By which part of it a pause is longer or shorter by chance, from 0 to 1; 0.2. */
  readonly jitter?: number
}

const TOPIC = /^[A-Za-z0-9._-]{1,249}$/

/**
 * The decision to drop a record and to write its source record (raw key and value, headers, and why it failed) to a topic, which must exist.
 * `onError: () => deadLetter('orders-failed')`. Throws `CONFIG_VALUE` for what can't be a topic.
 */
export function deadLetter(topic: string, options: DeadLetterOptions = {}): DeadLetter {
  if (!TOPIC.test(topic) || topic === '.' || topic === '..')
    throw new ConfigError('CONFIG_VALUE', `deadLetter('${topic.slice(0, 64)}') is no topic's name: use letters, digits, '.', '_' and '-'`)
  return Object.freeze({ kind: 'dead-letter', topic, ...options })
}

/**
 * The decision to run the failed step again, later and later, and to do something else when that didn't help.
 * `onError: () => retry({ attempts: 3 }, 'skip')`. Throws `CONFIG_RANGE`.
 */
export function retry(policy: RetryPolicy, after: 'fail' | 'skip' | DeadLetter): Retry {
  const made: Retry = { attempts: 5, delayMs: 100, factor: 2, maxDelayMs: 10_000, jitter: 0.2, ...policy, kind: 'retry', after }
  const { attempts, delayMs, factor, maxDelayMs, jitter } = made
  const isRight =
    Number.isInteger(attempts) && attempts >= 1 && delayMs >= 0 && factor >= 1 && maxDelayMs >= 0 && jitter >= 0 && jitter <= 1
  if (!isRight) {
    const message = `retry(${JSON.stringify(policy)}): give attempts as a whole number from 1, delays in ms from 0, a factor from 1, and jitter from 0 to 1`
    throw new ConfigError('CONFIG_RANGE', message)
  }
  return Object.freeze(made)
}

/** The pause before an attempt in ms; `failed` is how often the step has failed, `chance` is in [0, 1). */
export function pauseMs({ delayMs, factor, maxDelayMs, jitter }: Retry, failed: number, chance: number): number {
  return Math.min(maxDelayMs, delayMs * factor ** (failed - 1)) * (1 + jitter * (2 * chance - 1))
}

/** Whether an answer of `onError` is a decision: user code without types may answer anything. */
export function isDecision(answer: unknown): answer is ErrorDecision {
  if (answer === 'fail' || answer === 'skip') return true
  return typeof answer === 'object' && answer !== null && 'kind' in answer && (answer.kind === 'dead-letter' || answer.kind === 'retry')
}
