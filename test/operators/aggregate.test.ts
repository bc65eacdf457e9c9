import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import { aggregate, type AggregateOptions } from '../../src/operators/aggregate.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import { stateful, type StatefulOptions } from '../support/operator-state.ts'
import { Committed, updateOf, type Update } from '../support/updates.ts'
import { untyped } from '../support/untyped.ts'

type Options<A = string> = AggregateOptions<string | null, number | null, A>

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const store = keyValueStore<string | null, string>('s', { key: serdes.string, value: serdes.string })
const base = { store, role: 'KSTREAM-AGGREGATE-', emit: 'every-update' } as const
/** Text of all values since the last that 7 divides, which deletes. */
const append: Options = { ...base, initial: () => '0', add: (text, value) => (Number(value) % 7 === 0 ? null : `${text}+${value}`) }
const h = (n: number): Headers => (n % 4 === 0 ? [['h', new Uint8Array([n])]] : noHeaders)

interface Input {
  readonly key: string | null
  readonly value: number | null
  readonly timestamp: number
  readonly headers: Headers
}

const someInput: fc.Arbitrary<Input> = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', '', '__proto__', 'constructor'), { freq: 8 }),
  value: fc.option(fc.integer({ min: 1, max: 15 }), { freq: 8 }),
  timestamp: fc.nat(50),
  headers: fc.nat(8).map(h),
})
const inputs = fc.array(someInput, { maxLength: 25 })
const settings = fc.record({
  sendsOldValues: fc.boolean(),
  parity: fc.boolean(),
  slow: fc.boolean(),
  cacheBytes: fc.constantFrom(0, 1 << 20),
})

const sum: Options<number> = {
  ...base,
  store: keyValueStore<string | null, number>('s', { key: serdes.string, value: serdes.long }),
  role: 'KSTREAM-REDUCE-',
  initial: undefined,
  add: (total, value) => ((total + Number(value)) % 7 === 0 ? null : total + Number(value)),
}

/** What an aggregation is: a fold over the records of each key. */
function naive<A>(records: readonly Input[], fold: Options<A>, { sendsOldValues, parity }: StatefulOptions): Update<string | null>[] {
  const rows = new Map<string, { readonly value: A; readonly timestamp: number }>()
  return records.filter(isCounted).map(({ key, value, timestamp, headers }) => {
    const row = rows.get(key)
    const before = row?.value
    const from = before ?? fold.initial?.()
    const after = from === undefined ? untyped(value) : fold.add(from, value, key)
    const newest = Math.max(timestamp, row?.timestamp ?? 0)
    const at = after === null ? tombstoneTime(timestamp, newest, fold.emit) : newest
    if (after === null) rows.delete(key)
    else rows.set(key, { value: after, timestamp: at })
    const old = sendsOldValues === true ? (parity === true ? from : before) : undefined
    return { key, value: after, old: old ?? null, timestamp: at, headers }
  })
}

/** A tombstone has the row's time at once, the record's at a commit. */
function tombstoneTime(timestamp: number, newest: number, emit: Options['emit']): number {
  return emit === 'on-commit' ? timestamp : newest
}

function isCounted(input: Input): input is Input & { readonly key: string; readonly value: number } {
  return input.key !== null && input.value !== null
}

describe('every update', () => {
  const property =
    <A>(options: Options<A>) =>
    (): Promise<void> =>
      fc.assert(
        fc.asyncProperty(inputs, settings, fc.nat(5), async (records, setting, every) => {
          const { running, commit } = stateful(aggregate(options), setting)
          for (const [index, record] of records.entries()) {
            await running.send(record)
            if (every > 0 && index % every === 0) await commit()
          }
          expect(running.outputs.map(updateOf)).toEqual(naive(records, options, setting))
          const nullKeys = records.filter(({ key }) => key === null).length
          const nullValues = records.filter(({ key, value }) => key !== null && value === null).length
          expect([running.dropped.get('null_key') ?? 0, running.dropped.get('null_value') ?? 0]).toEqual([nullKeys, nullValues])
        }),
        runs,
      )
  test('is a fold over the records of each key: aggregate', property(append))
  test('is a fold over the records of each key: reduce', property(sum))
  test('is handed on while it is: nothing waits when the rows are resident', () => {
    const { running } = stateful(aggregate(append))
    expect(running.send({ key: 'a', value: 1 })).toBeUndefined()
    expect(running.send({ key: 'a', value: 2 })).toBeUndefined()
    expect(running.outputs.map(({ value }) => value)).toMatchObject([{ value: '0+1' }, { value: '0+1+2' }])
  })
})

