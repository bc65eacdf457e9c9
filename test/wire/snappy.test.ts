import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { snappyCompress, snappyDecompress } from '../../src/wire/snappy.ts'
import { jvmBatches } from './jvm-batches.ts'
import { failure } from './reading.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const MANY = 1 << 26
const compressible = fc
  .array(fc.constantFrom('{"type":"view",', '"page":', 'abc', 'x'), { maxLength: 300 })
  .map((parts) => new TextEncoder().encode(parts.join('')))
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), compressible)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const header = jvmBatches.snappy.subarray(61, 77)

describe('snappy', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(snappyDecompress(snappyCompress(bytes), bytes.length)).toEqual(bytes)
      }),
      { numRuns },
    )
  })

  it('comes back as it was over blocks, long runs and noise', () => {
    let seed = 7
    const noise = Uint8Array.from({ length: 150_000 }, () => (seed = Math.imul(seed, 48271) >>> 0) >>> 11)
    const mixed = noise.map((byte, i) => (i % 5000 < 3000 ? byte : i % 3))
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(300_000),
      noise,
      mixed,
      noise.subarray(0, 32_768),
      noise.subarray(0, 32_769),
      noise.subarray(0, 61),
      noise.subarray(0, 300),
    ]) {
      const compressed = snappyCompress(bytes)
      expect(compressed.length).toBeLessThan(bytes.length + 16 + 20 * 10)
      expect(Buffer.compare(snappyDecompress(compressed, MANY), bytes)).toBe(0)
    }
    expect(snappyCompress(new Uint8Array(300_000)).length).toBeLessThan(20_000)
  })

  it('writes the stream the JVM writes', () => expect(snappyCompress(new Uint8Array(10)).subarray(0, 16)).toEqual(header))

  it('reads a bare block, with each kind of element', () => {
    const literal = [2 << 2, 97, 98, 99]
    const copies = { one: [(0 << 5) | (0 << 2) | 1, 3], two: [(5 << 2) | 2, 3, 0], four: [(5 << 2) | 3, 3, 0, 0, 0] }
    expect(text(snappyDecompress(Uint8Array.from([7, ...literal, ...copies.one]), MANY))).toBe('abcabca')
    expect(text(snappyDecompress(Uint8Array.from([9, ...literal, ...copies.two]), MANY))).toBe('abcabcabc')
    expect(text(snappyDecompress(Uint8Array.from([9, ...literal, ...copies.four]), MANY))).toBe('abcabcabc')
    for (const [tag, extra] of [
      [60, 1],
      [61, 2],
      [62, 3],
      [63, 4],
    ] as const) {
      const long = Uint8Array.from([
        80,
        tag << 2,
        79,
        ...Array.from({ length: extra - 1 }, () => 0),
        ...Array.from({ length: 80 }, () => 120),
      ])
      expect(text(snappyDecompress(long, MANY))).toBe('x'.repeat(80))
    }
  })

  it('reads a bare block with a far copy', () => {
    const far = Uint8Array.from([0xac, 0x02, 61 << 2, 39, 1, ...Array.from({ length: 296 }, (_, i) => i), (1 << 5) | 1, 40])
    expect([...snappyDecompress(far, MANY).subarray(296)]).toEqual([0, 1, 2, 3])
  })
})

describe('snappy refuses', () => {
  const stream = (...blocks: number[][]): Uint8Array =>
    concatBytes(header, ...blocks.map((block) => Uint8Array.from([0, 0, 0, block.length, ...block])))
  const cases: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    'a header that is cut off': header.subarray(0, 12),
    'a block length that is cut off': concatBytes(header, Uint8Array.of(0, 0)),
    'a block longer than the stream': concatBytes(header, Uint8Array.of(0, 0, 0, 9, 1, 0, 97)),
    'a negative block length': concatBytes(header, Uint8Array.of(255, 255, 255, 255)),
    'a size that the bytes cannot give': Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0, 97),
    'less than its size': stream([2, 0, 97]),
    'more than its size': stream([1, 1 << 2, 97, 98]),
    'literals past the block': stream([3, 2 << 2, 97]),
    'a copy before the block': stream([3, 2 << 2, 97, 98, 99], [5, 0, 97, 1, 2]),
    'a copy of offset 0': stream([5, 0, 97, 1, 0]),
    'an element that is cut off': stream([5, 0, 97, 2, 1]),
    'a long literal that is cut off': stream([5, 63 << 2, 1, 0]),
  }
  for (const [what, bytes] of Object.entries(cases))
    it(what, () => expect(failure(() => snappyDecompress(bytes, MANY))?.code).toBe('RECORD_CORRUPT'))

  it('more than its cap, before it is made', () => {
    const bomb = snappyCompress(new Uint8Array(1_000_000))
    expect(failure(() => snappyDecompress(bomb, 999_999))?.code).toBe('BATCH_TOO_LARGE')
    expect(snappyDecompress(bomb, 1_000_000)).toHaveLength(1_000_000)
  })

  it('random changes with a code, or reads something', () => {
    const real = snappyCompress(new TextEncoder().encode('the quick brown fox jumps over the quick brown dog '.repeat(9)))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { minLength: 1 }), fc.boolean(), (changes, bare) => {
        const bytes = real.slice(bare ? 20 : 0)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const outcome = failure(() => expect(snappyDecompress(bytes, 2000).length).toBeLessThanOrEqual(2000))
        expect([undefined, 'RECORD_CORRUPT', 'BATCH_TOO_LARGE']).toContain(outcome?.code)
      }),
      { numRuns: 10 * numRuns },
    )
  })
})
