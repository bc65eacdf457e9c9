import { expect, test } from 'vitest'
import { backoffMs, Pauses } from '../../src/kafka/backoff.ts'
import { manualClock } from '../memory/world.ts'

test('back-off begins at 20 ms, doubles, and ends at a second, give or take a fifth', () => {
  const least = { next: () => 0 }
  const middle = { next: () => 0.5 }
  const most = { next: () => 1 }
  expect([1, 2, 3, 4, 5, 6, 7, 30].map((n) => backoffMs(n, middle))).toEqual([20, 40, 80, 160, 320, 640, 1_000, 1_000])
  expect(backoffMs(1, least)).toBeCloseTo(16)
  expect(backoffMs(9, most)).toBeCloseTo(1_200)
})

test('waiting takes as long as it says on the clock it is handed', async () => {
  const clock = manualClock()
  const pauses = new Pauses(clock)
  let done = false
  void pauses.wait(100).then(() => (done = true))
  await clock.advance(99)
  expect(done).toBe(false)
  await clock.advance(1)
  expect(done).toBe(true)
})

test('waits end with their owner, and leave no timer', async () => {
  const clock = manualClock()
  const pauses = new Pauses(clock)
  const waits = [pauses.wait(100), pauses.wait(200)]
  expect(clock.pending()).toBe(2)
  pauses.end()
  await Promise.all(waits)
  await pauses.wait(300)
  expect(clock.pending()).toBe(0)
})
