/**
 * A program that a test kills. `write` opens a database, checks it and then writes batch after batch, each with its number in the same batch, and
 * says each number when it is written. `check` opens databases, compares every key with what a run of all batches up to the stored number gives,
 * writes on, and says what it found, one line of JSON each. `storm` makes random calls without waiting for them, also on what is closed.
 */
import { writeSync } from 'node:fs'
import { StateError, StreamsError } from '../../src/base/errors.ts'
import { openLevel } from '../../src/platform/level-engine.ts'
import { openRocksdb } from '../../src/platform/rocksdb-engine.ts'
import { seeded } from '../../src/base/random.ts'
import type { PackedRows } from '../../src/base/packed-rows.ts'
import type { Engine, KeyRange } from '../../src/state/engine.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'

/** What became of a database. */
export interface Finding {
  readonly directory: string
  /** `same`: equal to the model at `batch`; `refused`: a `StateError`; `wrong`: anything else. */
  readonly result: 'same' | 'refused' | 'wrong'
  readonly batch?: number
  readonly code?: string
  readonly message?: string
}

const KEYS = 400
const ROWS = 50
const MARK = new TextEncoder().encode('\0\0M')
const MEMORY = { bytes: 1 << 20 }

const [command = '', name = '', ...directories] = process.argv.slice(2)
const open = name === 'rocksdb' ? openRocksdb : openLevel

if (command === 'write') await writeForever(directories[0]!)
else if (command === 'storm') await storm(directories[0]!, { calls: Number(directories[1]), seed: Number(directories[2]) })
else for (const directory of directories) say({ directory, ...(await check(directory)) })

async function writeForever(directory: string): Promise<void> {
  const engine = await open(directory, MEMORY).catch((error: unknown) => {
    say({ directory, result: 'refused', message: String(error) })
    throw error
  })
  const first = await numberIn(engine)
  const wrong = await difference(engine, first)
  if (wrong !== undefined) {
    say({ directory, result: 'wrong', message: wrong })
    return
  }
  say({ directory, result: 'same', batch: first })
  for (let number = first + 1; ; number++) {
    await engine.write(batchOf(number))
    writeSync(1, `${number}\n`)
  }
}

