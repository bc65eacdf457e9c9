/** The clock and randomness of any JavaScript platform: what applications and the in-process broker run on unless they are handed others. */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

/** The system's clock. `after(0, …)` runs in the next turn of the event loop, so that sockets and timers get theirs. */
export const defaultClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, f) => {
    if (ms <= 0 && typeof setImmediate === 'function') {
      const turn = setImmediate(f)
      return () => clearImmediate(turn)
    }
    const timer = setTimeout(f, ms)
    return () => clearTimeout(timer)
  },
}

/** The system's random numbers. */
export const defaultRandom: Random = { next: () => Math.random() }
