/**
 * Hot path. Kafka's murmur2 (seed 0x9747b28c): it decides a record's partition, and the byte tables share it. It equals
 * `org.apache.kafka.common.utils.Utils.murmur2` bit for bit; a key of 14 bytes costs 12 ns
 * (benchmarks/micro/murmur2.ts).
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** The hash of `bytes[at, end)` as a signed 32-bit integer (Austin Appleby's MurmurHash2, little-endian words). */
export function murmur2(bytes: Uint8Array, at = 0, end: number = bytes.length): number {
  const length = end - at
  const tail = at + (length & ~3)
  let h = SEED ^ length
  for (let i = at; i < tail; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const left = length & 3
  if (left === 3) h ^= bytes[tail + 2]! << 16
  if (left >= 2) h ^= bytes[tail + 1]! << 8
  if (left >= 1) h = Math.imul(h ^ bytes[tail]!, M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

/** The partition, of `count`, that Kafka's default partitioner gives to a key with this hash. */
export function partitionOf(hash: number, count: number): number {
  return (hash & 0x7fffffff) % count
}
