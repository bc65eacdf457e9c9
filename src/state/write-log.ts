/**
 * Hot path. The order of last writes, for 12 ns a write: each write appends its slot and notes the position in the slot; at flush a slot counts
 * only at its last position, so slots come out in order of last write, as Kafka Streams' cache emits them, and no list has to be maintained.
 * When the log is longer than twice what counts in it, it is compacted.
 */

const SHORTEST = 1024

/** Slots in order of last write, each once. */
export class WriteLog {
  /** Length of the log, superseded writes included. */
  length = 0
  /** How many slots are in it. */
  count = 0
  /** True while somebody walks over it: positions stay what they are. */
  held = false
  #slots: Int32Array = new Int32Array(SHORTEST)
  /** Position + 1 of a slot's last write; 0: not in the log. */
  #position: Int32Array = new Int32Array(SHORTEST)

  /** Notes a write of a slot. */
  append(slot: number): void {
    if (slot >= this.#position.length) this.#position = grown(this.#position, Math.max(2 * this.#position.length, slot + 1))
    if (this.#position[slot] === 0) this.count++
    else if (this.#position[slot] === this.length) return
    if (this.length === this.#slots.length) this.#makeRoom()
    this.#slots[this.length++] = slot
    this.#position[slot] = this.length
  }

  /** The slot at a position below `length`; −1: it was written again later. */
  at(position: number): number {
    const slot = this.#slots[position]!
    return this.#position[slot] === position + 1 ? slot : -1
  }

  /** Takes a slot out. */
  remove(slot: number): void {
    if (this.#position[slot] === 0) return
    this.#position[slot] = 0
    this.count--
  }

  /** Forgets all writes. */
  clear(): void {
    for (let i = 0; i < this.length; i++) this.#position[this.#slots[i]!] = 0
    this.length = 0
    this.count = 0
    this.held = false
  }

  #makeRoom(): void {
    if (this.held || 2 * this.count >= this.length) {
      this.#slots = grown(this.#slots, 2 * this.#slots.length)
      return
    }
    let to = 0
    for (let i = 0; i < this.length; i++) {
      const slot = this.at(i)
      if (slot < 0) continue
      this.#slots[to++] = slot
      this.#position[slot] = to
    }
    this.length = to
  }
}

function grown(array: Int32Array, length: number): Int32Array {
  const larger = new Int32Array(length)
  larger.set(array)
  return larger
}
