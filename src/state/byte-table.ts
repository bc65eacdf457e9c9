/**
 * Hot path. A hash table from serialised keys to small numbers (ids): open addressing with linear probing over slots of [hash, arena position],
 * the keys themselves as [id, length, hash, bytes] in one arena of 32-bit words. No object per key, so a million keys cost the collector
 * nothing, and two keys are equal exactly when their bytes are. The hash is handed in (Kafka's murmur2, which a record already carries) and
 * spread by a multiplication, because the records of one partition agree in its low bits. Removal shifts later slots back, so there are no
 * tombstones. Crafted keys of one hash would make probes long: past `LONGEST_PROBE` the table is rebuilt with a seeded hash of its own;
 * nothing observable depends on the order of hashes. Keys in order are asked for by scans: where that happens often, an order of them is kept.
 * Measured (benchmarks/micro/state/byte-table.ts): see there.
 */
import { StateError } from '../base/errors.ts'
import type { KeyRange } from './engine.ts'
import { KeyOrder } from './key-order.ts'
import { isPartIn } from './key-range.ts'

/** Words before the bytes of a key in the arena. */
const HEAD = 3
const SMALLEST = 16
const LARGEST = 2 ** 26
/** At most half full, an honest table of 2^26 slots stays below 60. */
const LONGEST_PROBE = 128
/** An order is made when scans without it have looked at so many times the keys there are. */
const PATIENCE = 8

/** What a table can be told. */
export interface ByteTableOptions {
  /** How many keys to make room for at once. */
  readonly capacity?: number
  /** Seed of the hash used once crafted keys are met. */
  readonly seed?: number
}

/** Ids of byte keys. An id is a number from 0, given again after its key was removed. */
export class ByteTable {
  /** How many keys there are. */
  count = 0
  /** One above the greatest id ever given. */
  end = 0
  /** Bytes of all keys. */
  keyBytes = 0

  #slots: Int32Array
  #shift: number
  #arena: Int32Array
  /** The arena as bytes: a key of an id is `bytes[keyAt(id), keyAt(id) + keyLength(id))`. Replaced when the arena grows. */
  #bytes: Uint8Array
  /** Word behind the last entry; word 0 stays unused, so that position 0 means free. */
  #used = 1
  #wasted = 0
  /** Arena position by id; 0: not given. */
  #at: Int32Array
  #free: number[] = []
  #seeded = false
  readonly #seed: number
  readonly #staged: Int32Array = new Int32Array(128)
  /** The ids in order of their keys, where scans have asked for it often enough; keys that came and went since the last scan; and what scans have cost. */
  #order: KeyOrder | undefined = undefined
  #changes = 0
  #scanned = 0

  constructor(options: ByteTableOptions = {}) {
    const slots = slotsFor(options.capacity ?? 0)
    this.#slots = new Int32Array(2 * slots)
    this.#shift = Math.clz32(slots) + 1
    this.#arena = new Int32Array(8 * slots)
    this.#bytes = new Uint8Array(this.#arena.buffer)
    this.#at = new Int32Array(slots)
    this.#seed = options.seed ?? 0x2f6b_1a95
  }

