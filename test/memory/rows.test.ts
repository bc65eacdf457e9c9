import { expect, it } from 'vitest'
import { eachRow, offsetOf, timestampOf } from '../../src/memory/rows.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { numbered, START } from './world.ts'

it('shows each record once, with its offset and time, gaps among them', () => {
  const writer = new BatchWriter()
  for (const delta of [0, 3, 4]) {
    writer.skipTo(delta)
    writer.append(null, null, START - delta, undefined)
  }
  const batch = writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1, baseOffset: 10 })
  const seen: number[][] = []
  eachRow(batch, (rows, i, header) => seen.push([offsetOf(rows, i), timestampOf(rows, i) - START, header.count]))
  expect(seen).toEqual([
    [10, 0, 3],
    [13, -3, 3],
    [14, -4, 3],
  ])
})

it('goes through batches that are longer than a run of columns', () => {
  let count = 0
  eachRow(numbered(5000), (rows, i) => expect(offsetOf(rows, i)).toBe(count++))
  expect(count).toBe(5000)
})

it('shows nothing of bytes that are no whole batch', () => {
  eachRow(numbered(2).slice(0, -1), () => expect.unreachable())
})
