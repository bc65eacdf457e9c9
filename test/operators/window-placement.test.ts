import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TopologyError } from '../../src/base/errors.ts'
import { untyped } from '../support/untyped.ts'
import { newLiveWindows, newPlacements } from '../../src/operators/placements.ts'
import {
  closesAfter,
  hopping,
  place,
  retentionOf,
  session,
  sizeOf,
  sliding,
  tumbling,
  unlimited,
  type AnyWindows,
} from '../../src/operators/window-placement.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const into = newPlacements()

function placed(windows: AnyWindows, timestamp: number): (readonly [start: number, end: number])[] {
  place(windows, timestamp, newLiveWindows(), into)
  return into.starts.slice(0, into.count).map((start, i) => [start, into.ends[i]!])
}

test('W1: the windows of a time are all multiples of the advance that hold it, in ascending order, none before the epoch', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.nat(300), (size, advance, timestamp) => {
      fc.pre(advance <= size)
      const all = Array.from({ length: 301 }, (_, n) => n * advance)
      const expected = all.filter((start) => start <= timestamp && timestamp < start + size).map((start) => [start, start + size])
      expect(placed(hopping(size, { advance }), timestamp)).toEqual(expected)
    }),
    runs,
  )
})

test('a tumbling window is the one window that holds a time, also far from the epoch', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000_000 }),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1_000_000_000 }),
      (size, timestamp) => {
        const [window, ...others] = placed(tumbling(size), timestamp)
        expect(others).toEqual([])
        const [start, end] = window!
        expect(BigInt(start)).toBe((BigInt(timestamp) / BigInt(size)) * BigInt(size))
        expect(end - start).toBe(size)
      },
    ),
    runs,
  )
})

test('W3: size 10, advance 4', () => {
  const windows = hopping(10, { advance: 4 })
  expect(placed(windows, 0)).toEqual([[0, 10]])
  expect(placed(windows, 9)).toEqual([
    [0, 10],
    [4, 14],
    [8, 18],
  ])
})

test('windows are frozen data; grace makes other ones', () => {
  const windows = hopping(10, { advance: 5 })
  const later = windows.grace(3)
  expect(windows).toMatchObject({ kind: 'hopping', sizeMs: 10, advanceMs: 5, graceMs: 0 })
  expect(later).toMatchObject({ kind: 'hopping', sizeMs: 10, advanceMs: 5, graceMs: 3 })
  expect(tumbling(10).grace(7).grace(0)).toMatchObject({ kind: 'tumbling', sizeMs: 10, advanceMs: 10, graceMs: 0 })
  expect(Object.isFrozen(windows) && Object.isFrozen(later)).toBe(true)
})

test('W17: an unlimited window holds everything from its start on', () => {
  expect(placed(unlimited(20), 19)).toEqual([])
  expect(placed(unlimited(20), 20)).toEqual([[20, Number.MAX_SAFE_INTEGER]])
  expect(placed(unlimited(), 7)).toEqual([[0, Number.MAX_SAFE_INTEGER]])
})

test('E3, W18: each kind closes and is kept as Kafka Streams has it', () => {
  const kinds = [tumbling(10).grace(5), hopping(10, { advance: 3 }), sliding(10).grace(5), session(10).grace(5), unlimited(1).grace(5)]
  expect(kinds.map(closesAfter)).toEqual([5, 0, 6, 16, Infinity])
  expect(kinds.map(retentionOf)).toEqual([15, 10, 25, 15, Number.MAX_SAFE_INTEGER])
  expect([sizeOf(tumbling(10)), sizeOf(sliding(7)), sizeOf(unlimited())]).toEqual([10, 7, Number.MAX_SAFE_INTEGER])
})

describe('B35: what windows can’t be', () => {
  const wrong: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['size 0', () => tumbling(0), /tumbling\(size\): the size is 0; give .* above 0/],
    ['size −1', () => tumbling(-1), /the size is -1/],
    ['size NaN', () => tumbling(Number.NaN), /the size is NaN/],
    ['size infinite', () => tumbling(Number.POSITIVE_INFINITY), /the size is Infinity/],
    ['size with a fraction', () => tumbling(1.5), /the size is 1.5; give a whole number/],
    ['size as text', () => tumbling(untyped('10')), /the size is 10; give a whole number/],
    ['hopping size 0', () => hopping(0, { advance: 1 }), /hopping\(size, \{ advance \}\): the size is 0/],
    ['advance 0', () => hopping(10, { advance: 0 }), /the advance is 0; give .* at most the size \(10\)/],
    ['advance negative', () => hopping(10, { advance: -2 }), /the advance is -2/],
    ['advance NaN', () => hopping(10, { advance: Number.NaN }), /the advance is NaN/],
    ['advance above the size', () => hopping(10, { advance: 11 }), /the advance is 11; give .* at most the size \(10\)/],
    ['difference −1', () => sliding(-1), /sliding\(difference\): the difference is -1/],
    ['gap -1', () => session(-1), /session\(gap\): the gap is -1/],
    ['start −1', () => unlimited(-1), /unlimited\(start\): the start is -1/],
    ['grace of sliding windows −1', () => sliding(1).grace(-1), /the grace is -1/],
    ['grace of sessions NaN', () => session(1).grace(Number.NaN), /the grace is NaN/],
    ['grace −1', () => tumbling(10).grace(-1), /the grace is -1; give .* at least 0/],
    ['grace NaN', () => hopping(10, { advance: 5 }).grace(Number.NaN), /the grace is NaN/],
  ]
  test.each(wrong)('%s', (_name, make, text) => {
    expect(make).toThrow(TopologyError)
    expect(make).toThrow(expect.objectContaining({ code: 'WINDOW_INVALID', message: expect.stringMatching(text) }))
  })
})
