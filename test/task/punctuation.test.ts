import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstDue, Punctuations } from '../../src/task/punctuation.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

test('what was skipped is one call, and the grid is kept', () => {
  const punctuations = new Punctuations()
  const ran: number[] = []
  punctuations.add(0, 10, (now) => void ran.push(now))
  for (const now of [0, 9, 10, 35, 39, 40]) if (punctuations.isDue(now)) void punctuations.run(now)
  expect(ran).toEqual([0, 10, 35, 40])
})

test('runs exactly when a point of the grid was passed, for any times', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 30 }), fc.array(fc.nat(20)), (first, every, steps) => {
      const punctuations = new Punctuations()
      let ran = 0
      punctuations.add(first, every, () => void ran++)
      let now = 0
      let expected = 0
      let due = first
      for (const step of steps) {
        now += step
        void punctuations.run(now)
        if (now >= due) {
          expected++
          while (due <= now) due += every
        }
      }
      expect(ran).toBe(expected)
    }),
    { numRuns: RUNS },
  )
})

test('a cancelled one runs no more, also when it cancels itself', () => {
  const punctuations = new Punctuations()
  let ran = 0
  const one = punctuations.add(0, 1, () => {
    ran++
    one.cancel()
  })
  const other = punctuations.add(0, 1, () => void ran++)
  other.cancel()
  void punctuations.run(0)
  void punctuations.run(5)
  expect(ran).toBe(1)
})

test('one that waits is waited for before the next', async () => {
  const punctuations = new Punctuations()
  const order: string[] = []
  punctuations.add(0, 10, async () => {
    await Promise.resolve()
    order.push('a')
  })
  punctuations.add(1, 10, () => void order.push('b'))
  expect(await punctuations.run(5)).toBe(true)
  expect(order).toEqual(['a', 'b'])
})

test('the first time follows from the time base and the anchor', () => {
  const at = (by: 'stream-time' | 'wall-clock', now: number, startAt?: number): number =>
    firstDue({ every: 10, by, ...(startAt === undefined ? {} : { startAt }) }, now, 'n')
  expect([at('stream-time', 33), at('wall-clock', 33), at('wall-clock', 33, 100)]).toEqual([0, 43, 100])
  expect(at('wall-clock', 33, 5)).toBe(35)
  expect(() => firstDue({ every: 0, by: 'stream-time' }, 0, 'tick')).toThrow(/tick.*every 0 ms/)
  expect(() => firstDue({ every: 1, by: 'stream-time', startAt: -1 }, 0, 'tick')).toThrow(/from -1/)
})
