/**
 * Looks at the files of a LevelDB or RocksDB database before it is opened. Both engines open some damaged databases with rows missing in the
 * middle (a log deleted or cut off that another one follows) or as an empty one (`CURRENT` deleted); a store must be the replay of its changelog
 * up to its mark, so such a database is refused here. A shorter but whole history is fine: the changelog has the rest.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tableDamage } from './level-table.ts'
import { batchOf, readLog } from './log-records.ts'
import { type Manifest, readManifest } from './manifest.ts'

/** Where a database is damaged, and how. */
export interface Damage {
  readonly file: string
  readonly what: string
}

/** The damage that the engine would not find itself; undefined: none, or there is no database yet. */
export async function databaseDamage(directory: string, engine: 'rocksdb' | 'level'): Promise<Damage | undefined> {
  const names = await readdir(directory)
  const logs = numbered(names, /^(\d+)\.log$/)
  const tables = numbered(names, /^(\d+)\.(?:ldb|sst)$/)
  if (!names.includes('CURRENT')) return logs.size + tables.size === 0 ? undefined : { file: 'CURRENT', what: 'it is missing' }
  const current = await readFile(join(directory, 'CURRENT'), 'latin1')
  const file = /^(MANIFEST-\d+)\n$/.exec(current)?.[1]
  if (file === undefined) return { file: 'CURRENT', what: 'it names no manifest' }
  if (!names.includes(file)) return { file, what: 'it is missing' }
  const manifest = await manifestIn(join(directory, file))
  if (typeof manifest === 'string') return { file, what: manifest }
  return (
    (await logDamage(directory, logs, { manifest, engine })) ?? (engine === 'level' ? tablesDamage(directory, tables, manifest) : undefined)
  )
}

async function manifestIn(path: string): Promise<Manifest | string> {
  const { records, damaged } = readLog(await readFile(path))
  if (damaged) return 'a record of it fails its checksum'
  try {
    return readManifest(records)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

interface Checking {
  readonly manifest: Manifest
  readonly engine: 'rocksdb' | 'level'
}

/** Checks that the logs go on from the tables and from each other without a gap. */
async function logDamage(
  directory: string,
  logs: ReadonlyMap<number, string>,
  { manifest, engine }: Checking,
): Promise<Damage | undefined> {
  const isLevel = engine === 'level'
  const { logNumber } = manifest
  if (isLevel && logNumber > 0 && !logs.has(logNumber)) return { file: numberedName(logNumber, 'log'), what: 'it is missing' }
  // LevelDB gives a log up only when the one before is in tables; RocksDB may have several on the way there.
  let next = 1 + (isLevel ? manifest.lastSequence : manifest.durable)
  for (const log of [...logs.keys()].filter((number) => number >= logNumber).sort((a, b) => a - b)) {
    const file = logs.get(log)!
    const { records, soundRecords, damaged } = readLog(await readFile(join(directory, file)))
    // LevelDB goes on behind what it can't read; RocksDB stops there.
    if (isLevel && records.length > soundRecords) return { file, what: 'records in the middle of it fail their checksums' }
    const end = endOf(records.slice(0, soundRecords), next)
    if (typeof end === 'string') return { file, what: end }
    if (damaged && !isLevel) return undefined
    next = end
  }
  return undefined
}

/** The sequence number behind the batches of a log, or what is missing between them. */
function endOf(records: readonly Uint8Array[], start: number): number | string {
  let next = start
  for (const record of records) {
    const batch = batchOf(record)
    if (batch === undefined) continue
    if (batch.sequence > next) return `writes ${next} to ${batch.sequence - 1} before it are missing`
    next = batch.sequence + batch.count
  }
  return next
}

async function tablesDamage(directory: string, files: ReadonlyMap<number, string>, { tables }: Manifest): Promise<Damage | undefined> {
  for (const number of tables) {
    const file = files.get(number)
    if (file === undefined) return { file: numberedName(number, 'ldb'), what: 'it is missing' }
    const what = tableDamage(await readFile(join(directory, file)))
    if (what !== undefined) return { file, what }
  }
  return undefined
}

function numbered(names: readonly string[], pattern: RegExp): ReadonlyMap<number, string> {
  return new Map(
    names.flatMap((name) => {
      const found = pattern.exec(name)?.[1]
      return found === undefined ? [] : [[Number(found), name] as const]
    }),
  )
}

function numberedName(number: number, extension: string): string {
  return `${String(number).padStart(6, '0')}.${extension}`
}
