import { expect, test } from 'vitest'
import { seeded } from '../../src/base/random.ts'

test('the same seed gives the same numbers, another seed others, all in [0, 1) and evenly spread', () => {
  const take = (seed: number, count: number): number[] => {
    const random = seeded(seed)
    return Array.from({ length: count }, () => random.next())
  }
  expect(take(1, 5)).toEqual(take(1, 5))
  expect(take(1, 5)).not.toEqual(take(2, 5))
  const many = take(3, 10_000)
  expect(Math.min(...many)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...many)).toBeLessThan(1)
  const tenths = many.reduce((counts, n) => counts.with(Math.floor(n * 10), counts[Math.floor(n * 10)]! + 1), Array<number>(10).fill(0))
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150)
})
