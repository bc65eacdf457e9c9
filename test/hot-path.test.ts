/**
 * What a record may cost, counted rather than timed, so that it holds on any machine: over half of 200,000 records of a workload on the in-process
 * broker, its work included. Promises belong to batches and turns of the loop, clocks are read once a turn, and what is allocated per record are the
 * user's own objects: the views of bytes, the parsed value, the text of the key.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BATCH_RECORDS } from '../benchmarks/loaded-cluster.ts'

const RECORDS = 200_000
/** Encoded batches of the output hold about so many records of 110 bytes (`batchSize` 16,384). */
const OUTPUT_RECORDS = 140

interface Cost {
  readonly records: number
  readonly bytes: number
  readonly promises: number
  readonly clockReads: number
  readonly collections: number
}

/** `bytesEach`: bytes of the heap a record, of which the comment says what the user's own objects take. */
const budgets = [
  // Two views of 97 bytes.
  { name: 'passthrough-bytes', bytesEach: 194 + 40 },
  // An object of five fields with three texts, 231 bytes, and the key's text of 48.
  { name: 'passthrough', bytesEach: 279 + 40 },
  { name: 'filter', bytesEach: 279 + 64 },
  { name: 'keyed-count', bytesEach: 279 + 64 },
]

test.each(budgets)('$name allocates at most $bytesEach bytes a record', { timeout: 60_000 }, ({ name, bytesEach }) => {
  const { records, bytes, collections } = cost(name, 'allocate')
  expect(records).toBeGreaterThan(RECORDS / 5)
  // A collection meanwhile would make the figure too small.
  expect(collections).toBe(0)
  expect(bytes / records).toBeGreaterThan(0)
  expect(bytes / records).toBeLessThan(bytesEach)
})

test.each(budgets)(
  '$name makes at most two promises a batch and reads the clock twice a batch at most',
  { timeout: 60_000 },
  ({ name }) => {
    const { records, promises, clockReads } = cost(name, 'count')
    const batches = records / BATCH_RECORDS + records / OUTPUT_RECORDS
    expect(promises).toBeGreaterThan(0)
    expect(promises / batches).toBeLessThan(2)
    expect(clockReads).toBeGreaterThan(0)
    expect(clockReads / (records / BATCH_RECORDS)).toBeLessThan(2)
  },
)

function cost(name: string, what: 'allocate' | 'count'): Cost {
  const program = join(import.meta.dirname, 'support/hot-path.program.ts')
  // Compiled beside the program, code comes to another form now and then, by when that is done: 246 bytes for bytes passed through in 8 runs of 72.
  const compiler = what === 'allocate' ? ['--no-concurrent-recompilation'] : []
  const flags = [...compiler, '--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512', '--import', 'tsx']
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, program, name, String(RECORDS), what], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Cost
}
