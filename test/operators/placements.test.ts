import { expect, test } from 'vitest'
import { newLiveWindows, newPlacements } from '../../src/operators/placements.ts'

test('columns begin empty, and nobody shares them', () => {
  for (const made of [newPlacements, newLiveWindows]) {
    const one = made()
    one.starts.push(1)
    expect([made().count, made().starts, made().ends]).toEqual([0, [], []])
  }
})
