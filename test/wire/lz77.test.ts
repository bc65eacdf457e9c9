import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { copyLiterals, copyMatch, findMatches } from '../../src/wire/lz77.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
/** Bytes that repeat: few symbols, or a piece again and again. */
const repetitive = fc.oneof(
  fc.array(fc.nat(2), { maxLength: 400 }).map((list) => Uint8Array.from(list)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(30))
    .map(([piece, times]) => Uint8Array.from({ length: times * piece.length }, (_, i) => piece[i % piece.length]!)),
)

it('finds repetitions that put together give the bytes back, and leaves the end alone', () => {
  let found = 0
  fc.assert(
    fc.property(repetitive, fc.nat(5), (bytes, skip) => {
      const start = Math.min(skip, bytes.length)
      const rebuilt: number[] = []
      const rest = findMatches(bytes, start, bytes.length, (literalsAt, at, offset, length) => {
        found++
        expect(length).toBeGreaterThanOrEqual(4)
        expect(at - offset).toBeGreaterThanOrEqual(start)
        expect(at).toBeLessThan(bytes.length - 12)
        expect(at + length).toBeLessThanOrEqual(bytes.length - 5)
        rebuilt.push(...bytes.subarray(literalsAt, at))
        for (let i = 0; i < length; i++) rebuilt.push(rebuilt.at(-offset)!)
      })
      rebuilt.push(...bytes.subarray(rest))
      expect(rebuilt).toEqual([...bytes.subarray(start)])
    }),
    { numRuns },
  )
  expect(found).toBeGreaterThan(0)
})

it('finds the same whatever it looked at before', () => {
  const bytes = Uint8Array.from({ length: 500 }, (_, i) => (i * i) % 7)
  const matches = (): number[][] => {
    const list: number[][] = []
    findMatches(bytes, 0, bytes.length, (...match) => list.push(match))
    return list
  }
  const first = matches()
  findMatches(new Uint8Array(1000).fill(3), 0, 1000, () => undefined)
  expect(matches()).toEqual(first)
})

it('copies overlapping and separate matches, long and short', () => {
  for (const [offset, length] of [
    [1, 100],
    [3, 50],
    [100, 100],
    [100, 20],
    [40, 39],
  ] as const) {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i < 100 ? i : 0))
    copyMatch(bytes, 100, offset, length)
    expect([...bytes.subarray(100, 100 + length)]).toEqual(Array.from({ length }, (_, i) => 100 - offset + (i % offset)))
    expect(bytes[100 + length]).toBe(0)
  }
})

it('copies literals, long and short', () => {
  const from = Uint8Array.from({ length: 100 }, (_, i) => i)
  for (const end of [10, 12, 90]) {
    const into = new Uint8Array(100)
    copyLiterals(from, [10, end], into, 5)
    expect([...into.subarray(5, end - 5)]).toEqual([...from.subarray(10, end)])
    expect(into[end - 5]).toBe(0)
  }
})
