import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lz4Compress, lz4Decompress } from '../../src/wire/lz4.ts'
import { xxh32 } from '../../src/wire/xxh32.ts'
import { jvmBatches } from './jvm-batches.ts'
import { failure } from './reading.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const MANY = 1 << 26
const compressible = fc
  .array(fc.constantFrom('{"type":"view",', '"page":', 'abc', 'x'), { maxLength: 300 })
  .map((parts) => new TextEncoder().encode(parts.join('')))
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), compressible)
const little = (word: number): number[] => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]

/** A frame of hand-made blocks, with the flags of the descriptor. */
function frame(
  flags: number,
  blocks: readonly (readonly [block: number[], stored: boolean])[],
  more: { size?: number; checksum?: number } = {},
): Uint8Array {
  const descriptor = [0x40 | flags, 0x40, ...(more.size === undefined ? [] : [...little(more.size), 0, 0, 0, 0])]
  const encoded = blocks.flatMap(([block, stored]) => [
    ...little(stored ? (block.length | 0x80000000) >>> 0 : block.length),
    ...block,
    ...((flags & 16) === 0 ? [] : little(xxh32(Uint8Array.from(block)))),
  ])
  const end = more.checksum === undefined ? [] : little(more.checksum)
  return Uint8Array.from([
    4,
    0x22,
    0x4d,
    0x18,
    ...descriptor,
    (xxh32(Uint8Array.from(descriptor)) >>> 8) & 255,
    ...encoded,
    0,
    0,
    0,
    0,
    ...end,
  ])
}

/** `aaaaaaaa`: a literal, then it again seven times; then five literals, as the format wants. */
const repeated = [0x13, 97, 1, 0, 0x50, 98, 99, 100, 101, 102]
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('lz4', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(lz4Decompress(lz4Compress(bytes), bytes.length)).toEqual(bytes)
      }),
      { numRuns },
    )
  })

  it('comes back as it was over blocks, long runs and noise', () => {
    let seed = 7
    const noise = Uint8Array.from({ length: 150_000 }, () => (seed = Math.imul(seed, 48271) >>> 0) >>> 11)
    const mixed = noise.map((byte, i) => (i % 5000 < 3000 ? byte : i % 3))
    for (const bytes of [new Uint8Array(0), new Uint8Array(300_000), noise, mixed, noise.subarray(0, 65_536), noise.subarray(0, 65_537)]) {
      const compressed = lz4Compress(bytes)
      expect(compressed.length).toBeLessThan(bytes.length + 64)
      expect(Buffer.compare(lz4Decompress(compressed, MANY), bytes)).toBe(0)
    }
    expect(lz4Compress(new Uint8Array(300_000)).length).toBeLessThan(2000)
  })

  it('writes independent blocks of 64 KiB, with the header the JVM writes', () => {
    expect([...lz4Compress(new Uint8Array(10)).subarray(0, 7)]).toEqual([...jvmBatches.lz4.subarray(61, 68)])
  })

  it('reads hand-made frames: stored blocks, sizes, checksums, linked blocks', () => {
    const content = new TextEncoder().encode('aaaaaaaabcdef')
    expect(text(lz4Decompress(frame(32, [[repeated, false]]), 13))).toBe('aaaaaaaabcdef')
    expect(
      text(
        lz4Decompress(
          frame(32, [
            [[120, 121], true],
            [repeated, false],
          ]),
          MANY,
        ),
      ),
    ).toBe('xyaaaaaaaabcdef')
    expect(text(lz4Decompress(frame(32 + 16 + 8 + 4, [[repeated, false]], { size: 13, checksum: xxh32(content) }), MANY))).toBe(
      'aaaaaaaabcdef',
    )
    const linked = [0x10, 33, 13, 0, 0x00]
    expect(
      text(
        lz4Decompress(
          frame(0, [
            [repeated, false],
            [linked, false],
          ]),
          MANY,
        ),
      ),
    ).toBe('aaaaaaaabcdef!aaaa')
  })
})

describe('lz4 refuses', () => {
  const valid = frame(32 + 16 + 8 + 4, [[repeated, false]], { size: 13, checksum: xxh32(new TextEncoder().encode('aaaaaaaabcdef')) })
  const cases: Record<string, Uint8Array> = {
    'a wrong content size': frame(32 + 8, [[repeated, false]], { size: 12 }),
    'a wrong content checksum': frame(32 + 4, [[repeated, false]], { checksum: 1 }),
    'a match before an independent block': frame(32, [
      [repeated, false],
      [[0x10, 33, 13, 0, 0x00], false],
    ]),
    'a match before everything': frame(0, [[[0x10, 33, 2, 0, 0x00], false]]),
    'an offset of 0': frame(32, [[[0x10, 33, 0, 0, 0x00], false]]),
    'literals past the block': frame(32, [[[0x50, 1, 2], false]]),
    'a length that is cut off': frame(32, [[[0xf0, 255, 255], false]]),
    'a block that ends in a match': frame(32, [[[0x10, 33, 1, 0], false]]),
    'a dictionary': frame(33, [[repeated, false]]),
    'version 0': Uint8Array.from(frame(32, [[repeated, false]]), (byte, i) => (i === 4 ? 0x20 : byte)),
    'trailing bytes': Uint8Array.from([...frame(32, [[repeated, false]]), 0]),
  }
  for (const [what, bytes] of Object.entries(cases))
    it(what, () => expect(failure(() => lz4Decompress(bytes, MANY))?.code).toBe('RECORD_CORRUPT'))

  it('any part of a frame, and any changed byte of a checked one', () => {
    expect(lz4Decompress(valid, MANY)).toHaveLength(13)
    for (let i = 0; i < valid.length; i++) {
      expect(failure(() => lz4Decompress(valid.subarray(0, i), MANY))?.code).toBe('RECORD_CORRUPT')
      expect(
        failure(() =>
          lz4Decompress(
            Uint8Array.from(valid, (byte, at) => (at === i ? byte ^ 64 : byte)),
            MANY,
          ),
        )?.code,
      ).toBe('RECORD_CORRUPT')
    }
  })

  it('more than its cap, before it is made', () => {
    const bomb = lz4Compress(new Uint8Array(1_000_000))
    expect(failure(() => lz4Decompress(bomb, 999_999))?.code).toBe('BATCH_TOO_LARGE')
    expect(lz4Decompress(bomb, 1_000_000)).toHaveLength(1_000_000)
  })

  it('random changes with a code, or reads something', () => {
    const real = lz4Compress(new TextEncoder().encode('the quick brown fox jumps over the quick brown dog '.repeat(9)))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 7, max: real.length - 5 }), fc.nat(255)), { minLength: 1 }), (changes) => {
        const bytes = real.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        const outcome = failure(() => expect(lz4Decompress(bytes, 2000).length).toBeLessThanOrEqual(2000))
        expect([undefined, 'RECORD_CORRUPT', 'BATCH_TOO_LARGE']).toContain(outcome?.code)
      }),
      { numRuns: 10 * numRuns },
    )
  })
})
