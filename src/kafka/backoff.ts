/** Back-off between attempts: 20 ms doubling to 1 s, with a jitter of ±20 %, on the clock and random source that are handed in. */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

const FIRST_MS = 20
const MOST_MS = 1_000
const JITTER = 0.2

/** What back-off runs on. */
export interface BackoffPorts {
  readonly clock: Clock
  readonly random: Random
}

/** How long to wait before attempt `n` (1 is the first repeat), in ms. */
export function backoffMs(n: number, random: Random): number {
  const base = Math.min(MOST_MS, FIRST_MS * 2 ** (n - 1))
  return base * (1 - JITTER + 2 * JITTER * random.next())
}

/** Settles after so many ms. */
export function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
