/**
 * `npm run conformance [-- --traces DIR] [--programs FILE] [--verbose] [ID…]`: replays the recorded traces and prints a table, the first
 * difference of each topology that differs, and a summary as the last line. A topology without a program is missing, never equal.
 */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { programs as ownPrograms } from './programs/all.ts'
import { replay, type Program, type Replay, type Tally } from './replay.ts'
import { readTrace, traceIds } from './trace.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    traces: { type: 'string', default: join(import.meta.dirname, 'traces') },
    programs: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})

const programs: Readonly<Record<string, Program>> =
  values.programs === undefined ? ownPrograms : { ...ownPrograms, ...(await loadPrograms(values.programs)) }
const ids = positionals.length === 0 ? traceIds(values.traces) : positionals
const replays = new Map<string, Replay>()
const missing: string[] = []

for (const id of ids) {
  const program = Object.hasOwn(programs, id) ? programs[id] : undefined
  if (program === undefined) missing.push(id)
  else report(id, replay(program, readTrace(values.traces, id)))
}
if (missing.length > 0) console.log(`missing: ${missing.join(' ')}`)
const equal = [...replays.values()].filter(({ steps }) => isEqual(steps)).length
const different = replays.size - equal
const share = (of: (replay: Replay) => Tally): string => percent([...replays.values()].map(of))
console.log(
  `conformance: ${equal} equal, ${different} different, ${missing.length} missing; ` +
    `internal ${share((r) => r.internal)}, stores ${share((r) => r.stores)}, describe ${share((r) => r.describe)}`,
)
process.exitCode = different > 0 ? 1 : 0

function report(id: string, result: Replay): void {
  replays.set(id, result)
  const parts = [result.steps, result.internal, result.stores, result.describe]
  if (parts.every(isEqual)) {
    if (values.verbose) console.log(`equal      ${id}`)
    return
  }
  console.log(`${isEqual(result.steps) ? 'equal but ' : 'different '} ${id}`)
  for (const { first } of parts) if (first !== undefined) console.log(indent(first))
}

async function loadPrograms(file: string): Promise<Readonly<Record<string, Program>>> {
  const loaded = (await import(pathToFileURL(resolve(file)).href)) as { programs: Readonly<Record<string, Program>> }
  return loaded.programs
}

function isEqual({ all, equal: same }: Tally): boolean {
  return all === same
}

function percent(tallies: readonly Tally[]): string {
  const all = tallies.reduce((sum, tally) => sum + tally.all, 0)
  const same = tallies.reduce((sum, tally) => sum + tally.equal, 0)
  return all === 0 ? 'none' : `${((100 * same) / all).toFixed(1)} %`
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
