import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { StateError } from '../../src/base/errors.ts'
import { seeded } from '../../src/base/random.ts'
import { nodeFiles } from '../../src/platform/files.ts'
import { openLevel } from '../../src/platform/level-engine.ts'
import { openRocksdb } from '../../src/platform/rocksdb-engine.ts'
import { openStateDirectory, type StateDirectory, type StateDirectoryOptions } from '../../src/runtime/state-directory.ts'
import type { Engine } from '../../src/state/engine.ts'
import { temporaryFolder } from '../support/engine-cases.ts'
import { pack, unpack } from '../support/engine-rows.ts'
import { type LoggedEvent, recordedLog } from '../support/recorded-log.ts'

interface World {
  readonly path: string
  /** Moves both clocks on. */
  readonly advance: (ms: number) => void
  readonly events: LoggedEvent[]
  readonly open: (options?: Partial<StateDirectoryOptions>) => Promise<StateDirectory>
}

function world(): World {
  const stateDir = temporaryFolder()
  const { logger, events } = recordedLog()
  let now = 1_000_000
  const clock = { now: () => now, monotonic: () => now, after: () => () => undefined }
  let seed = 0
  return {
    path: join(stateDir, 'app'),
    advance: (ms) => {
      now += ms
    },
    events,
    open: (options) =>
      openStateDirectory({
        files: nodeFiles,
        path: stateDir,
        applicationId: 'app',
        clock,
        random: seeded(seed++),
        logger,
        cleanupDelayMs: 1000,
        engine: { name: 'rocksdb', open: openRocksdb },
        engineOptions: {},
        ...options,
      }),
  }
}

const put = async (engine: Engine, key: string, value: string): Promise<void> =>
  engine.write({ rows: pack([[key, value]]), deleteRanges: [] })
const get = async (engine: Engine, key: string): Promise<string | null> => unpack(await engine.getMany(pack([[key, null]])))[0]![1]

test('a task finds its rows again, under a label that is never changed, in folders that are not for everybody', async () => {
  const { path, open } = world()
  const first = await open()
  await put(await first.openTask('0_1'), 'a', '1')
  const label = readFileSync(join(path, '0_1/task.json'), 'utf8')
  expect(JSON.parse(label)).toEqual({ format: 1, engine: 'rocksdb', applicationId: 'app', taskId: '0_1' })
  expect(statSync(path).mode & 0o027).toBe(0)
  await first.close()
  const second = await open()
  expect(await get(await second.openTask('0_1'), 'a')).toBe('1')
  expect(readFileSync(join(path, '0_1/task.json'), 'utf8')).toBe(label)
  expect(await second.taskIds()).toEqual(['0_1'])
  await second.close()
  await second.close()
  expect(readdirSync(path).sort()).toEqual(['0_1', 'process.json'])
})

test('the process id sticks to the directory; one that can not be read is made anew and logged', async () => {
  const { path, open, events } = world()
  const ids: string[] = []
  for (let i = 0; i < 3; i++) {
    const directory = await open()
    ids.push(toHex(directory.processId))
    await directory.close()
    if (i === 1) writeFileSync(join(path, 'process.json'), 'broken')
  }
  expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(ids[1]).toBe(ids[0])
  expect(ids[2]).not.toBe(ids[0])
  expect(events).toMatchObject([{ level: 'warn', message: expect.stringContaining('process id') }])
})

test('a second instance is refused while the first is open, whatever it is that fails later', async () => {
  const { open } = world()
  const first = await open()
  await expect(open()).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' })
  await first.close()
  await (await open()).close()
})

test('a task is opened once at a time, and not after the directory was closed', async () => {
  const { open } = world()
  const directory = await open()
  await directory.openTask('0_0')
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' })
  await directory.release('0_0')
  const engine = await directory.openTask('0_0')
  await directory.close()
  expect(() => engine.cursor({ from: new Uint8Array(0) })).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' })
})

