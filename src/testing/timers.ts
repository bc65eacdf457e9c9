/** The wall clock of a test, moved by hand, and what waits for a time of it. */

interface Timer {
  /** When it is due, in ms since the epoch. */
  readonly at: number
  readonly f: () => void
}

/** A clock with timers: due ones fire in order of time while it is moved. */
export class Timers {
  /** Milliseconds since the epoch. */
  now: number
  readonly #timers: Set<Timer> = new Set()

  constructor(now: number) {
    this.now = now
  }

  /** Calls `f` once, so many ms later; the answer cancels it. */
  after(ms: number, f: () => void): () => void {
    const timer: Timer = { at: this.now + ms, f }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Moves the clock on by so many ms. */
  advance(ms: number): void {
    const end = this.now + ms
    for (let timer = this.#first(end); timer !== undefined; timer = this.#first(end)) {
      this.#timers.delete(timer)
      this.now = Math.max(this.now, timer.at)
      timer.f()
    }
    this.now = end
  }

  /** The first one that is due by then; of several at one time the one that was set first. */
  #first(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    return first
  }
}
