/**
 * The same random topologies and records, run in different ways that must not matter: caches, optimisation, engines, batches, fetches, stops and new
 * starts with and without the state directory, another instance that takes over. The newest value of each key in each output and changelog is the same.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BuildOptions, Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/topology-test-driver.ts'
import { tablesOf, type Tables } from '../conformance/final-tables.ts'
import { tablesInApplication, type Setting } from './application.ts'
import { build } from './build.ts'
import { send } from './driven.ts'
import { randomCases, topicsOf, type Input } from './grammar.ts'
import { cases } from './runs.ts'
import { inTime, isOrderedOneByOne, isSteady } from './steady.ts'

const inDriver = cases({ ci: 50, every: 5 })
const inApplications = cases({ ci: 20, every: 25 })

test(`${inDriver} random topologies write the same records with caches of no, few and many bytes`, () => {
  fc.assert(
    fc.property(randomCases, ({ program, records }) => {
      const [none, few, many] = [0, 1, 1 << 26].map((cacheBytes) => driven(build(program), records, cacheBytes))
      expect(few).toEqual(none)
      expect(many).toEqual(none)
    }),
    { numRuns: inDriver },
  )
}, 600_000)

test(`${inDriver} random topologies have the same final tables when they are optimised`, () => {
  fc.assert(
    fc.property(randomCases, ({ program, records }) => {
      const [plain, optimized] = [build(program), build(program, { optimize: true })]
      fc.pre(isOrderedOneByOne(plain) && isOrderedOneByOne(optimized))
      // A stream that is joined with itself in one store tells by another clock what is late than one in two, as in Kafka Streams: null values move it not.
      const given = program.steps.some(({ op, from }) => op === 'streamJoin' && from[0] === from[1]) ? inTime(records, []) : records
      expect(outputsOf(tables(optimized, given))).toEqual(outputsOf(tables(plain, given)))
    }),
    { numRuns: inDriver },
  )
}, 600_000)

const settings: fc.Arbitrary<Setting> = fc.record({
  engine: fc.constantFrom('memory', 'rocksdb', 'level'),
  cacheBytes: fc.constantFrom(0, 1 << 26),
  batch: fc.constantFrom(1, 500),
  optimize: fc.boolean(),
  stops: fc.array(fc.nat(99), { maxLength: 2 }),
  after: fc.constantFrom('kept', 'lost', 'joined'),
  pace: fc.constantFrom('all', 'hasty', 'one by one'),
})

const steadyCases = randomCases.map(({ program, records }) => ({ program, records: inTime(records, topicsOf(program)) }))

/** In order of time, and with all that must not matter. */
const runs = fc
  .tuple(steadyCases, settings)
  .filter(([{ program }, setting]) =>
    [build(program), build(program, { optimize: setting.optimize })].every((topology) => isSteady(program, topology, setting.pace)),
  )

test(`${inApplications} random topologies have the final tables of the test driver in applications that stop and start anew`, async () => {
  await fc.assert(
    fc.asyncProperty(runs, async ([{ program, records }, setting]) => {
      const options: BuildOptions = { optimize: setting.optimize }
      const found = await tablesInApplication(() => build(program, options), records, setting)
      expect(filled(found)).toEqual(filled(tables(build(program, options), records)))
    }),
    { numRuns: inApplications },
  )
}, 1_200_000)

function driven(topology: Topology, records: readonly Input[], cacheBytes: number): ReturnType<TopologyTestDriver['outputs']> {
  using driver = new TopologyTestDriver(topology, { config: { applicationId: 'app', cacheBytes } })
  send(driver, records)
  return driver.outputs()
}

function tables(topology: Topology, records: readonly Input[]): Tables {
  using driver = new TopologyTestDriver(topology, { config: { applicationId: 'app' } })
  send(driver, records)
  return tablesOf(topology, [...driver.outputs(), ...driver.internal()])
}

/** Without empty tables: what came and went between two commits may leave nothing behind, not even a record. */
const filled = (all: Tables): Tables => Object.fromEntries(Object.entries(all).filter(([, table]) => Object.keys(table).length > 0))

/** Changelogs are others: a source topic may stand for one. */
const outputsOf = (all: Tables): Tables => Object.fromEntries(Object.entries(all).filter(([topic]) => topic.startsWith('out-')))
