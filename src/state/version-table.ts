/**
 * The keys of a versioned store that are resident, each with its whole list of versions. Slots are numbers of keys. Keys leave by the clock algorithm, as
 * those of key-value stores do.
 */
import { compareBytes } from '../base/bytes.ts'
import { murmur2 } from '../base/murmur2.ts'
import { ByteTable } from './byte-table.ts'
import { expireVersions, putVersion, type Changed, type Version } from './version-list.ts'
import type { KeySpan } from './window-layout.ts'

/** Lists of versions by key bytes. */
export class VersionTable {
  readonly #keys: ByteTable = new ByteTable()
  readonly #lists: Version[][] = []
  readonly #used: Set<number> = new Set()
  /** Bytes at the end of a key that aren't hashed. */
  readonly #unhashed: number
  #hand = 0
  /** Versions of all keys. */
  versions = 0
  /** How many keys have left. */
  departures = 0

  constructor(unhashed: number) {
    this.#unhashed = unhashed
  }

  /** Keys and versions. */
  get size(): number {
    return this.#keys.count + this.versions
  }

  /** One above the greatest slot. */
  get end(): number {
    return this.#keys.end
  }

  has(slot: number): boolean {
    return this.#keys.has(slot)
  }

  /** The slot of a key; −1: it isn't here. */
  find(bytes: Uint8Array, at: number, length: number): number {
    const slot = this.#keys.find(bytes, at, length, this.#hash(bytes, at, length))
    if (slot >= 0) this.#used.add(slot)
    return slot
  }

  /** Takes a key in that isn't here; answers its slot. */
  add(key: Uint8Array, versions: Version[] = []): number {
    const slot = this.#keys.add(key, 0, key.length, this.#hash(key, 0, key.length))
    this.#lists[slot] = versions
    this.versions += versions.length
    this.#used.add(slot)
    return slot
  }

  /** A key's versions, oldest first. */
  list(slot: number): readonly Version[] {
    return this.#lists[slot]!
  }

  /** Where a key's bytes are, until a key is added. */
  key(slot: number): KeySpan {
    return { bytes: this.#keys.bytes, at: this.#keys.keyAt(slot), length: this.#keys.keyLength(slot) }
  }

  /** See `putVersion`. */
  put(slot: number, { from, bytes }: Pick<Version, 'from' | 'bytes'>, changed: Changed): number {
    const list = this.#lists[slot]!
    const before = list.length
    const end = putVersion(list, from, bytes, changed)
    this.versions += list.length - before
    return end
  }

  /** See `expireVersions`. */
  expire(slot: number, isOver: (end: number) => boolean, changed: Changed): void {
    const list = this.#lists[slot]!
    const before = list.length
    if (before > 0) expireVersions(list, isOver, changed)
    this.versions += list.length - before
  }

  /** Lets a key go. */
  forget(slot: number): void {
    this.versions -= this.#lists[slot]!.length
    this.#lists[slot] = []
    this.#keys.remove(slot)
    this.#used.delete(slot)
    this.departures++
  }

  /** Lets keys go while there are more than so many rows: those that may, and weren't used since the hand came by. Answers whether any went. */
  evict(most: number, mayLeave: (slot: number) => boolean): boolean {
    const before = this.departures
    for (let steps = 2 * this.end; steps > 0 && this.size > most; steps--) {
      const slot = this.#hand
      this.#hand = slot + 1 < this.end ? slot + 1 : 0
      if (this.has(slot) && mayLeave(slot) && !this.#used.delete(slot)) this.forget(slot)
    }
    return this.departures > before
  }

  /** Lets all keys go. */
  clear(): void {
    this.#keys.clear()
    this.#lists.length = 0
    this.#used.clear()
    this.versions = 0
    this.departures++
  }

  /** Reads the memory that looking up these hashes will need. */
  touch(hashes: Int32Array, from: number, to: number): void {
    this.#keys.touch(hashes, from, to)
  }

  /** All keys in order of their bytes. */
  sorted(): readonly { readonly key: Uint8Array; readonly list: readonly Version[] }[] {
    const slots = Array.from({ length: this.end }, (_, slot) => slot).filter((slot) => this.has(slot))
    const keys = slots.map((slot) => {
      const { bytes, at, length } = this.key(slot)
      return { key: bytes.slice(at, at + length), list: this.list(slot) }
    })
    return keys.sort((a, b) => compareBytes(a.key, b.key))
  }

  #hash(bytes: Uint8Array, at: number, length: number): number {
    return murmur2(bytes, at, at + length - this.#unhashed)
  }
}