async function check(directory: string): Promise<Omit<Finding, 'directory'>> {
  let engine: Engine | undefined
  try {
    engine = await open(directory, MEMORY)
    const batch = await numberIn(engine)
    const wrong = await difference(engine, batch)
    if (wrong !== undefined) return { result: 'wrong', batch, message: wrong }
    for (let number = batch + 1; number <= batch + 20; number++) await engine.write(batchOf(number))
    await engine.flush()
    const later = await difference(engine, batch + 20)
    return later === undefined ? { result: 'same', batch } : { result: 'wrong', batch, message: `after writing on: ${later}` }
  } catch (error) {
    if (!(error instanceof StateError))
      return { result: 'wrong', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    return { result: 'refused', code: error.code, message: error.message }
  } finally {
    await Promise.resolve(engine?.close()).catch(() => undefined)
  }
}

/** Random calls, many at once; every failure has to be an error of the library. */
async function storm(directory: string, { calls, seed }: { readonly calls: number; readonly seed: number }): Promise<void> {
  const random = seeded(seed)
  const pick = (limit: number): number => Math.floor(random.next() * limit)
  let engine = await open(directory, MEMORY)
  const engines = [engine]
  const cursors = [engine.cursor({ from: MARK })]
  const waiting: Promise<unknown>[] = []
  const wrong: string[] = []
  const start = (call: () => unknown): void => {
    const done = (async () => call())().catch((error: unknown) => {
      if (!(error instanceof StreamsError)) wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
    })
    waiting.push(done)
  }
  const kinds: readonly (() => void)[] = [
    () => start(() => engine.write(batchOf(1 + pick(50)))),
    () => start(() => engine.getMany(batchOf(1 + pick(50)).rows)),
    () =>
      start(() =>
        cursors.push(engine.cursor({ from: keyOf(pick(KEYS)), reverse: pick(2) === 0, ...(pick(2) === 0 && { to: keyOf(KEYS) }) })),
      ),
    () => start(() => cursors[pick(cursors.length)]!.next({ rows: 1 + pick(300), bytes: 1 + pick(100_000) })),
    () => start(() => cursors.splice(pick(cursors.length), cursors.length > 5 ? 1 : 0)[0]?.close()),
    () => start(() => (pick(20) === 0 ? engine.flush() : engine.metrics())),
    () => start(() => engines[pick(engines.length)]!.getMany(batchOf(1).rows)),
  ]
  for (let call = 0; call < calls && wrong.length === 0; call++) {
    kinds[pick(kinds.length)]!()
    if (pick(10) === 0) await Promise.all(waiting.splice(0))
    if (pick(200) > 0) continue
    start(() => engine.close())
    if (pick(2) === 0) kinds[pick(kinds.length)]!()
    await Promise.all([engine.close(), ...waiting.splice(0)])
    engine = await open(directory, MEMORY)
    engines.splice(0, engines.length > 3 ? 1 : 0)
    engines.push(engine)
  }
  await Promise.all([engine.close(), ...waiting])
  say({ directory, result: wrong.length === 0 ? 'same' : 'wrong', message: wrong.join('; ') })
}

/** Batch `number` of the one history that all databases have a beginning of. */
function batchOf(number: number): { rows: PackedRows; deleteRanges: KeyRange[] } {
  const random = seeded(number)
  const rows = new RowsBuilder()
  for (let i = 0; i < ROWS; i++) {
    const key = keyOf(Math.floor(random.next() * KEYS))
    const length = Math.floor(random.next() * 3000)
    rows.key(key, 0, key.length)
    if (length < 300) rows.value(key, 0, -1)
    else rows.value(new Uint8Array(length).fill(number & 255), 0, length)
  }
  const mark = new TextEncoder().encode(String(number))
  rows.key(MARK, 0, MARK.length)
  rows.value(mark, 0, mark.length)
  const from = Math.floor(random.next() * KEYS)
  return { rows: rows.rows(), deleteRanges: number % 7 === 0 ? [{ from: keyOf(from), to: keyOf(from + 20) }] : [] }
}

function keyOf(id: number): Uint8Array {
  return new TextEncoder().encode(`key-${String(id).padStart(6, '0')}`)
}

/** What is not as it would be after batches 1 to `last`, read by key and by a scan. */
async function difference(engine: Engine, last: number): Promise<string | undefined> {
  const model = modelAt(last)
  const keys = new RowsBuilder()
  for (let id = 0; id < KEYS; id++) {
    keys.key(keyOf(id), 0, keyOf(id).length)
    keys.value(MARK, 0, -1)
  }
  const found = await engine.getMany(keys.rows())
  for (let id = 0; id < KEYS; id++) {
    const key = text(found, id, 'key')
    const value = found.valueLength[id]! < 0 ? undefined : text(found, id, 'value')
    if (value !== model.get(key)) return `${key} at ${last}: ${brief(value)} in place of ${brief(model.get(key))}`
  }
  const scanned = await scan(engine)
  if (last > 0) model.set('\0\0M', String(last))
  const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
  for (let i = 0; i < Math.max(scanned.length, expected.length); i++) {
    const [key, value] = scanned[i] ?? []
    const [wantedKey, wanted] = expected[i] ?? []
    if (key !== wantedKey || value !== wanted) return `scan at ${last}: ${key} ${brief(value)} in place of ${wantedKey} ${brief(wanted)}`
  }
  return undefined
}

async function scan(engine: Engine): Promise<[string, string][]> {
  const cursor = engine.cursor({ from: new Uint8Array(0) })
  const rows: [string, string][] = []
  for (;;) {
    const page = await cursor.next({ rows: 100, bytes: 1 << 16 })
    if (page.count === 0) break
    for (let i = 0; i < page.count; i++) rows.push([text(page, i, 'key'), text(page, i, 'value')])
  }
  cursor.close()
  return rows
}

function modelAt(last: number): Map<string, string> {
  const model = new Map<string, string>()
  for (let number = 1; number <= last; number++) {
    const { rows, deleteRanges } = batchOf(number)
    for (const { from, to } of deleteRanges) {
      const [low, high] = [new TextDecoder().decode(from), new TextDecoder().decode(to)]
      for (const key of [...model.keys()].filter((each) => each >= low && each < high)) model.delete(key)
    }
    for (let i = 0; i < rows.count - 1; i++) {
      if (rows.valueLength[i]! < 0) model.delete(text(rows, i, 'key'))
      else model.set(text(rows, i, 'key'), text(rows, i, 'value'))
    }
  }
  return model
}

async function numberIn(engine: Engine): Promise<number> {
  const keys = new RowsBuilder()
  keys.key(MARK, 0, MARK.length)
  keys.value(MARK, 0, -1)
  const found = await engine.getMany(keys.rows())
  return found.valueLength[0]! < 0 ? 0 : Number(text(found, 0, 'value'))
}

function text(rows: PackedRows, i: number, part: 'key' | 'value'): string {
  const at = part === 'key' ? rows.keyAt[i]! : rows.valueAt[i]!
  const length = part === 'key' ? rows.keyLength[i]! : rows.valueLength[i]!
  return Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset + at, length).toString('latin1')
}

function brief(value: string | undefined): string {
  return value === undefined ? 'nothing' : `${value.length} bytes of ${value.charCodeAt(0)}`
}

function say(finding: Finding): void {
  writeSync(1, `${JSON.stringify(finding)}\n`)
}
