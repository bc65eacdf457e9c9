import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeSession, placeSliding } from '../../src/operators/live-placement.ts'
import { FRESH, newPlacements, OWN, type LiveWindows } from '../../src/operators/placements.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

/** Live windows by [start, end, latest event]. */
function live(...windows: readonly (readonly [start: number, end: number, latest: number])[]): LiveWindows {
  const column = (at: 0 | 1 | 2): number[] => windows.map((window) => window[at])
  return { count: windows.length, starts: column(0), ends: column(1), latest: column(2) }
}

function slid(timestamp: number, around: LiveWindows): unknown[] {
  const into = newPlacements()
  placeSliding(10, timestamp, around, into)
  return into.starts.slice(0, into.count).map((start, i) => [start, into.ends[i], into.from[i], into.adds[i]])
}

test('a session holds all live ones and the event, and nothing more', () => {
  const windows = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { maxLength: 5 })
  fc.assert(
    fc.property(windows, fc.nat(100), (found, timestamp) => {
      const sessions = found.map(([start, length]) => [start, start + length, 0] as const)
      const into = newPlacements()
      placeSession(timestamp, live(...sessions), into)
      const times = [timestamp, ...sessions.flatMap(([start, end]) => [start, end])]
      expect([into.count, into.starts[0], into.ends[0]]).toEqual([1, Math.min(...times), Math.max(...times)])
    }),
    runs,
  )
})

test('W11: difference 10, events at 8, 12, 20', () => {
  expect(slid(8, live())).toEqual([[0, 10, FRESH, true]])
  expect(slid(12, live([0, 10, 8]))).toEqual([
    [9, 19, FRESH, true],
    [2, 12, 0, true],
  ])
  expect(slid(20, live([0, 10, 8], [2, 12, 12], [9, 19, 12]))).toEqual([
    [13, 23, FRESH, true],
    [10, 20, 2, true],
  ])
})

test('an event between two others updates the windows over it, newest first, and takes what lies behind it into its right window', () => {
  const around = live([10, 20, 20], [21, 31, 30], [20, 30, 30])
  expect(slid(25, live([10, 20, 20], [20, 30, 30], [21, 31, 30]))).toEqual([
    [21, 31, OWN, true],
    [20, 30, OWN, true],
    [15, 25, 0, true],
    [26, 36, 2, false],
  ])
  expect(around.count).toBe(3)
})

test('an event at a time that was there already only updates', () => {
  expect(slid(20, live([10, 20, 20], [20, 30, 30]))).toEqual([
    [20, 30, OWN, true],
    [10, 20, OWN, true],
  ])
})

test('before the difference all is left in the first window', () => {
  expect(slid(3, live([0, 10, 7]))).toEqual([
    [4, 14, 0, false],
    [0, 10, OWN, true],
  ])
  expect(slid(5, live([0, 10, 3]))).toEqual([
    [4, 14, FRESH, true],
    [0, 10, OWN, true],
  ])
})
