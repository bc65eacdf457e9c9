/**
 * Kills one of two processes of an application again and again while words keep coming, and compares what is left each time with what must be: the
 * dead process's databases with the replay of their changelogs, what its successor restores with what was missing, and at the end every count with
 * the words that were sent.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTopics, serdes, topic } from '../../src/index.ts'
import type { OpenEngine } from '../../src/state/engine.ts'
import { AppProcess } from './processes.ts'
import { databaseOf, readStore, replayed } from './store-contents.ts'

/** What a run is told. */
export interface CrashOptions {
  readonly brokers: string
  readonly kills: number
  readonly engine: { readonly name: 'rocksdb' | 'level'; readonly open: OpenEngine }
  /** Where randomness comes from: 0 ≤ x < 1. */
  readonly random: () => number
}

/** What a run found. */
export interface CrashReport {
  readonly sent: number
  /** Words whose last count is smaller than how often they were sent: lost. */
  readonly lost: readonly string[]
  /** Sum of counts above the truth: words that were counted twice, which at-least-once allows. */
  readonly twice: number
  /** Databases compared with their changelogs, and those that differed. */
  readonly compared: number
  readonly torn: readonly string[]
  /** Records restored by each restart, and how many were behind the marks. */
  readonly restored: readonly { readonly taskId: string; readonly restored: number; readonly behind: number }[]
}

const PARTITIONS = 6
const WORDS = 200
const BATCH = 50

/** Runs it. With no kills, nothing may be counted twice. */
export async function crash({ brokers, kills, engine, random }: CrashOptions): Promise<CrashReport> {
  const applicationId = `crash-${Math.floor(random() * 1e9)}`
  const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
  const words = topic(`${applicationId}-words`, { key: serdes.string, value: serdes.string })
  const counts = topic(`${applicationId}-counts`, { key: serdes.string, value: serdes.long })
  const changelog = topic(`${applicationId}-counts-changelog`, { key: serdes.bytes, value: serdes.bytes })
  const topics = await openTopics({ brokers })
  for (const { name } of [words, counts]) await topics.createTopic(name, { partitions: PARTITIONS })

  const truth = new Map<string, number>()
  const stopped = new AbortController()
  const sender = (async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const batch = Array.from({ length: BATCH }, () => `word-${Math.floor(random() ** 2 * WORDS)}`)
      await topics.produce(
        words,
        batch.map((key) => ({ key, value: '' })),
      )
      for (const word of batch) truth.set(word, (truth.get(word) ?? 0) + 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()

  const stateDirs = ['a', 'b'].map((name) => join(folder, name))
  const start = (n: number): AppProcess => new AppProcess([brokers, applicationId, stateDirs[n]!, engine.name])
  const apps = [start(0), start(1)]
  for (const app of apps) await app.running()

  const torn: string[] = []
  const restored: { taskId: string; restored: number; behind: number }[] = []
  let compared = 0
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1_500))
    const n = random() < 0.5 ? 0 : 1
    await apps[n]!.kill()
    const marks = new Map<string, number>()
    const log = await readLog()
    for (const taskId of readdirSync(join(stateDirs[n]!, applicationId)).filter((name) => /^\d+_\d+$/.test(name))) {
      const found = await contents(databaseOf(stateDirs[n]!, applicationId, taskId))
      if (found === undefined) continue
      compared++
      marks.set(taskId, found.offset)
      const wanted = replayed(log.get(Number(taskId.slice(2))) ?? [], found.offset)
      if (!same(found.rows, wanted)) torn.push(`${taskId} at ${found.offset} after kill ${kill}`)
    }
    apps[n] = start(n)
    await apps[n].until('tasks', ({ event, tasks }) => event === 'tasks' && Array.isArray(tasks) && tasks.length > 0)
    for (const { event, taskId, phase, total, restored: records } of apps[n].events) {
      if (event !== 'restore' || phase !== 'end') continue
      restored.push({ taskId: String(taskId), restored: Number(records), behind: Number(total) })
    }
  }

  stopped.abort()
  await sender
  const last = await settled()
  for (const app of apps) await app.stop()
  await topics.close()
  rmSync(folder, { recursive: true, force: true })
  const lost = [...truth].filter(([word, times]) => (last.get(word) ?? 0) < times).map(([word]) => word)
  const twice = [...truth].reduce((sum, [word, times]) => sum + Math.max(0, (last.get(word) ?? 0) - times), 0)
  return { sent: [...truth.values()].reduce((sum, times) => sum + times, 0), lost, twice, compared, torn, restored }

  async function contents(database: string): ReturnType<typeof readStore> {
    const opened = await engine.open(database, {})
    try {
      return await readStore(opened)
    } finally {
      await opened.close()
    }
  }

  async function readLog(): Promise<
    Map<number, { offset: number; key: Uint8Array | null; value: Uint8Array | null; timestamp: number }[]>
  > {
    const log = new Map<number, { offset: number; key: Uint8Array | null; value: Uint8Array | null; timestamp: number }[]>()
    for await (const { partition, offset, key, value, timestamp } of topics.read(changelog)) {
      const rows = log.get(partition) ?? []
      log.set(partition, rows)
      rows.push({ offset, key: key?.slice() ?? null, value: value?.slice() ?? null, timestamp })
    }
    return log
  }

  /** The last count of each word, read again until all words are there or nothing changes for ten seconds. */
  async function settled(): Promise<ReadonlyMap<string, number>> {
    let changed = Date.now()
    let before = ''
    for (;;) {
      const found = new Map<string, number>()
      for await (const { key, value } of topics.read(counts)) if (key !== null) found.set(key, value ?? 0)
      const total = String([...found.values()].reduce((sum, count) => sum + count, 0))
      if ([...truth].every(([word, times]) => (found.get(word) ?? 0) >= times)) return found
      if (total !== before) changed = Date.now()
      before = total
      if (Date.now() - changed > 10_000) return found
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

function same(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
