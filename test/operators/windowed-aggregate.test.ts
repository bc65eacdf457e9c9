import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Window, Windowed } from '../../src/model/window.ts'
import { hopping, tumbling, type TimeWindows } from '../../src/operators/window-placement.ts'
import { windowedAggregate, type WindowedAggregateOptions } from '../../src/operators/windowed-aggregate.ts'
import { windowStore } from '../../src/state/stores.ts'
import type { Change } from '../../src/topology/operator.ts'
import { stateful, type Stateful, type StatefulOptions } from '../support/operator-state.ts'
import { Committed, updateOf, type Update } from '../support/updates.ts'

type Value = number | null
type Options = WindowedAggregateOptions<string | null, Value, string> & { readonly windows: TimeWindows }

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

/** Text of all values of a window since the last that 7 divides, which deletes. */
function append(windows: TimeWindows, emit: Options['emit'] = 'every-update'): Options {
  const { sizeMs, graceMs } = windows
  return {
    windows,
    store: windowStore<string | null, string>('s', { key: serdes.string, value: serdes.string, sizeMs, retentionMs: sizeMs + graceMs }),
    role: 'KSTREAM-AGGREGATE-',
    emit,
    initial: () => '0',
    add: (text, value) => (value !== null && value % 7 === 0 ? null : `${text}+${value}`),
  }
}

interface Input {
  readonly key: string | null
  readonly value: Value
  readonly timestamp: number
  readonly headers: Headers
}

const inputs: fc.Arbitrary<Input[]> = fc.array(
  fc.record({
    key: fc.option(fc.constantFrom('a', 'b', '', '__proto__'), { freq: 8 }),
    value: fc.option(fc.integer({ min: 1, max: 15 }), { freq: 6 }),
    timestamp: fc.nat(70),
    headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
  }),
  { maxLength: 25 },
)
const windowsOf: fc.Arbitrary<TimeWindows> = fc
  .record({ size: fc.integer({ min: 1, max: 30 }), advance: fc.integer({ min: 1, max: 30 }), grace: fc.nat(15) })
  .map(({ size, advance, grace }) => (advance >= size ? tumbling(size) : hopping(size, { advance })).grace(grace))
const settings = fc.record({
  sendsOldValues: fc.boolean(),
  parity: fc.boolean(),
  slow: fc.boolean(),
  cacheBytes: fc.constantFrom(0, 1 << 20),
})

type Told = Update<Windowed<string | null>>

/** The windows of a time: those of all there could be that hold it. */
function windowsAt(timestamp: number, { sizeMs, advanceMs }: TimeWindows): readonly Window[] {
  const all = Array.from({ length: 1 + Math.floor(timestamp / advanceMs) }, (_, n) => ({
    start: n * advanceMs,
    end: n * advanceMs + sizeMs,
  }))
  return all.filter(({ end }) => end > timestamp)
}

/** What a windowed aggregation is: a window is a filter over time, an aggregate a fold over what it lets through. */
function naive(
  records: readonly Input[],
  { windows, add, emit }: Options,
  { sendsOldValues = false, parity = false }: StatefulOptions,
): { updates: Told[]; late: number } {
  const rows = new Map<string, { readonly value: string; readonly timestamp: number }>()
  let observed = -1
  let late = 0
  const updates = records.flatMap(({ key, value, timestamp, headers }) => {
    if (key === null) return []
    observed = Math.max(observed, timestamp)
    const all = windowsAt(timestamp, windows)
    const open = all.filter(({ end }) => end > observed - windows.graceMs)
    late += all.length - open.length
    return open.map((window): Told => {
      const id = `${window.start} ${key}`
      const row = rows.get(id)
      const after = add(row?.value ?? '0', value, key)
      const at = after === null && emit === 'on-commit' ? timestamp : Math.max(timestamp, row?.timestamp ?? 0)
      if (after === null) rows.delete(id)
      else rows.set(id, { value: after, timestamp: at })
      const old = row?.value ?? (parity ? '0' : null)
      return { key: { key, window }, value: after, old: sendsOldValues ? old : null, timestamp: at, headers }
    })
  })
  return { updates, late }
}

function started(options: Options, setting: StatefulOptions = {}): Stateful<string | null, Value, Windowed<string | null>, Change<string>> {
  return stateful(windowedAggregate(options), setting)
}

