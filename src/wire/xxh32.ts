/** xxHash's 32-bit hash with seed 0 (Yann Collet, xxHash_spec.md 0.1.1): the checksum inside LZ4 frames. */

const P1 = 0x9e3779b1
const P2 = 0x85ebca77
const P3 = 0xc2b2ae3d
const P4 = 0x27d4eb2f
const P5 = 0x165667b1

/** The hash, unsigned. */
export function xxh32(bytes: Uint8Array): number {
  const { length } = bytes
  let at = 0
  let hash = P5
  if (length >= 16) {
    const lanes = [P1 + P2, P2, 0, -P1]
    for (; at + 16 <= length; at += 16) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(turn(lanes[lane]! + Math.imul(wordAt(bytes, at + 4 * lane), P2), 13), P1)
    }
    hash = turn(lanes[0]!, 1) + turn(lanes[1]!, 7) + turn(lanes[2]!, 12) + turn(lanes[3]!, 18)
  }
  hash = (hash + length) | 0
  for (; at + 4 <= length; at += 4) hash = Math.imul(turn(hash + Math.imul(wordAt(bytes, at), P3), 17), P4)
  for (; at < length; at++) hash = Math.imul(turn(hash + Math.imul(bytes[at]!, P5), 11), P1)
  hash = Math.imul(hash ^ (hash >>> 15), P2)
  hash = Math.imul(hash ^ (hash >>> 13), P3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function turn(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
