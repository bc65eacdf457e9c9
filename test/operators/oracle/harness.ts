/**
 * Runs a topology in the test driver on random inputs and compares what comes out, record for record and topic by topic, with what a naive oracle
 * says: plain arrays and maps, nothing of `src/operators`. Inputs are few keys (null, empty, two of one hash), null values, times that are equal, go
 * back or jump, several topics in turn, and waits of the wall clock. A failure prints the seed and the smallest input.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { header, serdes, StreamsBuilder, topic, type Topic, type Topology } from '../../../src/index.ts'
import type { DropReason, Windowed } from '../../../src/index.ts'
import { TopologyTestDriver, type DriverOptions } from '../../../src/testing.ts'

/** A record on its way in. */
export interface In {
  readonly from: string
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  /** What its only header says; null: it has none. */
  readonly mark: string | null
}

/** A pause, in ms of the wall clock. */
export interface Wait {
  readonly wait: number
}

/** A record that comes out. */
export interface Out {
  /** `out` when left out. */
  readonly to?: string
  /** Windowed keys are texts: see `windowed`. */
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly mark: string | null
  /** What a change replaces, for steps below; no part of the record. */
  readonly old?: string | null
}

/** What an oracle says. */
export interface World {
  /** A record comes out. */
  readonly tell: (record: Out) => void
  /** A record is dropped and counted. */
  readonly drop: (reason: DropReason) => undefined
  /** The wall clock, in ms. */
  readonly now: number
}

/** What happens with one record; or with one record, and with a pause that is over. */
export type Naive = ((record: In) => void) | { readonly record: (record: In) => void; readonly waited: () => void }

/** A property: a topology of some settings is what an oracle of them says. */
export interface Oracle<S> {
  /** What the topology depends on. */
  readonly settings: fc.Arbitrary<S>
  /** Adds the steps, and answers the topics that they write to. */
  readonly steps: (builder: StreamsBuilder, settings: S) => readonly Written[]
  readonly naive: (world: World, settings: S) => Naive
  /** The topics that records come from; `left` alone when left out. */
  readonly from?: readonly string[]
  /** How far times go back, in ms. */
  readonly late?: number
  /** True: Kafka Streams' own behaviour where ours differs on purpose. */
  readonly parity?: (settings: S) => boolean
  readonly optimize?: (settings: S) => boolean
  readonly scanIntervalMs?: (settings: S) => number
}

type Written = Pick<Topic<unknown, unknown>, 'name' | 'key' | 'value'>
type Texts = Topic<string | null, string | null>

export const left: Texts = topic('left', { key: serdes.string, value: serdes.string, nullable: 'both' })
export const right: Texts = topic('right', { key: serdes.string, value: serdes.string, nullable: 'both' })
export const out: Texts = topic('out', { key: serdes.string, value: serdes.string, nullable: 'both' })

/** A topic of texts. */
export function named(name: string): Texts {
  return { ...out, name }
}

/** Keys: the two long ones have one hash. */
export const KEYS: readonly string[] = ['a', 'eebrd', 'oakbb', '']

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
/** A loaded machine takes its time with a first run; with more cases the command says. */
const PATIENCE_MS = process.env['FUZZ_RUNS'] === undefined ? 60_000 : undefined

/** A test by random inputs. */
export function agrees<S>(name: string, oracle: Oracle<S>): void {
  const built = new Map<string, Built>()
  test(
    name,
    () => {
      fc.assert(
        fc.property(oracle.settings, events(oracle), fc.boolean(), (setting, happened, cached) => {
          const id = JSON.stringify(setting)
          const known = built.get(id)
          const made = known ?? build(oracle, setting)
          if (known === undefined && built.size < 200) built.set(id, made)
          const found = answers(made, happened, {
            cacheBytes: cached && oracle.parity?.(setting) !== true ? 1 << 20 : 0,
            scanIntervalMs: oracle.scanIntervalMs?.(setting) ?? 0,
          })
          const said = saying(oracle.naive, setting, { happened, written: made.written })
          // Deep equality of what is equal takes longer than the topology.
          if (JSON.stringify(found) !== JSON.stringify(said)) expect(found).toEqual(said)
        }),
        RUNS,
      )
    },
    PATIENCE_MS,
  )
}

/** The text of a key in a window. */
export function windowed(key: string | null, start: number, end: number): string {
  return `${key}@${start}-${end}`
}

interface Built {
  readonly topology: Topology
  readonly written: readonly Written[]
}

/** What came out by topic, and what was dropped. */
interface Answers {
  readonly told: Readonly<Record<string, readonly Omit<Out, 'to'>[]>>
  readonly dropped: Readonly<Record<string, number>>
}

