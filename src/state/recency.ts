/**
 * Hot path. Which entries of a store of at most so many were used least recently: a ring of slots, the oldest first, so that a use and a departure
 * cost the same however many there are.
 */

/** Slots in order of their last use. */
export class Recency {
  /** How many slots are in it. */
  count = 0
  readonly #most: number
  /** By slot + 1; at 0 the ring begins and ends. A slot that isn't in it has no next one. */
  #next: Int32Array = new Int32Array(64)
  #before: Int32Array = new Int32Array(64)

  constructor(most: number) {
    this.#most = most
  }

  /** Whether a slot is in it. */
  has(slot: number): boolean {
    return slot + 1 < this.#next.length && (this.#next[slot + 1] !== 0 || this.#before[0] === slot + 1)
  }

  /** Takes note of a use: the slot is the newest one. */
  use(slot: number): void {
    if (this.has(slot)) this.remove(slot)
    const at = slot + 1
    if (at >= this.#next.length) this.#grow(at)
    const last = this.#before[0]!
    this.#next[last] = at
    this.#before[at] = last
    this.#next[at] = 0
    this.#before[0] = at
    this.count++
  }

  /** Takes a slot out. */
  remove(slot: number): void {
    if (!this.has(slot)) return
    const at = slot + 1
    const next = this.#next[at]!
    const before = this.#before[at]!
    this.#next[before] = next
    this.#before[next] = before
    this.#next[at] = 0
    this.#before[at] = 0
    this.count--
  }

  /** The slot that has to go before another one comes; −1: there is room. */
  surplus(): number {
    return this.count < this.#most ? -1 : this.#next[0]! - 1
  }

  /** Takes all out. */
  clear(): void {
    this.#next.fill(0)
    this.#before.fill(0)
    this.count = 0
  }

  #grow(at: number): void {
    const length = Math.max(2 * this.#next.length, at + 1)
    for (const column of ['next', 'before'] as const) {
      const larger = new Int32Array(length)
      larger.set(column === 'next' ? this.#next : this.#before)
      if (column === 'next') this.#next = larger
      else this.#before = larger
    }
  }
}
