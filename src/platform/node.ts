/**
 * Node's side of the ports: the system clock with its timers, randomness, signals, the fast text codec and the compression codecs. It is
 * imported when an application starts that was not handed its ports, so tests and browsers never load it.
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Signals } from '../runtime/ports.ts'

/** The clock of this process. `after(0, …)` runs in the next turn of the event loop, so that sockets and timers get theirs. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, f) => {
    if (ms <= 0) {
      const turn = setImmediate(f)
      return () => clearImmediate(turn)
    }
    const timer = setTimeout(f, ms)
    return () => clearTimeout(timer)
  },
}

/** The process's own random numbers. */
export const systemRandom: Random = { next: () => Math.random() }

/** The process's signals. */
export const processSignals: Signals = {
  on: (signal, f) => {
    process.on(signal, f)
    return () => {
      process.off(signal, f)
    }
  },
}

/** Writes a line to standard error. */
export function writeError(line: string): void {
  process.stderr.write(`${line}\n`)
}
