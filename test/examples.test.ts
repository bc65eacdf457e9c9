import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const folder = join(ROOT, 'examples')
const names = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name))

test('there are examples, each of at most 80 lines', () => {
  expect(names.length).toBeGreaterThanOrEqual(5)
  for (const name of names) expect(readFileSync(join(folder, name), 'utf8').split('\n').length, name).toBeLessThanOrEqual(81)
})

test.each(names)('%s prints what is expected', { timeout: 60_000 }, (name) => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, name)], {
    cwd: ROOT,
    encoding: 'utf8',
    input: '',
    env: withoutKafka(),
  })
  expect(stderr).toMatch(/^(?:Millrace: no Kafka configured, using the in-memory broker \(set KAFKA_BROKERS to use Kafka\)\n)?$/)
  expect(stdout).toBe(readFileSync(join(folder, 'expected', `${name.slice(0, 2)}.txt`), 'utf8'))
  expect(status).toBe(0)
})

test('the demo ends by itself and says where to look next', { timeout: 60_000 }, () => {
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', join(folder, 'demo.ts')], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...withoutKafka(), MILLRACE_DEMO_MS: '1500' },
  })
  expect(stdout).toMatch(/\d\d:\d\d:\d\d  \S+ +\d+ orders +\d+\.\d\d €/)
  expect(stdout).toContain('npm run example 05')
  expect(status).toBe(0)
})

/** The environment of someone who has no Kafka. */
function withoutKafka(): NodeJS.ProcessEnv {
  const { KAFKA_BROKERS: _, ...rest } = process.env
  return rest
}