test('a task that is still being closed is not opened a second time; asking again helps', async () => {
  const { open } = world()
  let close: () => void = () => undefined
  const slow: StateDirectoryOptions['engine']['open'] = async (path, options) => {
    const engine = await openRocksdb(path, options)
    const closed = new Promise<void>((resolve) => {
      close = resolve
    })
    const closeNow = engine.close.bind(engine)
    return Object.assign(engine, { close: () => closed.then(closeNow) })
  }
  const directory = await open({ engine: { name: 'rocksdb', open: slow } })
  const opening = directory.openTask('0_0')
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED', retriable: true })
  await put(await opening, 'a', '1')
  const released = directory.release('0_0')
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED', retriable: true })
  close()
  await released
  expect(await get(await directory.openTask('0_0'), 'a')).toBe('1')
  close()
  await directory.close()
})

test('a database of another engine is set aside, and the newest one set aside is kept', async () => {
  const { path, open, advance, events } = world()
  const use = async (engine: StateDirectoryOptions['engine']): Promise<string | null> => {
    const directory = await open({ engine })
    const task = await directory.openTask('0_0')
    const found = await get(task, 'a')
    await put(task, 'a', engine.name)
    await directory.close()
    advance(5000)
    return found
  }
  const engines = [
    { name: 'rocksdb', open: openRocksdb },
    { name: 'level', open: openLevel },
  ]
  const found: unknown[] = []
  for (const index of [0, 0, 1, 1, 0]) found.push(await use(engines[index]!))
  expect(found).toEqual([null, 'rocksdb', null, 'level', null])
  expect(readdirSync(path).filter((name) => name.includes('replaced'))).toEqual(['0_0.replaced-1020000'])
  expect(events.map(({ fields }) => fields)).toMatchObject([{ why: 'replaced' }, { why: 'replaced' }])
})

test('S5: a damaged database is set aside and an empty one opened; damaged again within ten minutes, it stops', async () => {
  const { path, open, advance, events } = world()
  const directory = await open()
  const damage = async (): Promise<void> => {
    await put(await directory.openTask('0_0'), 'a', '1')
    await directory.release('0_0')
    rmSync(join(path, '0_0/db/CURRENT'))
  }
  await damage()
  expect(await get(await directory.openTask('0_0'), 'a')).toBeNull()
  await directory.release('0_0')
  expect(events).toMatchObject([{ level: 'warn', fields: { taskId: '0_0', why: 'corrupt', cause: expect.stringContaining('CURRENT') } }])
  await damage()
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'RESTORE_LOOP', context: { taskId: '0_0' } })
  advance(600_000)
  expect(await get(await directory.openTask('0_0'), 'a')).toBeNull()
  await directory.close()
  expect(readdirSync(path).filter((name) => name.startsWith('0_0.'))).toEqual(['0_0.corrupt-1600000'])
})

test('what turns out damaged while it is used is set aside by the task’s owner', async () => {
  const { path, open } = world()
  const directory = await open()
  await put(await directory.openTask('0_0'), 'a', '1')
  await directory.setAside('0_0', 'corrupt')
  expect(await get(await directory.openTask('0_0'), 'a')).toBeNull()
  await expect(directory.setAside('0_0', 'corrupt')).rejects.toMatchObject({ code: 'RESTORE_LOOP' })
  await directory.close()
  expect(existsSync(join(path, '0_0.corrupt-1000000/db'))).toBe(true)
})

test('S4: files that are not ours are neither opened nor deleted', async () => {
  const { path, open } = world()
  const directory = await open()
  mkdirSync(join(path, '0_0'))
  writeFileSync(join(path, '0_0/notes.txt'), 'mine')
  mkdirSync(join(path, '0_1/db'), { recursive: true })
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_FOREIGN', message: expect.stringContaining('notes.txt') })
  await expect(directory.openTask('0_1')).rejects.toMatchObject({ code: 'STATE_FOREIGN', message: expect.stringContaining('no task.json') })
  expect(readFileSync(join(path, '0_0/notes.txt'), 'utf8')).toBe('mine')
  await directory.close()
})

test('B17: a later format, another application and another task are refused and left as they are', async () => {
  const { path, open } = world()
  const directory = await open()
  await put(await directory.openTask('0_0'), 'a', '1')
  await directory.release('0_0')
  const label = join(path, '0_0/task.json')
  const good = readFileSync(label, 'utf8')
  for (const change of [{ format: 2 }, { applicationId: 'other' }, { taskId: '0_9' }]) {
    writeFileSync(label, JSON.stringify({ ...(JSON.parse(good) as object), ...change }))
    await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_INCOMPATIBLE' })
  }
  writeFileSync(label, good)
  expect(await get(await directory.openTask('0_0'), 'a')).toBe('1')
  await directory.close()
})

