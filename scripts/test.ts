/**
 * `npm test [-- --coverage | --fuzz | --kafka] [FILES…]`: runs the suites and ends with `N passed, N failed, N skipped`. `--fuzz` runs the files that
 * have properties, with 10,000 cases each and the time that takes; `--coverage` measures, and fails below 95 % of the core's lines; `--kafka [NAMES…]`
 * runs what needs a real Kafka (`crash`, `scale`, …), which must be there, at full length.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Layers 0 to 5 of ARCHITECTURE.md's table. */
const CORE = 'src/{base,model,wire,kafka,memory,state,topology,operators,task,dsl}/**/*.ts'

const args = process.argv.slice(2)
const fuzz = args.includes('--fuzz')
const coverage = args.includes('--coverage')
const kafka = args.includes('--kafka')
const named = args.filter((arg) => !arg.startsWith('--'))
const files = filesToRun()
const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
const report = join(folder, 'report.json')
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

const child = spawn(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(fuzz ? ['--testTimeout=1800000'] : []),
    ...(coverage ? ['--coverage', `--coverage.include=${CORE}`, '--coverage.thresholds.lines=95'] : []),
    ...files,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(fuzz ? { FUZZ_RUNS: '10000' } : {}),
      ...(kafka ? { MILLRACE_KAFKA: 'required', KILLS: process.env['KILLS'] ?? '20', PHASE_MS: process.env['PHASE_MS'] ?? '10000' } : {}),
    },
  },
)
const code = await new Promise<number>((resolve) => {
  child.on('exit', (status) => resolve(status ?? 1))
})
const { numPassedTests, numFailedTests, numPendingTests } = readReport()
rmSync(folder, { recursive: true })
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
process.exitCode = code

function filesToRun(): readonly string[] {
  if (kafka) return named.length === 0 ? ['test/kafka-real'] : named.map((name) => `test/kafka-real/${name}`)
  return fuzz && named.length === 0 ? withProperties() : named
}

/** The tests whose properties, or those of what they import, run as many cases as they are told. */
function withProperties(): string[] {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    name.endsWith('.ts') ? [join('test', name)] : [],
  )
  const texts = new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]))
  const asks = (path: string): boolean => texts.get(path)?.includes("process.env['FUZZ_RUNS']") === true
  return paths.filter((path) => {
    const imports = [...texts.get(path)!.matchAll(/from '(\.[^']+)'/g)].map(([, target]) => join(dirname(path), target))
    return path.endsWith('.test.ts') && (asks(path) || imports.some((target) => asks(target)))
  })
}

function readReport(): { numPassedTests: number; numFailedTests: number; numPendingTests: number } {
  try {
    return JSON.parse(readFileSync(report, 'utf8')) as ReturnType<typeof readReport>
  } catch {
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 }
  }
}
