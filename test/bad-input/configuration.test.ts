/** Options that can't be: each is refused before anything starts, all of them in one error. */
import { expect, test } from 'vitest'
import { ConfigError, KafkaStreams, type KafkaStreamsOptions } from '../../src/index.ts'
import { resolveConfig, type Environment } from '../../src/runtime/config.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

const base = { applicationId: 'orders', brokers: 'kafka:9092' }
const copying = built((builder) => builder.stream(texts).to(copies))

/** The error of making an application with these options. */
function refused(options: Readonly<Record<string, unknown>>, environment: Environment = {}): ConfigError {
  try {
    void new KafkaStreams(copying, untyped({ ...base, ...options }), { environment })
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('it was accepted')
}

function accepted(options: Partial<KafkaStreamsOptions>, environment: Environment = {}): ReturnType<typeof resolveConfig> {
  return resolveConfig({ ...base, ...options }, environment)
}

test.each([[undefined], [''], [null], [7]])('B1: an application id of %j is asked for, with an example', (applicationId) => {
  const error = refused({ applicationId })
  expect(error.code).toBe('CONFIG_REQUIRED')
  expect(error.message).toContain("{ applicationId: 'orders' }")
})

test.each([
  ['../x', '../x'],
  ['a/b', 'a/b'],
  ['..', '..'],
  ['.', '.'],
  ['nul\0', String.raw`nul\u{0}`],
  ['a'.repeat(300), 'a'.repeat(64)],
  ['abc\u202Edef', String.raw`abc\u{202e}def`],
  ['line\nbreak', String.raw`line\u{a}break`],
])('B2: application id %j becomes a group, topics and a path, so it is refused, shown without harm', (applicationId, shown) => {
  const error = refused({ applicationId })
  expect(error.code).toBe('ID_INVALID')
  expect(error.message).toContain(`'${shown}'`)
  expect(error.message).toContain('1 to 200 of A-Z a-z 0-9 . _ -')
  expect(error.message).not.toMatch(/[^\u0020-\u007e]/)
})

test.each([
  ['localhost', 0, 'localhost'],
  ['host:99999', 0, 'host:99999'],
  ['host:0', 0, 'host:0'],
  ['', 0, ''],
  [[], 0, ''],
  [['a:1', 'http://b:2'], 1, 'http://b:2'],
  ['a:1,', 1, ''],
  [7, 0, '7'],
  [['a:1', null], 1, 'null'],
])('B3: brokers %j are refused with the place of the wrong one', (brokers, index, value) => {
  const error = refused({ brokers })
  expect(error.code).toBe('CONFIG_INVALID')
  expect(error.message).toContain(`brokers[${index}] is '${value}'`)
  expect(error.message).toContain("as in 'kafka:9092'")
})

test('B4: brokers may be one text or a list', () => {
  const addresses = ['a:1', 'b:2']
  expect(accepted({ brokers: 'a:1,b:2' }).brokers).toEqual({ addresses })
  expect(accepted({ brokers: ' a:1, b:2 ' }).brokers).toEqual({ addresses })
  expect(accepted({ brokers: addresses }).brokers).toEqual({ addresses })
})

test.each([['commitIntervallMs'], ['commit.intervall.ms'], ['commit.interval.ms'], ['COMMIT_INTERVAL_MS']])(
  'B5: option %s is unknown, and the one that was meant is named',
  (name) => {
    const error = refused({ [name]: 100 })
    expect(error.code).toBe('CONFIG_UNKNOWN')
    expect(error.message).toContain(`Unknown option "${name}". Did you mean "commitIntervalMs"?`)
  },
)

test.each([
  ['commitIntervalMs', NaN, 'NaN'],
  ['commitIntervalMs', -1, '-1'],
  ['commitIntervalMs', 1.5, '1.5'],
  ['commitIntervalMs', Infinity, 'Infinity'],
  ['sessionTimeoutMs', 2 ** 31, '2147483648'],
  ['commitIntervalMs', 'abc', "'abc'"],
  ['commitIntervalMs', '100', "'100'"],
  ['commitIntervalMs', 100n, '100n'],
  ['commitIntervalMs', null, 'null'],
  ['commitIntervalMs', {}, '{}'],
])('B6: %s of %s is refused with the bounds', (name, value, shown) => {
  const error = refused({ [name]: value })
  expect(error.code).toBe('CONFIG_RANGE')
  expect(error.message).toContain(`${name} is ${shown}: give a whole number from`)
})

test('B6: a number in the environment is text, and is read as the number it says', () => {
  expect(accepted({}, { MILLRACE_COMMIT_INTERVAL_MS: '100' }).commitIntervalMs).toBe(100)
  expect(accepted({}, { MILLRACE_COMMIT_INTERVAL_MS: '' }).commitIntervalMs).toBe(30_000)
  for (const text of ['abc', ' ', '1e3x', '0x10', '-1', '1.5']) {
    const error = refused({}, { MILLRACE_COMMIT_INTERVAL_MS: text })
    expect(error.code).toBe('CONFIG_RANGE')
    expect(error.message).toContain(`MILLRACE_COMMIT_INTERVAL_MS=${text}: give a whole number from 0 to`)
  }
})

test.each([['exactly_once'], ['eos'], ['exactly_once_v2'], [2]])('B7: guarantee %j is refused with the two there are', (guarantee) => {
  const error = refused({ guarantee })
  expect(error.code).toBe('CONFIG_VALUE')
  expect(error.message).toContain("use 'at-least-once' or 'exactly-once'")
})

test("B8: guarantee 'exactly-once' is refused until it is there, and never becomes less in silence", () => {
  const error = refused({ guarantee: 'exactly-once' })
  expect(error.code).toBe('CONFIG_VALUE')
  expect(error.message).toContain("guarantee 'exactly-once' needs transactions, which this version doesn't have yet: use 'at-least-once'")
})

test.each([
  ['groupId', 'the group is the applicationId'],
  ['group.id', 'the group is the applicationId'],
  ['isolationLevel', 'it follows from `guarantee`'],
  ['isolation.level', 'it follows from `guarantee`'],
  ['enableIdempotence', 'the producer is always idempotent'],
  ['enable.idempotence', 'the producer is always idempotent'],
  ['idempotent', 'the producer is always idempotent'],
  ['autoCommit', 'positions are committed when everything they caused is acknowledged'],
  ['enable.auto.commit', 'positions are committed when everything they caused is acknowledged'],
  ['transactional.id', 'it is made from the applicationId'],
  ['acks', 'every write waits for all replicas'],
])('B13: %s is not the user’s to set, and the error says why', (name, why) => {
  const error = refused({ [name]: 'x' })
  expect(error.code).toBe('CONFIG_FORBIDDEN')
  expect(error.message).toBe(`option ${name} can't be set: ${why}`)
})

test('B18: a session must outlast its heartbeats', () => {
  for (const sessionTimeoutMs of [2_999, 3_000]) {
    const error = refused({ sessionTimeoutMs })
    expect(error.code).toBe('CONFIG_CONFLICT')
    expect(error.message).toContain(`sessionTimeoutMs (${sessionTimeoutMs}) must be greater than heartbeatIntervalMs (3000)`)
  }
  expect(accepted({ sessionTimeoutMs: 3_001 }).sessionTimeoutMs).toBe(3_001)
})

test.each([
  ['stateDir', '', 'a path'],
  ['stateDir', 'a\0b', 'a path'],
  ['stateDir', 7, 'a path'],
  ['clientId', '', 'a text'],
  ['instanceId', '', 'a text that no other instance has'],
  ['onError', 'skip', 'a function'],
  ['onFailure', 'replace-thread', 'a function'],
  ['security', 'ssl', 'an object'],
  ['topicConfig', { 'retention.ms': 5 }, 'topic configs as texts'],
  ['logger', console.log, 'an object with the methods debug, info, warn and error'],
  ['logger', { info: () => undefined }, 'an object with the methods debug, info, warn and error'],
])('%s of %j is refused with what to give', (name, value, what) => {
  const error = refused({ [name]: value })
  expect(error.code).toBe('CONFIG_VALUE')
  expect(error.message).toContain(`${name} is`)
  expect(error.message).toContain(`: give ${what}`)
})

test('loggers that fit are taken as they are: pino’s and the console', () => {
  expect(accepted({ logger: console }).logger).toBe(console)
  expect(accepted({ logger: false }).logger).toBe(false)
})

test('all that is wrong is said at once', () => {
  const error = refused({ applicationId: '', brokers: 'x', threads: 0, guarantee: 'eos', acks: 1, commitIntervallMs: 1 })
  expect(error.message).toMatch(/^6 options are wrong:\n( {2}- .*\n?){6}$/)
})

test('what is no object of options is asked for', () => {
  for (const options of [undefined, null, 'orders']) {
    expect(() => new KafkaStreams(copying, untyped(options))).toThrow(expect.objectContaining({ code: 'CONFIG_REQUIRED' }))
  }
})
