/**
 * Every recorded topology goes back in time: from a point of its trace on, the same steps cause the same records and leave the same stores, once the driver
 * is put back there, as often as one likes. And what came out last, in another driver that was put there, goes back to records that were sent.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seeded, type Random } from '../../src/base/random.ts'
import type { RawTestRecord } from '../../src/testing/driver-log.ts'
import { TopologyTestDriver } from '../../src/testing/topology-test-driver.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { programs } from './programs/all.ts'
import { configOf, run } from './replay.ts'
import { readTrace, traceIds, type TraceFile, type TraceStep } from './trace.ts'

const traces = join(import.meta.dirname, 'traces')
const ids = traceIds(traces).filter((id) => Object.hasOwn(programs, id))
/** The seed of the points to go back to, and whether each trace is gone back in, not one of each topology. */
const SEED = Number(process.env['MILLRACE_TIME_TRAVEL'] ?? 0)
const EVERY = SEED > 0

test.each(ids)('%s goes back to a point of its trace, and explains what came out', (id) => {
  const file = readTrace(traces, id)
  const random = seeded(SEED + id.length + file.traces.length)
  const one = Math.floor(random.next() * file.traces.length)
  for (const { steps } of EVERY ? file.traces : [file.traces[one]!])
    travel(file, { steps, partitions: random.next() < 0.5 ? 1 : 3, random })
})

interface Travel {
  readonly steps: readonly TraceStep[]
  readonly partitions: number
  readonly random: Random
}

function travel(file: TraceFile, { steps, partitions, random }: Travel): void {
  const topology = programs[file.topology]!(file.config)
  using driver = driverOf(topology, file, partitions)
  const cut = Math.floor(random.next() * steps.length)
  // Sometimes what came before isn't read yet.
  const isRead = random.next() < 0.5
  const read = (): unknown => [driver.outputs(), driver.internal()]
  for (const step of steps.slice(0, cut)) {
    attempt(driver, step)
    if (isRead) read()
  }
  const there = driver.snapshot()
  const goOn = (on: TopologyTestDriver): unknown => {
    const came = steps.slice(cut).map((step) => [attempt(on, step), on.outputs(), on.internal()])
    return { came, stores: storesOf(on, topology, partitions), dropped: [...on.dropped()], streamTime: on.streamTime() }
  }
  const first = goOn(driver)
  for (let again = 0; again < 2; again++) {
    driver.restore(there)
    expect(goOn(driver)).toEqual(first)
  }
  using other = driverOf(topology, file, partitions)
  other.restore(there)
  explain(other, steps.slice(cut))
}

/** Each reason is a record that was sent, or the clock. */
function explain(driver: TopologyTestDriver, steps: readonly TraceStep[]): void {
  const written: RawTestRecord[] = []
  for (const step of steps) {
    if (attempt(driver, step) !== undefined) break
    written.push(...driver.outputs(), ...driver.internal())
  }
  const record = written.at(-1)
  if (record === undefined) return
  const explained = driver.explain(record)
  const { topic, partition, offset, key, value, timestamp } = record
  expect(explained.record).toEqual({ topic, partition, offset, key, value, timestamp })
  expect(explained.inputs.every((input) => input.offset >= 0 && !input.topic.startsWith('app-'))).toBe(true)
  expect(explained.inputs.length > 0 || explained.trigger === 'wall-clock').toBe(true)
  const text = explained.toString()
  expect(explained.steps.every(({ node }) => text.includes(node))).toBe(true)
}

function driverOf(topology: Topology, file: TraceFile, partitions: number): TopologyTestDriver {
  return new TopologyTestDriver(topology, { partitions, config: configOf(file.config) })
}

/** Runs a step; answers what it failed with. */
function attempt(driver: TopologyTestDriver, step: TraceStep): string | undefined {
  try {
    run(driver, step)
    return undefined
  } catch (error) {
    return String(error)
  }
}

function storesOf(driver: TopologyTestDriver, topology: Topology, partitions: number): unknown {
  return [...topology.stores.keys()].map((name) => Array.from({ length: partitions }, (_, partition) => driver.dump(name, partition)))
}
