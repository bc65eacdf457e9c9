/**
 * A store of at most so many entries: when a new one comes to a store that is full, the one goes that was used least recently. Its delete is written
 * like any other, to the engine and to the changelog.
 */
import { Recency } from './recency.ts'
import type { SlotStore } from './slot-store.ts'

/** Keeps the number of a store's entries. */
export class EntryBound {
  readonly #recency: Recency
  readonly #slots: SlotStore<unknown>
  readonly #silent: boolean

  /** `silent`: the changelog isn't told of entries that go, as Kafka Streams doesn't tell it in all but plain stores. */
  constructor(most: number, slots: SlotStore<unknown>, silent: boolean) {
    this.#recency = new Recency(most)
    this.#slots = slots
    this.#silent = silent
  }

  /** An entry was read. */
  used(slot: number): void {
    if (this.#recency.has(slot)) this.#recency.use(slot)
  }

  /** An entry is about to be written, or deleted: makes room for it. */
  write(slot: number, isDelete: boolean): void {
    if (isDelete) return this.#recency.remove(slot)
    const oldest = this.#recency.has(slot) ? -1 : this.#recency.surplus()
    if (oldest >= 0) {
      this.#recency.remove(oldest)
      this.#slots.dismiss(oldest, this.#silent)
    }
    return this.#recency.use(slot)
  }

  /** Forgets all entries. */
  clear(): void {
    this.#recency.clear()
  }
}