  /** The arena's bytes; valid until the next `add` or `remove`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Where the key of an id starts in `bytes`. */
  keyAt(id: number): number {
    return (this.#at[id]! + HEAD) << 2
  }

  /** How long the key of an id is, in bytes. */
  keyLength(id: number): number {
    return this.#arena[this.#at[id]! + 1]!
  }

  /** Whether the id belongs to a key now. */
  has(id: number): boolean {
    return id < this.end && this.#at[id] !== 0
  }

  /** The id of a key with this hash; −1: there is none. */
  find(bytes: Uint8Array, at: number, length: number, hash: number): number {
    const h = this.#seeded ? seededHash(bytes, at, length, this.#seed) : hash
    const slots = this.#slots
    const last = slots.length - 2
    for (let slot = this.#home(h); ; slot = (slot + 2) & last) {
      const position = slots[slot + 1]!
      if (position === 0) return -1
      if (slots[slot] === h && this.#isAt(position, bytes, at, length)) return this.#arena[position]!
    }
  }

  /** Adds a key that is not there; answers its id. Throws `STORE_TOO_LARGE` past 2^25 keys. */
  add(bytes: Uint8Array, at: number, length: number, hash: number): number {
    if (4 * (this.count + 1) > this.#slots.length) this.#rebuild(this.#slots.length)
    const h = this.#seeded ? seededHash(bytes, at, length, this.#seed) : hash
    const id = this.#free.pop() ?? this.end++
    if (id >= this.#at.length) this.#at = grown(this.#at, 2 * this.#at.length)
    const position = this.#write(id, h, length)
    this.#copy(bytes, at, length, (position + HEAD) << 2)
    this.#at[id] = position
    this.count++
    this.keyBytes += length
    if (this.#place(h, position) > 2 * LONGEST_PROBE && !this.#seeded) this.#reseed()
    this.#changes++
    if (this.#order !== undefined) this.#keptOrder()?.insert(id)
    return id
  }

  /** Removes the key of an id; the id may be given again. */
  remove(id: number): void {
    this.#changes++
    if (this.#order !== undefined) this.#keptOrder()?.remove(id)
    const position = this.#at[id]!
    const slots = this.#slots
    const last = slots.length - 2
    let hole = this.#home(this.#arena[position + 2]!)
    while (slots[hole + 1] !== position) hole = (hole + 2) & last
    for (let slot = (hole + 2) & last; slots[slot + 1] !== 0; slot = (slot + 2) & last) {
      if (((slot - this.#home(slots[slot]!)) & last) < ((slot - hole) & last)) continue
      slots[hole] = slots[slot]!
      slots[hole + 1] = slots[slot + 1]!
      hole = slot
    }
    slots[hole + 1] = 0
    const length = this.#arena[position + 1]!
    this.#at[id] = 0
    this.#free.push(id)
    this.count--
    this.keyBytes -= length
    this.#wasted += HEAD + ((length + 3) >> 2)
    if (this.count === 0) this.clear()
    else if (this.#wasted > 4096 && 2 * this.#wasted > this.#used) this.#compact()
  }

  /** Removes all keys. */
  clear(): void {
    if (this.#used === 1) return
    this.#slots.fill(0)
    this.#at.fill(0, 0, this.end)
    this.#free = []
    this.#used = 1
    this.#wasted = 0
    this.count = 0
    this.end = 0
    this.keyBytes = 0
    this.#seeded = false
    this.#order = undefined
  }

  /** The ids of the keys in a range, in order of their bytes. */
  inOrder(range: KeyRange): number[] {
    if (this.#order === undefined) this.#scanned = Math.max(0, this.#scanned - this.#changes) + this.count
    this.#changes = 0
    if (this.#order === undefined && this.#scanned > PATIENCE * this.count) {
      this.#order = new KeyOrder(this, this.#ids())
      this.#scanned = 0
    }
    if (this.#order !== undefined) return this.#order.between(range)
    const found = this.#ids((at, end) => isPartIn(this.#bytes, at, end, range))
    return new KeyOrder(this, found).between(range)
  }

  #ids(isWanted: (at: number, end: number) => boolean = () => true): number[] {
    const ids: number[] = []
    for (let id = 0; id < this.end; id++) {
      if (this.has(id) && isWanted(this.keyAt(id), this.keyAt(id) + this.keyLength(id))) ids.push(id)
    }
    return ids
  }

  /** The order, unless so much came and went since it was asked for that making another one would cost no more. */
  #keptOrder(): KeyOrder | undefined {
    if (this.#changes > 2 * this.count + SMALLEST) this.#order = undefined
    return this.#order
  }

  /**
   * Reads the slots and entries that `find` will need for `hashes[from, to)`, in loops whose memory latencies overlap. Answers something that
   * depends on all of them, so that nothing is optimised away.
   */
  touch(hashes: Int32Array, from: number, to: number): number {
    if (this.#seeded) return 0
    const slots = this.#slots
    const arena = this.#arena
    const staged = this.#staged
    let sum = 0
    for (let start = from; start < to; start += staged.length) {
      const count = Math.min(staged.length, to - start)
      for (let i = 0; i < count; i++) staged[i] = slots[this.#home(hashes[start + i]!) + 1]!
      for (let i = 0; i < count; i++) sum += arena[staged[i]!]!
    }
    return sum
  }

  #home(hash: number): number {
    return (Math.imul(hash, 0x9e37_79b1) >>> this.#shift) << 1
  }

  #isAt(position: number, bytes: Uint8Array, at: number, length: number): boolean {
    if (this.#arena[position + 1] !== length) return false
    const own = this.#bytes
    const start = (position + HEAD) << 2
    for (let i = 0; i < length; i++) if (own[start + i] !== bytes[at + i]) return false
    return true
  }

  #copy(from: Uint8Array, at: number, length: number, to: number): void {
    if (length > 64) this.#bytes.set(from.subarray(at, at + length), to)
    else for (let i = 0; i < length; i++) this.#bytes[to + i] = from[at + i]!
  }

  /** Puts an entry in its slot; answers twice the length of the probe. */
  #place(hash: number, position: number): number {
    const slots = this.#slots
    const last = slots.length - 2
    const home = this.#home(hash)
    let slot = home
    while (slots[slot + 1] !== 0) slot = (slot + 2) & last
    slots[slot] = hash
    slots[slot + 1] = position
    return (slot - home) & last
  }

  /** Makes an entry without its bytes; answers its position. */
  #write(id: number, hash: number, length: number): number {
    const position = this.#used
    const words = HEAD + ((length + 3) >> 2)
    if (position + words > this.#arena.length) {
      this.#arena = grown(this.#arena, Math.max(2 * this.#arena.length, position + words))
      this.#bytes = new Uint8Array(this.#arena.buffer)
    }
    this.#arena[position] = id
    this.#arena[position + 1] = length
    this.#arena[position + 2] = hash
    this.#used = position + words
    return position
  }

  /** Makes a table of so many slots and puts all entries in again. */
  #rebuild(slots: number): void {
    if (slots > LARGEST)
      throw new StateError(
        'STORE_TOO_LARGE',
        `a store's table has ${this.count} keys in memory: give the topic more partitions, or the store a smaller cache`,
      )
    this.#slots = new Int32Array(2 * slots)
    this.#shift = Math.clz32(slots) + 1
    for (let id = 0; id < this.end; id++) {
      const position = this.#at[id]!
      if (position !== 0) this.#place(this.#arena[position + 2]!, position)
    }
  }

  /** Goes over to the seeded hash. */
  #reseed(): void {
    this.#seeded = true
    for (let id = 0; id < this.end; id++) {
      const position = this.#at[id]!
      if (position !== 0)
        this.#arena[position + 2] = seededHash(this.#bytes, (position + HEAD) << 2, this.#arena[position + 1]!, this.#seed)
    }
    this.#rebuild(this.#slots.length >> 1)
  }

  /** Writes the arena anew without removed keys. */
  #compact(): void {
    const arena = this.#arena
    this.#arena = new Int32Array(arena.length)
    this.#bytes = new Uint8Array(this.#arena.buffer)
    this.#used = 1
    this.#wasted = 0
    for (let id = 0; id < this.end; id++) {
      const position = this.#at[id]!
      if (position === 0) continue
      const words = HEAD + ((arena[position + 1]! + 3) >> 2)
      for (let i = 0; i < words; i++) this.#arena[this.#used + i] = arena[position + i]!
      this.#at[id] = this.#used
      this.#used += words
    }
    this.#rebuild(this.#slots.length >> 1)
  }
}

function slotsFor(capacity: number): number {
  let slots = SMALLEST
  while (slots < 2 * capacity) slots *= 2
  return slots
}

function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length)
  larger.set(array)
  return larger
}

/** FNV-1a over the bytes from a seed, finished as MurmurHash3 does (both public domain). */
function seededHash(bytes: Uint8Array, at: number, length: number, seed: number): number {
  let h = seed
  for (let i = at; i < at + length; i++) h = Math.imul(h ^ bytes[i]!, 0x0100_0193)
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return h ^ (h >>> 16)
}
