/** What user functions may answer: a promise or nothing where a value is needed is an error that says which step, and what to use instead. */
import { ProcessingError } from '../base/errors.ts'
import type { OperatorContext } from '../topology/operator.ts'

/** The result as it is; throws `PROCESSOR_RESULT` when it is undefined or a promise. One test a record. */
export function valueOf<T>(result: T, context: OperatorContext, what: string): T {
  if (result === undefined || result instanceof Promise) throw wrongResult(result, context, what)
  return result
}

/** A pair of key and value; throws `PROCESSOR_RESULT` for anything else. */
export function pairOf<K, V>(result: readonly [K, V], context: OperatorContext, what: string): readonly [K, V] {
  if (!Array.isArray(result) || result.length !== 2) throw wrongResult(result, context, `${what} a pair [key, value]`)
  return result
}

/** Something to iterate over; throws `PROCESSOR_RESULT` for anything else, null included. */
export function itemsOf<T>(result: Iterable<T>, context: OperatorContext, what: string): Iterable<T> {
  if (result === null || typeof result !== 'object' || !(Symbol.iterator in result)) throw wrongResult(result, context, what)
  return result
}

function wrongResult(result: unknown, { node }: OperatorContext, what: string): ProcessingError {
  const found = result instanceof Promise ? 'a promise (asynchronous code goes into mapValuesAsync and its like)' : result === undefined ? 'undefined (null is a value, undefined is not)' : String(result)
  return new ProcessingError('PROCESSOR_RESULT', `the function must answer ${what}; it answered ${found}`, { context: { node } })
}
