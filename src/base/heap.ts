/**
 * A priority queue, smallest first. It wraps tinyqueue (a binary heap: push and pop in O(log n)) and is the only file that imports it.
 * Equal items leave in no particular order: a comparison that must be repeatable has to break ties itself.
 */
import TinyQueue from 'tinyqueue'

/** Items in order of `compare`: the smallest can be looked at and taken. */
export interface Heap<T> {
  readonly size: number
  push(item: T): void
  /** The smallest item; `undefined` when there is none. */
  peek(): T | undefined
  /** Takes the smallest item out; `undefined` when there is none. */
  pop(): T | undefined
}

/** A heap of these items; `compare` answers below zero when `a` comes first. */
export function heap<T>(compare: (a: T, b: T) => number, items: readonly T[] = []): Heap<T> {
  const queue = new TinyQueue([...items], compare)
  return {
    get size() {
      return queue.length
    },
    push: (item) => queue.push(item),
    peek: () => queue.peek(),
    pop: () => queue.pop(),
  }
}
