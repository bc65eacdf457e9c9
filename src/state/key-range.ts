/** Ranges of keys as bytes: from the bounds of a scan, behind the prefix of a store. All in unsigned byte order. */
import { compareBytes, compareRange, concatBytes } from '../base/bytes.ts'
import { utf8 } from '../base/text.ts'
import type { KeyRange } from './engine.ts'
import type { KeyRangeOptions } from './store-spec.ts'

const NOTHING = new Uint8Array(0)
const ZERO = new Uint8Array(1)

/** The range that a scan asks for: what lies between both bounds, inclusive, and begins with the prefix. */
export function keyBounds<K>({ from, to, prefix }: KeyRangeOptions<K>, bytesOf: (key: K) => Uint8Array): KeyRange {
  const begin = typeof prefix === 'string' ? utf8(prefix) : (prefix ?? NOTHING)
  const first = from === undefined ? NOTHING : bytesOf(from)
  const ends = [successor(begin), to === undefined ? undefined : concatBytes(bytesOf(to), ZERO)].filter((end) => end !== undefined)
  const end = ends.length < 2 || compareBytes(ends[0]!, ends[1]!) < 0 ? ends[0] : ends[1]
  return { from: compareBytes(first, begin) < 0 ? begin : first, ...(end === undefined ? {} : { to: end }) }
}

/** Whether a key is in a range. */
export function isIn(key: Uint8Array, { from, to }: KeyRange): boolean {
  return compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0)
}

/** Whether `bytes[at, end)` is in a range: without a view, for looks at many keys. */
export function isPartIn(bytes: Uint8Array, at: number, end: number, { from, to }: KeyRange): boolean {
  return compareRange(from, bytes, at, end) <= 0 && (to === undefined || compareRange(to, bytes, at, end) > 0)
}

/** The range with every bound behind a prefix. */
export function withPrefix({ from, to }: KeyRange, prefix: Uint8Array): KeyRange {
  const end = to === undefined ? successor(prefix) : concatBytes(prefix, to)
  return { from: concatBytes(prefix, from), ...(end === undefined ? {} : { to: end }) }
}

/** The least bytes above all that begin with these; undefined: there are none. */
export function successor(bytes: Uint8Array): Uint8Array | undefined {
  const last = bytes.findLastIndex((byte) => byte < 0xff)
  if (last < 0) return undefined
  const next = bytes.slice(0, last + 1)
  next[last]!++
  return next
}
