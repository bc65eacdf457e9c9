/**
 * One application id, run by programs in turn, some on the JVM with Kafka Streams, some here: each goes on with the state, the repartition topics and
 * the positions that the one before left, while numbers keep coming.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, openTopics, type Topic, type TopicClient } from '../../src/index.ts'
import { compiled } from '../support/kafka/jars.ts'
import type { RunningKafka } from '../support/kafka/start-kafka.ts'
import { steadyLoad, type SteadyLoad } from './steady-load.ts'
import { digestStore, expectedAnswers, PARTITIONS, takeoverTopology, topicsOf, type Answers, type SentNumber } from './takeover-app.ts'

/** Who runs the application. */
export type System = 'jvm' | 'millrace'

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

/** A program that runs the application. */
interface Owner {
  readonly restored: number
  /** The digests in its store. */
  stored(keys: Iterable<string>): Promise<ReadonlyMap<string, string>>
  stop(): Promise<void>
}

const KEYS = 40
const BATCH = 10
const EVERY_MS = 10

/** Runs it. */
export async function takeover({ kafka, owners, phaseMs, random }: TakeoverOptions): Promise<TakeoverReport> {
  const applicationId = `takeover-${Math.floor(random() * 1e9)}`
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
      const start = system === 'jvm' ? startJvm : startMillrace
      owner = await start({ kafka, applicationId, stateDir: join(folder, system) })
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
    const stored = await owner!.stored(expected.digests.keys())
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

interface Place {
  readonly kafka: RunningKafka
  readonly applicationId: string
  readonly stateDir: string
}

async function startMillrace({ kafka, applicationId, stateDir }: Place): Promise<Owner> {
  let restored = 0
  const app = new KafkaStreams(takeoverTopology(applicationId), {
    applicationId,
    brokers: kafka.brokers,
    stateDir,
    commitIntervalMs: 100,
    lingerMs: 5,
    logger: false,
  })
  app.on('rebalance', ({ restoredRecords }) => {
    restored += restoredRecords
  })
  await app.start()
  return {
    restored,
    stored: async (keys) => {
      const store = app.store(digestStore)
      const found = new Map<string, string>()
      for (const key of keys) found.set(key, (await store.get(key)) ?? '')
      return found
    },
    stop: async () => {
      const { clean, error } = await app.close()
      if (!clean) throw error
    },
  }
}

async function startJvm({ kafka, applicationId, stateDir }: Place): Promise<Owner> {
  const classPath = await compiled(join(import.meta.dirname, 'jvm/Takeover.java'), kafka.classPath)
  const flags = ['-XX:TieredStopAtLevel=1', '-Xmx384m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath]
  const child = spawn('java', [...flags, 'Takeover', kafka.brokers.join(','), applicationId, stateDir], { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = once(child, 'exit')
  const restored = await runs(child, ended, () => errors)
  return {
    restored,
    stored: async () => new Map(),
    stop: async () => {
      child.stdin.end()
      const [code] = await ended
      if (code !== 0) throw new Error(`the JVM's program ended with ${String(code)}: ${errors}`)
    },
  }
}

/** Waits until a JVM's program runs; answers how many records it restored. */
async function runs(child: ChildProcess, ended: Promise<unknown>, errors: () => string): Promise<number> {
  const printed = (async (): Promise<number> => {
    let text = ''
    for await (const chunk of child.stdout!) {
      text += String(chunk)
      const found = /RUNNING RESTORED (\d+)/.exec(text)
      if (found !== null) return Number(found[1])
    }
    return -1
  })()
  const restored = await Promise.race([printed, ended.then(() => -1)])
  if (restored < 0) throw new Error(`the JVM's program ended before it ran: ${errors()}`)
  return restored
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
