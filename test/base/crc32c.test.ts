import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c, crc32cBytewise } from '../../src/base/crc32c.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

it('gives the check values of RFC 3720', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i)
  for (const crc of [crc32c, crc32cBytewise]) {
    expect(crc(ascii('123456789'))).toBe(0xe3069283)
    expect(crc(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc(new Uint8Array(32).fill(255))).toBe(0x62a8ab43)
    expect(crc(ascending)).toBe(0x46dd794e)
    expect(crc(ascending.toReversed())).toBe(0x113fdb5c)
    expect(crc(new Uint8Array(0))).toBe(0)
  }
})

it('equals its byte-wise twin at any alignment and length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(20), (bytes, skip, drop) => {
      const at = Math.min(skip, bytes.length)
      const end = Math.max(at, bytes.length - drop)
      expect(crc32c(bytes, at, end)).toBe(crc32cBytewise(bytes, at, end))
      const inner = bytes.subarray(at, end)
      expect(crc32c(inner)).toBe(crc32cBytewise(Uint8Array.from(inner)))
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  )
})
