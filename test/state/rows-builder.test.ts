import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readInt64 } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { serdes } from '../../src/model/serdes.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'
import { untyped } from '../support/untyped.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test('rows are what was put in, whatever the lengths, with keys in parts and values absent, empty or behind a prefix', () => {
  const bytes = fc.uint8Array({ maxLength: 120, size: 'max' })
  const row = fc.record({ parts: fc.array(bytes, { maxLength: 3 }), prefix: bytes, value: fc.option(bytes, { nil: null }) })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60, size: 'max' }), (given) => {
      const builder = new RowsBuilder()
      for (const { parts, prefix, value } of given) {
        const [first, ...rest] = parts
        if (first === undefined) builder.startKey()
        else builder.key(shifted(first), 2, first.length)
        for (const part of rest) builder.addToKey(shifted(part), 2, part.length)
        if (value === null) builder.value(prefix, 0, -1)
        else if (prefix.length === 0) builder.value(shifted(value), 2, value.length)
        else builder.prefixedValue(prefix, shifted(value), 2, value.length)
      }
      const rows = builder.rows()
      expect([rows.count, builder.count]).toEqual([given.length, given.length])
      for (const [i, { parts, prefix, value }] of given.entries()) {
        const key = rows.bytes.subarray(rows.keyAt[i], rows.keyAt[i]! + rows.keyLength[i]!)
        expect([...key]).toEqual(parts.flatMap((part) => [...part]))
        if (value === null) expect(rows.valueLength[i]).toBe(-1)
        else {
          const found = rows.bytes.subarray(rows.valueAt[i], rows.valueAt[i]! + rows.valueLength[i]!)
          expect([...found]).toEqual([...prefix, ...value])
        }
      }
    }),
    { numRuns: RUNS },
  )
})

test('a value is written by its serde behind a prefix, and the answer says where the value itself is', () => {
  for (const serde of [serdes.string, { serialize: serdes.string.serialize.bind(serdes.string), deserialize: untyped(null) }]) {
    const builder = new RowsBuilder()
    const spans: string[] = []
    const values = ['', 'short', 'long '.repeat(200)]
    for (const value of values) {
      builder.startKey()
      builder.addToKey(Uint8Array.of(1, 2, 3), 0, 3)
      const { at, length } = builder.written(untyped(serde), value, Uint8Array.of(0x41, 0x42))
      spans.push(text(builder.bytes.subarray(at, at + length)))
    }
    expect(spans).toEqual(values)
    const rows = builder.rows()
    const found = values.map((_, i) => text(rows.bytes.subarray(rows.valueAt[i], rows.valueAt[i]! + rows.valueLength[i]!)))
    expect(found).toEqual(values.map((value) => `AB${value}`))
    expect(builder.byteLength).toBe(values.reduce((sum, value) => sum + 3 + 2 + value.length, 0))
  }
})

test('a serde that never has room enough gets more until it has', () => {
  const needed = 10_000
  const greedy = {
    serialize: () => new Uint8Array(needed),
    deserialize: () => 0,
    write: (value: number, into: Uint8Array, at: number) => {
      if (at + needed > into.length) return -1
      into.fill(value, at, at + needed)
      return needed
    },
  }
  const builder = new RowsBuilder()
  builder.startKey()
  const { at, length } = builder.written(untyped(greedy), 7, new Uint8Array(0))
  expect([length, builder.bytes[at], builder.bytes[at + needed - 1]]).toEqual([needed, 7, 7])
})

function shifted(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([0xee, 0xee, ...bytes, 0xee])
}

test('a value may stand behind a time, and room from the start is no bound', () => {
  const builder = new RowsBuilder({ bytes: 4, rows: 1 })
  for (const timestamp of [0, -1, 1_700_000_000_003]) {
    builder.startKey()
    builder.timedValue(timestamp, utf8('-value-'), 1, 5)
  }
  const rows = builder.rows()
  const values = [...rows.valueAt.subarray(0, 3)].map((at, i) => [
    readInt64(rows.bytes, at),
    text(rows.bytes.subarray(at + 8, at + rows.valueLength[i]!)),
  ])
  expect(values).toEqual([
    [0, 'value'],
    [-1, 'value'],
    [1_700_000_000_003, 'value'],
  ])
})
