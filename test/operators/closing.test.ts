import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import type { Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Windowed } from '../../src/model/window.ts'
import { session, sliding, tumbling, type AnyWindows } from '../../src/operators/window-placement.ts'
import { windowedAggregate } from '../../src/operators/windowed-aggregate.ts'
import { windowStore } from '../../src/state/stores.ts'
import type { Change } from '../../src/topology/operator.ts'
import { anyWindows, storeOf } from '../support/any-windows.ts'
import { stateful, type Stateful, type StatefulOptions } from '../support/operator-state.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const texts = { key: serdes.string, value: serdes.string }
const folds = {
  role: 'KSTREAM-AGGREGATE-' as const,
  initial: () => '0',
  add: (text: string, value: number) => (value % 7 === 0 ? null : `${text}+${value}`),
  merge: (left: string, right: string) => `(${left}|${right})`,
}

type Started = Stateful<string, number, Windowed<string>, Change<string>>

/** A step with Kafka Streams' default retention, which the closing scan comes close to. */
function started(windows: AnyWindows, emit: 'every-update' | 'on-window-close', options: StatefulOptions = {}): Started {
  const store = storeOf(windows)
  return stateful(windowedAggregate<string, number, string>({ ...folds, windows, store, emit }), options)
}

const event = fc.record({
  key: fc.constantFrom('a', 'b', ''),
  value: fc.integer({ min: 1, max: 15 }),
  later: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -12, max: 9 }) }, fc.integer({ min: 20, max: 200 })),
})
/** Events whose times go on, with late ones and jumps. */
const events = fc.array(event, { maxLength: 30 }).map((list) => {
  let time = 20
  return list.map(({ key, value, later }) => {
    const timestamp = Math.max(0, time + later)
    time = Math.max(time, timestamp)
    return { key, value, timestamp }
  })
})

/** When stream time says that a window is closed. */
function isClosed(windows: AnyWindows, end: number, observed: number): boolean {
  if (windows.kind === 'sliding') return observed > end + windows.graceMs
  if (windows.kind === 'session') return observed > end + windows.gapMs + windows.graceMs
  return observed >= end + windows.graceMs
}

type Told = readonly [key: string, start: number, end: number, value: string | null]

function toldBy(step: Started): Told[] {
  return step.running.take().map(({ key: { key, window }, value }) => [key, window.start, window.end, value.value])
}

test('each window is handed on once, with its last aggregate, after the record that closed it, in order of time and key', () =>
  fc.assert(
    fc.asyncProperty(events, anyWindows, fc.nat(3), async (list, windows, every) => {
      const [closing, updating] = [started(windows, 'on-window-close'), started(windows, 'every-update')]
      const open = new Map<string, Told>()
      let observed = -1
      for (const [index, record] of list.entries()) {
        await closing.running.send(record)
        await updating.running.send(record)
        observed = Math.max(observed, record.timestamp)
        for (const told of toldBy(updating)) open.set(told.slice(0, 3).join(), told)
        if (every > 0 && index % every === 0) await Promise.all([closing.commit(), updating.commit()])
        const isEarly = windows.kind === 'sliding' && (record.timestamp < windows.differenceMs || record.timestamp + windows.differenceMs < observed - windows.graceMs) // prettier-ignore
        const closed = isEarly ? [] : [...open.values()].filter(([, , end]) => isClosed(windows, end, observed))
        for (const told of closed) open.delete(told.slice(0, 3).join())
        const time = ([, start, end]: Told): number => (windows.kind === 'session' ? end : start)
        const expected = closed.filter(([, , , value]) => value !== null)
        expected.sort((a, b) => time(a) - time(b) || compareBytes(utf8(a[0]), utf8(b[0])))
        expect(toldBy(closing)).toEqual(expected)
      }
      expect(closing.running.dropped).toEqual(updating.running.dropped)
    }),
    runs,
  ))

