/**
 * Where a naive interpretation happens: topics are queues, and one record at a time is taken, of the topic whose first one is earliest, and handed to
 * whoever listens, depth first. Records of one time in several topics have no order that Kafka Streams promises (a heap decides): the same heap as the test
 * driver's decides here, so that everything else can be compared record for record.
 */
import { heap, type Heap } from '../../../src/base/heap.ts'
import type { Text } from '../words.ts'

/** A record of a stream. */
export interface Item {
  readonly key: Text
  readonly value: Text
  readonly time: number
  /** The value of its one header, empty for none. */
  readonly headers: string
}

/** A change of a table's row; `old` is null where nobody asked for it. */
export interface Change {
  readonly key: string
  readonly value: Text
  readonly old: Text
  readonly time: number
  readonly headers: string
  /** The window of its key, where it has one. */
  readonly window?: Window
}

/** A key's window. */
export interface Window {
  readonly key: string
  readonly start: number
  readonly end: number
}

/** What a flow comes from. */
type Above = Pick<Flow<unknown>, 'keepNullKeys'>

/** Things that flow to listeners, in the order in which these were added. */
export class Flow<T> {
  readonly #listeners: ((thing: T) => void)[] = []
  readonly #parents: readonly Above[]
  /** True: a left or outer join below means something by null keys. */
  keepsNullKeys = false

  constructor(...parents: readonly Above[]) {
    this.#parents = parents
  }

  listen(listener: (thing: T) => void): void {
    this.#listeners.push(listener)
  }

  push(thing: T): void {
    for (const listener of this.#listeners) listener(thing)
  }

  /** All above let null keys through. */
  keepNullKeys(): void {
    if (this.keepsNullKeys) return
    this.keepsNullKeys = true
    for (const parent of this.#parents) parent.keepNullKeys()
  }
}

interface Waiting {
  readonly things: { readonly time: number; readonly take: () => void }[]
  /** Time of the first one. */
  time: number
}

/** Topics, and whose turn it is. */
export class World {
  /** What was written to each topic outside. */
  readonly outputs: Map<string, Item[]> = new Map()
  readonly #topics: Map<string, { readonly waiting: Waiting; readonly reader: (thing: never) => void }> = new Map()
  readonly #next: Heap<Waiting> = heap((a, b) => a.time - b.time)

  /** Makes a topic known, with who reads it. */
  read<T extends { readonly time: number }>(topic: string, reader: (thing: T) => void): void {
    this.#topics.set(topic, { waiting: { things: [], time: 0 }, reader })
  }

  /** Writes to a topic inside. */
  send<T extends { readonly time: number }>(topic: string, thing: T): void {
    const found = this.#topics.get(topic)
    if (found === undefined) return
    const reader = found.reader as (thing: T) => void
    found.waiting.things.push({ time: thing.time, take: () => reader(thing) })
    if (found.waiting.things.length === 1) this.#queue(found.waiting)
  }

  /** Writes to a topic outside. */
  write(topic: string, item: Item): void {
    const written = this.outputs.get(topic) ?? []
    this.outputs.set(topic, written)
    written.push(item)
  }

  /** Runs until nothing waits: next is the first record of the topic whose first record is earliest. */
  run(): void {
    for (let waiting = this.#next.pop(); waiting !== undefined; waiting = this.#next.pop()) {
      const { take } = waiting.things.shift()!
      this.#queue(waiting)
      take()
    }
  }

  #queue(waiting: Waiting): void {
    const [first] = waiting.things
    if (first === undefined) return
    waiting.time = first.time
    this.#next.push(waiting)
  }
}

/** The order of keys: by their bytes. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
