import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2 } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import { NO_SLOT, WindowIndex, type HashedSpan } from '../../src/state/window-index.ts'
import { WindowLayout } from '../../src/state/window-layout.ts'

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

function span(text: string): HashedSpan {
  const bytes = utf8(text)
  return { bytes, at: 0, length: bytes.length, hash: murmur2(bytes) }
}

interface Row {
  readonly key: string
  readonly start: number
  readonly sequence: number
}

const op = fc.record({ key: fc.constantFrom('', 'a', 'ab', 'b'), start: fc.nat(4), sequence: fc.nat(2), remove: fc.boolean() })

test('rows are found by key, start and sequence, and listed by start, then in order of arrival, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 200 }), (ops) => {
      const index = new WindowIndex(new WindowLayout(new Uint8Array(2), 0))
      let rows: Row[] = []
      for (const { key, start, sequence, remove } of ops) {
        const slot = index.find(span(key), start, sequence)
        const same = (row: Row): boolean => row.key === key && row.start === start && row.sequence === sequence
        expect(slot === NO_SLOT).toBe(!rows.some(same))
        if (slot === NO_SLOT) {
          index.add(span(key), start, sequence)
          rows.push({ key, start, sequence })
        } else if (remove) {
          index.remove(slot)
          index.remove(slot)
          rows = rows.filter((row) => !same(row))
        }
      }
      for (const key of ['', 'a', 'ab', 'b']) {
        const expected = rows.filter((row) => row.key === key).toSorted((a, b) => a.start - b.start)
        const slots = index.of(span(key))
        expect(slots.map((slot) => index.time(slot))).toEqual(expected.map(({ start }) => start))
        expect(slots).toEqual(expected.map(({ start, sequence }) => index.find(span(key), start, sequence)))
        for (const slot of slots) expect(index.ofId(index.keyId(slot))).toBe(slots)
      }
    }),
    RUNS,
  )
})

test('rows of one time are listed by what stands beside it where that is asked for, and visited by time', () => {
  const listed = (order: 'up' | 'down' | 'arrival'): number[] => {
    const index = new WindowIndex(new WindowLayout(new Uint8Array(2), 0), order)
    for (const beside of [2, 1, 3]) index.add(span('a'), 7, beside)
    index.add(span('a'), 200_000, 0)
    const visited: number[] = []
    index.visit(0, 10, (slot) => visited.push(index.beside(slot)))
    expect(visited.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    return index.of(span('a')).map((slot) => index.beside(slot))
  }
  expect([listed('up'), listed('down'), listed('arrival')]).toEqual([[1, 2, 3, 0], [3, 2, 1, 0], [2, 1, 3, 0]]) // prettier-ignore
})

test('nothing is left when it is cleared', () => {
  const index = new WindowIndex(new WindowLayout(new Uint8Array(2), 0))
  for (let start = 0; start < 200; start++) index.add(span('a'), start, 0)
  expect(index.of(span('a'))).toHaveLength(200)
  index.clear()
  expect([index.of(span('a')), index.find(span('a'), 3, 0)]).toEqual([[], NO_SLOT])
})
