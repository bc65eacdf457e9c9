import { expect, test } from 'vitest'
import type { Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Windowed } from '../../src/model/window.ts'
import { session, tumbling } from '../../src/operators/window-placement.ts'
import { windowReader } from '../../src/operators/window-tools.ts'
import { windowedAggregate } from '../../src/operators/windowed-aggregate.ts'
import { sessionStore, windowStore } from '../../src/state/stores.ts'
import type { Entry } from '../../src/state/store-spec.ts'
import type { Operator } from '../../src/topology/operator.ts'
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

test('a windowed table is read by key and window, with the time of its results', async () => {
  const read = async (options: typeof windows | typeof sessions, at: readonly [number, number]): Promise<unknown> => {
    const reader = windowReader<string, number>(options.store)
    const reading: Operator<string, string, Windowed<string>, Entry<number> | undefined> = {
      ...windowedAggregate<string, string, number>({ ...options, emit: 'every-update' }),
      start: (next, context) => {
        const find = reader.open(context)
        const aggregated = windowedAggregate<string, string, number>({ ...options, emit: 'every-update' }).start(() => undefined, context)
        return async (key, value, record) => {
          await aggregated(key, value, record)
          const asked = { key, window: { start: at[0], end: at[1] } }
          await next(asked, await find(asked), record)
        }
      },
    }
    const { running } = stateful(reading)
    for (const timestamp of [3, 2, 4]) await running.send({ key: 'a', value: 'v', timestamp })
    return running.outputs.map(({ value }) => value && [value.value, value.timestamp])
  }
  expect(await read(windows, [0, 10])).toEqual([[1, 3], [2, 3], [3, 4]]) // prettier-ignore
  expect(await read(windows, [10, 20])).toEqual([undefined, undefined, undefined])
  expect(await read(sessions, [2, 3])).toEqual([undefined, [2, 3], undefined])
})

test('where Kafka Streams has a cache, parity mode waits for the commit: what is expired is found there, but its delete is told to nobody', async () => {
  const step = stateful(windowedAggregate<string, string, number>({ ...counting, windows: session(5), store: sessionStore('s', { ...texts, retentionMs: 5 }), emit: undefined }), { parity: true, cacheBytes: 1 << 20, sendsOldValues: true }) // prettier-ignore
  const told = async (key: string, timestamp: number): Promise<unknown[]> => {
    await step.running.send({ key, value: 'v', timestamp })
    expect(step.running.take()).toEqual([])
    await step.commit()
    return step.running.take().map(({ key: each, value }) => [each.key, each.window.start, value.value, value.old])
  }
  expect(await told('a', 1)).toEqual([['a', 1, 1, null]])
  expect(await told('b', 6)).toEqual([['b', 6, 1, null]])
  expect(await told('a', 6)).toEqual([['a', 1, 2, null]])
})
