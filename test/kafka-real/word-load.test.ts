/** The witnesses of the scale test are tried on runs with a fault planted: each must be found. */
import { expect, test } from 'vitest'
import { ownerships, overlaps } from './ownership.ts'
import type { AppEvent } from './processes.ts'
import { firstAnswers, longestWaits, tally, type CountRow } from './word-load.ts'

const sent = new Map([
  ['a', [100, 200, 300]],
  ['b', [150]],
])
const rows: readonly CountRow[] = [
  { word: 'a', count: 1, partition: 0, at: 110 },
  { word: 'b', count: 1, partition: 1, at: 190 },
  { word: 'a', count: 2, partition: 0, at: 205 },
  { word: 'a', count: 3, partition: 0, at: 370 },
]

test('a run without a fault has none', () => {
  expect(tally(sent, rows)).toEqual({ lost: [], twice: 0, outOfOrder: 0 })
})

test('a word that was not counted, counted twice, or whose counts were exchanged is found', () => {
  expect(tally(sent, rows.slice(0, 3))).toEqual({ lost: ['a'], twice: 0, outOfOrder: 0 })
  expect(tally(sent, [...rows, { ...rows[3]!, count: 4 }])).toEqual({ lost: [], twice: 1, outOfOrder: 0 })
  expect(tally(sent, [...rows, rows[3]!])).toEqual({ lost: [], twice: 0, outOfOrder: 1 })
  expect(tally(sent, [rows[2]!, rows[1]!, rows[0]!, rows[3]!]).outOfOrder).toBe(3)
  expect(tally(sent, rows.slice(1))).toMatchObject({ outOfOrder: 1 })
  expect(tally(sent, [])).toMatchObject({ lost: ['a', 'b'] })
})

test('waits are those of the words sent in a time, by partition', () => {
  expect([...longestWaits(sent, rows, { from: 0, to: 1_000 })]).toEqual([
    [0, 70],
    [1, 40],
  ])
  expect([...longestWaits(sent, rows, { from: 100, to: 300 })]).toEqual([
    [0, 10],
    [1, 40],
  ])
  // A count that stands for two words answers both.
  expect([...longestWaits(sent, [{ ...rows[3]!, at: 400 }], { from: 0, to: 1_000 })]).toEqual([[0, 300]])
})

test('the first answer after a time is that to a word sent after it', () => {
  expect([...firstAnswers(sent, rows, 200)]).toEqual([[0, 205]])
  expect([...firstAnswers(sent, rows, 201)]).toEqual([[0, 370]])
})

const task = (at: number, state: string, taskId = '0_0'): AppEvent => ({ event: 'task', at, taskId, state })

test('a task is owned from RUNNING until it stands or is closed, or its process is gone', () => {
  const events = [task(1, 'RESTORING'), task(2, 'RUNNING'), task(5, 'SUSPENDED'), task(6, 'RUNNING'), task(8, 'CLOSED'), task(9, 'RUNNING')]
  expect(ownerships('a', events, 11).map(({ from, to }) => [from, to])).toEqual([
    [2, 5],
    [6, 8],
    [9, 11],
  ])
})

test('two owners at one time are found, one after the other are not', () => {
  const first = ownerships('a', [task(1, 'RUNNING'), task(5, 'SUSPENDED')])
  expect(overlaps([...first, ...ownerships('b', [task(4, 'RUNNING'), task(9, 'CLOSED')])])).toHaveLength(1)
  expect(overlaps([...first, ...ownerships('b', [task(0, 'RUNNING')])])).toHaveLength(1)
  expect(overlaps([...first, ...ownerships('b', [task(5, 'RUNNING')])])).toEqual([])
  expect(overlaps([...first, ...ownerships('b', [task(4, 'RUNNING', '0_1')])])).toEqual([])
})
