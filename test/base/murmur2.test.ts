import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { murmur2, partitionOf } from '../../src/base/murmur2.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** `Utils.murmur2` of kafka-clients, over BigInt and nothing clever. */
function naive(from: Uint8Array): number {
  const word = (value: bigint): bigint => BigInt.asUintN(32, value)
  const m = 0x5bd1e995n
  let h = 0x9747b28cn ^ BigInt(from.length)
  const whole = from.length - (from.length % 4)
  for (let i = 0; i < whole; i += 4) {
    let k = from.subarray(i, i + 4).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    k = word(k * m)
    k ^= k >> 24n
    h = word(h * m) ^ word(k * m)
  }
  const tail = from.subarray(whole)
  if (tail.length > 0) h = word((h ^ tail.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)) * m)
  h = word((h ^ (h >> 13n)) * m)
  return Number(BigInt.asIntN(32, h ^ (h >> 15n)))
}

it('gives the values of Kafka’s own tests', () => {
  const vectors = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 }
  for (const [text, hash] of Object.entries(vectors)) expect(murmur2(bytes(text))).toBe(hash)
  expect(murmur2(bytes('a-little-bit-longer-string'))).toBe(-1486304829)
  expect(murmur2(bytes('lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8'))).toBe(-58897971)
})

it('equals the definition for any bytes and any range', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(3), (from, skip) => {
      const at = Math.min(skip, from.length)
      expect(murmur2(from, at)).toBe(naive(from.subarray(at)))
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  )
})

it('maps negative hashes to partitions as Kafka does', () => {
  expect(partitionOf(-973932308, 10)).toBe((-973932308 & 0x7fffffff) % 10)
  expect(partitionOf(-1, 7)).toBe(0x7fffffff % 7)
  expect(partitionOf(-(2 ** 31), 3)).toBe(0)
})
