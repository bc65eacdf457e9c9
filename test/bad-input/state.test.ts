/** State directories that can't be used: the application doesn't start, touches nothing, and starts when the cause is gone. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  keyValueStore,
  serdes,
  StateError,
  tumbling,
  type KafkaStreams,
  type KeyValueStore,
  type MemoryBroker,
  type Serde,
  type StreamsError,
  type Topology,
} from '../../src/index.ts'
import { appOn, freshBroker, processed, until } from '../runtime/app-world.ts'
import { temporaryFolder } from '../support/engine-cases.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { built, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

const counting = (): Topology => built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }))

async function refused(app: KafkaStreams): Promise<StateError> {
  const error: unknown = await app.start().catch((found: unknown) => found)
  if (!(error instanceof StateError)) throw error
  await until('it is over', () => app.state === 'ERROR')
  expect(await app.close()).toEqual({ clean: false, error })
  return error
}

/** An application on a broker that keeps its topics, with its stores in LevelDB. */
function world(): {
  broker: MemoryBroker
  stateDir: string
  app: (topology?: Topology, options?: object) => KafkaStreams
  count: () => Promise<void>
} {
  const broker = freshBroker()
  const stateDir = join(temporaryFolder(), 'state')
  const app = (topology = counting(), options: object = {}): KafkaStreams =>
    appOn(broker, topology, { engine: 'level', stateDir, ...options })
  let records = 0
  const count = async (): Promise<void> => {
    await broker.produce(texts, { key: 'k', value: 'v' })
    records++
    const running = app()
    await running.start()
    await until('it is processed', () => processed('texts', records, running))
    expect(await running.close()).toEqual({ clean: true })
  }
  return { broker, stateDir, app, count }
}

describe('B14: a state directory that', () => {
  test('is a file', async () => {
    const { stateDir, app, count } = world()
    writeFileSync(stateDir, 'mine')
    const error = await refused(app())
    expect(error.code).toBe('STATE_DIR')
    expect(error.message).toContain(stateDir)
    expect(readFileSync(stateDir, 'utf8')).toBe('mine')
    rmSync(stateDir)
    await count()
  })

  test('can’t be made', async () => {
    const { stateDir, app } = world()
    writeFileSync(stateDir, 'mine')
    const below = join(stateDir, 'below')
    const error = await refused(app(counting(), { stateDir: below }))
    expect(error.code).toBe('STATE_DIR')
    expect(error.message).toContain(`${below}/app can't be used (ENOTDIR)`)
    expect(error.message).toContain('The process needs to read, write and list it')
  })
})

test('B15: a state directory below the folder for temporary files is used, with a warning', async () => {
  const { stateDir, app } = world()
  const { logger, events } = recordedLog()
  const running = app(counting(), { logger })
  await running.start()
  expect(events.filter(({ level }) => level === 'warn')).toMatchObject([{ fields: { stateDir } }])
  expect(events.find(({ level }) => level === 'warn')!.message).toContain(`stateDir ${stateDir} is below the folder for temporary files`)
})

test('B16: a second instance in one state directory is refused, with who holds it', async () => {
  const { stateDir, app } = world()
  const first = app()
  await first.start()
  const before = performance.now()
  const error = await refused(app())
  expect(performance.now() - before).toBeLessThan(1_000)
  expect(error.code).toBe('STATE_DIR_LOCKED')
  expect(error.message).toContain(join(stateDir, 'app'))
  expect(error.message).toContain(`process ${process.pid}`)
  expect(error.message).toContain('give each instance its own stateDir')
  expect(first.state).toBe('RUNNING')
  expect(await first.close()).toEqual({ clean: true })
})

