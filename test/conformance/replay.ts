/**
 * Replays a recorded trace through the test driver and compares, step by step, what Millrace answers with what Kafka Streams answered: outputs
 * and drops first, then internal topics, the stores at the end, and the description.
 */
import { deadLetter, type OnError } from '../../src/topology/error-decision.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { TopologyTestDriver, type DriverOptions } from '../../src/testing/topology-test-driver.ts'
import type { RawTestRecord } from '../../src/testing/driver-log.ts'
import type { TraceFile, TraceRecord, TraceStep, TraceStore } from './trace.ts'

/** A topology as a function of the trace's configuration. */
export type Program = (config: Readonly<Record<string, string>>) => Topology

/** How many of something were compared, how many were equal, and the first that differed. */
export interface Tally {
  all: number
  equal: number
  first: string | undefined
}

/** What the replay of one topology came to. */
export interface Replay {
  /** Outputs and drops of every step. */
  readonly steps: Tally
  /** Changelog and repartition records of every step. */
  readonly internal: Tally
  /** Stores at the end of each trace. */
  readonly stores: Tally
  readonly describe: Tally
}

/** Replays all traces of a topology. */
export function replay(program: Program, file: TraceFile): Replay {
  const result: Replay = { steps: tally(), internal: tally(), stores: tally(), describe: tally() }
  const described = attempt(() => program(file.config).describe())
  count(result.describe, described === file.describe, () => `describe\n--- expected\n${file.describe}--- found\n${described}`)
  for (const trace of file.traces) {
    const where = `${file.topology} seed ${trace.seed}`
    try {
      replayOne(program(file.config), file, trace, where, result)
    } catch (error) {
      count(result.steps, false, () => `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }
  return result
}

function replayOne(topology: Topology, file: TraceFile, trace: TraceFile['traces'][number], where: string, result: Replay): void {
  const driver = new TopologyTestDriver(topology, { config: configOf(file.config) })
  let dropped = 0
  for (const [index, step] of trace.steps.entries()) {
    const at = `${where} step ${index + 1} ${stepText(step)}`
    const failed = attempt(() => run(driver, step))
    const outputs = byTopic(driver.outputs())
    const internal = byTopic(driver.internal())
    if (step.error !== undefined || failed !== undefined) {
      count(
        result.steps,
        step.error !== undefined && failed !== undefined,
        () =>
          `${at}\n  expected ${step.error === undefined ? 'no error' : `error ${step.error.join(', ')}`}\n  found    ${failed ?? 'no error'}`,
      )
      return
    }
    const total = [...driver.dropped().values()].reduce((sum, n) => sum + n, 0)
    const found = text({ outputs, dropped: total - dropped })
    const expected = text({ outputs: (step.outputs ?? []).map(plain), dropped: step.dropped ?? 0 })
    dropped = total
    count(result.steps, found === expected, () => `${at}\n  expected ${expected}\n  found    ${found}`)
    const written = (step.internal ?? []).map(plain)
    // Where the JVM leaves the time to its producer's clock there is nothing to compare.
    const foundInternal = text(internal.map((record, i) => (written[i]?.timestamp === null ? { ...record, timestamp: null } : record)))
    const expectedInternal = text(written)
    count(
      result.internal,
      foundInternal === expectedInternal,
      () => `${at} internal\n  expected ${expectedInternal}\n  found    ${foundInternal}`,
    )
  }
  for (const [name, store] of Object.entries(trace.stores ?? {}))
    compareStore(driver, name, store, { where, result, keepsHeaders: (of) => headersKept(topology, file.config, of) })
  driver.close()
}

/** What the driver is to be told of a trace's configuration. */
export function configOf(config: TraceFile['config']): NonNullable<DriverOptions['config']> {
  const persistent = config['dsl.store.suppliers.class'] === 'RocksDBDslStoreSuppliers'
  // The interval of looks at what has closed, which Kafka Streams' driver has without a throttle.
  const intervals = ['kstreams.outer.join.spurious.results.fix', 'kstreams.windowed.aggregation']
  const scanIntervalMs = Math.max(...intervals.map((name) => Number(config[`__emit.interval.ms.${name}__`] ?? 0)))
  const cacheBytes = Number(config['statestore.cache.max.bytes'] ?? 0)
  const engine = persistent ? { engine: 'rocksdb' } : {}
  return { applicationId: config['application.id'] ?? 'app', cacheBytes, scanIntervalMs, onError: handlers(config), ...engine }
}

/** What the configured exception handlers of the JVM decide. */
function handlers(config: TraceFile['config']): OnError {
  const dlq = config['errors.dead.letter.queue.topic.name']
  const dropped = dlq === undefined ? 'skip' : deadLetter(dlq)
  const reading = config['deserialization.exception.handler'] === 'LogAndContinueExceptionHandler'
  const processing = config['processing.exception.handler'] === 'LogAndContinueProcessingExceptionHandler'
  return ({ phase }) => {
    const goesOn = phase === 'deserialization' ? reading : (phase === 'processing' || phase === 'punctuation') && processing
    return goesOn ? dropped : 'fail'
  }
}

interface StoreComparison {
  readonly where: string
  readonly result: Replay
  readonly keepsHeaders: (store: string) => boolean
}

/** Headers of subscriptions are in the changelog only where the JVM's store is persistent. */
function headersKept(topology: Topology, config: TraceFile['config'], name: string): boolean {
  const spec = topology.stores.get(name)?.spec
  return configOf(config).engine !== 'rocksdb' || spec?.kind !== 'keyValue' || spec.format !== 'headers' || spec.cacheBytes !== 0
}

/** A row in hex behind its headers' length, one byte as they are short, and the headers. */
function withoutHeaders(row: string): string {
  return row.slice(2 + Number.parseInt(row.slice(0, 2), 16))
}

function compareStore(driver: TopologyTestDriver, name: string, store: TraceStore, to: StoreComparison): void {
  if (store.entries === undefined) return
  // The end of an unlimited window is the greatest long there, the greatest safe integer here.
  const entries = store.entries.map((row) =>
    row.map((cell) => (Number(cell) > Number.MAX_SAFE_INTEGER && typeof cell === 'number' ? Number.MAX_SAFE_INTEGER : cell)),
  )
  const expected = text({ kind: store.kind, entries })
  const dump = driver.dump(name)
  const rows = to.keepsHeaders(name) ? dump?.entries : dump?.entries.map(([key, value]) => [key, withoutHeaders(String(value))])
  const found = attempt(() => text({ ...dump, entries: rows }))
  count(to.result.stores, found === expected, () => `${to.where} store ${name}\n  expected ${expected}\n  found    ${found}`)
}

/** Runs one step. */
export function run(driver: TopologyTestDriver, step: TraceStep): undefined {
  if (step.advanceWallClockMs !== undefined) {
    driver.advanceWallClock(step.advanceWallClockMs)
    return undefined
  }
  driver.sendBytes(step.topic!, {
    key: step.key === null || step.key === undefined ? null : Buffer.from(step.key),
    value: step.value === null || step.value === undefined ? null : Buffer.from(step.value),
    timestamp: step.timestamp!,
    headers: (step.headers ?? []).map(([name, value]) => [name, value === null ? null : Buffer.from(value, 'hex')]),
  })
  return undefined
}

/** Headers of dead letters whose text is the platform's own: they must be there. */
const ANY = /^__streams\.errors\.(?:exception|message|stacktrace)$/

/** Records sorted by topic, in order within each, as the trace has them. */
function byTopic(records: readonly RawTestRecord[]): TraceRecord[] {
  const plainRecords = records.map(({ topic, key, value, timestamp, headers }) => ({
    topic,
    key: hex(key),
    value: hex(value),
    timestamp,
    headers: headers.map(([name, bytes]) => [name, ANY.test(name) && bytes !== null ? 'any' : hex(bytes)] as const),
  }))
  return plainRecords.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0))
}

function plain(record: TraceRecord): TraceRecord {
  const { topic, key, value, timestamp } = record
  return { topic, key, value, timestamp, headers: record.headers ?? [] }
}

function stepText(step: TraceStep): string {
  return step.advanceWallClockMs === undefined
    ? `(${step.topic} ${step.key}=${step.value} @${step.timestamp})`
    : `(clock +${step.advanceWallClockMs})`
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}

function text(value: unknown): string {
  return JSON.stringify(value)
}

function tally(): Tally {
  return { all: 0, equal: 0, first: undefined }
}

function count(into: Tally, equal: boolean, difference: () => string): void {
  into.all++
  if (equal) into.equal++
  else into.first ??= difference()
}

function attempt<T>(f: () => T): T | string {
  try {
    return f()
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}
