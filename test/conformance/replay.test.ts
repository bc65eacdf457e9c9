import { join } from 'node:path'
import { expect, test } from 'vitest'
import { programs } from './programs/all.ts'
import { replay } from './replay.ts'
import { readTrace, traceIds } from './trace.ts'

const traces = join(import.meta.dirname, 'traces')
const ids = traceIds(traces).filter((id) => Object.hasOwn(programs, id))

test('there are programs for at least 161 recorded topologies', () => {
  expect(ids.length).toBeGreaterThanOrEqual(161)
})

test.each(ids)('%s answers what Kafka Streams answered', (id) => {
  const { steps, internal, stores } = replay(programs[id]!, readTrace(traces, id))
  expect(steps.first).toBeUndefined()
  expect(steps.all).toBeGreaterThan(0)
  expect(internal.first).toBeUndefined()
  expect(stores.first).toBeUndefined()
})
