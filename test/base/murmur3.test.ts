import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { murmur3 } from '../../src/base/murmur3.ts'

const word = (value: bigint): bigint => BigInt.asUintN(64, value)
const rotated = (value: bigint, by: bigint): bigint => word((value << by) | (value >> (64n - by)))
const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn

/** murmur3's x64 form for 128 bits, over BigInt and nothing clever. */
function naive(from: Uint8Array): string {
  const blocks = Math.floor(from.length / 16)
  const at = (start: number): bigint => from.subarray(start, start + 8).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let [h1, h2] = [104729n, 104729n]
  for (let i = 0; i <= blocks; i++) {
    const first = word(rotated(word(at(16 * i) * C1), 31n) * C2)
    const second = word(rotated(word(at(16 * i + 8) * C2), 33n) * C1)
    if (i === blocks) {
      h1 ^= first
      h2 ^= second
    } else {
      h1 = word((rotated(h1 ^ first, 27n) + h2) * 5n + 0x52dce729n)
      h2 = word((rotated(h2 ^ second, 31n) + h1) * 5n + 0x38495ab5n)
    }
  }
  const end = (h: bigint): bigint => {
    const one = word((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn)
    const two = word((one ^ (one >> 33n)) * 0xc4ceb9fe1a85ec53n)
    return two ^ (two >> 33n)
  }
  h1 = word((h1 ^ BigInt(from.length)) + (h2 ^ BigInt(from.length)))
  h2 = word((h2 ^ BigInt(from.length)) + h1)
  h1 = word(end(h1) + end(h2))
  h2 = word(end(h2) + h1)
  return [h1, h2].map((h) => h.toString(16).padStart(16, '0')).join('')
}

it('gives what Kafka Streams gave for its subscriptions', () => {
  const hash = (text: string): string => toHex(murmur3(new TextEncoder().encode(text)))
  expect(hash('bee1')).toBe('ab25364b1d6f883d2402424c8fda2489')
  expect(hash('ant7')).toBe('54acc64bf1cb78c1f4ce85cfb49e70d7')
  expect(hash('cat10')).toBe('c4368a77dc467371f586c26e44ab84b8')
})

it('equals the definition for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (from) => {
      expect(toHex(murmur3(from))).toBe(naive(from))
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
  )
})
