/**
 * From options to a complete, frozen configuration. All mistakes are reported in one error, an unknown option with the one that was probably
 * meant. Precedence: what the program says, then the environment, then the default.
 */
import { distance } from 'fastest-levenshtein'
import { ConfigError, type CodeOf } from '../base/errors.ts'
import {
  FORBIDDEN_OPTIONS,
  NUMBER_OPTIONS,
  OPTION_NAMES,
  WORD_OPTIONS,
  type KafkaStreamsOptions,
  type NumberOption,
  type NumberRule,
} from './options.ts'

type Numbers = Readonly<Record<NumberOption, number>>
type Words = { readonly [Name in keyof typeof WORD_OPTIONS]: (typeof WORD_OPTIONS)[Name][number] }

/** Every option with its value. `brokers` is either addresses or the name of a memory broker. */
export type Config = Numbers &
  Words &
  Pick<KafkaStreamsOptions, 'instanceId' | 'clientId' | 'security' | 'topicConfig' | 'onError' | 'onFailure' | 'logger'> & {
    readonly applicationId: string
    readonly stateDir: string
    readonly brokers: { readonly memory: string } | { readonly addresses: readonly string[] }
    /** True when no broker was configured anywhere, so the memory broker was chosen. */
    readonly memoryByDefault: boolean
  }

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

interface Mistake {
  readonly code: CodeOf<'ConfigError'>
  readonly text: string
}

