/** Every recorded topology in three partitions: its final tables are those of one. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PLACED, tablesInDriver } from './final-tables.ts'
import { programs } from './programs/all.ts'
import { readTrace, traceIds } from './trace.ts'

const traces = join(import.meta.dirname, 'traces')
const ids = traceIds(traces).filter((id) => Object.hasOwn(programs, id))

test.each(ids)('%s', (id) => {
  const file = readTrace(traces, id)
  const one = tablesInDriver(file, 1)
  const three = tablesInDriver(file, 3)
  if (Object.hasOwn(PLACED, id)) {
    // Were they equal, it would not belong into the list; the one that stands still has nothing to compare.
    if (Object.keys(one).length > 0) expect(three).not.toEqual(one)
    return
  }
  expect(Object.keys(one).length).toBeGreaterThan(0)
  expect(three).toEqual(one)
})
