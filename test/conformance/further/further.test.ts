import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replay } from '../replay.ts'
import { readTrace, traceIds } from '../trace.ts'
import { programs } from './all.ts'

const traces = join(import.meta.dirname, 'traces')
const ids = traceIds(traces)

test('there is a program for each further topology, and a trace for each program', () => {
  expect(Object.keys(programs).toSorted()).toEqual(ids)
})

test.each(ids)('%s answers what Kafka Streams answered', (id) => {
  const { steps, internal, stores, describe } = replay(programs[id]!, readTrace(traces, id))
  expect(steps.all).toBeGreaterThan(0)
  expect([steps.first, internal.first, stores.first, describe.first]).toEqual([undefined, undefined, undefined, undefined])
})
