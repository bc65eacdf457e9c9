/** Randomness, handed in: back-off jitter and member ids draw from it, so a run can be repeated from its seed. */

/** A source of random numbers. */
export interface Random {
  /** The next number, in [0, 1). */
  next(): number
}

/** A seeded source (mulberry32, public domain, Tommy Ettinger): the same seed gives the same sequence. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), state | 1)
      t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    },
  }
}