function build<S>({ steps, parity, optimize }: Oracle<S>, setting: S): Built {
  const builder = new StreamsBuilder()
  const written = steps(builder, setting)
  // What comes out of a topic that is read would go round for ever.
  expect(written.map(({ name }) => name)).not.toContain(left.name)
  return {
    topology: builder.build({ optimize: optimize?.(setting) ?? false, ...(parity?.(setting) === true ? { parity: 'kafka-streams' } : {}) }),
    written,
  }
}

function answers({ topology, written }: Built, happened: readonly (In | Wait)[], config: DriverOptions['config'] = {}): Answers {
  using driver = new TopologyTestDriver(topology, { config })
  for (const event of happened) {
    if ('wait' in event) driver.advanceWallClock(event.wait)
    else send(driver, event)
  }
  const told = written.map(({ name, key, value }) => {
    const records = driver.output<unknown, unknown>({ name, key, value }).readAll()
    return [
      name,
      records.map((record) => ({
        key: textOf(record.key),
        value: record.value,
        timestamp: record.timestamp,
        mark: markOf(record.headers),
      })),
    ] as const
  })
  return { told: Object.fromEntries(told), dropped: sorted(driver.dropped()) }
}

/** Counts by reason, without those of the stores. */
function sorted(dropped: ReadonlyMap<string, number>): Answers['dropped'] {
  return Object.fromEntries([...dropped].filter(([reason]) => reason !== 'expired').toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function send(driver: TopologyTestDriver, { from, key, value, timestamp, mark }: In): void {
  const headers = mark === null ? [] : [['mark', serdes.string.serialize(mark)] as const]
  driver.input({ ...left, name: from }).send({ key, value, timestamp, headers })
}

interface Given {
  readonly happened: readonly (In | Wait)[]
  readonly written: readonly Written[]
}

function saying<S>(naive: Oracle<S>['naive'], setting: S, { happened, written }: Given): Answers {
  const told = Object.fromEntries(written.map(({ name }): [string, Omit<Out, 'to'>[]] => [name, []]))
  const dropped = new Map<string, number>()
  let now = 0
  const world: World = {
    tell: ({ to = 'out', key, value, timestamp, mark }) => void told[to]!.push({ key, value, timestamp, mark }),
    drop: (reason) => {
      dropped.set(reason, (dropped.get(reason) ?? 0) + 1)
    },
    get now() {
      return now
    },
  }
  const steps = naive(world, setting)
  for (const event of happened) {
    if ('wait' in event) {
      now += event.wait
      if (typeof steps !== 'function') steps.waited()
    } else if (typeof steps === 'function') steps(event)
    else steps.record(event)
  }
  return { told, dropped: sorted(dropped) }
}

/** Records and pauses. Times move on by a little, go back by `late` at most, and jump at times. */
function events<S>({ from = ['left'], late = 12 }: Oracle<S>): fc.Arbitrary<(In | Wait)[]> {
  const move = fc.oneof(
    { arbitrary: fc.constant(0), weight: 3 },
    { arbitrary: fc.integer({ min: 1, max: 4 }), weight: 5 },
    { arbitrary: fc.integer({ min: -late, max: -1 }), weight: 4 },
    { arbitrary: fc.integer({ min: 5, max: 60 }), weight: 1 },
  )
  const record = fc.record({
    from: fc.constantFrom(...from),
    key: fc.option(fc.constantFrom(...KEYS), { freq: 9 }),
    value: fc.option(fc.constantFrom('x', 'y', 'z'), { freq: 7 }),
    isNumbered: fc.boolean(),
    move,
    mark: fc.option(fc.constantFrom('m', 'n'), { freq: 1 }),
  })
  const wait = fc.record({ wait: fc.constantFrom(1, 500, 1000) })
  return fc
    .array(fc.oneof({ arbitrary: record, weight: 15 }, { arbitrary: wait, weight: 1 }), { minLength: 1, maxLength: 24, size: 'max' })
    .map((all) => {
      let latest = 0
      return all.map((event, index) => {
        if ('wait' in event) return event
        const { move: by, isNumbered, value, ...rest } = event
        const timestamp = Math.max(0, latest + by)
        latest = Math.max(latest, timestamp)
        return { ...rest, value: value !== null && isNumbered ? `${value}${index}` : value, timestamp }
      })
    })
}

function textOf(key: unknown): string | null {
  if (key === null || typeof key === 'string') return key
  const { key: inner, window } = windowedKey(key)
  return windowed(inner, window.start, window.end)
}

/** Sound because keys of outputs are texts, or texts in windows. */
function windowedKey(key: unknown): Windowed<string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return key as Windowed<string>
}

function markOf(headers: Parameters<typeof header>[0]): string | null {
  const bytes = header(headers, 'mark')
  return bytes === undefined || bytes === null ? null : serdes.string.deserialize(bytes)
}