describe('B17: state that isn’t this application’s to read', () => {
  test.each<[string, object, string]>([
    ['of a later format', { format: 99 }, 'found format 99'],
    ['of another application', { applicationId: 'other' }, 'found application other, expected app'],
  ])('%s is left as it is', async (_what, change, says) => {
    const { stateDir, app, count } = world()
    await count()
    const label = join(stateDir, 'app/0_0/task.json')
    const text = readFileSync(label, 'utf8')
    rmSync(label)
    writeFileSync(label, JSON.stringify({ ...(JSON.parse(text) as object), ...change }))
    const before = readdirSync(join(stateDir, 'app/0_0/db'))
    const error = await refused(app())
    expect(error.code).toBe('STATE_INCOMPATIBLE')
    expect(error.message).toContain(says)
    expect(error.message).toContain('millrace reset')
    expect(readdirSync(join(stateDir, 'app/0_0/db'))).toEqual(before)
    writeFileSync(label, text)
    await count()
  })

  test('of a store of that name and another kind', async () => {
    const { app, count } = world()
    await count()
    const other = built((builder) => builder.stream(texts).groupByKey().windowedBy(tumbling(1_000)).count({ store: 'c' }))
    const error = await refused(app(other))
    expect(error).toMatchObject({ code: 'STATE_INCOMPATIBLE', context: { store: 'c' } })
    expect(error.message).toMatch(/store c is a timestamped window store, and the state directory holds a timestamped keyValue store/)
    await count()
  })
})

test('S4: files that somebody else put into a task’s folder are neither read nor deleted', async () => {
  const { stateDir, app, count } = world()
  mkdirSync(join(stateDir, 'app/0_0'), { recursive: true })
  writeFileSync(join(stateDir, 'app/0_0/notes.txt'), 'mine')
  const error = await refused(app())
  expect(error.code).toBe('STATE_FOREIGN')
  expect(error.message).toContain('notes.txt')
  expect(existsSync(join(stateDir, 'app/0_0/notes.txt'))).toBe(true)
  rmSync(join(stateDir, 'app/0_0'), { recursive: true })
  await count()
})

test('S5: state that is damaged is set aside, told, and restored from its changelog', async () => {
  const { stateDir, app, count } = world()
  await count()
  await count()
  writeFileSync(join(stateDir, 'app/0_0/db/CURRENT'), 'damaged')
  const { logger, events } = recordedLog()
  const running = app(counting(), { logger })
  let restored = 0
  running.on('rebalance', ({ restoredRecords }) => (restored += restoredRecords))
  await running.start()
  expect(await (running.store<never>('c') as { get(key: string): unknown }).get('k')).toBe(2)
  expect(restored).toBeGreaterThan(0)
  expect(events.map(({ message }) => message)).toContain('the state of a task is set aside and restored from its changelog')
  expect(readdirSync(join(stateDir, 'app')).some((name) => name.startsWith('0_0.corrupt-'))).toBe(true)
})

test('S7: an old copy of the directory is brought up to date by the changelog', async () => {
  const { stateDir, app, count } = world()
  await count()
  const copy = `${stateDir}-copy`
  cpSync(stateDir, copy, { recursive: true })
  await count()
  await count()
  rmSync(stateDir, { recursive: true })
  cpSync(copy, stateDir, { recursive: true })
  rmSync(copy, { recursive: true })
  const running = app()
  await running.start()
  expect(await (running.store<never>('c') as { get(key: string): unknown }).get('k')).toBe(3)
})

test('S11: a row that its serde can’t read is told with its store, and kept', async () => {
  const { app, broker } = world()
  const reading = (value: Serde<unknown>): Topology => {
    const rows = keyValueStore('rows', { key: serdes.string, value })
    return built((builder) =>
      builder.stream(texts).process(
        () => {
          let store: KeyValueStore<string, unknown> | undefined
          return {
            init: (context) => {
              store = context.store(rows)
            },
            process: async (record) => {
              const found = await store!.get('k')
              if (found === undefined) store!.put('k', record.value)
            },
          }
        },
        { name: 'mine', stores: [rows] },
      ),
    )
  }
  const text: Serde<unknown> = untyped(serdes.string)
  for (const [value, fails] of [
    [text, false],
    [untyped(serdes.integer), true],
    [text, false],
  ] as const) {
    await broker.produce(texts, { key: 'k', value: 'longer than a number' })
    const running = app(reading(value), { cacheBytes: 0 })
    const errors: StreamsError[] = []
    running.on('error', ({ error }) => errors.push(error))
    await running.start().catch(() => undefined)
    await until(
      'it is processed or fails',
      () => errors.length > 0 || processed('texts', fails ? -1 : (running.tasks()[0]!.partitions[0]!.end ?? -1), running),
    )
    await running.close()
    expect(errors.map(({ code }) => code)).toEqual(fails ? ['SERDE_DECODE'] : [])
    if (fails) expect(errors[0]!.message).toContain('store rows')
  }
})
