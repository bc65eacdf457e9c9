/** Which slots lie in which segment of a window store: what expires together is dropped together, from memory and by one range from the engine. */
import type { KeyRange } from './engine.ts'
import type { WindowLayout } from './window-layout.ts'

/** The slots of a window store by segment. */
export class WindowSegments {
  readonly #layout: WindowLayout
  readonly #slots: Map<number, Set<number>> = new Map()
  /** Up to this segment the engine's rows were deleted. */
  #droppedTo = -1

  constructor(layout: WindowLayout) {
    this.#layout = layout
  }

  /** Takes a slot in whose window starts there. */
  add(slot: number, start: number): void {
    const segment = this.#layout.segmentOf(start)
    const slots = this.#slots.get(segment)
    if (slots === undefined) this.#slots.set(segment, new Set([slot]))
    else slots.add(slot)
  }

  /** Takes a slot out. */
  remove(slot: number, start: number): void {
    this.#slots.get(this.#layout.segmentOf(start))?.delete(slot)
  }

  /** Visits the slots of the segments of these times, both inclusive: all that lie between, and some beside. */
  visit(from: number, to: number, f: (slot: number) => void): void {
    const first = this.#layout.segmentOf(from)
    const last = this.#layout.segmentOf(to)
    for (const [segment, slots] of this.#slots) if (segment >= first && segment <= last) for (const slot of slots) f(slot)
  }

  /** Takes all slots out. */
  clear(): void {
    this.#slots.clear()
  }

  /**
   * The engine's range of the segments that lie wholly before `start` and weren't deleted yet; undefined: there are none. `drop` is called for their
   * slots and takes those out that have landed.
   */
  expired(start: number, drop: (slot: number) => void): KeyRange | undefined {
    const last = this.#layout.segmentOf(Math.max(0, start)) - 1
    if (last <= this.#droppedTo) return undefined
    const range = this.#layout.segments(this.#droppedTo + 1, last)
    this.#droppedTo = last
    for (const [segment, slots] of this.#slots) {
      if (segment > last) continue
      for (const slot of slots) drop(slot)
      if (slots.size === 0) this.#slots.delete(segment)
      // Rows on their way to the engine will be there after this range was deleted: the next one takes them along.
      else this.#droppedTo = Math.min(this.#droppedTo, Math.max(0, segment) - 1)
    }
    return range
  }
}
