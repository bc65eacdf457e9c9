/**
 * The ids of a byte table in order of their keys' bytes, for scans: chunks of at most `MOST` ids, one after another. To find a place are two binary
 * searches, one over the chunks and one in a chunk; to add or remove moves the rest of one chunk. So a scan costs the logarithm of the keys and its rows,
 * whatever else there is.
 */
import { compareRange } from '../base/bytes.ts'
import type { KeyRange } from './engine.ts'

/** Keys by id: `bytes[keyAt(id), keyAt(id) + keyLength(id))`. */
export interface OrderedKeys {
  readonly bytes: Uint8Array
  keyAt(id: number): number
  keyLength(id: number): number
}

/** A chunk with more ids is cut in two. */
const MOST = 512

/** Ids in order. */
export class KeyOrder {
  readonly #keys: OrderedKeys
  readonly #chunks: number[][] = []

  /** Takes ids in any order. */
  constructor(keys: OrderedKeys, ids: number[]) {
    this.#keys = keys
    ids.sort((a, b) => this.#compare(a, b))
    for (let at = 0; at < ids.length; at += MOST / 2) this.#chunks.push(ids.slice(at, at + MOST / 2))
  }

  /** Adds an id whose key isn't there. */
  insert(id: number): void {
    const [chunk, at] = this.#place((each) => this.#compare(each, id) < 0)
    const ids = this.#chunks[chunk]
    // Behind all: the last chunk takes it.
    const into = ids ?? this.#chunks.at(-1)
    if (into === undefined) {
      this.#chunks.push([id])
      return
    }
    into.splice(ids === undefined ? into.length : at, 0, id)
    if (into.length > MOST) this.#chunks.splice(this.#chunks.indexOf(into) + 1, 0, into.splice(MOST / 2))
  }

  /** Removes an id while its key is still there. */
  remove(id: number): void {
    const [chunk, at] = this.#place((each) => this.#compare(each, id) < 0)
    const ids = this.#chunks[chunk]
    if (ids?.[at] !== id) return
    ids.splice(at, 1)
    if (ids.length === 0) this.#chunks.splice(chunk, 1)
  }

  /** The ids of the keys in a range, in order. */
  between({ from, to }: KeyRange): number[] {
    const [first, at] = this.#place((id) => this.#isBelow(id, from))
    const found: number[] = []
    for (let chunk = first, i = at; chunk < this.#chunks.length; chunk++, i = 0) {
      for (const ids = this.#chunks[chunk]!; i < ids.length; i++) {
        if (to !== undefined && !this.#isBelow(ids[i]!, to)) return found
        found.push(ids[i]!)
      }
    }
    return found
  }

  /** Where the first id is that isn't below; behind all chunks where all are. */
  #place(isBelow: (id: number) => boolean): readonly [chunk: number, at: number] {
    const chunk = lowest(this.#chunks.length, (i) => isBelow(this.#chunks[i]!.at(-1)!))
    const ids = this.#chunks[chunk]
    return [chunk, ids === undefined ? 0 : lowest(ids.length, (i) => isBelow(ids[i]!))]
  }

  #isBelow(id: number, key: Uint8Array): boolean {
    const at = this.#keys.keyAt(id)
    return compareRange(key, this.#keys.bytes, at, at + this.#keys.keyLength(id)) > 0
  }

  #compare(a: number, b: number): number {
    const { bytes } = this.#keys
    const aAt = this.#keys.keyAt(a)
    const bAt = this.#keys.keyAt(b)
    const aLength = this.#keys.keyLength(a)
    const bLength = this.#keys.keyLength(b)
    for (let i = 0; i < aLength && i < bLength; i++) {
      const difference = bytes[aAt + i]! - bytes[bAt + i]!
      if (difference !== 0) return difference
    }
    return aLength - bLength
  }
}

/** The least index below `count` for which `isBelow` isn't true, or `count`: it is true for all before, false for all behind. */
function lowest(count: number, isBelow: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBelow(middle)) low = middle + 1
    else high = middle
  }
  return low
}
