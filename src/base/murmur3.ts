/**
 * The 128 bits of murmur3 (x64) with Kafka Streams' seed: by them the two sides of a foreign-key join know a row again. Sixty-four bit words are
 * two 32-bit halves that are changed in place, since `BigInt` allocates at each step. The naive form over `BigInt` is in the tests.
 */

/** Kafka Streams' `Murmur3.DEFAULT_SEED`. */
const SEED = 104729

interface Word {
  high: number
  low: number
}

const C1: Word = { high: 0x87c37b91, low: 0x114253d5 }
const C2: Word = { high: 0x4cf5ad43, low: 0x2745937f }
const FIVE: Word = { high: 0, low: 5 }
const N1: Word = { high: 0, low: 0x52dce729 }
const N2: Word = { high: 0, low: 0x38495ab5 }
const F1: Word = { high: 0xff51afd7, low: 0xed558ccd }
const F2: Word = { high: 0xc4ceb9fe, low: 0x1a85ec53 }

/** The hash of these bytes: 16 bytes, as Kafka Streams writes its two longs. */
export function murmur3(bytes: Uint8Array): Uint8Array {
  const h1: Word = { high: 0, low: SEED }
  const h2: Word = { high: 0, low: SEED }
  const k: Word = { high: 0, low: 0 }
  const whole = bytes.length & ~15
  for (let at = 0; at < whole; at += 16) {
    load(k, bytes, at)
    mixFirst(k, h1)
    rotate(h1, 27)
    add(h1, h2)
    multiply(h1, FIVE)
    add(h1, N1)
    load(k, bytes, at + 8)
    mixSecond(k, h2)
    rotate(h2, 31)
    add(h2, h1)
    multiply(h2, FIVE)
    add(h2, N2)
  }
  // What is left counts as if zeros followed: they change nothing.
  load(k, bytes, whole + 8)
  mixSecond(k, h2)
  load(k, bytes, whole)
  mixFirst(k, h1)
  h1.low ^= bytes.length
  h2.low ^= bytes.length
  add(h1, h2)
  add(h2, h1)
  finish(h1)
  finish(h2)
  add(h1, h2)
  add(h2, h1)
  return Uint8Array.from([h1.high, h1.low, h2.high, h2.low].flatMap((bits) => [bits >>> 24, bits >>> 16, bits >>> 8, bits]))
}

/** Eight bytes, little-endian; zeros where there are none. */
function load(word: Word, bytes: Uint8Array, at: number): void {
  word.low = half(bytes, at)
  word.high = half(bytes, at + 4)
}

function half(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

function mixFirst(k: Word, h1: Word): void {
  multiply(k, C1)
  rotate(k, 31)
  multiply(k, C2)
  xor(h1, k)
}

function mixSecond(k: Word, h2: Word): void {
  multiply(k, C2)
  rotate(k, 33)
  multiply(k, C1)
  xor(h2, k)
}

function finish(word: Word): void {
  fold(word)
  multiply(word, F1)
  fold(word)
  multiply(word, F2)
  fold(word)
}

/** word ^= word >>> 33 */
function fold(word: Word): void {
  word.low ^= word.high >>> 1
}

function xor(word: Word, by: Word): void {
  word.high ^= by.high
  word.low ^= by.low
}

function add(word: Word, by: Word): void {
  const low = (word.low >>> 0) + (by.low >>> 0)
  word.high = (word.high + by.high + (low > 0xffff_ffff ? 1 : 0)) | 0
  word.low = low | 0
}

function rotate(word: Word, by: number): void {
  const { high, low } = word
  const n = by & 31
  const [a, b] = by < 32 ? [high, low] : [low, high]
  word.high = (a << n) | (b >>> (32 - n))
  word.low = (b << n) | (a >>> (32 - n))
}

/** The low 64 bits of the product. */
function multiply(word: Word, by: Word): void {
  const { high, low } = word
  word.high = (Math.imul(high, by.low) + Math.imul(low, by.high) + highProduct(low, by.low)) | 0
  word.low = Math.imul(low, by.low)
}

/** The high 32 bits of the product of two 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const [a1, a0] = [a >>> 16, a & 0xffff]
  const [b1, b0] = [b >>> 16, b & 0xffff]
  const middle = a1 * b0 + ((a0 * b0) >>> 16)
  const other = a0 * b1 + (middle & 0xffff)
  // `middle` may have 33 bits, so it is divided, not shifted.
  return (a1 * b1 + Math.floor(middle / 0x1_0000) + (other >>> 16)) | 0
}
