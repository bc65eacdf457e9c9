/** Waiting that ends: for a promise, but not longer than so many ms. */
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
