import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { databaseDamage } from '../../src/platform/database-files.ts'
import { openLevel } from '../../src/platform/level-engine.ts'
import { openRocksdb } from '../../src/platform/rocksdb-engine.ts'
import { temporaryFolder } from '../support/engine-cases.ts'
import { pack } from '../support/engine-rows.ts'
import { batchRecord, lengthAnd, logFile, varint } from '../support/log-bytes.ts'

const KEY = lengthAnd([1])

/** A database of nothing but logs: the manifest goes on from log 5, with everything up to 100 in tables. */
function database(logs: Readonly<Record<string, readonly Uint8Array[]>>, edits: readonly (readonly number[])[] = []): string {
  const directory = temporaryFolder()
  writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000004\n')
  const first = [2, 5, 4, 100]
  writeFileSync(join(directory, 'MANIFEST-000004'), logFile([first, ...edits].map((edit) => Uint8Array.from(edit))))
  for (const [name, records] of Object.entries(logs)) writeFileSync(join(directory, name), logFile(records))
  return directory
}

test.each(['rocksdb', 'level'] as const)('%s: logs that go on from the tables and from each other are fine', async (engine) => {
  const directory = database({ '000005.log': [batchRecord(101, 3), batchRecord(104, 1)], '000007.log': [batchRecord(105, 2)] })
  expect(await databaseDamage(directory, engine)).toBeUndefined()
})

test.each(['rocksdb', 'level'] as const)('%s: a log that is missing or cut off in front of another one is damage', async (engine) => {
  const logs = { '000005.log': [batchRecord(101, 3), batchRecord(104, 1)], '000007.log': [batchRecord(105, 2)] }
  const missing = database({ '000007.log': logs['000007.log'] })
  expect((await databaseDamage(missing, engine))?.file).toBe(engine === 'level' ? '000005.log' : '000007.log')
  const cut = database({ ...logs, '000005.log': logs['000005.log'].slice(0, 1) })
  expect(await databaseDamage(cut, engine)).toEqual({ file: '000007.log', what: 'writes 104 to 104 before it are missing' })
})

test.each(['rocksdb', 'level'] as const)(
  '%s: the end of the last log may be missing or unreadable, older logs are not looked at',
  async (engine) => {
    const directory = database({ '000003.log': [batchRecord(7, 1)], '000005.log': [batchRecord(101, 3), batchRecord(104, 1)] })
    truncateSync(join(directory, '000005.log'), 50)
    expect(await databaseDamage(directory, engine)).toBeUndefined()
  },
)

test('level: unreadable records in front of readable ones are damage, because LevelDB goes on behind them', async () => {
  const directory = database({ '000005.log': [batchRecord(101, 1, 40_000), batchRecord(102, 1)] })
  const path = join(directory, '000005.log')
  const bytes = logFile([batchRecord(101, 1, 40_000), batchRecord(102, 1)])
  bytes[100]! ^= 1
  writeFileSync(path, bytes)
  expect(await databaseDamage(directory, 'level')).toMatchObject({ file: '000005.log' })
  expect(await databaseDamage(directory, 'rocksdb')).toBeUndefined()
})

test('rocksdb: a log may begin behind what was open when the last table was made, not behind its last row', async () => {
  const table = (last: number): number[] => [2, 7, 4, ...varint(300), 103, 0, 6, ...varint(5000), ...KEY, ...KEY, 1, ...varint(last), 1]
  const logs = { '000007.log': [batchRecord(251, 50)] }
  expect(await databaseDamage(database(logs, [table(250)]), 'rocksdb')).toBeUndefined()
  expect(await databaseDamage(database(logs, [table(200)]), 'rocksdb')).toEqual({
    file: '000007.log',
    what: 'writes 201 to 250 before it are missing',
  })
})

test('an empty folder is no database; one without CURRENT, or with another name in it, is damage', async () => {
  const empty = temporaryFolder()
  writeFileSync(join(empty, 'LOCK'), '')
  expect(await databaseDamage(empty, 'rocksdb')).toBeUndefined()
  const directory = database({ '000005.log': [] })
  writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-000009\n')
  expect(await databaseDamage(directory, 'level')).toEqual({ file: 'MANIFEST-000009', what: 'it is missing' })
  writeFileSync(join(directory, 'CURRENT'), '../other\n')
  expect(await databaseDamage(directory, 'level')).toEqual({ file: 'CURRENT', what: 'it names no manifest' })
  rmSync(join(directory, 'CURRENT'))
  expect(await databaseDamage(directory, 'level')).toEqual({ file: 'CURRENT', what: 'it is missing' })
})

test('a manifest that fails its checksums is damage', async () => {
  const directory = database({ '000005.log': [] })
  const bytes = logFile([Uint8Array.from([2, 5, 4, 100])])
  bytes[8]! ^= 1
  writeFileSync(join(directory, 'MANIFEST-000004'), bytes)
  expect(await databaseDamage(directory, 'rocksdb')).toEqual({ file: 'MANIFEST-000004', what: 'a record of it fails its checksum' })
})

test('level: a table that is missing is damage', async () => {
  const directory = database({ '000005.log': [] }, [[7, 0, 9, 50, ...KEY, ...KEY]])
  expect(await databaseDamage(directory, 'level')).toEqual({ file: '000009.ldb', what: 'it is missing' })
})

test.each([
  ['rocksdb', openRocksdb],
  ['level', openLevel],
] as const)('%s: what the engine itself leaves is fine, however often it is opened, and is opened', async (name, open) => {
  const directory = join(temporaryFolder(), 'db')
  for (let round = 0; round < 6; round++) {
    const engine = await open(directory, { bytes: 1 << 20 })
    for (let i = 0; i < 15 * round; i++) {
      const rows = Array.from(
        { length: 20 },
        (_, row) => [`key-${(i * 7 + row * 13) % 500}`, row % 5 === 0 ? null : 'v'.repeat(3000)] as const,
      )
      await engine.write({ rows: pack(rows), deleteRanges: i % 10 === 9 ? [{ from: pack([['key-1', null]]).bytes.subarray(0, 5) }] : [] })
    }
    await engine.close()
    expect(await databaseDamage(directory, name)).toBeUndefined()
  }
})
