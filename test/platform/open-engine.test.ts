import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chooseEngine, ENGINES, type LoadEngine } from '../../src/platform/open-engine.ts'
import { temporaryFolder } from '../support/engine-cases.ts'
import { pack, unpack } from '../support/engine-rows.ts'

const ROOT = join(import.meta.dirname, '../..')
const missing =
  (text: string): LoadEngine =>
  () =>
    Promise.reject(new Error(text))
const silent = (): void => undefined

test.each(['rocksdb', 'level'] as const)('%s is opened by its name', async (name) => {
  const { name: chosen, open } = await chooseEngine(name, silent)
  const engine = await open(join(temporaryFolder(), 'db'), {})
  await engine.write({ rows: pack([['a', '1']]), deleteRanges: [] })
  expect(unpack(await engine.getMany(pack([['a', null]])))).toEqual([['a', '1']])
  expect([chosen, engine.name, engine.persistent]).toEqual([name, name, true])
  await engine.close()
})

test('where RocksDB does not load, LevelDB is taken, with one warning that says what to install', async () => {
  const warnings: unknown[][] = []
  const chosen = await chooseEngine('rocksdb', (...warning) => warnings.push(warning), {
    ...ENGINES,
    rocksdb: missing('libatomic.so.1: cannot open shared object file\nRequire stack: …'),
  })
  expect(chosen.name).toBe('level')
  expect(warnings).toEqual([
    [
      {
        code: 'ENGINE_FALLBACK',
        platform: expect.stringContaining(process.arch),
        cause: 'libatomic.so.1: cannot open shared object file',
      },
      expect.stringContaining('npm install rocksdb-native'),
    ],
  ])
})

test('S9: where neither loads, the error says what was tried and what to install', async () => {
  const engines = { rocksdb: missing('no rocksdb'), level: missing('no level') }
  await expect(chooseEngine('rocksdb', silent, engines)).rejects.toMatchObject({
    code: 'STATE_ENGINE_MISSING',
    message: expect.stringMatching(/no rocksdb; no level.*npm install rocksdb-native classic-level.*engine: 'memory'/),
  })
})

test('LevelDB wanted by name is not replaced by another', async () => {
  await expect(chooseEngine('level', silent, { ...ENGINES, level: missing('no level') })).rejects.toMatchObject({
    code: 'STATE_ENGINE_MISSING',
    message: expect.stringContaining('npm install classic-level'),
  })
})

test('importing the library loads no native code, opening a store does', () => {
  const say = 'console.log(JSON.stringify(process.report.getReport().sharedObjects))'
  const loaded = (then: string): string[] => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', `import '${join(ROOT, 'src/index.ts')}'; ${then}; ${say}`],
      { cwd: ROOT, encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    return (JSON.parse(stdout) as string[]).filter((path) => /rocksdb|classic-level/.test(path))
  }
  expect(loaded('')).toEqual([])
  const open = `await (await import(${JSON.stringify(join(ROOT, 'src/platform/open-engine.ts'))})).chooseEngine('rocksdb', () => {})`
  expect(loaded(open).length).toBe(1)
}, 30_000)
