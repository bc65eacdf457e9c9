/**
 * One application id, run by programs in turn, some on the JVM with Kafka Streams, some here: each goes on with the state, the repartition topics and
 * the positions that the one before left, while numbers keep coming.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTopics, type Topic, type TopicClient } from '../../src/index.ts'
import type { RunningKafka } from '../support/kafka/start-kafka.ts'
import { startOwner, type Owner, type Program, type System } from './owners.ts'
import { steadyLoad, type SteadyLoad } from './steady-load.ts'
import { digestStore, expectedAnswers, PARTITIONS, takeoverTopology, topicsOf, type Answers, type SentNumber } from './takeover-app.ts'

/** What a run is told. */
export interface TakeoverOptions {
  readonly kafka: RunningKafka
  /** In turn; one that comes a second time has its old state directory. */
  readonly owners: readonly System[]
  /** How long each runs under load, in ms. */
  readonly phaseMs: number
  readonly random: () => number
}

/** What a run found. */
export interface TakeoverReport {
  readonly sent: number
  readonly expected: Answers
  readonly found: Answers
  /** Numbers that were too late for their window. */
  readonly late: number
  /** By owner, in turn: records that it restored before it ran. */
  readonly restored: readonly number[]
  /** The last digests as the last owner's store has them, where that can be asked. */
  readonly stored: ReadonlyMap<string, string>
}

const KEYS = 40
const BATCH = 10
const EVERY_MS = 10

/** Runs it. */
export async function takeover({ kafka, owners, phaseMs, random }: TakeoverOptions): Promise<TakeoverReport> {
  const applicationId = `takeover-${Math.floor(random() * 1e9)}`
  const program: Program = { applicationId, topology: takeoverTopology(applicationId), java: 'Takeover' }
  const brokers = kafka.brokers.join(',')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-takeover-'))
  const topics = await openTopics({ brokers })
  const numbers = new Numbers(topics, applicationId, random)
  let owner: Owner | undefined
  let load: SteadyLoad | undefined
  try {
    for (const { name } of Object.values(topicsOf(applicationId))) await topics.createTopic(name, { partitions: PARTITIONS })
    const restored: number[] = []
    load = numbers.start()
    for (const system of owners) {
      await owner?.stop()
      owner = undefined
      owner = await startOwner(system, program, { kafka, stateDir: join(folder, system) })
      restored.push(owner.restored)
      await numbers.answered()
      // A program that has just started doesn't know yet how far its windows' time was, on the JVM as here: what is late has to come later.
      numbers.late = true
      await new Promise((resolve) => setTimeout(resolve, phaseMs))
      numbers.late = false
      await numbers.answered()
    }
    await load.stop()
    const expected = expectedAnswers(numbers.sent)
    const found = await settled(topics, applicationId, expected)
    const stored = await storedDigests(owner!, expected.digests.keys())
    await owner!.stop()
    owner = undefined
    return { sent: numbers.sent.length, late: numbers.sent.length - total(expected.windows), expected, found, restored, stored }
  } finally {
    await load?.stop()
    await owner?.stop()
    await topics.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Numbers that keep coming, of times that run ahead of the clock: windows close while the test runs. */
class Numbers {
  readonly sent: SentNumber[] = []
  /** Whether some come too late for their window. */
  late = false
  readonly #topics: TopicClient
  readonly #applicationId: string
  readonly #random: () => number
  readonly #first: number = Date.now()

  constructor(topics: TopicClient, applicationId: string, random: () => number) {
    this.#topics = topics
    this.#applicationId = applicationId
    this.#random = random
  }

  start(): SteadyLoad {
    return steadyLoad(() => this.#send(), EVERY_MS)
  }

  /** Settles when what has been sent until now is answered. */
  async answered(): Promise<void> {
    const wanted = this.sent.length
    const { digests } = topicsOf(this.#applicationId)
    for (const deadline = Date.now() + 60_000; ;) {
      let answers = 0
      for await (const _ of this.#topics.read(digests)) answers++
      if (answers >= wanted) return
      if (Date.now() > deadline) throw new Error(`only ${answers} of ${wanted} numbers were answered`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async #send(): Promise<void> {
    const batch = Array.from({ length: BATCH }, (_, n): SentNumber => {
      const at = this.#first + (this.sent.length + n) * 11
      const back = this.#random() < 0.1 ? 1_000 : this.late && this.#random() < 0.05 ? 20_000 : 0
      const key = `key-${Math.floor(this.#random() * KEYS)}`
      return { key, value: String(Math.floor(this.#random() * 1_000)), timestamp: at - back }
    })
    await this.#topics.produce(topicsOf(this.#applicationId).numbers, batch)
    this.sent.push(...batch)
  }
}

/** The digests in an owner's store, where it can be asked. */
async function storedDigests({ app }: Owner, keys: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (app === undefined) return found
  const store = app.store(digestStore)
  for (const key of keys) found.set(key, (await store.get(key)) ?? '')
  return found
}

/** What came out, read again until it is as much as expected, or until nothing has come for ten seconds. */
async function settled(topics: TopicClient, applicationId: string, expected: Answers): Promise<Answers> {
  const { digests, windows, digits, joined, sums, pairs } = topicsOf(applicationId)
  const read = async (): Promise<Answers> => ({
    digests: await byKey(topics, digests),
    windows: await byKey(topics, windows),
    digits: await byKey(topics, digits),
    joined: await byKey(topics, joined),
    pairs: new Map([...(await byKey(topics, pairs))].map(([key, values]) => [key, values.toSorted()])),
    sums: new Map([...(await byKey(topics, sums))].map(([key, values]) => [key, values.at(-1) ?? ''])),
  })
  const size = (answers: Answers): number =>
    total(answers.digests) + total(answers.windows) + total(answers.digits) + total(answers.joined) + total(answers.pairs)
  const isDone = (answers: Answers): boolean =>
    size(answers) >= size(expected) && [...expected.sums].every(([key, sum]) => answers.sums.get(key) === sum)
  let found = await read()
  for (let changed = Date.now(); !isDone(found) && Date.now() - changed < 10_000;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const next = await read()
    if (size(next) !== size(found)) changed = Date.now()
    found = next
  }
  return found
}

async function byKey<V extends string | number>(
  topics: TopicClient,
  from: Topic<string, V>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const values = new Map<string, string[]>()
  for await (const { key, value } of topics.read(from)) {
    const known = values.get(key ?? '') ?? []
    values.set(key ?? '', known)
    known.push(String(value))
  }
  return values
}

function total(values: ReadonlyMap<string, readonly string[]>): number {
  return [...values.values()].reduce((sum, list) => sum + list.length, 0)
}
