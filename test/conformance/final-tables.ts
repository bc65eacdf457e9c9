/**
 * What is left of a recorded topology's results when time and place don't matter: its first input, in order of time, followed by records that close
 * all windows in every partition, and the newest value of each key in each output and changelog.
 */
import { TopologyTestDriver, type RawTestInput } from '../../src/testing/topology-test-driver.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { programs } from './programs/all.ts'
import type { TraceFile } from './trace.ts'

/** An input record and its topic. */
export interface Input extends RawTestInput {
  readonly topic: string
  readonly timestamp: number
}

/** Topic → key → newest value, in hex; null where the key is deleted. */
export type Tables = Readonly<Record<string, Readonly<Record<string, string | null>>>>

/** Changelogs of buffers: what waits there has the position it came from, which depends on the partition. */
const BUFFERS = /(?:-Buffer|-final-store|-limit-store|SUPPRESS-STATE-STORE-\d+)-changelog$/

const LATER_MS = 10_000_000
/** As many keys as make it all but certain that each of three partitions has some, whatever the keys are changed into. */
const CLOSING = 24

/** The inputs of a topology's first trace, up to a step that fails. */
export function inputsOf(file: TraceFile): readonly Input[] {
  const steps = file.traces[0]!.steps
  const failing = steps.findIndex(({ error }) => error !== undefined)
  const inputs = (failing < 0 ? steps : steps.slice(0, failing)).flatMap((step): Input[] =>
    step.topic === undefined
      ? []
      : [{ topic: step.topic, key: bytes(step.key), value: bytes(step.value), timestamp: step.timestamp!, headers: [] }],
  )
  const last = Math.max(...inputs.map(({ timestamp }) => timestamp))
  const topics = [...new Set(inputs.map(({ topic }) => topic))]
  return [
    ...inputs.toSorted((a, b) => a.timestamp - b.timestamp),
    ...closing(topics, last + LATER_MS),
    ...closing(topics, last + 2 * LATER_MS),
  ]
}

function closing(topics: readonly string[], timestamp: number): readonly Input[] {
  return Array.from({ length: CLOSING }, (_, n) => n).flatMap((n) =>
    topics.map((topic): Input => ({
      topic,
      key: bytes(`k${n}`),
      value: bytes(`${['ant', 'bee', 'cat'][n % 3]!}${n * 2}`),
      timestamp,
      headers: [],
    })),
  )
}

/** The topology as users run it: without the defects that parity mode brings back, which lose windows where time jumps. */
export function topologyOf(file: TraceFile): Topology {
  return programs[file.topology]!({ ...file.config, 'millrace.parity': 'off' })
}

/** How many of the inputs come before time goes on for the last time: what is closed at most once a second is closed then. */
export function lastRound(inputs: readonly Input[]): number {
  const last = inputs.at(-1)!.timestamp
  return inputs.findIndex(({ timestamp }) => timestamp === last)
}

function bytes(text: string | null | undefined): Uint8Array | null {
  return text === null || text === undefined ? null : Buffer.from(text)
}

/**
 * The newest value of each key. Records without a key are nobody's newest; changelogs of stores that keep duplicates number their rows in each task anew,
 * so they are left out.
 */
export function tablesOf(
  topology: Topology,
  records: readonly { readonly topic: string; readonly key: Uint8Array | null; readonly value: Uint8Array | null }[],
): Tables {
  const numbered = new Set(
    [...topology.stores.values()].filter(({ spec }) => 'duplicates' in spec && spec.duplicates).map(({ name }) => `app-${name}-changelog`),
  )
  const tables: Record<string, Record<string, string | null>> = {}
  for (const { topic, key, value } of records) {
    // Repartition topics are traffic, not tables.
    const internal = topic.startsWith('app-')
    if (key === null || (internal && !topic.endsWith('-changelog')) || BUFFERS.test(topic) || numbered.has(topic)) continue
    const table = (tables[topic] ??= {})
    const name = Buffer.from(key).toString('hex')
    // A changelog needs no tombstone for what was made and deleted between two commits.
    if (value === null && internal) delete table[name]
    else
      table[name] =
        value === null
          ? null
          : Buffer.from(value)
              .toString('hex')
              .slice(0, isSubscriptions(topic) ? -8 : undefined)
  }
  return tables
}

/** Subscriptions of foreign-key joins say in their last four bytes in which partition their row is. */
function isSubscriptions(changelog: string): boolean {
  return /-subscription-store-changelog$|-SUBSCRIPTION-STATE-STORE-\d+-changelog$/.test(changelog)
}

/** The final tables of the test driver in so many partitions. */
export function tablesInDriver(file: TraceFile, partitions: number): Tables {
  const config = { applicationId: 'app', onError: () => 'skip' as const }
  const topology = topologyOf(file)
  using driver = new TopologyTestDriver(topology, { partitions, config })
  for (const { topic, ...record } of inputsOf(file)) driver.sendBytes(topic, record)
  return tablesOf(topology, [...driver.outputs(), ...driver.internal()])
}

/** Topologies whose results depend on where and when a record is processed, each with what it depends on. */
export const PLACED: Readonly<Record<string, string>> = {
  'count-lru': 'keeps the last few keys of a task',
  'dynamic-sink-context': 'offsets and partitions are in the results',
  'extractor-then-window': "timestamps go back in the windows' input, and which are late depends on the partition's stream time",
  'foreign-key-then-group-by': 'a row of the right table is answered from several partitions, whose order is in the texts',
  'processor-changed-time-then-window':
    "timestamps go back in the windows' input, and which are late depends on the partition's stream time",
  'processor-metadata': 'offsets and partitions are in the results',
  'processor-metadata-repartitioned': 'offsets and partitions are in the results',
  'punctuate-cancel': 'punctuates by the wall clock, which stands still',
  'punctuate-context': 'punctuates by the stream time of a task',
  'punctuate-stream-time': 'punctuates by the stream time of a task',
  'punctuate-stream-time-jumpy': 'punctuates by the stream time of a task',
  'store-key-value': 'lists the whole store of a task',
  'store-key-value-cached': 'lists the whole store of a task',
  'store-key-value-rocksdb': 'lists the whole store of a task',
  'store-session': 'lists the whole store of a task',
  'store-session-rocksdb': 'lists the whole store of a task',
  'store-window': 'lists the whole store of a task',
  'store-window-rocksdb': 'lists the whole store of a task',
  'store-window-rocksdb-minutes': 'lists the whole store of a task',
  'store-window-duplicates': 'lists the whole store of a task',
  'stream-table-grace': 'the first of the closing records in a task ends the history of a table that others wait for',
  'stream-table-grace-left': 'the first of the closing records in a task ends the history of a table that others wait for',
  'stream-table-grace-left-null-key': 'the first of the closing records in a task ends the history of a table that others wait for',
  'suppress-early-when-full': 'a buffer is full by what one task holds back',
  'suppress-max-bytes': 'a buffer is full by what one task holds back',
  'suppress-max-bytes-and-records': 'a buffer is full by what one task holds back',
  'suppress-one-record': 'a buffer is full by what one task holds back',
  'suppress-shut-down': 'a buffer is full by what one task holds back',
  'suppress-then-regroup': 'the first of the closing records in a task takes the place of what waits',
  'suppress-time-limit': 'the first of the closing records in a task takes the place of what waits',
}
