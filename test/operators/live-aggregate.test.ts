import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Serde } from '../../src/model/serde.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Windowed } from '../../src/model/window.ts'
import { session, sliding } from '../../src/operators/window-placement.ts'
import { windowedAggregate, type WindowedAggregateOptions } from '../../src/operators/windowed-aggregate.ts'
import { sessionStore, windowStore } from '../../src/state/stores.ts'
import type { Change } from '../../src/topology/operator.ts'
import { stateful, type Stateful, type StatefulOptions } from '../support/operator-state.ts'
import { untyped } from '../support/untyped.ts'
import { updateOf } from '../support/updates.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

type Value = number | null
type Started = Stateful<string | null, Value, Windowed<string | null>, Change<string>>

interface Input {
  readonly key: string | null
  readonly value: Value
  readonly timestamp: number
}

const inputs: fc.Arbitrary<Input[]> = fc.array(
  fc.record({
    key: fc.option(fc.constantFrom('a', 'b', ''), { freq: 9 }),
    value: fc.option(fc.integer({ min: 1, max: 15 }), { freq: 9 }),
    timestamp: fc.nat(60),
  }),
  { maxLength: 30 },
)
const keySerde: Serde<string | null> = untyped(serdes.string)
const texts = { key: keySerde, value: serdes.string }

type Folds = Pick<WindowedAggregateOptions<string | null, Value, string>, 'initial' | 'add' | 'merge' | 'role' | 'emit'>

const folds: Folds = {
  role: 'KSTREAM-AGGREGATE-',
  emit: 'every-update',
  initial: () => '0',
  add: (text, value) => (value !== null && value % 7 === 0 ? null : `${text}+${value}`),
  merge: (left, right) => `(${left}|${right})`,
}

function sessions(gap: number, grace: number, options: StatefulOptions = {}): Started {
  const windows = session(gap).grace(grace)
  return stateful(windowedAggregate({ ...folds, windows, store: sessionStore('s', { ...texts, retentionMs: gap + grace }) }), options)
}

function slidings(difference: number, grace: number, options: StatefulOptions = {}): Started {
  const windows = sliding(difference).grace(grace)
  const store = windowStore('s', { ...texts, sizeMs: difference, retentionMs: 2 * difference + grace })
  return stateful(windowedAggregate({ ...folds, add: (text, value) => `${text}+${value}`, windows, store }), options)
}

interface Session {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly value: string
}

/** What sessions are: a record becomes one with all that are within the gap of it, unless that one ended too long ago. */
function naiveSessions(records: readonly Input[], [gap, grace]: readonly [number, number]): { told: unknown[]; late: number } {
  let kept: Session[] = []
  let observed = -1
  let late = 0
  const told = records.flatMap(({ key, value, timestamp }) => {
    if (key === null) return []
    observed = Math.max(observed, timestamp)
    const near = kept
      .filter((each) => each.key === key && each.end >= timestamp - gap && each.start <= timestamp + gap)
      .sort((a, b) => a.end - b.end)
    const start = Math.min(timestamp, ...near.map((each) => each.start))
    const end = Math.max(timestamp, ...near.map((each) => each.end))
    if (end < observed - gap - grace) {
      late++
      return []
    }
    const merged = near.reduce((text, each) => folds.merge!(text, each.value, key), '0')
    const after = folds.add(merged, value, key)
    kept = kept.filter((each) => !near.includes(each))
    if (after !== null) kept.push({ key, start, end, value: after })
    const newest = Math.max(...kept.map((each) => each.end), end)
    kept = kept.filter((each) => each.end >= newest - gap - grace)
    const isPoint = start === timestamp && end === timestamp
    const gone = isPoint ? [] : near.map((each) => [key, each.start, each.end, null, each.value])
    return [...gone, [key, start, end, after, null]]
  })
  return { told, late }
}

describe('sessions', () => {
  test('are what records within the gap of each other make, those that are taken in are told of first', () =>
    fc.assert(
      fc.asyncProperty(inputs, fc.integer({ min: 1, max: 10 }), fc.nat(12), fc.nat(4), async (records, gap, grace, every) => {
        const step = sessions(gap, grace, { sendsOldValues: true })
        for (const [index, record] of records.entries()) {
          await step.running.send(record)
          if (every > 0 && index % every === 0) await step.commit()
        }
        const { told, late } = naiveSessions(records, [gap, grace])
        const found = step.running.outputs.map(updateOf).map(({ key: { key, window }, value, old, timestamp }) => {
          expect(timestamp).toBe(window.end)
          return [key, window.start, window.end, value, old]
        })
        expect(found).toEqual(told)
        expect(step.running.dropped.get('late') ?? 0).toBe(late)
      }),
      runs,
    ))

  test('a record at the very end of the grace still finds the session, which Kafka Streams has forgotten by then', async () => {
    for (const parity of [false, true]) {
      const { running } = sessions(5, 0, { parity })
      for (const timestamp of [1, 6]) await running.send({ key: timestamp === 1 ? 'a' : 'b', value: 1, timestamp })
      await running.send({ key: 'a', value: 2, timestamp: 1 })
      expect(running.outputs.at(-1)!.value.value).toBe(parity ? '0+2' : '(0|0+1)+2')
    }
  })
})

