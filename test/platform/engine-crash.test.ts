import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seeded } from '../../src/base/random.ts'
import type { Finding } from '../support/engine-writer.ts'

const ROOT = join(import.meta.dirname, '../..')
const WRITER = join(import.meta.dirname, '../support/engine-writer.ts')
/** A handful in an ordinary run; 100 kills and 200 changed files an engine with `npm run fuzz -- engine-crash`. */
const FUZZ = process.env['FUZZ_RUNS'] !== undefined
const KILLS = FUZZ ? 100 : 4
const BASES = FUZZ ? 20 : 3
const CHANGES = 10
const ENGINES = ['rocksdb', 'level'] as const
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() & 0xffff)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(ENGINES)('%s: what was written before a kill is there, whole batches only', { timeout: 600_000 }, async (engine) => {
  const random = seeded(seed)
  const directory = join(folder, `${engine}-kills`)
  const counts = { kills: 0, whileItOpened: 0, foundWhole: 0 }
  let written = 0
  for (let kill = 0; kill < KILLS; kill++) {
    // One in five is killed while it opens.
    const { found, last, ended } = await writeAndKill(
      engine,
      directory,
      kill % 5 === 4 ? { early: 250 + random.next() * 200 } : { late: random.next() * 250 },
    )
    expect(ended, `seed ${seed}, kill ${kill}`).toEqual({ code: null, signal: 'SIGKILL' })
    counts.kills++
    if (found === undefined) counts.whileItOpened++
    else {
      expect(found, `seed ${seed}, kill ${kill}`).toMatchObject({ result: 'same' })
      expect(found.batch).toBeGreaterThanOrEqual(written)
      counts.foundWhole++
    }
    written = Math.max(written, found?.batch ?? 0, last)
  }
  expect(written).toBeGreaterThan(0)
  if (FUZZ) console.log(`${engine}: ${JSON.stringify({ ...counts, batches: written, seed })}`)
})

test.each(ENGINES)(
  '%s: changed files are refused or read as they were, and never end the process',
  { timeout: 600_000 },
  async (engine) => {
    const random = seeded(seed)
    const outcomes = new Map<string, number>()
    for (let base = 0; base < BASES; base++) {
      const directory = join(folder, `${engine}-base-${base}`)
      const { last } = await writeAndKill(engine, directory, { late: 50 + random.next() * 500 })
      const copies = Array.from({ length: CHANGES }, (_, i) => {
        const path = `${directory}-${i}`
        cpSync(directory, path, { recursive: true })
        return { path, change: changeFile(path, () => random.next()) }
      })
      const { findings, ended } = await run(
        'check',
        engine,
        copies.map(({ path }) => path),
      )
      const about = JSON.stringify({ seed, base, last, changes: copies.map(({ change }) => change), findings }, undefined, 1)
      expect(ended, about).toEqual({ code: 0, signal: null })
      expect(findings.length, about).toBe(CHANGES)
      for (const [i, { result, code = '', message }] of findings.entries()) {
        expect(result, `${copies[i]!.change} ${message}, seed ${seed}, base ${base}`).not.toBe('wrong')
        if (result === 'refused') expect(code, `${copies[i]!.change} ${message}`).toBe('STATE_CORRUPT')
        outcomes.set(result, (outcomes.get(result) ?? 0) + 1)
      }
      for (const { path } of copies) rmSync(path, { recursive: true })
      rmSync(directory, { recursive: true })
    }
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(BASES * CHANGES)
    if (FUZZ) console.log(`${engine}: ${JSON.stringify({ changedFiles: BASES * CHANGES, ...Object.fromEntries(outcomes), seed })}`)
  },
)

test.each(ENGINES)('%s: random calls at once, also on what is closed, end in answers and errors', { timeout: 600_000 }, async (engine) => {
  const { findings, ended } = await run('storm', engine, [join(folder, `${engine}-storm`), FUZZ ? '100000' : '2000', String(seed)])
  expect(findings, `seed ${seed}`).toMatchObject([{ result: 'same' }])
  expect(ended).toEqual({ code: 0, signal: null })
})

/** Starts the writer and kills it: `early` ms after its start, or `late` ms after it began to write. */
async function writeAndKill(
  engine: string,
  directory: string,
  moment: { readonly early?: number; readonly late?: number },
): Promise<{ readonly found: Finding | undefined; readonly last: number; readonly ended: Ended }> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, 'write', engine, directory], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = endOf(child)
  let found: Finding | undefined
  let last = 0
  const kill = (ms: number): void => {
    setTimeout(() => child.kill('SIGKILL'), ms)
  }
  if (moment.early !== undefined) kill(moment.early)
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) {
      found = JSON.parse(line) as Finding
      if (moment.late !== undefined) kill(moment.late)
    } else last = Number(line)
  }
  return { found, last, ended: await ended }
}

async function run(
  command: 'check' | 'storm',
  engine: string,
  args: readonly string[],
): Promise<{ readonly findings: readonly Finding[]; readonly ended: Ended }> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, command, engine, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = endOf(child)
  const findings: Finding[] = []
  for await (const line of createInterface(child.stdout)) findings.push(JSON.parse(line) as Finding)
  return { findings, ended: await ended }
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** Flips a bit, cuts off, zeroes, or deletes; says what it did. */
function changeFile(directory: string, random: () => number): string {
  const names = readdirSync(directory).filter((name) => name !== 'LOCK' && !name.startsWith('LOG'))
  const name = names[Math.floor(random() * names.length)]!
  const path = join(directory, name)
  const { size } = statSync(path)
  const at = Math.floor(random() * size)
  const kind = Math.floor(random() * 4)
  if (kind === 0 || size === 0) {
    unlinkSync(path)
    return `deleted ${name}`
  }
  if (kind === 1) {
    truncateSync(path, at)
    return `cut ${name} of ${size} to ${at}`
  }
  const bytes = readFileSync(path)
  if (kind === 2) bytes[at]! ^= 1 << Math.floor(random() * 8)
  else bytes.fill(0, at, Math.min(size, at + 64))
  writeFileSync(path, bytes)
  return `${kind === 2 ? 'flipped' : 'zeroed'} ${name} of ${size} at ${at}`
}