describe('every update', () => {
  test('is a fold over the records of each key and window that is still open; each closed one counts a drop', () =>
    fc.assert(
      fc.asyncProperty(inputs, windowsOf, settings, fc.nat(5), async (records, windows, setting, every) => {
        const options = append(windows)
        const step = started(options, setting)
        for (const [index, record] of records.entries()) {
          await step.running.send(record)
          if (every > 0 && index % every === 0) await step.commit()
        }
        const { updates, late } = naive(records, options, setting)
        expect(step.running.outputs.map(updateOf)).toEqual(updates)
        expect(step.running.dropped.get('late') ?? 0).toBe(late)
        expect(step.running.dropped.get('null_key') ?? 0).toBe(records.filter(({ key }) => key === null).length)
        expect(step.running.dropped.get('null_value')).toBeUndefined()
      }),
      runs,
    ))

  test('is handed on while it is: nothing waits when the rows are resident', () => {
    const { running } = started(append(hopping(10, { advance: 5 })))
    expect(running.send({ key: 'a', value: 1, timestamp: 7 })).toBeUndefined()
    expect(running.outputs.map(({ key }) => key.window)).toEqual([
      { start: 0, end: 10 },
      { start: 5, end: 15 },
    ])
  })

  test('of the next window waits for what waits below', async () => {
    const settle: (() => void)[] = []
    const { running } = stateful(windowedAggregate(append(hopping(10, { advance: 4 }))), {
      below: () => new Promise((done) => settle.push(done)),
    })
    const waiting = running.send({ key: 'a', value: 1, timestamp: 9 })
    for (let count = 1; count <= 3; count++) {
      expect(running.outputs.map(({ key }) => key.window.start)).toEqual([0, 4, 8].slice(0, count))
      settle.at(-1)!()
      await new Promise((done) => setImmediate(done))
    }
    await waiting
    expect(running.outputs.map(({ value }) => value.value)).toEqual(['0+1', '0+1', '0+1'])
  })

  test('W5: at stream time 14 a record at 8 still counts, at 15 one at 9 doesn’t', async () => {
    const step = started(append(tumbling(10).grace(5)))
    for (const timestamp of [14, 8, 15, 9]) await step.running.send({ key: 'a', value: timestamp - 3, timestamp, headers: noHeaders })
    expect(step.running.outputs.map(({ value }) => value.value)).toEqual(['0+11', '0+5', '0+11+12'])
    expect(step.running.dropped.get('late')).toBe(1)
  })

  test('W6: null values are aggregated, null keys dropped', async () => {
    const step = started(append(tumbling(10)))
    await step.running.send({ key: 'a', value: null, timestamp: 1, headers: noHeaders })
    await step.running.send({ key: null, value: 1, timestamp: 99, headers: noHeaders })
    await step.running.send({ key: 'a', value: 2, timestamp: 1, headers: noHeaders })
    expect(step.running.outputs.map(({ value }) => value.value)).toEqual(['0+null', '0+null+2'])
    expect([...step.running.dropped]).toEqual([['null_key', 1]])
  })

  test('a first null value of a reduction deletes, and is told', async () => {
    const reduce = windowedAggregate<string, Value, number>({
      windows: tumbling(10),
      role: 'KSTREAM-REDUCE-',
      emit: 'every-update',
      store: windowStore('s', { key: serdes.string, value: serdes.long, sizeMs: 10, retentionMs: 10 }),
      initial: undefined,
      add: (total, value) => total + (value ?? 100),
    })
    const { running } = stateful(reduce, { sendsOldValues: true, parity: true })
    for (const value of [null, 1, null]) await running.send({ key: 'a', value })
    expect(running.outputs.map(({ value }) => value)).toMatchObject([
      { value: null, old: null },
      { value: 1, old: null },
      { value: 101, old: 1 },
    ])
  })
})

test('on commit the last value of each key and window is handed on, in order of last write', () =>
  fc.assert(
    fc.asyncProperty(inputs, windowsOf, settings, fc.integer({ min: 1, max: 10 }), async (records, windows, setting, every) => {
      const options = append(windows, 'on-commit')
      const step = started(options, setting)
      const committed = new Committed<Windowed<string | null>>(setting.sendsOldValues)
      let count = 0
      for (let from = 0; from < records.length; from += every) {
        for (const record of records.slice(from, from + every)) await step.running.send(record)
        expect(step.running.take()).toEqual([])
        await step.commit()
        const told = committed.news(step.running.take().map(updateOf))
        const { updates } = naive(records.slice(0, from + every), options, {})
        expect(told).toEqual(committed.commit(updates.slice(count)))
        count = updates.length
      }
    }),
    runs,
  ))

test('an aggregate may be changed in place: old and new differ where somebody wants both', async () => {
  const windows = hopping(10, { advance: 5 })
  const operator = windowedAggregate<string, number, number[]>({
    windows,
    store: windowStore('lists', { key: serdes.string, value: serdes.json<number[]>(), sizeMs: 10, retentionMs: 10 }),
    role: 'KSTREAM-AGGREGATE-',
    emit: 'every-update',
    initial: () => [],
    add: (list, value) => (list.push(value), list),
  })
  const { running } = stateful(operator, { sendsOldValues: true })
  for (const value of [1, 2]) await running.send({ key: 'a', value, timestamp: 7 })
  expect(running.outputs.map(({ value }) => value)).toMatchObject([
    { value: [1], old: null },
    { value: [1], old: null },
    { value: [1, 2], old: [1] },
    { value: [1, 2], old: [1] },
  ])
})

test('T4: stream time starts again with the step, so a record that was late before is taken', async () => {
  const operator = windowedAggregate(append(tumbling(10)))
  for (let start = 0; start < 2; start++) {
    const { running } = stateful(operator)
    await running.send({ key: 'a', value: 1, timestamp: 5 })
    await running.send({ key: 'a', value: 1, timestamp: 30 })
    await running.send({ key: 'a', value: 1, timestamp: 5 })
    expect([running.outputs.length, running.dropped.get('late')]).toEqual([2, 1])
  }
})

test('says where its store and its repartition take their numbers', () => {
  const { naming, traits } = windowedAggregate({ ...append(tumbling(10)), role: 'KSTREAM-REDUCE-', repartitionName: 'g' })
  expect(naming).toMatchObject({ stores: 'before', storeRole: 'KSTREAM-REDUCE-STATE-STORE-', repartition: 'after', repartitionName: 'g' })
  expect(traits).toMatchObject({ readsByKey: true, ownsOldValue: true })
})
