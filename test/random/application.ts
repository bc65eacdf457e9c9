/** A random program as an application on an in-process cluster: fed, stopped and started anew as a setting says, and what is in its topics at the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, type Topology } from '../../src/index.ts'
import { MemoryCluster } from '../../src/memory/cluster.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { tablesOf, type Tables } from '../conformance/final-tables.ts'
import { committed, quietly, topicsRead } from '../support/quiet.ts'
import { rawRecord } from './driven.ts'
import type { Input } from './grammar.ts'

/** How an application is run. */
export interface Setting {
  readonly engine: 'memory' | 'rocksdb' | 'level'
  readonly cacheBytes: number
  /** Records of one batch, and so of one fetch. */
  readonly batch: 1 | 500
  readonly optimize: boolean
  /** After which shares of the records, in hundredths, it stops and starts anew. */
  readonly stops: readonly number[]
  /** What follows a stop: the same state directory, none, or an instance that joined before. */
  readonly after: 'kept' | 'lost' | 'joined'
  /** It stops when all is processed that was written, or as soon as anything was; or each record is written when those before are processed. */
  readonly pace: 'all' | 'hasty' | 'one by one'
}

/** Time for steps that look at most once a second: it flies. */
function flyingClock(): typeof defaultClock {
  let flown = 0
  return { ...defaultClock, now: () => defaultClock.now() + (flown += 2_000) }
}

/** The final tables of an application that was given these records. */
export async function tablesInApplication(topology: () => Topology, records: readonly Input[], setting: Setting): Promise<Tables> {
  const cluster = new MemoryCluster({ clock: defaultClock, random: defaultRandom, checkCrc: true, autoCreateTopics: true })
  const folder = mkdtempSync(join(tmpdir(), 'millrace-random-'))
  const topics = topicsRead(topology(), records)
  for (const topic of topics.outer) cluster.createTopic(topic, { partitions: 1 })
  const instances: KafkaStreams[] = []
  const start = async (): Promise<KafkaStreams> => {
    const app = instance(topology(), {
      cluster,
      stateDir: join(folder, setting.after === 'kept' ? 'state' : `state-${instances.length}`),
      setting,
    })
    instances.push(app)
    await app.start()
    return app
  }
  try {
    const cuts = [...new Set(setting.stops.map((share) => Math.floor((records.length * share) / 100)))].toSorted((a, b) => a - b)
    // While somebody reads, records of several topics come when they come: then all are there before the first one is read.
    const atOnce = setting.after === 'joined' && setting.pace !== 'one by one' && topics.outer.length > 1
    let from = 0
    let app: KafkaStreams | undefined
    for (const to of [...cuts, records.length]) {
      const due = records.slice(from, atOnce ? records.length : to)
      from += due.length
      if (app !== undefined && setting.after !== 'joined') await closed(app)
      if (setting.pace !== 'one by one') append(cluster, due, setting.batch)
      const next = await start()
      if (app !== undefined && setting.after === 'joined') await closed(app)
      app = next
      if (setting.pace === 'hasty' && to < records.length) await begun(app)
      else await committed(cluster, topics.all)
      for (const record of setting.pace === 'one by one' ? due : []) {
        append(cluster, [record], 1)
        await committed(cluster, topics.all)
      }
    }
    await closed(app!)
    return tablesOf(topology(), written(cluster, new Set(topics.all)))
  } finally {
    await Promise.all(instances.map((app) => app.close({ timeoutMs: 2_000 })))
    await cluster.close()
    rmSync(folder, { recursive: true })
  }
}

async function closed(app: KafkaStreams): Promise<void> {
  const { clean, error } = await app.close()
  if (!clean) throw new Error('the application did not close cleanly', { cause: error })
}

/** Settles when something was processed, or nothing is there to be. */
async function begun(app: KafkaStreams): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if ([...app.lag().values()].flat().some(({ position }) => position > 0)) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function append(cluster: MemoryCluster, records: readonly Input[], batch: number): void {
  for (const topic of new Set(records.map((record) => record.topic))) {
    const own = records.filter((record) => record.topic === topic)
    for (let from = 0; from < own.length; from += batch) cluster.append(topic, 0, own.slice(from, from + batch).map(rawRecord))
  }
}

function instance(
  topology: Topology,
  { cluster, stateDir, setting }: { readonly cluster: MemoryCluster; readonly stateDir: string; readonly setting: Setting },
): KafkaStreams {
  const options = {
    ...quietly,
    engine: setting.engine,
    cacheBytes: setting.cacheBytes,
    stateDir,
    maxPartitionFetchBytes: setting.batch === 1 ? 1 : 1_000_000,
  }
  return new KafkaStreams(topology, options, { transport: cluster, clock: flyingClock() })
}

function written(cluster: MemoryCluster, except: ReadonlySet<string>): Parameters<typeof tablesOf>[1] {
  return cluster
    .topicNames()
    .filter((topic) => !except.has(topic))
    .flatMap((topic) => cluster.read(topic, 0).map(({ key, value }) => ({ topic, key, value })))
}
