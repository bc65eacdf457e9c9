import { expect, test } from 'vitest'
import type { Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import { session, tumbling } from '../../src/operators/window-placement.ts'
import { windowedAggregate } from '../../src/operators/windowed-aggregate.ts'
import { sessionStore, windowStore } from '../../src/state/stores.ts'
import { stateful } from '../support/operator-state.ts'
import { updateOf } from '../support/updates.ts'

const headers: Headers = [['h', new Uint8Array([1])]]
const texts = { key: serdes.string, value: serdes.long }
const counting = {
  role: 'KSTREAM-AGGREGATE-' as const,
  initial: () => 0,
  add: (n: number) => n + 1,
  merge: (left: number, right: number) => left + right,
}
const sessions = { ...counting, windows: session(5), store: sessionStore('s', { ...texts, retentionMs: 100 }) }
const windows = { ...counting, windows: tumbling(10), store: windowStore('s', { ...texts, sizeMs: 10, retentionMs: 10 }) }

test('a window’s result has its record’s headers, a session’s has none, and its end as its time', async () => {
  const seen = []
  for (const options of [windows, sessions]) {
    const { running } = stateful(windowedAggregate<string, string, number>({ ...options, emit: 'every-update' }))
    await running.send({ key: 'a', value: 'v', timestamp: 3, headers })
    await running.send({ key: 'a', value: 'v', timestamp: 1, headers })
    expect(running.record.headers).toBe(headers)
    expect(running.outputs.every(({ topic, offset }) => topic === 'in' && offset >= 0)).toBe(true)
    seen.push(
      running.outputs.map(updateOf).map((update) => [update.key.window.start, update.value, update.timestamp, update.headers.length]),
    )
  }
  expect(seen).toEqual([
    [
      [0, 1, 3, 1],
      [0, 2, 3, 1],
    ],
    [
      [3, 1, 3, 0],
      [3, null, 3, 0],
      [1, 2, 3, 0],
    ],
  ])
})

test('what waits for the commit is told of once a session, with its end, the headers of its last record and what the commit before told', async () => {
  const { running, commit } = stateful(windowedAggregate<string, string, number>({ ...sessions, emit: 'on-commit' }), {
    sendsOldValues: true,
  })
  for (const timestamp of [1, 3]) await running.send({ key: 'a', value: 'v', timestamp, headers })
  expect(running.take()).toEqual([])
  await commit()
  const told = () => running.take().map(updateOf).map(({ key, value, old, timestamp, headers: kept }) => [key.window.start, key.window.end, value, old, timestamp, kept.length]) // prettier-ignore
  expect(told()).toEqual([[1, 3, 2, null, 3, 1]])
  await running.send({ key: 'a', value: 'v', timestamp: 6 })
  await commit()
  expect(told()).toEqual([
    [1, 3, null, 2, 3, 0],
    [1, 6, 3, null, 6, 0],
  ])
})
