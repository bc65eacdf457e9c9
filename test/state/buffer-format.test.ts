import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import { bufferedSize, decodeBuffered, encodeBuffered, type BufferedBytes } from '../../src/state/buffer-format.ts'

const bytes = fc.option(fc.uint8Array({ maxLength: 5 }), { freq: 3 })
const rows: fc.Arbitrary<BufferedBytes> = fc.record({
  record: fc.record({
    topic: fc.constantFrom('in', '', 'é-topic', 'app-g-repartition'),
    partition: fc.integer({ min: -1, max: 9 }),
    offset: fc.integer({ min: -1, max: 2 ** 40 }),
    timestamp: fc.integer({ min: -1, max: 2 ** 45 }),
    headers: fc.array(fc.tuple(fc.constantFrom('h', 'ü', ''), bytes), { maxLength: 3 }),
  }),
  prior: bytes,
  old: bytes,
  value: bytes,
  time: fc.nat(2 ** 31),
})

/** The first row that Kafka Streams 4.3 wrote in its trace `suppress-then-suppress`, and one of `suppress-table` with an old value of its own. */
const RECORDED: readonly (readonly [string, BufferedBytes])[] = [
  [
    '0000000000000003000000000000000100000002696e000000000000000100000001680000000132000000080000000000000000fffffffe000000080000000000000001000000000000000a',
    {
      record: { topic: 'in', partition: 0, offset: 1, timestamp: 3, headers: [['h', utf8('2')]] },
      prior: new Uint8Array(8),
      old: new Uint8Array(8),
      value: fromHex('0000000000000001'),
      time: 10,
    },
  ],
  [
    '0000000000000000000000000000000100000002696e0000000000000000ffffffff000000046265653100000004626565320000000000000001',
    {
      record: { topic: 'in', partition: 0, offset: 1, timestamp: 0, headers: [] },
      prior: null,
      old: utf8('bee1'),
      value: utf8('bee2'),
      time: 1,
    },
  ],
]

test('rows are written as Kafka Streams writes them, and read back', () => {
  for (const [hex, row] of RECORDED) {
    expect(toHex(encodeBuffered(row))).toBe(hex)
    expect(decodeBuffered(fromHex(hex), 0, hex.length / 2)).toEqual(row)
  }
})

test('what is read is what was written, wherever it lies', () =>
  fc.assert(
    fc.property(rows, fc.nat(3), (row, before) => {
      const encoded = encodeBuffered(row)
      const lies = new Uint8Array(before + encoded.length + 2)
      lies.set(encoded, before)
      expect(decodeBuffered(lies, before, encoded.length)).toEqual(row)
    }),
  ))

test('a row that is cut off is damage, and not read', () =>
  fc.assert(
    fc.property(rows, fc.double({ min: 0, max: 0.999, noNaN: true }), (row, share) => {
      const encoded = encodeBuffered(row)
      expect(() => decodeBuffered(encoded, 0, Math.floor(share * encoded.length))).toThrow(
        expect.objectContaining({ code: 'STATE_CORRUPT' }),
      )
    }),
  ))

test('counts the bytes that Kafka Streams counts: an old value that equals the one before counts once, texts by their UTF-16 units', () => {
  const [first, second] = RECORDED.map(([, row]) => bufferedSize(row))
  expect(first).toBe(8 + 8 + 0 + 8 + 20 + 2 + 2)
  expect(second).toBe(8 + 0 + 4 + 4 + 20 + 2)
  const { record } = RECORDED[1]![1]
  const none = { prior: null, old: null, value: null, time: 0 }
  const headers = [['ü', null] as const, ['', utf8('é')] as const]
  expect(bufferedSize({ ...none, record: { ...record, topic: 'é', headers } })).toBe(8 + 20 + 1 + 1 + 2)
})