test('D4: a first update has no old value, but the initializer’s in parity mode', async () => {
  const olds = async (options: StatefulOptions): Promise<unknown[]> => {
    const { running } = stateful(aggregate(append), options)
    for (const value of [1, 7, 2]) await running.send({ key: 'a', value })
    return running.outputs.map(({ value }) => value.old)
  }
  expect(await olds({ sendsOldValues: true })).toEqual([null, '0+1', null])
  expect(await olds({ sendsOldValues: true, parity: true })).toEqual(['0', '0+1', '0'])
  expect(await olds({ parity: true })).toEqual([null, null, null])
})

test('a null initializer is handed to the aggregator', async () => {
  const operator = aggregate<string, number, string | null>({
    ...base,
    store: keyValueStore<string, string | null>('s', { key: serdes.string, value: serdes.string }),
    initial: () => null,
    add: (text, value) => (text === null ? `${value}` : `${text}+${value}`),
  })
  const { running } = stateful(operator, { sendsOldValues: true, parity: true })
  for (const value of [1, 2]) await running.send({ key: 'a', value })
  expect(running.outputs.map(({ value }) => value)).toMatchObject([
    { value: '1', old: null },
    { value: '1+2', old: '1' },
  ])
})

test('an aggregate may be changed in place: old and new differ where somebody wants both', async () => {
  const lists = keyValueStore('lists', { key: serdes.string, value: serdes.json<number[]>() })
  const operator = aggregate<string, number, number[]>({
    ...base,
    store: lists,
    initial: () => [],
    add: (list, value) => {
      list.push(value)
      return list
    },
  })
  for (const parity of [false, true]) {
    const { running, commit } = stateful(operator, { sendsOldValues: true, parity })
    for (const value of [1, 2, 3]) {
      await running.send({ key: 'a', value })
      if (value === 2) await commit()
    }
    expect(running.outputs.map(({ value }) => value)).toMatchObject([
      { value: [1], old: parity ? [] : null },
      { value: [1, 2], old: [1] },
      { value: [1, 2, 3], old: [1, 2] },
    ])
  }
  const { running } = stateful(operator)
  for (const value of [1, 2]) await running.send({ key: 'a', value })
  expect(running.outputs.map(({ value }) => value)).toMatchObject([{ value: [1] }, { value: [1, 2] }])
})

describe('B39', () => {
  test.each([
    ['the aggregator answers undefined', { ...append, add: untyped(() => undefined) }, /the next aggregate or null; it answered undefined/],
    ['the aggregator answers a promise', { ...append, add: untyped(async () => 'x') }, /promise/],
    ['the initializer answers undefined', { ...append, initial: untyped(() => undefined) }, /the aggregate to start from.*undefined/],
  ])('%s: an error, and nothing is written', async (_name, options: Options, text) => {
    const { running, commit } = stateful(aggregate(options))
    expect(() => running.send({ key: 'a', value: 1 })).toThrow(
      expect.objectContaining({ code: 'PROCESSOR_RESULT', message: expect.stringMatching(text) }),
    )
    await commit()
    expect(running.outputs).toEqual([])
  })
})

describe('on commit', () => {
  test('the last value of each key is handed on, in order of last write, with the last commit’s as the old one', () =>
    fc.assert(
      fc.asyncProperty(inputs, settings, fc.integer({ min: 1, max: 10 }), async (records, setting, every) => {
        const { running, commit } = stateful(aggregate({ ...append, emit: 'on-commit' }), setting)
        const committed = new Committed<string | null>(setting.sendsOldValues)
        for (let from = 0; from < records.length; from += every) {
          const epoch = records.slice(from, from + every)
          for (const record of epoch) await running.send(record)
          expect(running.take()).toEqual([])
          await commit()
          const told = committed.news(running.take().map(updateOf))
          const updates = naive(records.slice(0, from + every), { ...append, emit: 'on-commit' }, {})
          expect(told).toEqual(committed.commit(updates.slice(updates.length - epoch.filter(isCounted).length)))
        }
      }),
      runs,
    ))
  test('a key that came and went between two commits is nothing to anybody who wants old values', async () => {
    const { running, commit } = stateful(aggregate({ ...append, emit: 'on-commit' }), { sendsOldValues: true })
    for (const value of [1, 7]) await running.send({ key: 'a', value })
    await commit()
    expect(running.outputs).toEqual([])
  })
})

test('says where its store and its repartition take their numbers', () => {
  const { role, naming, traits, stores } = aggregate({ ...append, repartitionName: 'g' })
  expect(role).toBe('KSTREAM-AGGREGATE-')
  expect(naming).toMatchObject({
    stores: 'before',
    storeRole: 'KSTREAM-AGGREGATE-STATE-STORE-',
    repartition: 'after',
    repartitionName: 'g',
  })
  expect(traits).toMatchObject({ readsByKey: true, changesValue: true, ownsOldValue: true })
  expect(stores).toEqual([store])
  expect(aggregate({ ...append, role: 'KSTREAM-REDUCE-' }).naming).toMatchObject({
    stores: 'before',
    storeRole: 'KSTREAM-REDUCE-STATE-STORE-',
    repartition: 'after',
  })
})
