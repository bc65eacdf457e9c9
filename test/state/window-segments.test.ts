import { expect, test } from 'vitest'
import { WindowLayout } from '../../src/state/window-layout.ts'
import { WindowSegments } from '../../src/state/window-segments.ts'

const MINUTE = 60_000
const layout = new WindowLayout(Uint8Array.of(0, 1), 0)

/** Slots by number, started each at so many minutes; `expired` answers the range and the slots that were dropped. */
function opened(minutes: readonly number[]): {
  readonly segments: WindowSegments
  readonly expired: (start: number, stay?: readonly number[]) => readonly [unknown, readonly number[]]
} {
  const segments = new WindowSegments(layout)
  for (const [slot, minute] of minutes.entries()) segments.add(slot, minute * MINUTE)
  const expired = (start: number, stay: readonly number[] = []): readonly [unknown, readonly number[]] => {
    const dropped: number[] = []
    const range = segments.expired(start, (slot) => {
      dropped.push(slot)
      if (!stay.includes(slot)) segments.remove(slot, minutes[slot]! * MINUTE)
    })
    return [range, dropped]
  }
  return { segments, expired }
}

test('a segment is expired when all of it is, and once', () => {
  const { expired } = opened([0, 1, 2, 0])
  expect(expired(MINUTE - 1)).toEqual([undefined, []])
  expect(expired(MINUTE)).toEqual([layout.segments(0, 0), [0, 3]])
  expect(expired(MINUTE)).toEqual([undefined, []])
  expect(expired(3 * MINUTE + 5)).toEqual([layout.segments(1, 2), [1, 2]])
  expect(expired(3 * MINUTE + 5)).toEqual([undefined, []])
})

test('nothing is expired before there is a time', () => {
  expect(opened([0]).expired(-1)).toEqual([undefined, []])
})

test('a slot that stays is asked again, and its segment is deleted again', () => {
  const { expired } = opened([0, 1, 2])
  expect(expired(3 * MINUTE, [1])).toEqual([layout.segments(0, 2), [0, 1, 2]])
  expect(expired(3 * MINUTE)).toEqual([layout.segments(1, 2), [1]])
  expect(expired(3 * MINUTE)).toEqual([undefined, []])
})

test('slots that were taken out are not asked', () => {
  const { segments, expired } = opened([0, 0, 1])
  segments.remove(0, 0)
  segments.remove(9, 9 * MINUTE)
  expect(expired(MINUTE)[1]).toEqual([1])
  segments.clear()
  expect(expired(9 * MINUTE)[1]).toEqual([])
})

test('slots are visited by the segments of two times', () => {
  const segments = new WindowSegments(layout)
  for (const [slot, minute] of [0, 1, 1, 3].entries()) segments.add(slot, minute * MINUTE)
  const visited = (from: number, to: number): number[] => {
    const slots: number[] = []
    segments.visit(from, to, (slot) => slots.push(slot))
    return slots
  }
  expect(visited(0, 4 * MINUTE)).toEqual([0, 1, 2, 3])
  expect(visited(MINUTE + 5, MINUTE + 6)).toEqual([1, 2])
  expect(visited(2 * MINUTE, 3 * MINUTE - 1)).toEqual([])
})
