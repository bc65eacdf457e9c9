import { expect, test } from 'vitest'
import { ConfigError } from '../../src/base/errors.ts'
import { resolveConfig } from '../../src/runtime/config.ts'

const base = { applicationId: 'orders', brokers: 'kafka:9092' }

function refused(options: object, environment: Record<string, string> = {}): ConfigError {
  try {
    resolveConfig({ ...base, ...options }, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('it was accepted')
}

test('what is left out has the JVM’s defaults; the answer is frozen', () => {
  const config = resolveConfig(base)
  expect(config).toMatchObject({
    commitIntervalMs: 30_000,
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 3_000,
    guarantee: 'at-least-once',
    engine: 'rocksdb',
    stateDir: '.millrace/state',
    brokers: { addresses: ['kafka:9092'] },
  })
  expect(Object.isFrozen(config)).toBe(true)
})

test('the program goes before the environment, which goes before the default', () => {
  const environment = { KAFKA_BROKERS: 'a:1, b:2', MILLRACE_COMMIT_INTERVAL_MS: '7', MILLRACE_STATE_DIR: '/s' }
  expect(resolveConfig({ applicationId: 'o' }, environment)).toMatchObject({
    brokers: { addresses: ['a:1', 'b:2'] },
    commitIntervalMs: 7,
    stateDir: '/s',
  })
  expect(resolveConfig({ ...base, commitIntervalMs: 9, stateDir: 'mine' }, environment)).toMatchObject({
    brokers: { addresses: ['kafka:9092'] },
    commitIntervalMs: 9,
    stateDir: 'mine',
  })
})

test('without brokers it is the in-process one with stores in memory, but never by accident in production', () => {
  expect(resolveConfig({ applicationId: 'o' })).toMatchObject({ brokers: { memory: '' }, memoryByDefault: true, engine: 'memory' })
  expect(resolveConfig({ applicationId: 'o', brokers: 'memory:x' })).toMatchObject({ brokers: { memory: 'x' }, memoryByDefault: false })
  expect(() => resolveConfig({ applicationId: 'o' }, { NODE_ENV: 'production' })).toThrow(/brokers is missing/)
})

test('an unknown option is named with the one that was probably meant', () => {
  expect(refused({ commitIntervallMs: 5 })).toMatchObject({
    code: 'CONFIG_UNKNOWN',
    message: expect.stringContaining('Did you mean "commitIntervalMs"?'),
  })
  expect(refused({ 'commit.interval.ms': 5 }).message).toContain('Did you mean "commitIntervalMs"?')
  expect(refused({ completelyElse: 5 }).message).not.toContain('Did you mean')
})

test('what is ours to set says why', () => {
  expect(refused({ groupId: 'x' })).toMatchObject({
    code: 'CONFIG_FORBIDDEN',
    message: expect.stringContaining('the group is the applicationId'),
  })
})

test.each([
  [{ threads: 0 }, 'CONFIG_RANGE', 'threads is 0: give a whole number from 1 to 1024'],
  [{ commitIntervalMs: 1.5 }, 'CONFIG_RANGE', 'commitIntervalMs is 1.5'],
  [{ guarantee: 'once' }, 'CONFIG_VALUE', "guarantee is 'once': use 'at-least-once' or 'exactly-once'"],
  [{ guarantee: 'exactly-once' }, 'CONFIG_VALUE', 'transactions'],
  [{ applicationId: '' }, 'CONFIG_REQUIRED', 'applicationId is missing'],
  [{ applicationId: 'a b' }, 'ID_INVALID', "applicationId 'a b' is not allowed"],
  [{ brokers: 'kafka' }, 'CONFIG_INVALID', "brokers[0] is 'kafka': give host:port"],
  [{ brokers: ['a:1', 'b:99999'] }, 'CONFIG_INVALID', 'brokers[1]'],
  [{ sessionTimeoutMs: 100, heartbeatIntervalMs: 100 }, 'CONFIG_CONFLICT', 'must be greater than heartbeatIntervalMs'],
])('%j is refused as %s', (options, code, text) => {
  const error = refused(options)
  expect(error.code).toBe(code)
  expect(error.message).toContain(text)
})

test('all mistakes come in one error', () => {
  const { message } = refused({ threads: 0, lingerMs: -1, groupId: 'x' })
  expect(message).toMatch(/^3 options are wrong:\n {2}- .*\n {2}- .*\n {2}- /)
})

test('a wrong variable is named as it is set', () => {
  expect(refused({}, { MILLRACE_THREADS: 'many' }).message).toContain('MILLRACE_THREADS=many')
})
