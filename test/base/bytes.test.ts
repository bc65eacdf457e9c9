import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as bytes from '../../src/base/bytes.ts'
import { StreamsError } from '../../src/base/errors.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const blob = fc.uint8Array({ maxLength: 24 })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const safe = fc.oneof(fc.maxSafeInteger(), int32, fc.constantFrom(0, -1, 2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53) + 1))
const edges = [63, 64, -64, -65, 8191, 8192, 1048575, 1048576, 2 ** 27, 2 ** 34, 2 ** 41, 2 ** 48, 2 ** 52, -(2 ** 52) - 1]

const cursor = (from: Uint8Array): bytes.Cursor => ({ bytes: from, at: 0, end: from.length })
const code = (f: () => unknown): string | undefined => {
  try {
    f()
  } catch (error) {
    return error instanceof StreamsError ? error.code : String(error)
  }
  return undefined
}

/** Protobuf's zig-zag varint by its definition, over BigInt. */
function naiveZigzag(value: bigint, bits: bigint): number[] {
  return naiveUvarint(BigInt.asUintN(Number(bits), (value << 1n) ^ (value >> (bits - 1n))))
}

function naiveUvarint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...naiveUvarint(value >> 7n)]
}

describe('order', () => {
  it('compares as unsigned bytes, a prefix first', () => {
    const sorted = [[], [0], [0, 0], [1], [0x7f], [0x80], [0xff], [0xff, 0]].map((item) => Uint8Array.from(item))
    expect(sorted.toReversed().toSorted(bytes.compareBytes)).toEqual(sorted)
  })

  it('agrees with Buffer.compare, also over a range of something larger', () => {
    fc.assert(
      fc.property(blob, blob, blob, (a, b, around) => {
        const larger = bytes.concatBytes(around, b, around)
        const end = around.length + b.length
        const order = Buffer.compare(a, b)
        expect(Math.sign(bytes.compareBytes(a, b))).toBe(order)
        expect(Math.sign(bytes.compareRange(a, larger, around.length, end))).toBe(order)
        expect(bytes.equalBytes(a, b)).toBe(order === 0)
        expect(bytes.equalRange(a, larger, around.length, end)).toBe(order === 0)
      }),
      { numRuns },
    )
  })

  it('finds equal what is equal', () => {
    expect(bytes.equalRange(Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2, 3), 1, 3)).toBe(true)
    expect(bytes.equalRange(Uint8Array.of(1, 2), Uint8Array.of(0, 1, 2, 3), 1, 4)).toBe(false)
  })
})

describe('hex', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(blob, (a) => {
        expect(bytes.toHex(a)).toBe(Buffer.from(a).toString('hex'))
        expect(bytes.fromHex(bytes.toHex(a).toUpperCase())).toEqual(a)
      }),
      { numRuns },
    )
  })

  it('stops at a limit', () => expect(bytes.toHex(Uint8Array.of(1, 2, 3), 2)).toBe('0102'))

  it('refuses what is not hex', () => {
    for (const text of ['0', '0g', ' 00', '0x00']) expect(() => bytes.fromHex(text)).toThrow(RangeError)
  })
})

describe('big-endian integers', () => {
  it('are what DataView writes', () => {
    fc.assert(
      fc.property(safe, int32, (long, int) => {
        const ours = new Uint8Array(16)
        bytes.writeInt64(ours, 1, long)
        bytes.writeInt32(ours, 9, int)
        bytes.writeInt16(ours, 13, int >> 16)
        const view = new DataView(ours.buffer)
        expect([view.getBigInt64(1), view.getInt32(9), view.getInt16(13)]).toEqual([BigInt(long), int, int >> 16])
        expect([bytes.readInt64(ours, 1), bytes.readInt32(ours, 9), bytes.readInt16(ours, 13)]).toEqual([long, int, int >> 16])
      }),
      { numRuns },
    )
  })

  it('clamp 64 bits to their range, so that the longest times survive', () => {
    const ours = new Uint8Array(8)
    bytes.writeInt64(ours, 0, Number(2n ** 63n - 1n))
    expect(bytes.toHex(ours)).toBe('7fffffffffffffff')
    expect(bytes.readInt64(ours, 0)).toBe(2 ** 63)
    bytes.writeInt64(ours, 0, -Infinity)
    expect(bytes.toHex(ours)).toBe('8000000000000000')
    expect(bytes.readInt64(ours, 0)).toBe(-(2 ** 63))
  })
})

describe('varints', () => {
  it('are protobuf’s', () => {
    fc.assert(
      fc.property(int32, (value) => {
        const into = new Uint8Array(6)
        const end = bytes.writeVarint(into, 1, value)
        expect([...into.subarray(1, end)]).toEqual(naiveZigzag(BigInt(value), 32n))
        expect(bytes.varintSize(value)).toBe(end - 1)
        expect(bytes.readVarint({ bytes: into, at: 1, end })).toBe(value)
        const unsigned = value >>> 0
        const after = bytes.writeUvarint(into, 0, unsigned)
        expect([...into.subarray(0, after)]).toEqual(naiveUvarint(BigInt(unsigned)))
        expect(bytes.uvarintSize(unsigned)).toBe(after)
        expect(bytes.readUvarint(cursor(into))).toBe(unsigned)
      }),
      { numRuns },
    )
  })

  it('of 64 bits are protobuf’s too, within 2^53', () => {
    const check = (value: number): void => {
      const into = new Uint8Array(12)
      const end = bytes.writeVarlong(into, 1, value)
      expect([...into.subarray(1, end)]).toEqual(naiveZigzag(BigInt(value), 64n))
      expect(bytes.varlongSize(value)).toBe(end - 1)
      const reading = { bytes: into, at: 1, end }
      expect(bytes.readVarlong(reading)).toBe(value)
      expect(reading.at).toBe(end)
    }
    edges.forEach(check)
    fc.assert(fc.property(safe, check), { numRuns })
  })

  it('reads the ends of the int64 range', () => {
    for (const value of [2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(bytes.readVarlong(cursor(Uint8Array.from(naiveZigzag(value, 64n))))).toBe(Number(value))
      const into = new Uint8Array(10)
      expect(bytes.writeVarlong(into, 0, Number(value))).toBe(10)
      expect([...into]).toEqual(naiveZigzag(value, 64n))
    }
  })

  it('takes padding, as the JVM does', () => expect(bytes.readVarint(cursor(Uint8Array.of(0x82, 0x80, 0)))).toBe(1))

  it('refuses more than 5 and 10 bytes', () => {
    const endless = new Uint8Array(20).fill(0x80)
    expect(code(() => bytes.readVarint(cursor(endless)))).toBe('RECORD_CORRUPT')
    expect(code(() => bytes.readUvarint(cursor(Uint8Array.of(255, 255, 255, 255, 0x10))))).toBe('RECORD_CORRUPT')
    expect(code(() => bytes.readVarlong(cursor(endless)))).toBe('RECORD_CORRUPT')
    expect(code(() => bytes.readVarlong(cursor(Uint8Array.of(...endless.subarray(0, 9), 2))))).toBe('RECORD_CORRUPT')
  })

  it('never reads past its end', () => {
    const into = Uint8Array.of(0x80, 0x80, 0x01)
    expect(code(() => bytes.readVarint({ bytes: into, at: 0, end: 2 }))).toBe('RECORD_CORRUPT')
    expect(code(() => bytes.readVarlong({ bytes: into, at: 0, end: 2 }))).toBe('RECORD_CORRUPT')
    expect(code(() => bytes.readVarint({ bytes: into, at: 3, end: 3 }))).toBe('RECORD_CORRUPT')
  })
})