/** The sliding windows of some events: for each a left one, and a right one where something is in it; those from before the epoch are one. */
function naiveSliding(events: readonly Input[], difference: number): Map<string, string> {
  const windows = new Map<string, string>()
  for (const { key, timestamp } of events) {
    for (const start of [Math.max(0, timestamp - difference), timestamp + 1]) {
      const inside = events.filter((each) => each.key === key && each.timestamp >= start && each.timestamp <= start + difference)
      if (inside.length > 0) windows.set(`${key}@${start}`, ['0', ...inside.map(({ value }) => value)].join('+'))
    }
  }
  return windows
}

describe('sliding windows', () => {
  test('are a left one for each event and a right one where something is in it; each change is told', () =>
    fc.assert(
      fc.asyncProperty(inputs, fc.nat(15), fc.nat(4), async (records, difference, every) => {
        const step = slidings(difference, 100)
        const events: Input[] = []
        for (const [index, record] of records.entries()) {
          const before = naiveSliding(events, difference)
          if (record.key !== null && record.value !== null) events.push(record)
          await step.running.send(record)
          if (every > 0 && index % every === 0) await step.commit()
          const changed = [...naiveSliding(events, difference)].filter(([id, text]) => before.get(id) !== text)
          const told = step.running.take().map(({ key, value }): [string, string | null] => [`${key.key}@${key.window.start}`, value.value])
          expect(new Map(told)).toEqual(new Map(changed))
        }
        const nulls = records.filter(({ key, value }) => key !== null && value === null)
        expect(step.running.dropped.get('null_value') ?? 0).toBe(nulls.length)
        expect(step.running.dropped.get('late')).toBeUndefined()
      }),
      runs,
    ))

  test('W10: a record is late when its right window is, a window when its end is', () =>
    fc.assert(
      fc.asyncProperty(inputs, fc.nat(10), fc.nat(8), async (records, difference, grace) => {
        const step = slidings(difference, grace)
        let observed = -1
        for (const record of records) {
          const isNull = record.key === null || record.value === null
          if (!isNull) observed = Math.max(observed, record.timestamp)
          const before = step.running.dropped.get('late') ?? 0
          await step.running.send(record)
          const told = step.running.take()
          const isLate = !isNull && record.timestamp + difference < observed - grace
          if (isNull || isLate) expect(told).toEqual([])
          if (isLate) expect(step.running.dropped.get('late')).toBe(before + 1)
          const added = told.filter(({ key }) => key.window.start <= record.timestamp)
          for (const { key } of added) expect(key.window.end).toBeGreaterThanOrEqual(observed - grace)
        }
      }),
      runs,
    ))

  test('what a window begins from is no old value of it, but in parity mode', async () => {
    for (const parity of [false, true]) {
      const { running } = slidings(10, 50, { sendsOldValues: true, parity })
      for (const timestamp of [20, 25]) await running.send({ key: 'a', value: timestamp, timestamp })
      const seen = running.outputs.map(updateOf).map(({ key, value, old }) => [key.window.start, value, old])
      expect(seen).toEqual([
        [10, '0+20', parity ? '0' : null],
        [21, '0+25', parity ? '0' : null],
        [15, '0+20+25', parity ? '0+20' : null],
      ])
    }
  })
})

test('aggregates may be changed in place: neither a copied window nor a merged session sees it', async () => {
  const lists = { key: serdes.string, value: serdes.json<number[]>() }
  const list = {
    role: 'KSTREAM-AGGREGATE-' as const,
    emit: 'every-update' as const,
    initial: (): number[] => [],
    add: (all: number[], value: number) => (all.push(value), all),
    merge: (left: number[], right: number[]) => (right.unshift(...left), right),
  }
  const slid = windowedAggregate<string, number, number[]>({
    ...list,
    windows: sliding(10).grace(50),
    store: windowStore('s', { ...lists, sizeMs: 10, retentionMs: 70 }),
  })
  const { running } = stateful(slid)
  for (const timestamp of [20, 30, 25]) await running.send({ key: 'a', value: timestamp, timestamp })
  const last = new Map(running.outputs.map(({ key, value }) => [key.window.start, value.value]))
  expect(Object.fromEntries(last)).toEqual({ 10: [20], 15: [20, 25], 20: [20, 30, 25], 21: [30, 25], 26: [30] })
  const merged = windowedAggregate<string, number, number[]>({
    ...list,
    windows: session(5).grace(50),
    store: sessionStore('s', { ...lists, retentionMs: 55 }),
  })
  const other = stateful(merged, { sendsOldValues: true })
  for (const timestamp of [20, 30, 25]) await other.running.send({ key: 'a', value: timestamp, timestamp })
  expect(other.running.outputs.map(({ value }) => [value.value, value.old])).toEqual([
    [[20], null],
    [[30], null],
    [null, [20]],
    [null, [30]],
    [[20, 30, 25], null],
  ])
})
