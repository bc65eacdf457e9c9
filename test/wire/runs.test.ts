import { expect, test } from 'vitest'
import { BatchReader } from '../../src/wire/batch-reader.ts'
import { offsetBehind, runs } from '../../src/wire/runs.ts'
import { numbered } from '../memory/world.ts'

const two = Buffer.concat([numbered(3), numbered(2)])

test('each batch comes with its header; a cut-off one at the end is left alone', () => {
  const counts = (to: number): string[] => {
    const found: string[] = []
    // The columns are filled again by the next step.
    for (const { header, rows } of runs(new BatchReader(), { bytes: two, from: 0, to }, 'orders[0]'))
      found.push(`${header.count} ${rows.count}`)
    return found
  }
  expect(counts(two.length)).toEqual(['3 3', '2 2'])
  expect(counts(two.length - 1)).toEqual(['3 3'])
  expect(counts(10)).toEqual([])
})

test('the offset behind a range is that behind its last whole batch', () => {
  expect(offsetBehind({ bytes: two, from: 0, to: two.length }, 0)).toBe(3)
  expect(offsetBehind({ bytes: two, from: 0, to: 10 }, 42)).toBe(42)
})
