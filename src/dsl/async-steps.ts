/** What the `…Async` steps are told: how many calls at once, in which order, for how long, and how often again. */
import { StreamsError } from '../base/errors.ts'
import type { AsyncCalls, AsyncOrder } from '../operators/async.ts'
import { retry, type Retry, type RetryPolicy } from '../topology/error-decision.ts'
import type { Parts } from './handle.ts'
import type { AsyncOptions } from './options.ts'

const ORDERS: readonly AsyncOrder[] = ['key', 'input', 'none']

/** The options of a call with their defaults; what is wrong with them is added to the builder's mistakes. @internal */
export function callsOf({ graph, key }: Parts, method: string, options: AsyncOptions): AsyncCalls {
  const { concurrency = 16, maxParked = 64, order = 'key', timeoutMs, name } = options
  const wrong = (option: string, given: unknown, right: string): void => {
    const message = `${method}(…, { ${option} }): ${option} is ${shown(given)}; give ${right}`
    graph.mistakes.push({ code: 'ARGUMENT_INVALID', message, ...(name === undefined ? {} : { node: name }) })
  }
  if (!isCount(concurrency)) wrong('concurrency', concurrency, 'a whole number, at least 1')
  if (!isCount(maxParked)) wrong('maxParked', maxParked, 'a whole number, at least 1')
  if (!ORDERS.includes(order)) wrong('order', order, "'key', 'input' or 'none'")
  if (timeoutMs !== undefined && !isCount(timeoutMs)) wrong('timeoutMs', timeoutMs, 'whole milliseconds, at least 1, or leave it out')
  return { concurrency, maxParked, order, timeoutMs, key, retries: retriesOf(options.retries, wrong) }
}

function retriesOf(
  retries: number | RetryPolicy | undefined,
  wrong: (option: string, given: unknown, right: string) => void,
): Retry | undefined {
  if (retries === undefined || retries === 0) return undefined
  try {
    return retry(typeof retries === 'number' ? { attempts: retries } : retries, 'fail')
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error
    wrong('retries', retries, 'a whole number, at least 0, or a policy as that of retry(…)')
    return undefined
  }
}

function isCount(given: unknown): boolean {
  return typeof given === 'number' && Number.isSafeInteger(given) && given >= 1
}

function shown(given: unknown): string {
  return typeof given === 'number' ? String(given) : typeof given === 'string' ? `'${given.slice(0, 64)}'` : JSON.stringify(given)
}
