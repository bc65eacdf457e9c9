/**
 * Where a naive interpretation happens: topics are queues, a task reads some of them, and one record at a time is taken and handed to whoever listens,
 * depth first. Which topics a task reads is the topology's to say (Kafka Streams promises no order between tasks), and so is given from outside.
 */
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
  readonly time: number
  readonly take: () => void
}

/** Topics and tasks. */
export class World {
  /** What was written to each topic outside. */
  readonly outputs: Map<string, Item[]> = new Map()
  readonly #tasks: readonly (readonly string[])[]
  readonly #queues: Map<string, Waiting[]> = new Map()
  readonly #readers: Map<string, (thing: never) => void> = new Map()

  /** The topics of each task, in the order in which tasks have their turns and, of records of one time, topics theirs. */
  constructor(tasks: readonly (readonly string[])[]) {
    this.#tasks = tasks
  }

  /** Makes a topic known, with who reads it. */
  read<T extends { readonly time: number }>(topic: string, reader: (thing: T) => void): void {
    this.#readers.set(topic, reader)
    this.#queues.set(topic, [])
  }

  /** Writes to a topic inside. */
  send<T extends { readonly time: number }>(topic: string, thing: T): void {
    const reader = this.#readers.get(topic) as ((thing: T) => void) | undefined
    if (reader !== undefined) this.#queues.get(topic)!.push({ time: thing.time, take: () => reader(thing) })
  }

  /** Writes to a topic outside. */
  write(topic: string, item: Item): void {
    const written = this.outputs.get(topic) ?? []
    this.outputs.set(topic, written)
    written.push(item)
  }

  /** Runs until nothing waits: the first task that has something, of its topics the one whose head is earliest. */
  run(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) next.take()
  }

  #next(): Waiting | undefined {
    for (const topics of this.#tasks) {
      let first: Waiting[] | undefined
      for (const topic of topics) {
        const queue = this.#queues.get(topic) ?? []
        if (queue.length > 0 && (first === undefined || queue[0]!.time < first[0]!.time)) first = queue
      }
      if (first !== undefined) return first.shift()
    }
    return undefined
  }
}

/** The order of keys: by their bytes. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
