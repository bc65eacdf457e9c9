/**
 * An application with each kind of store, run by programs in turn under one application id while its inputs keep coming, and beside it the whole on the
 * JVM, started at the end under another id and never stopped: what both answered, output by output, and the internal topics that both have.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTopics, type ProduceRecord, type TopicClient } from '../../src/index.ts'
import type { RunningKafka } from '../support/kafka/start-kafka.ts'
import { startOwner, type Owner, type Program, type System } from './owners.ts'
import { steadyLoad, type SteadyLoad } from './steady-load.ts'
import { outputs, PARTITIONS, takeoverStoresTopology, textTopic, type OutputName } from './takeover-stores-app.ts'

/** What a run is told. */
export interface StoresOptions {
  readonly kafka: RunningKafka
  /** In turn; one that comes a second time has its old state directory. */
  readonly owners: readonly System[]
  /** How long each runs under load, in ms. */
  readonly phaseMs: number
  readonly random: () => number
}

/** Results by key. */
export type Results = ReadonlyMap<string, readonly string[]>

/** What a run found: of those that took turns, and of the one that ran the whole. */
export interface StoresReport {
  readonly sent: number
  readonly found: Readonly<Record<OutputName, Results>>
  readonly whole: Readonly<Record<OutputName, Results>>
  /** Internal topics with their partitions and settings, without the application's id. */
  readonly internal: { readonly found: readonly string[]; readonly whole: readonly string[] }
  /** By owner, in turn: records that it restored before it ran. */
  readonly restored: readonly number[]
}

const KEYS = 20
const PEOPLE = 50
const EVERY_MS = 25
const NAMES: readonly OutputName[] = [...outputs.ordered, ...outputs.gathered, ...outputs.final]

