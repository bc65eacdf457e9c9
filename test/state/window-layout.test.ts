import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { isIn } from '../../src/state/key-range.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'
import { WINDOW_SUFFIX, WindowLayout } from '../../src/state/window-layout.ts'

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const PREFIX = Uint8Array.of(0, 7)
const key = fc.uint8Array({ maxLength: 400 })
const start = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))

function rowKey(layout: WindowLayout, bytes: Uint8Array, from: number, sequence = 0): Uint8Array {
  const into = new RowsBuilder()
  layout.rowKey({ bytes, at: 0, length: bytes.length }, from, sequence, into)
  return into.bytes.slice(0, into.byteLength)
}

describe('keys', () => {
  test('a changelog key is the key, its start and a sequence of 0, as Kafka Streams writes it', () => {
    const layout = new WindowLayout(PREFIX, 0)
    const into = layout.changelogKey({ bytes: utf8('-ab'), at: 1, length: 2 }, 0x0102, 0)
    expect(toHex(into.subarray(0, 2 + WINDOW_SUFFIX.length))).toBe('6162 0000000000000102 00000000'.replaceAll(' ', ''))
  })

  test('an engine key is the prefix, the segment and the changelog key', () => {
    expect(toHex(rowKey(new WindowLayout(PREFIX, 0), utf8('ab'), 120_001))).toBe(
      '0007 000000000002 6162 000000000001d4c1 00000000'.replaceAll(' ', ''),
    )
  })

  test('key, start and sequence are read back, of any key and start', () => {
    fc.assert(
      fc.property(key, start, fc.nat(0x7fff_ffff), (bytes, from, sequence) => {
        const layout = new WindowLayout(PREFIX, 1000)
        const row = rowKey(layout, bytes, from, sequence)
        const found = layout.readRowKey(Uint8Array.from([1, ...row]), 1, row.length)
        expect([found.time, found.beside]).toEqual([from, sequence])
        expect([...row.subarray(found.at - 1, found.at - 1 + found.length)]).toEqual([...bytes])
        const changelog = layout.changelogKey({ bytes, at: 0, length: bytes.length }, from, sequence)
        expect(compareBytes(changelog.slice(0, bytes.length + WINDOW_SUFFIX.length), row.subarray(PREFIX.length + 6))).toBe(0)
      }),
      RUNS,
    )
  })

  test('a row that is too short for a window is damage', () => {
    const row = rowKey(new WindowLayout(PREFIX, 0), utf8(''), 0)
    expect(() => new WindowLayout(PREFIX, 0).readRowKey(row, 0, row.length - 1)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  })
})

describe('segments', () => {
  test('last half the retention, and a minute at least', () => {
    expect([59_999, 60_000].map((from) => new WindowLayout(PREFIX, 1000).segmentOf(from))).toEqual([0, 1])
    expect([149_999, 150_000].map((from) => new WindowLayout(PREFIX, 300_001).segmentOf(from))).toEqual([0, 1])
  })

  test('their range holds the rows of their windows and no others', () => {
    const layout = new WindowLayout(PREFIX, 0)
    fc.assert(
      fc.property(key, fc.nat(600_000), fc.nat(10), fc.nat(10), (bytes, from, first, more) => {
        const segment = Math.floor(from / 60_000)
        const range = layout.segments(first, first + more)
        expect(isIn(rowKey(layout, bytes, from), range)).toBe(segment >= first && segment <= first + more)
      }),
      RUNS,
    )
  })
})
