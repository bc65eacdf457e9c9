import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StateError } from '../../src/base/errors.ts'
import { seeded } from '../../src/base/random.ts'
import { keyValueStore, serdes, topic, type KafkaStreams, type MemoryBroker } from '../../src/index.ts'
import { Admin } from '../../src/kafka/admin.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { defaultClock } from '../../src/runtime/defaults.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'
import { memoryStores, type TaskStores } from '../../src/runtime/task-stores.ts'
import { FETCH } from '../../src/wire/api/fetch.ts'
import { built, counts, texts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

const counting = () => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

test.each(['rocksdb', 'level'] as const)(
  'state on disk with %s is there after a restart; what is damaged is set aside and restored',
  async (engine) => {
    const stateDir = mkdtempSync(join(tmpdir(), 'millrace-opener-'))
    try {
      const broker = freshBroker()
      const run = async (warnings: string[] = []): Promise<number> => {
        await broker.produce(
          texts,
          Array.from({ length: 10 }, (_, n) => ({ key: `k${n}`, value: 'v' })),
        )
        const logger = {
          debug: () => undefined,
          info: () => undefined,
          warn: (_f: object, message: string) => void warnings.push(message),
          error: () => undefined,
        }
        const app = appOn(broker, counting(), { engine, stateDir, logger })
        let restored = 0
        app.on('rebalance', ({ restoredRecords }) => (restored += restoredRecords))
        await app.start()
        await until('all is processed', () => [...app.lag().values()].flat().every(({ lag }) => lag === 0))
        await app.close()
        return restored
      }
      expect(await run()).toBe(0)
      expect(await run()).toBe(0)
      const database = join(stateDir, 'app', '0_0', 'db')
      for (const name of readdirSync(database))
        if (/^MANIFEST|\.sst$|\.ldb$/.test(name)) writeFileSync(join(database, name), 'not a database')
      const warnings: string[] = []
      expect(await run(warnings)).toBeGreaterThan(0)
      expect(readdirSync(join(stateDir, 'app')).some((name) => name.startsWith('0_0.corrupt-'))).toBe(true)
      const last: Record<string, number | null> = {}
      for await (const { key, value } of broker.read(counts)) last[key ?? ''] = value
      expect(Object.values(last)).toEqual(Array.from({ length: 10 }, () => 3))
    } finally {
      rmSync(stateDir, { recursive: true, force: true })
    }
  },
)

/** Stores whose task 0_1 another thread has for so many tries. */
function heldStores(tries: number): TaskStores & { asked: number } {
  const stores = memoryStores(seeded(1))
  return {
    ...stores,
    asked: 0,
    openTask(taskId) {
      if (taskId === '0_1' && ++this.asked <= tries)
        return Promise.reject(new StateError('STATE_DIR_LOCKED', 'another thread has it', { retriable: true }))
      return stores.openTask(taskId)
    },
  }
}

function appWith(stores: TaskStores): { readonly app: KafkaStreams; readonly broker: MemoryBroker } {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 3 })
  return { broker, app: appOn(broker, counting(), {}, { stores }) }
}

test('a task that another thread of the process has not closed yet is waited for', async () => {
  const stores = heldStores(3)
  const { app, broker } = appWith(stores)
  await broker.produce(texts, { key: 'k', value: 'v' })
  await app.start()
  expect([stores.asked, app.tasks().map(({ id }) => id)]).toEqual([4, ['0_0', '0_1', '0_2']])
  await until('it is processed', () => processed('texts', 1, app))
})

test('a thread that waits for a task stops waiting when its group asks for another plan, and when it is closed', async () => {
  const stores = heldStores(Number.POSITIVE_INFINITY)
  const { app, broker } = appWith(stores)
  void app.start().catch(() => undefined)
  await until('it waits', () => stores.asked > 1)
  const other = appOn(broker, counting())
  await other.start()
  await until('the plan is another', () => other.tasks().length >= 1)
  expect((await app.close()).clean).toBe(true)
  await until('the other has all', () => other.tasks().length === 3)
})

test('a changelog that is truncated while it is restored is restored anew, so that what was deleted meanwhile is not there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-truncated-'))
  try {
    const store = keyValueStore('t', { key: serdes.string, value: serdes.string, changelog: { 'cleanup.policy': 'compact,delete' } })
    const rows = built((builder) =>
      builder
        .table(texts, { store })
        .toStream()
        .to(topic('copies', { key: serdes.string, value: serdes.string, nullable: 'value' })),
    )
    const broker = freshBroker()
    const ports = { clock: defaultClock, random: seeded(1) }
    const { cluster } = openMemoryBroker(broker.name, ports)
    const run = async (place: string, records: number, warnings: string[] = []): Promise<[string, string][]> => {
      const warn = (_fields: object, message: string): void => void warnings.push(message)
      const logger = { debug: () => undefined, info: () => undefined, warn, error: () => undefined }
      const app = appOn(broker, rows, { engine: 'rocksdb', stateDir: join(folder, place), logger })
      await app.start()
      await until('all is processed', () => processed('texts', records, app))
      const found: [string, string][] = []
      for await (const row of app.store(store).range()) found.push(row)
      await app.close()
      return found
    }
    const send = (values: Record<string, string | null>): Promise<void> =>
      broker.produce(
        topic('texts', { key: serdes.string, value: serdes.string, nullable: 'value' }),
        Object.entries(values).map(([key, value]) => ({ key, value })),
      )
    await send({ a: 'old', b: 'old', c: 'old' })
    expect(await run('here', 3)).toHaveLength(3)
    await send({ a: null })
    await run('there', 4)
    await send({ b: 'new', c: 'new' })
    await run('there', 6)
    // The first fetch of it comes when the log begins behind what it asks for.
    const admin = new Admin(new Cluster({ ...ports, transport: cluster, retryMs: 5_000 }))
    let cut: Promise<void> | undefined
    cluster.injectFault((api, request) => {
      if (cut !== undefined || api.key !== FETCH.key || !JSON.stringify(request).includes('t-changelog')) return undefined
      cut = admin.deleteRecords([{ tp: { topic: 'app-t-changelog', partition: 0 }, offset: 4 }])
      return { beforeMs: 300 }
    })
    const warnings: string[] = []
    expect(await run('here', 6, warnings)).toEqual([
      ['b', 'new'],
      ['c', 'new'],
    ])
    await cut
    expect(warnings.join()).toMatch(/app-t-changelog\[0\] was truncated while it was restored; it is set aside/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
