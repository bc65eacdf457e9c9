/**
 * What user functions may answer: a promise or nothing where a value is needed is an error that says which step, and what to use instead. What
 * is right costs one or two comparisons a record; looking closer is left to what isn't.
 */
import { ProcessingError } from '../base/errors.ts'
import type { OperatorContext } from '../topology/operator.ts'

/** The result as it is; throws `PROCESSOR_RESULT` when it is undefined or a promise. */
export function valueOf<T>(result: T, context: OperatorContext, what: string): T {
  if (result === undefined || result instanceof Promise) throw wrongResult(result, context, what)
  return result
}

/** A pair of key and value; throws `PROCESSOR_RESULT` for anything else, and for a pair with undefined in it. */
export function pairOf<K, V>(result: readonly [K, V], context: OperatorContext, what: string): readonly [K, V] {
  if (!Array.isArray(result) || result.length !== 2 || result[0] === undefined || result[1] === undefined)
    throw wrongResult(result, context, what)
  return result
}

/** Something to iterate over; throws `PROCESSOR_RESULT` for anything else, null and texts included. */
export function itemsOf<T>(result: Iterable<T>, context: OperatorContext, what: string): Iterable<T> {
  if (result === null || typeof result !== 'object' || !(Symbol.iterator in result)) throw wrongResult(result, context, what)
  return result
}

/** A predicate's answer; throws `PROCESSOR_RESULT` when it is a promise, which would always count as true. */
export function isKept(result: boolean, context: OperatorContext): boolean {
  if (typeof result === 'boolean') return result
  const other: unknown = result
  if (other instanceof Promise) throw wrongResult(other, context, 'true or false')
  return Boolean(other)
}

/** For functions that answer nothing; throws `PROCESSOR_RESULT` when it is a promise, which nobody would wait for. */
export function refusePromise(result: unknown, context: OperatorContext): void {
  if (result instanceof Promise) throw wrongResult(result, context, 'nothing')
}

function wrongResult(result: unknown, { node }: OperatorContext, what: string): ProcessingError {
  // Its own failure is not the one to report.
  if (result instanceof Promise) result.catch(() => undefined)
  return new ProcessingError('PROCESSOR_RESULT', `the function must answer ${what}; it answered ${shown(result)}`, { context: { node } })
}

function shown(result: unknown): string {
  if (result === undefined) return 'undefined (null is a value, undefined is not)'
  if (result instanceof Promise) return 'a promise: asynchronous code goes into mapValuesAsync (or mapAsync, filterAsync, forEachAsync)'
  if (Array.isArray(result))
    return result.includes(undefined) ? 'an array with undefined in it (null is a value, undefined is not)' : `an array of ${result.length}`
  if (result === null) return 'null'
  // The value itself is the user's data and stays out of texts that are logged.
  return typeof result === 'object' ? 'an object' : `a ${typeof result}`
}