test('folders of tasks that were given up are removed after the delay, from the moment they were, and those in use never', async () => {
  const { path, open, advance } = world()
  const before = await open()
  for (const taskId of ['0_0', '0_1', '0_2', 'global']) await before.openTask(taskId)
  await before.close()
  mkdirSync(join(path, 'other'))
  advance(10_000)
  const directory = await open()
  await directory.openTask('0_0')
  await directory.openTask('0_1')
  expect(await directory.cleanUp()).toEqual([])
  advance(500)
  await directory.release('0_1')
  advance(500)
  expect([...(await directory.cleanUp())].sort()).toEqual(['0_2', 'global'])
  advance(499)
  expect(await directory.cleanUp()).toEqual([])
  advance(1)
  expect(await directory.cleanUp()).toEqual(['0_1'])
  advance(100_000)
  expect(await directory.cleanUp()).toEqual([])
  await directory.close()
  expect(readdirSync(path).sort()).toEqual(['0_0', 'other', 'process.json'])
})

test('what a killed process left half removed or half written is gone at the next start', async () => {
  const { path, open } = world()
  await (await open()).close()
  mkdirSync(join(path, '0_0.removed-17/db'), { recursive: true })
  writeFileSync(join(path, '.lock.12-1.tmp'), '')
  mkdirSync(join(path, '0_1'))
  writeFileSync(join(path, '0_1/task.json.12-1.tmp'), '{')
  const directory = await open()
  await directory.openTask('0_1')
  await directory.close()
  expect(readdirSync(path).sort()).toEqual(['0_1', 'process.json'])
  expect(readdirSync(join(path, '0_1')).sort()).toEqual(['db', 'task.json'])
})

test.skipIf(process.platform === 'win32')('links in place of folders are refused', async () => {
  const { path, open } = world()
  const elsewhere = temporaryFolder()
  symlinkSync(elsewhere, path)
  await expect(open()).rejects.toMatchObject({ code: 'STATE_DIR', message: expect.stringContaining('is a link') })
  rmSync(path)
  const directory = await open()
  symlinkSync(elsewhere, join(path, '0_0'))
  await expect(directory.openTask('0_0')).rejects.toMatchObject({ code: 'STATE_DIR' })
  await directory.close()
  expect(readdirSync(elsewhere)).toEqual([])
})

test('B14: a directory that is a file is said to be one', async () => {
  const { path, open } = world()
  writeFileSync(path, '')
  await expect(open()).rejects.toMatchObject({ code: 'STATE_DIR', message: expect.stringContaining('is a file') })
  await expect(open({ path })).rejects.toMatchObject({ code: 'STATE_DIR', message: expect.stringContaining(path) })
})

test.each([
  ['EACCES', 'STATE_DIR'],
  ['EROFS', 'STATE_DIR'],
  ['ENOSPC', 'STATE_DISK'],
  ['EMFILE', 'STATE_DISK'],
])('B14: %s while it is made is %s, with path and code', async (errno, code) => {
  const { path, open } = world()
  const files = {
    ...nodeFiles,
    create: () => Promise.reject(Object.assign(new Error(`${errno}: refused`), { code: errno })),
  }
  const error = await open({ files }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(StateError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(`${path}.*${errno}`), retriable: code === 'STATE_DISK' })
})

test('databases share the memory that is allowed, and a warning says once when they take more', async () => {
  const { open, events } = world()
  const given: (number | undefined)[] = []
  const engine: StateDirectoryOptions['engine'] = {
    name: 'rocksdb',
    open: (directory, options) => {
      given.push(options.bytes)
      return openRocksdb(directory, options)
    },
  }
  const allowed = 128 * 2 ** 20
  const directory = await open({ engine, engineOptions: { bytes: allowed } })
  for (let partition = 0; partition < 5; partition++) await directory.openTask(`0_${partition}`)
  await directory.close()
  expect(given).toEqual([1, 2, 3, 4, 5].map((databases) => Math.floor(allowed / databases)))
  expect(events).toMatchObject([{ level: 'warn', fields: { databases: 3, allowed } }])
})
