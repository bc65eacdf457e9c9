import { expect, test } from 'vitest'
import { examples, expectedOf, runExample, sourceOf } from './support/run-example.ts'

test('there are examples, each of at most 80 lines', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5)
  for (const name of examples) expect(sourceOf(name).split('\n').length, name).toBeLessThanOrEqual(81)
})

test.each(examples)('%s prints what is expected', { timeout: 60_000 }, (name) => {
  const { stdout, stderr, status } = runExample(name)
  expect(stderr).toMatch(/^(?:Millrace: no Kafka configured, using the in-memory broker \(set KAFKA_BROKERS to use Kafka\)\n)?$/)
  expect(stdout).toBe(expectedOf(name))
  expect(status).toBe(0)
})

test('the demo ends by itself and says where to look next', { timeout: 60_000 }, () => {
  const { stdout, status } = runExample('demo.ts', { MILLRACE_DEMO_MS: '1500' })
  expect(stdout).toMatch(/\d\d:\d\d:\d\d  \S+ +\d+ orders +\d+\.\d\d €/)
  expect(stdout).toContain('npm run example 05')
  expect(status).toBe(0)
})
