/** Asynchronous functions whose promises a test settles by hand: by the argument they were called with, before or after the call. */

interface Call<R> {
  readonly promise: Promise<R>
  resolve(result: R): void
  reject(error: unknown): void
}

/** What was called, and the promises that it was answered. */
export interface ManualCalls<R> {
  /** Arguments, in order of the calls. */
  readonly begun: string[]
  /** The function to hand in. */
  readonly f: (argument: string) => Promise<R>
  readonly settle: (argument: string, result: R) => Promise<void>
  readonly fail: (argument: string, error: unknown) => Promise<void>
}

/** Lets everything run that a settled promise sets going. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function manualCalls<R = string>(): ManualCalls<R> {
  const calls = new Map<string, Call<R>>()
  const callOf = (argument: string): Call<R> => {
    const known = calls.get(argument)
    if (known !== undefined) return known
    let resolve: (result: R) => void = () => undefined
    let reject: (error: unknown) => void = () => undefined
    const promise = new Promise<R>((yes, no) => {
      resolve = yes
      reject = no
    })
    promise.catch(() => undefined)
    const made = { promise, resolve, reject }
    calls.set(argument, made)
    return made
  }
  const begun: string[] = []
  return {
    begun,
    f: (argument) => {
      begun.push(argument)
      return callOf(argument).promise
    },
    settle: (argument, result) => {
      callOf(argument).resolve(result)
      return turn()
    },
    fail: (argument, error) => {
      callOf(argument).reject(error)
      return turn()
    },
  }
}