/** Checks options and fills in what is left out. Throws a `ConfigError` that lists every mistake. */
export function resolveConfig(options: KafkaStreamsOptions, environment: Environment = {}): Config {
  const mistakes: Mistake[] = []
  if (typeof options !== 'object' || options === null) raise([NO_ID])
  const given: Readonly<Record<string, unknown>> = { ...options }
  for (const name of Object.keys(given)) checkName(name, mistakes)
  checkKinds(given, mistakes)
  const numbers = Object.fromEntries(
    Object.entries(NUMBER_OPTIONS).map(([name, rule]) => [name, numberOf(name, given[name], { rule, environment, mistakes })]),
  )
  const words = Object.fromEntries(
    Object.entries(WORD_OPTIONS).map(([name, allowed]) => [name, wordOf(name, given[name], allowed, mistakes)]),
  )
  checkId(options.applicationId, mistakes)
  const { brokers, memoryByDefault } = brokersOf(options.brokers, environment, mistakes)
  // What the in-process broker keeps ends with the process: so does what depends on it.
  if (options.engine === undefined && 'memory' in brokers) words['engine'] = 'memory'
  const { instanceId, clientId, security, topicConfig, onError, onFailure, logger } = options
  const stateDir = options.stateDir ?? environment['MILLRACE_STATE_DIR'] ?? '.millrace/state'
  const defined = Object.fromEntries(
    Object.entries({ instanceId, clientId, security, topicConfig, onError, onFailure, logger }).filter(([, value]) => value !== undefined),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both tables were walked name by name just above
  const config = { applicationId: options.applicationId, stateDir, brokers, memoryByDefault, ...defined, ...numbers, ...words } as Config
  if (mistakes.length === 0) checkConflicts(config, mistakes)
  raise(mistakes)
  return Object.freeze(config)
}

function raise(mistakes: readonly Mistake[]): void {
  const [first] = mistakes
  if (first === undefined) return
  const text =
    mistakes.length === 1
      ? first.text
      : [`${mistakes.length} options are wrong:`, ...mistakes.map((mistake) => `  - ${mistake.text}`)].join('\n')
  throw new ConfigError(first.code, text)
}

function checkName(name: string, mistakes: Mistake[]): void {
  if (OPTION_NAMES.includes(name)) return
  const camel = name.replaceAll(/\.(\w)/g, (_, letter: string) => letter.toUpperCase())
  const reason = Object.hasOwn(FORBIDDEN_OPTIONS, camel) ? FORBIDDEN_OPTIONS[camel] : undefined
  if (reason !== undefined) {
    mistakes.push({ code: 'CONFIG_FORBIDDEN', text: `option ${name} can't be set: ${reason}` })
    return
  }
  const bare = (text: string): string => text.replaceAll(/[^a-z\d]/gi, '').toLowerCase()
  const far = (option: string): number => Math.min(distance(camel, option), distance(bare(name), bare(option)))
  const [nearest] = [...OPTION_NAMES].sort((a, b) => far(a) - far(b))
  const advice = nearest !== undefined && far(nearest) <= 4 ? `Did you mean "${nearest}"?` : 'KafkaStreamsOptions has all that there are'
  mistakes.push({ code: 'CONFIG_UNKNOWN', text: `Unknown option "${escaped(name)}". ${advice}` })
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '' && !value.includes('\0')
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the options that are neither numbers nor words may be, and how that is said. */
const KINDS: Readonly<Record<string, readonly [is: (value: unknown) => boolean, what: string]>> = {
  stateDir: [isText, `a path, as '/var/lib/orders'`],
  clientId: [isText, `a text, as 'orders-1'`],
  instanceId: [isText, `a text that no other instance has and that stays over restarts, as 'orders-1'`],
  onError: [isFunction, `a function, as (error) => 'skip'`],
  onFailure: [isFunction, `a function, as (error) => 'replace-thread'`],
  security: [isObject, 'an object, as { ssl: true }'],
  topicConfig: [
    (value) => isObject(value) && Object.values(Object(value)).every((config) => typeof config === 'string'),
    `topic configs as texts, as { 'retention.ms': '86400000' }`,
  ],
  logger: [
    (value) => value === false || (isObject(value) && LEVELS.every((level) => isFunction(Reflect.get(Object(value), level)))),
    'an object with the methods debug, info, warn and error, or false for silence',
  ],
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function checkKinds(given: Readonly<Record<string, unknown>>, mistakes: Mistake[]): void {
  for (const [name, [is, what]] of Object.entries(KINDS)) {
    const value = given[name]
    if (value !== undefined && !is(value)) mistakes.push({ code: 'CONFIG_VALUE', text: `${name} is ${quoted(value)}: give ${what}` })
  }
}

/** What a number option is checked with. */
interface NumberCheck {
  readonly rule: NumberRule
  readonly environment: Environment
  readonly mistakes: Mistake[]
}

function numberOf(name: string, value: unknown, { rule, environment, mistakes }: NumberCheck): number {
  const variable = `MILLRACE_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
  const text = environment[variable] === '' ? undefined : environment[variable]
  const found = value === undefined ? numberIn(text, rule) : value
  if (typeof found === 'number' && Number.isInteger(found) && found >= rule.min && found <= rule.max) return found
  const said = value === undefined ? `${variable}=${escaped(text ?? '')}` : `${name} is ${quoted(value)}`
  mistakes.push({ code: 'CONFIG_RANGE', text: `${said}: give a whole number from ${rule.min} to ${rule.max}` })
  return rule.default
}

function numberIn(text: string | undefined, rule: NumberRule): number {
  if (text === undefined) return rule.default
  return /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
}

function wordOf(name: string, value: unknown, allowed: readonly string[], mistakes: Mistake[]): string | undefined {
  if (value === undefined) return allowed[0]
  if (typeof value === 'string' && allowed.includes(value)) return value
  mistakes.push({
    code: 'CONFIG_VALUE',
    text: `${name} is ${quoted(value)}: use ${allowed.map((word) => `'${word}'`).join(' or ')}`,
  })
  return allowed[0]
}

const NO_ID: Mistake = {
  code: 'CONFIG_REQUIRED',
  text: `applicationId is missing: name the application, as in { applicationId: 'orders' }`,
}

function checkId(id: unknown, mistakes: Mistake[]): void {
  if (typeof id !== 'string' || id === '') {
    mistakes.push(NO_ID)
  } else if (!/^[A-Za-z0-9._-]{1,200}$/.test(id) || id === '.' || id === '..') {
    mistakes.push({ code: 'ID_INVALID', text: `applicationId '${escaped(id)}' is not allowed: use 1 to 200 of A-Z a-z 0-9 . _ -` })
  }
}

function brokersOf(
  value: KafkaStreamsOptions['brokers'],
  environment: Environment,
  mistakes: Mistake[],
): { brokers: Config['brokers']; memoryByDefault: boolean } {
  const variable = environment['KAFKA_BROKERS']
  const given: unknown = value === undefined && variable !== '' ? variable : value
  if (given === undefined) {
    if (environment['NODE_ENV'] === 'production') mistakes.push(NO_BROKERS)
    return { brokers: { memory: '' }, memoryByDefault: true }
  }
  const list = listOf(given)
  const [first = ''] = list
  if (list.length === 1 && first.startsWith('memory:'))
    return { brokers: { memory: first.slice('memory:'.length) }, memoryByDefault: false }
  for (const [index, address] of list.entries()) if (!isAddress(address)) mistakes.push(badAddress(index, address))
  if (list.length === 0) mistakes.push(badAddress(0, ''))
  return { brokers: { addresses: list }, memoryByDefault: false }
}

/** What stands between commas, or in a list, as texts. */
function listOf(given: unknown): readonly string[] {
  const items: readonly unknown[] = typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : [given]
  return items.map((item) => String(item).trim())
}

const NO_BROKERS: Mistake = {
  code: 'CONFIG_REQUIRED',
  text: `brokers is missing: give { brokers: 'host:9092' }, set KAFKA_BROKERS, or say brokers: 'memory:' if that is meant`,
}

function badAddress(index: number, address: string): Mistake {
  return { code: 'CONFIG_INVALID', text: `brokers[${index}] is '${escaped(address)}': give host:port, as in 'kafka:9092'` }
}

function isAddress(address: string): boolean {
  const port = Number(/^[^\s:/]+:(\d{1,5})$|^\[[0-9A-Fa-f:.]+\]:(\d{1,5})$/.exec(address)?.slice(1).find(Boolean) ?? Number.NaN)
  return port >= 1 && port <= 65_535
}

function checkConflicts(config: Config, mistakes: Mistake[]): void {
  const { sessionTimeoutMs, heartbeatIntervalMs } = config
  if (config.guarantee === 'exactly-once') {
    mistakes.push({
      code: 'CONFIG_VALUE',
      text: `guarantee 'exactly-once' needs transactions, which this version doesn't have yet: use 'at-least-once'`,
    })
  }
  if (sessionTimeoutMs <= heartbeatIntervalMs) {
    mistakes.push({
      code: 'CONFIG_CONFLICT',
      text: `sessionTimeoutMs (${sessionTimeoutMs}) must be greater than heartbeatIntervalMs (${heartbeatIntervalMs}): a third of it is usual`,
    })
  }
}

function quoted(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'string' ? `'${escaped(value)}'` : (JSON.stringify(value) ?? typeof value)
}

/** A value as it may stand in a message: control and direction characters escaped, at most 64 characters. */
function escaped(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\u0020-\u007e\u00a0-\u024f]/g, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
