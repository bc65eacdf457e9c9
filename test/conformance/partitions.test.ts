/** Every recorded topology in three partitions: its final tables are those of one. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TopologyTestDriver } from '../../src/testing/topology-test-driver.ts'
import { inputsOf, PLACED, tablesOf, topologyOf, type Tables } from './final-tables.ts'
import { programs } from './programs/all.ts'
import { readTrace, traceIds, type TraceFile } from './trace.ts'

const traces = join(import.meta.dirname, 'traces')
const ids = traceIds(traces).filter((id) => Object.hasOwn(programs, id))

function tables(file: TraceFile, partitions: number): Tables {
  const config = { applicationId: 'app', onError: () => 'skip' as const }
  const topology = topologyOf(file)
  using driver = new TopologyTestDriver(topology, { partitions, config })
  for (const { topic, ...record } of inputsOf(file)) driver.sendBytes(topic, record)
  return tablesOf(topology, [...driver.outputs(), ...driver.internal()])
}

test.each(ids)('%s', (id) => {
  const file = readTrace(traces, id)
  const one = tables(file, 1)
  const three = tables(file, 3)
  if (Object.hasOwn(PLACED, id)) {
    // Were they equal, it would not belong into the list; the one that stands still has nothing to compare.
    if (Object.keys(one).length > 0) expect(three).not.toEqual(one)
    return
  }
  expect(Object.keys(one).length).toBeGreaterThan(0)
  expect(three).toEqual(one)
})