const headers: Headers = [['h', new Uint8Array([1])]]

describe('what is handed on', () => {
  test('has its own time, or its session’s end, the headers of the record that closed it, and no old value', async () => {
    for (const windows of [tumbling(10), session(9)]) {
      const { running } = started(windows, 'on-window-close', { sendsOldValues: true })
      for (const timestamp of [4, 2]) await running.send({ key: 'a', value: 1, timestamp })
      await running.send({ key: 'b', value: 2, timestamp: 50, headers })
      expect(running.outputs).toMatchObject([{ timestamp: 4, headers, topic: 'in', offset: 2, value: { old: null } }])
    }
  })

  test('waits for what waits below', async () => {
    const settle: (() => void)[] = []
    const { running } = started(tumbling(10), 'on-window-close', { below: () => new Promise((done) => settle.push(done)) })
    for (const key of ['a', 'b']) await running.send({ key, value: 1, timestamp: 1 })
    const waiting = running.send({ key: 'c', value: 1, timestamp: 50 })
    expect(running.outputs).toHaveLength(1)
    settle[0]!()
    await new Promise((done) => setImmediate(done))
    expect(running.outputs).toHaveLength(2)
    settle[1]!()
    await waiting
  })
})

test('D1: what stream time jumps over is handed on by default, and lost in parity mode', async () => {
  for (const parity of [false, true]) {
    const { running } = started(tumbling(10).grace(5), 'on-window-close', { parity })
    for (const timestamp of [0, 9, 1000]) await running.send({ key: 'a', value: timestamp + 1, timestamp })
    expect(running.outputs.map(({ value }) => value.value)).toEqual(parity ? [] : ['0+1+10'])
  }
})

test('the wall clock says how often: nothing in between, then everything at once, although it would have expired', async () => {
  const step = started(tumbling(10), 'on-window-close', { scanIntervalMs: 1_000 })
  const { running } = step
  for (const [now, timestamp] of [
    [0, 5],
    [999, 120_000],
    [999, 240_000],
  ] as const) {
    running.now = now
    await running.send({ key: 'a', value: 1, timestamp })
    await step.commit()
  }
  expect(running.take()).toEqual([])
  running.now = 1_000
  await running.send({ key: 'a', value: 1, timestamp: 360_000 })
  expect(running.take().map(({ key }) => key.window.start)).toEqual([0, 120_000, 240_000])
  await step.commit()
  await step.commit()
  expect(step.rows('s')).toMatchObject({ entries: [['61', 360_000, 360_010, expect.anything()]] })
})

test('E2: nobody looks for closed sliding windows after a null value: the next record does, without waiting for the wall clock', async () => {
  const store = windowStore('s', { ...texts, sizeMs: 5, retentionMs: 10 })
  const options = { ...folds, windows: sliding(5), store, emit: 'on-window-close' as const }
  const { running } = stateful(windowedAggregate<string, number | null, string>({ ...options, add: folds.initial }), {
    scanIntervalMs: 1_000,
  })
  await running.send({ key: 'a', value: 1, timestamp: 4 })
  await running.send({ key: 'a', value: null, timestamp: 40 })
  await running.send({ key: 'a', value: 1, timestamp: 20 })
  expect(running.outputs.map(({ key }) => key.window)).toEqual([{ start: 0, end: 5 }])
})

test('E5: a step that starts again hands on nothing twice', async () => {
  const times = new Map<string, number>()
  const first = started(tumbling(10), 'on-window-close', { times })
  for (const timestamp of [1, 12]) await first.running.send({ key: 'a', value: 1, timestamp })
  expect([...times]).toEqual([['s', 12]])
  const again = started(tumbling(10), 'on-window-close', { times: new Map([['s', 12]]) })
  for (const timestamp of [1, 12, 25]) await again.running.send({ key: 'a', value: 1, timestamp })
  expect(again.running.outputs.map(({ key }) => key.window.start)).toEqual([10])
})
