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

/** Waits that end at once when their owner is closed: no timer outlives it. */
export class Pauses {
  readonly #clock: Clock
  readonly #ends: Set<() => void> = new Set()
  #over = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Settles after so many ms, or when all waits are ended. */
  wait(ms: number): Promise<void> {
    if (this.#over || ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#ends.delete(end)
        resolve()
      }
      const cancel = this.#clock.after(ms, end)
      this.#ends.add(end)
    })
  }

  /** Ends all waits, and those that are begun later at once. */
  end(): void {
    this.#over = true
    for (const end of this.#ends) end()
  }
}