/** Runs it. */
export async function takeoverStores({ kafka, owners, phaseMs, random }: StoresOptions): Promise<StoresReport> {
  const inputs = `stores-${Math.floor(random() * 1e9)}`
  const [turns, whole] = [`${inputs}-turns`, `${inputs}-whole`] as const
  const folder = mkdtempSync(join(tmpdir(), 'millrace-takeover-'))
  const topics = await openTopics({ brokers: kafka.brokers.join(',') })
  const load = new Load(topics, inputs, random)
  const running: Owner[] = []
  let steady: SteadyLoad | undefined
  try {
    for (const name of ['numbers', 'people', 'names']) await topics.createTopic(`${inputs}-${name}`, { partitions: PARTITIONS })
    for (const id of [turns, whole]) for (const name of NAMES) await topics.createTopic(`${id}-${name}`, { partitions: PARTITIONS })
    const restored: number[] = []
    steady = load.start()
    for (const system of owners) {
      await running.pop()?.stop()
      const owner = await startOwner(system, programOf(turns, inputs), { kafka, stateDir: join(folder, system) })
      running.push(owner)
      restored.push(owner.restored)
      await load.answered(turns)
      // A program that has just started doesn't know yet how far its windows' time was, on the JVM as here: what is late has to come later.
      load.late = true
      await new Promise((resolve) => setTimeout(resolve, phaseMs))
      load.late = false
      await load.answered(turns)
    }
    await steady.stop()
    running.push(await startOwner('jvm', programOf(whole, inputs), { kafka, stateDir: join(folder, 'whole') }))
    await load.answered(whole)
    for (let round = 0; round < 3; round++) {
      // What closes is looked for once a second of the clock.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await load.closeWindows()
      for (const id of [turns, whole]) await load.answered(id)
    }
    const results = await settled(topics, [turns, whole])
    const internal = { found: await internalTopics(kafka, turns), whole: await internalTopics(kafka, whole) }
    return { sent: load.sent, found: results[0]!, whole: results[1]!, internal, restored }
  } finally {
    await steady?.stop()
    for (const owner of running) await owner.stop()
    await topics.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function programOf(applicationId: string, inputs: string): Program {
  const topology = takeoverStoresTopology(applicationId, inputs)
  return { applicationId, topology, java: 'TakeoverStores', javaArgs: [inputs] }
}

interface Person {
  readonly key: string
  /** What its value ends with: the foreign key. */
  readonly digit: number
}

/** Inputs that keep coming, of times that run ahead of the clock: windows close while the test runs. */
class Load {
  /** Numbers sent until now. */
  sent = 0
  /** Whether some come too late for their window. */
  late = false
  readonly #topics: TopicClient
  readonly #inputs: string
  readonly #random: () => number
  readonly #people: Person[] = Array.from({ length: PEOPLE }, (_, n) => ({ key: `person-${n}`, digit: n % 10 }))
  #time = Date.now()

  constructor(topics: TopicClient, inputs: string, random: () => number) {
    this.#topics = topics
    this.#inputs = inputs
    this.#random = random
  }

  start(): SteadyLoad {
    return steadyLoad(async () => {
      await this.#send(
        'numbers',
        Array.from({ length: 5 }, () => this.#number()),
      )
      await this.#send('people', [this.#person()])
      if (this.#random() < 0.3)
        await this.#send('names', [
          { key: String(this.#below(8)), value: this.#random() < 0.2 ? null : `name ${this.#below(100)}`, timestamp: this.#time },
        ])
    }, EVERY_MS)
  }

  /** Settles when every number sent until now is answered under an application id. */
  async answered(applicationId: string): Promise<void> {
    const wanted = this.sent
    for (const deadline = Date.now() + 120_000; ;) {
      let answers = 0
      for await (const _ of this.#topics.read(textTopic(applicationId, 'cogroup'))) answers++
      if (answers >= wanted) return
      if (Date.now() > deadline) throw new Error(`only ${answers} of ${wanted} numbers were answered`)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }

  /** Moves the time of every partition on, so that what waits comes out. */
  async closeWindows(): Promise<void> {
    this.#time += 60_000
    const all = Array.from({ length: PARTITIONS }, (_, partition) => ({ key: `last-${partition}`, value: '1', partition }))
    await this.#send('numbers', all)
  }

  #number(): { key: string; value: string; timestamp: number; headers: [string, Uint8Array][] } {
    this.#time += 22
    const back = this.#random() < 0.1 ? this.#below(1_000) : this.late && this.#random() < 0.05 ? 20_000 : 0
    const headers: [string, Uint8Array][] = this.#random() < 0.3 ? [['n', Uint8Array.of(this.sent & 255)]] : []
    return { key: `key-${this.#below(KEYS)}`, value: String(this.#below(1_000)), timestamp: this.#time - back, headers }
  }

  /**
   * A row of one person. Each change is one of the foreign key, and who was deleted doesn't come back: else an inner join by foreign key can keep a row
   * of before, in Kafka Streams as here, when the answer to the deletion is under way while the next row comes.
   */
  #person(): ProduceRecord<string, string | null> {
    const n = this.#below(PEOPLE)
    const { key, digit } = this.#people[n]!
    if (this.#random() < 0.1) {
      this.#people[n] = { key: `${key}+`, digit }
      return { key, value: null }
    }
    const next = (digit + 1 + this.#below(9)) % 10
    this.#people[n] = { key, digit: next }
    return { key, value: `${this.#below(100)}${next}` }
  }

  async #send(name: string, records: readonly ProduceRecord<string, string | null>[]): Promise<void> {
    const stamped = records.map((record) => ({ timestamp: this.#time, ...record }))
    await this.#topics.produce(textTopic(this.#inputs, name), stamped)
    if (name === 'numbers') this.sent += records.length
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n)
  }
}

/** What came out under each application id, read again until it is alike, or until nothing has come for ten seconds. */
async function settled(topics: TopicClient, ids: readonly string[]): Promise<readonly Readonly<Record<OutputName, Results>>[]> {
  const read = (): Promise<readonly Readonly<Record<OutputName, Results>>[]> => Promise.all(ids.map((id) => resultsOf(topics, id)))
  const sizes = (all: Awaited<ReturnType<typeof read>>): string[] =>
    all.map((results) => NAMES.map((name) => [...results[name].values()].reduce((sum, { length }) => sum + length, 0)).join())
  let found = await read()
  for (let changed = Date.now(); Date.now() - changed < 10_000;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const next = await read()
    if (sizes(next).join() !== sizes(found).join()) changed = Date.now()
    found = next
    if (NAMES.every((name) => text(found[0]![name]) === text(found[1]![name]))) break
  }
  return found
}

function text(results: Results): string {
  return JSON.stringify([...results].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

async function resultsOf(topics: TopicClient, applicationId: string): Promise<Record<OutputName, Results>> {
  const all = new Map<string, Results>()
  for (const name of outputs.ordered) all.set(name, await byKey(topics, applicationId, name))
  for (const name of outputs.gathered) {
    const found = await byKey(topics, applicationId, name)
    all.set(name, new Map([...found].map(([key, values]) => [key, values.toSorted()])))
  }
  for (const name of outputs.final) {
    const found = await byKey(topics, applicationId, name)
    const last = [...found].map(([key, values]) => [key, values.at(-1)!.replace(/ @.*/, '')] as const)
    all.set(name, new Map(last.filter(([, value]) => value !== 'null').map(([key, value]) => [key, [value]])))
  }
  const of = (name: OutputName): Results => all.get(name)!
  return Object.fromEntries(NAMES.map((name) => [name, of(name)])) as Record<OutputName, Results>
}

async function byKey(topics: TopicClient, applicationId: string, name: string): Promise<Results> {
  const values = new Map<string, string[]>()
  for await (const { key, value, timestamp } of topics.read(textTopic(applicationId, name))) {
    const known = values.get(key ?? '') ?? []
    values.set(key ?? '', known)
    known.push(`${value} @${timestamp}`)
  }
  return values
}

/** The internal topics of an application as Kafka's own tool describes them. */
async function internalTopics(kafka: RunningKafka, applicationId: string): Promise<readonly string[]> {
  const described = await kafka.tool('org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', kafka.brokers[0]!, '--describe'])
  const found = described.split('\n').flatMap((line) => {
    const [, name, partitions, configs] = /^Topic: (\S+)\s.*PartitionCount: (\d+)\s.*Configs: (.*)$/.exec(line) ?? []
    if (name === undefined || !/-(changelog|repartition|topic)$/.test(name) || !name.startsWith(`${applicationId}-`)) return []
    // Ours let event time run ahead of the broker's clock.
    const settings = configs?.split(',').filter((config) => !config.startsWith('message.timestamp.after'))
    return [`${name.slice(applicationId.length + 1)}: ${partitions} partitions, ${settings?.toSorted().join(', ')}`]
  })
  return found.toSorted()
}
