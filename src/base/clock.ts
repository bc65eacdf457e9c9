/**
 * Time, handed in. The core never reads a clock of its own: the shell passes the system's, tests pass a manual one, so the same records and
 * times in give the same records out.
 */

/** Wall clock, monotonic clock and timers in one. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number
  /** Calls `f` once after `ms` milliseconds; the answer cancels it. */
  after(ms: number, f: () => void): () => void
}
