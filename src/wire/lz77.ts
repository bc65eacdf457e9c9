/**
 * What LZ4 and Snappy share: finding repetitions while writing, and copying them while reading. The finder is greedy: one hash table over
 * four-byte words, each candidate compared before it is used, longer steps the longer nothing was found. It is a function of the bytes
 * alone, so the same bytes always compress to the same bytes.
 */

/**
 * Told of each repetition, in order: the literals from `literalsAt` to `at`, then `length` bytes at `at` that also stand `offset` bytes
 * before.
 */
export type EmitMatch = (literalsAt: number, at: number, offset: number, length: number) => void

const TABLE_BITS = 14
const table = new Int32Array(1 << TABLE_BITS)

/** LZ4's rules for the end of a block: no match begins in the last 12 bytes or covers the last 5. Snappy takes them too. */
const LAST_MATCH = 12
const LAST_LITERALS = 5

/** Looks for repetitions within `from[start, end)`, at most 64 KiB; answers where the literals behind the last one begin. */
export function findMatches(from: Uint8Array, start: number, end: number, emit: EmitMatch): number {
  table.fill(-1)
  let literalsAt = start
  let at = start
  let patience = 64
  while (at < end - LAST_MATCH) {
    const word = wordAt(from, at)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - TABLE_BITS)
    const before = table[slot]!
    table[slot] = at
    if (before < 0 || wordAt(from, before) !== word) {
      at += patience++ >> 6
      continue
    }
    const length = matchLength(from, before, at, end - LAST_LITERALS)
    emit(literalsAt, at, at - before, length)
    at += length
    literalsAt = at
    patience = 64
  }
  return literalsAt
}

/** Copies `length` bytes from `offset` bytes before `at` to `at`; they may overlap, and then repeat. */
export function copyMatch(bytes: Uint8Array, at: number, offset: number, length: number): void {
  if (length > SHORT && offset >= length) bytes.copyWithin(at, at - offset, at - offset + length)
  else for (let to = at; to < at + length; to++) bytes[to] = bytes[to - offset]!
}

/** Copies literals: `from[start, end)` to `into` at `at`. */
export function copyLiterals(from: Uint8Array, [start, end]: readonly [number, number], into: Uint8Array, at: number): void {
  if (end - start > SHORT) into.set(from.subarray(start, end), at)
  else for (let i = start; i < end; i++) into[at + i - start] = from[i]!
}

/** Above this many bytes a native copy beats a loop. */
const SHORT = 32

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function matchLength(bytes: Uint8Array, before: number, at: number, end: number): number {
  let length = 4
  while (at + length < end && bytes[before + length] === bytes[at + length]) length++
  return length
}
