/**
 * A steady stream of words into a topic, and the counts that came out of it: when each word was sent, when its count was there, by the broker's clock
 * of appending. Words and counts are the only witnesses; what the application says of itself is not asked.
 */
import { serdes, topic, type Topic, type TopicClient } from '../../src/index.ts'
import { steadyLoad, type SteadyLoad } from './steady-load.ts'

/** A count that came out. */
export interface CountRow {
  readonly word: string
  readonly count: number
  readonly partition: number
  /** When the broker appended it, in ms since the epoch. */
  readonly at: number
}

const WORDS = 200
const BATCH = 20
const EVERY_MS = 10

/** Words going into an application that counts them. */
export class WordLoad {
  /** By word: when each of its records was handed to the producer, in ms since the epoch; those that were acknowledged. */
  readonly sent: Map<string, number[]> = new Map()
  readonly #topics: TopicClient
  readonly #words: Topic<string, string>
  readonly #counts: Topic<string, number>
  readonly #random: () => number

  private constructor(topics: TopicClient, applicationId: string, random: () => number) {
    this.#topics = topics
    this.#random = random
    this.#words = topic(`${applicationId}-words`, { key: serdes.string, value: serdes.string })
    this.#counts = topic(`${applicationId}-counts`, { key: serdes.string, value: serdes.long })
  }

  /** Makes the topics. */
  static async open(
    topics: TopicClient,
    { applicationId, partitions, random }: { readonly applicationId: string; readonly partitions: number; readonly random: () => number },
  ): Promise<WordLoad> {
    const load = new WordLoad(topics, applicationId, random)
    await topics.createTopic(load.#words.name, { partitions })
    await topics.createTopic(load.#counts.name, { partitions, configs: { 'message.timestamp.type': 'LogAppendTime' } })
    return load
  }

  /** How many words were sent. */
  get total(): number {
    return [...this.sent.values()].reduce((sum, times) => sum + times.length, 0)
  }

  /** Begins to send. */
  start(): SteadyLoad {
    return steadyLoad(() => this.#send(), EVERY_MS)
  }

  /** All counts that are there, by partition in order. */
  async counts(): Promise<readonly CountRow[]> {
    const rows: CountRow[] = []
    for await (const { key, value, partition, timestamp } of this.#topics.read(this.#counts))
      rows.push({ word: key ?? '', count: value ?? 0, partition, at: timestamp })
    return rows
  }

  /** The counts, read again until every word has as many as were sent of it, or until none has come for ten seconds. */
  async settled(): Promise<readonly CountRow[]> {
    let rows = await this.counts()
    for (let changed = Date.now(); Date.now() - changed < 10_000;) {
      const last = new Map(rows.map(({ word, count }) => [word, count]))
      if ([...this.sent].every(([word, times]) => (last.get(word) ?? 0) >= times.length)) break
      await new Promise((resolve) => setTimeout(resolve, 200))
      const next = await this.counts()
      if (next.length !== rows.length) changed = Date.now()
      rows = next
    }
    return rows
  }

  async #send(): Promise<void> {
    const batch = Array.from({ length: BATCH }, () => `word-${Math.floor(this.#random() * WORDS)}`)
    const at = Date.now()
    await this.#topics.produce(
      this.#words,
      batch.map((key) => ({ key, value: '' })),
    )
    for (const word of batch) {
      const times = this.sent.get(word) ?? []
      this.sent.set(word, times)
      times.push(at)
    }
  }
}

/** What the counts say of the words that were sent. */
export interface Tally {
  /** Words that were counted less often than sent. */
  readonly lost: readonly string[]
  /** How much higher the last counts are than the truth, in sum. */
  readonly twice: number
  /** Counts that don't follow the one before them, of the same word: the first is 1, each next one more. */
  readonly outOfOrder: number
}

/** Compares counts with what was sent. */
export function tally(sent: ReadonlyMap<string, readonly number[]>, rows: readonly CountRow[]): Tally {
  const last = new Map<string, number>()
  let outOfOrder = 0
  for (const { word, count } of rows) {
    if (count !== (last.get(word) ?? 0) + 1) outOfOrder++
    last.set(word, count)
  }
  const lost = [...sent].filter(([word, times]) => (last.get(word) ?? 0) < times.length).map(([word]) => word)
  const twice = [...last].reduce((sum, [word, count]) => sum + Math.max(0, count - (sent.get(word)?.length ?? 0)), 0)
  return { lost, twice, outOfOrder }
}

/** By partition: the longest that a word sent in [from, to) waited for its count, in ms. */
export function longestWaits(
  sent: ReadonlyMap<string, readonly number[]>,
  rows: readonly CountRow[],
  { from, to }: { readonly from: number; readonly to: number },
): ReadonlyMap<number, number> {
  const waits = new Map<number, number>()
  const next = new Map<string, number>()
  for (const { word, count, partition, at } of rows) {
    const times = sent.get(word) ?? []
    for (let n = next.get(word) ?? 0; n < Math.min(count, times.length); n++) {
      const time = times[n]!
      if (time >= from && time < to) waits.set(partition, Math.max(waits.get(partition) ?? 0, at - time))
    }
    next.set(word, Math.max(next.get(word) ?? 0, count))
  }
  return waits
}

/** By partition: when the first count was there of a word sent at or after a time. */
export function firstAnswers(
  sent: ReadonlyMap<string, readonly number[]>,
  rows: readonly CountRow[],
  from: number,
): ReadonlyMap<number, number> {
  const first = new Map<number, number>()
  for (const { word, count, partition, at } of rows) {
    const before = (sent.get(word) ?? []).filter((time) => time < from).length
    if (count > before) first.set(partition, Math.min(first.get(partition) ?? Number.POSITIVE_INFINITY, at))
  }
  return first
}
