import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
let folder = ''
const program = (): string => join(folder, 'program.ts')

beforeAll(() => {
  folder = mkdtempSync(join(ROOT, '.snippets-'))
  writeFileSync(
    program(),
    `import { KafkaStreams, runMain, serdes, StreamsBuilder, topic } from 'millrace'
const builder = new StreamsBuilder()
builder.stream(topic('in', { key: serdes.string, value: serdes.string })).to(topic('out', { key: serdes.string, value: serdes.string }))
export const app = new KafkaStreams(builder.build(), { applicationId: 'main', brokers: 'memory:' })
app.on('state', ({ state }) => console.log(state))
await runMain(import.meta.url, app)
`,
  )
})

afterAll(() => rmSync(folder, { recursive: true }))

test.each(['SIGTERM', 'SIGINT'] as const)('a program closes on %s, with exit code 0', { timeout: 30_000 }, async (signal) => {
  const child = spawn(process.execPath, ['--import', 'tsx', program()], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    if (out.includes('RUNNING\n') && !out.includes('PENDING')) child.kill(signal)
  })
  const code = await new Promise((resolve) => child.on('exit', resolve))
  expect(code).toBe(0)
  expect(out.trim().split('\n')).toEqual(['REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING'])
})

test('a program that gets a signal before it runs leaves its group and closes, with exit code 0', { timeout: 30_000 }, async () => {
  const early = join(folder, 'early.ts')
  const text = readFileSync(program(), 'utf8')
  writeFileSync(
    early,
    text.replace('console.log(state))', "state === 'REBALANCING' ? process.kill(process.pid, 'SIGTERM') : console.log(state))"),
  )
  const child = spawn(process.execPath, ['--import', 'tsx', early], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([code, out.trim().split('\n')]).toEqual([0, ['PENDING_SHUTDOWN', 'NOT_RUNNING']])
})

test('a file that is imported only builds', { timeout: 30_000 }, () => {
  const importing = join(folder, 'importing.ts')
  writeFileSync(importing, `const { app } = await import('./program.ts')\nconsole.log(app.state)\n`)
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', importing], { cwd: ROOT, encoding: 'utf8' })
  expect([stdout, status]).toEqual(['CREATED\n', 0])
})
