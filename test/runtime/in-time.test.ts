import { expect, test } from 'vitest'
import { inTime, LATE } from '../../src/runtime/in-time.ts'
import { manualClock } from '../memory/world.ts'

test('what settles in time is the answer, and what doesn’t is late', async () => {
  const clock = manualClock()
  expect(await inTime(Promise.resolve(7), 10, clock)).toBe(7)
  await expect(inTime(Promise.reject(new Error('no')), 10, clock)).rejects.toThrow('no')
  const waiting = inTime(new Promise(() => undefined), 10, clock)
  await clock.advance(9)
  await clock.advance(1)
  expect(await waiting).toBe(LATE)
})
