/**
 * Calls of asynchronous user code in one step of one task: at most so many at once, the others in line behind them; each is given up when it takes too
 * long, and made again, later and later, when it failed. A call that was given up isn't heard any more, but nothing can stop what it began.
 */
import { ProcessingError } from '../base/errors.ts'
import { isThenable, type MaybePromise } from '../base/maybe-promise.ts'
import { pauseMs, type Retry } from '../topology/error-decision.ts'
import type { Cancellable, OperatorContext } from '../topology/operator.ts'

/** How calls are made. */
export interface CallOptions {
  /** How many may be under way at once. */
  readonly concurrency: number
  /** How long one may take, in ms; undefined: as long as it does. */
  readonly timeoutMs: number | undefined
  /** How often and how soon it is made again when it failed; undefined: not at all. */
  readonly retries: Retry | undefined
}

/** Where calls are made: what a step may use. */
export type CallContext = Pick<OperatorContext, 'node' | 'after' | 'pause' | 'random' | 'onClose'>

/** The calls of one step. */
export class Calls {
  readonly #options: CallOptions
  readonly #context: CallContext
  /** Calls that haven't begun. */
  readonly #line: (() => void)[] = []
  #open = 0
  #closed = false

  constructor(options: CallOptions, context: CallContext) {
    this.#options = options
    this.#context = context
    context.onClose(() => {
      this.#closed = true
      this.#line.length = 0
    })
  }

  /** Calls `f` as soon as there is room. Answers what it does, at once where it answers at once. */
  make<T>(f: () => T | PromiseLike<T>): MaybePromise<T> {
    if (this.#open < this.#options.concurrency) return this.#begin(f)
    return new Promise((resolve) => {
      this.#line.push(() => resolve(this.#begin(f)))
    })
  }

  #begin<T>(f: () => T | PromiseLike<T>): MaybePromise<T> {
    let result: T | PromiseLike<T>
    try {
      result = f()
    } catch (error) {
      result = rejected(error)
    }
    if (!isThenable(result)) return result
    this.#open++
    return this.#attempts(f, result).finally(() => {
      this.#open--
      while (this.#line.length > 0 && this.#open < this.#options.concurrency) this.#line.shift()!()
    })
  }

  async #attempts<T>(f: () => T | PromiseLike<T>, first: PromiseLike<T>): Promise<T> {
    const { retries } = this.#options
    for (let attempt = first, failed = 1; ; failed++) {
      try {
        return await this.#inTime(attempt)
      } catch (error) {
        if (retries === undefined || failed > retries.attempts || this.#closed) throw error
      }
      await this.#context.pause(pauseMs(retries, failed, this.#context.random()))
      attempt = startedAgain(f)
    }
  }

  async #inTime<T>(call: PromiseLike<T>): Promise<T> {
    const { timeoutMs } = this.#options
    if (timeoutMs === undefined) return call
    let timer: Cancellable | undefined
    const late = new Promise<never>((_, reject) => {
      timer = this.#context.after(timeoutMs, () => reject(tooLate(timeoutMs, this.#context.node)))
    })
    try {
      return await Promise.race([call, late])
    } finally {
      timer?.cancel()
    }
  }
}

/** What is thrown, as a promise. */
async function rejected(error: unknown): Promise<never> {
  throw error
}

/** What throws at once is a rejection like another. */
async function startedAgain<T>(f: () => T | PromiseLike<T>): Promise<T> {
  return f()
}

function tooLate(timeoutMs: number, node: string): ProcessingError {
  const message = `the call has not settled within timeoutMs (${timeoutMs} ms): give it more time, or retries`
  return new ProcessingError('CALL_TIMEOUT', message, { retriable: true, context: { node } })
}
