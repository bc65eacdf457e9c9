import { expect, test } from 'vitest'
import { fullOuter, inner, leftOuter } from '../../../src/operators/join/join-kind.ts'

test('a kind of join is which side may be missing, and can’t be changed', () => {
  expect([inner, leftOuter, fullOuter].map(({ leftMayMiss, rightMayMiss }) => [leftMayMiss, rightMayMiss])).toEqual([
    [false, false],
    [false, true],
    [true, true],
  ])
  for (const kind of [inner, leftOuter, fullOuter]) expect(Object.isFrozen(kind)).toBe(true)
})
