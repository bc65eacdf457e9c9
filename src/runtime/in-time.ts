/** Waiting that ends: for a promise, but not longer than so many ms. */
import { ClusterError } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'

/** Stands for a promise that hasn't settled in time. */
export const LATE: unique symbol = Symbol('late')

/** What a promise settles to, or `LATE` when it hasn't within so many ms. What becomes of it later is the caller's: a rejection too. */
export async function inTime<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | typeof LATE> {
  let cancel = (): void => undefined
  const late = new Promise<typeof LATE>((resolve) => {
    cancel = clock.after(ms, () => resolve(LATE))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    cancel()
  }
}

/** The error for a close that took longer than it was given. */
export function tooLate(timeoutMs: number, waits: readonly string[]): ClusterError {
  const what = waits.length === 0 ? '' : ` (${waits.join(', ')} still waits)`
  return new ClusterError('TASK_TIMEOUT', `closing took longer than ${timeoutMs} ms${what}: nothing more was committed`)
}

/** The error for records that were deferred and hadn't ended when their tasks were closed. */
export function stillDeferred(patienceMs: number, waits: readonly string[]): ClusterError {
  const what = waits.join(', ')
  return new ClusterError(
    'TASK_TIMEOUT',
    `${what} still waits after ${patienceMs} ms: its task is not committed and goes on from its last commit; give the step timeoutMs`,
  )
}
