/**
 * An application that counts words in several processes on a real Kafka, under steady load, with the defaults of its membership: processes join and
 * leave, and the broker is killed. What comes out is compared with what went in.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTopics, type TopicClient } from '../../src/index.ts'
import type { RunningKafka } from '../support/kafka/start-kafka.ts'
import { ownerships, overlaps, type Ownership } from './ownership.ts'
import { AppProcess, type AppEvent } from './processes.ts'
import type { SteadyLoad } from './steady-load.ts'
import { firstAnswers, longestWaits, tally, WordLoad, type Tally } from './word-load.ts'

/** What a run is told. */
export interface ScaleOptions {
  readonly kafka: RunningKafka
  /** How long it is loaded between two changes, in ms. */
  readonly phaseMs: number
  /** Where randomness comes from: 0 ≤ x < 1. */
  readonly random: () => number
}

/** Something that happened to the group, and how long words waited for their counts around it. */
export interface Change {
  readonly name: string
  /** By partition, in ms. */
  readonly longestWaits: ReadonlyMap<number, number>
}

/** What a run found. */
export interface ScaleReport extends Tally {
  readonly sent: number
  readonly changes: readonly Change[]
  /** Times in which a process owned a task, and pairs of them that overlap. */
  readonly owned: number
  readonly overlaps: readonly (readonly [Ownership, Ownership])[]
  /** What each process printed. */
  readonly events: Readonly<Record<string, readonly AppEvent[]>>
  readonly exitCodes: Readonly<Record<string, number | null>>
}

/** What a run found whose broker was killed. */
export interface BounceReport extends Tally {
  readonly sent: number
  /** From the start of the new broker to its first answers, in ms. */
  readonly brokerAfter: number
  /** By partition: from the start of the new broker to the first count of a word sent after it answered, in ms. */
  readonly goesOnAfter: ReadonlyMap<number, number>
  readonly errors: readonly AppEvent[]
}

export const PARTITIONS = 6
/** The default, so that a change of members takes what it takes users. */
const SESSION_MS = '45000'

/** The processes of one application, its load, and their folders. */
class Group {
  readonly processes: Map<string, AppProcess> = new Map()
  readonly goneAt: Map<string, number> = new Map()
  readonly load: WordLoad
  readonly #topics: TopicClient
  readonly #brokers: string
  readonly #applicationId: string
  #going: SteadyLoad | undefined = undefined
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-scale-'))

  private constructor(topics: TopicClient, load: WordLoad, brokers: string, applicationId: string) {
    this.#topics = topics
    this.load = load
    this.#brokers = brokers
    this.#applicationId = applicationId
  }

  static async open({ kafka, random }: ScaleOptions): Promise<Group> {
    const applicationId = `scale-${Math.floor(random() * 1e9)}`
    const brokers = kafka.brokers.join(',')
    const topics = await openTopics({ brokers })
    return new Group(topics, await WordLoad.open(topics, { applicationId, partitions: PARTITIONS, random }), brokers, applicationId)
  }

  /** Starts a process; settles when every process that is alive has so many tasks. */
  async join(name: string, tasks: number): Promise<void> {
    const args = [this.#brokers, this.#applicationId, join(this.#folder, name), 'rocksdb', SESSION_MS]
    this.processes.set(name, new AppProcess(args))
    await this.balanced(tasks)
  }

  async balanced(tasks: number): Promise<void> {
    const alive = [...this.processes.values()].filter((process) => process.alive)
    for (const process of alive) {
      const has = ({ event, tasks: own }: AppEvent): boolean => event === 'tasks' && Array.isArray(own) && own.length === tasks
      await process.until(`it has ${tasks} tasks`, has, { from: process.events.length })
    }
  }

  async leave(name: string): Promise<void> {
    await this.processes.get(name)!.stop()
    this.goneAt.set(name, Date.now())
  }

  /** Begins to load it, until `stopLoad`. */
  startLoad(): void {
    this.#going = this.load.start()
  }

  async stopLoad(): Promise<void> {
    await this.#going?.stop()
  }

  async close(): Promise<void> {
    await this.stopLoad()
    await Promise.all([...this.processes.values()].map((process) => process.stop()))
    await this.#topics.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** One process; a second and a third join; the second leaves by SIGTERM. Nothing crashes: every word must be counted once. */
export async function scale(options: ScaleOptions): Promise<ScaleReport> {
  const group = await Group.open(options)
  try {
    const { load, processes } = group
    await group.join('a', PARTITIONS)
    group.startLoad()
    await phase(options)
    const marks: { name: string; from: number; to: number }[] = []
    const change = async (name: string, what: () => Promise<void>): Promise<void> => {
      const from = Date.now()
      await what()
      await phase(options)
      marks.push({ name, from, to: Date.now() })
    }
    await change('b joins', () => group.join('b', 3))
    await change('c joins', () => group.join('c', 2))
    await change('b leaves', async () => {
      await group.leave('b')
      await group.balanced(3)
    })
    await group.stopLoad()
    const rows = await load.settled()
    for (const name of ['a', 'c']) await group.leave(name)
    const owned = [...processes].flatMap(([name, { events }]) => ownerships(name, events, group.goneAt.get(name)))
    return {
      ...tally(load.sent, rows),
      sent: load.total,
      changes: marks.map((mark) => ({ name: mark.name, longestWaits: longestWaits(load.sent, rows, mark) })),
      owned: owned.length,
      overlaps: overlaps(owned),
      events: Object.fromEntries([...processes].map(([name, { events }]) => [name, events])),
      exitCodes: Object.fromEntries([...processes].map(([name, { exitCode }]) => [name, exitCode])),
    }
  } finally {
    await group.close()
  }
}

/** Two processes under load, whose only broker is killed and started again. */
export async function bounce(options: ScaleOptions): Promise<BounceReport> {
  const { kafka } = options
  const group = await Group.open(options)
  try {
    const { load, processes } = group
    await Promise.all([group.join('a', PARTITIONS / 2), group.join('b', PARTITIONS / 2)])
    group.startLoad()
    await phase(options)
    await kafka.kill(1)
    const restarted = Date.now()
    await kafka.restart(1)
    const answers = Date.now()
    await phase(options)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await group.stopLoad()
    const rows = await load.settled()
    const first = firstAnswers(load.sent, rows, answers)
    return {
      ...tally(load.sent, rows),
      sent: load.total,
      brokerAfter: answers - restarted,
      goesOnAfter: new Map([...first].map(([partition, at]) => [partition, at - restarted])),
      errors: [...processes.values()].flatMap(({ events }) => events.filter(({ event }) => event === 'error')),
    }
  } finally {
    await group.close()
  }
}

function phase({ phaseMs }: ScaleOptions): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, phaseMs)
  })
}
