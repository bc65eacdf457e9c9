import { expect, test } from 'vitest'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'

test('the clock goes on, and a timer that was taken back doesn’t run', async () => {
  const before = defaultClock.monotonic()
  const ran: string[] = []
  defaultClock.after(20, () => ran.push('later'))
  const cancelLate = defaultClock.after(20, () => ran.push('never'))
  const cancelSoon = defaultClock.after(0, () => ran.push('never'))
  defaultClock.after(0, () => ran.push('soon'))
  cancelLate()
  cancelSoon()
  while (ran.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(ran).toEqual(['soon', 'later'])
  expect(defaultClock.monotonic() - before).toBeGreaterThanOrEqual(19)
  expect(Math.abs(defaultClock.now() - Date.now())).toBeLessThan(50)
})

test('random numbers differ', () => {
  expect(new Set(Array.from({ length: 100 }, () => defaultRandom.next())).size).toBe(100)
})
