import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import * as table from '../../src/operators/table.ts'
import type { KeyValueStoreSpec } from '../../src/state/store-spec.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Change, Operator, TableReader } from '../../src/topology/operator.ts'
import { stateful } from '../support/operator-state.ts'
import { Committed, updateOf, type Update } from '../support/updates.ts'
import { untyped } from '../support/untyped.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const store = keyValueStore<string | null, number>('t', { key: serdes.string, value: serdes.long })
const texts = keyValueStore('v', { key: serdes.string, value: serdes.string })

interface Row {
  readonly key: string | null
  readonly value: number | null
  readonly timestamp: number
  readonly headers: Headers
}

const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    key: fc.option(fc.constantFrom('a', 'b', '', '__proto__'), { freq: 8 }),
    value: fc.option(fc.nat(9), { freq: 4 }),
    timestamp: fc.nat(50),
    headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
  }),
  { maxLength: 25 },
)
const settings = fc.record({ sendsOldValues: fc.boolean(), slow: fc.boolean(), cacheBytes: fc.constantFrom(0, 1 << 20) })

/** What a table is: a map; a change is what a write replaced. */
function naive(records: readonly Row[], withOld: boolean): Update<string>[] {
  const map = new Map<string, number>()
  return records.flatMap(({ key, value, timestamp, headers }) => {
    if (key === null) return []
    const old = withOld ? (map.get(key) ?? null) : null
    if (value === null) map.delete(key)
    else map.set(key, value)
    return [{ key, value, old, timestamp, headers }]
  })
}

const makers = { tableSource: table.tableSource<string | null, number>, toTable: table.toTable<string | null, number> }

describe.each(Object.entries(makers))('%s', (_name, make) => {
  test('forwards each update with what it replaced, older ones too (B2), and drops null keys', () =>
    fc.assert(
      fc.asyncProperty(rows, settings, fc.nat(5), async (records, setting, every) => {
        const { running, commit } = stateful(make({ store, emit: 'every-update' }), setting)
        for (const [index, record] of records.entries()) {
          await running.send(record)
          if (every > 0 && index % every === 0) await commit()
        }
        expect(running.outputs.map(updateOf)).toEqual(naive(records, setting.sendsOldValues))
        expect(running.dropped.get('null_key') ?? 0).toBe(records.filter(({ key }) => key === null).length)
      }),
      runs,
    ))

  test('B1: without a store forwards everything, tombstones of unknown keys too, and knows no old value', () =>
    fc.assert(
      fc.asyncProperty(rows, async (records) => {
        const { running } = stateful(make({ store, emit: 'every-update' }), { without: ['t'] })
        for (const record of records) expect(running.send(record)).toBeUndefined()
        expect(running.outputs.map(updateOf)).toEqual(naive(records, false))
        expect(running.dropped.get('null_key') ?? 0).toBe(records.filter(({ key }) => key === null).length)
      }),
      runs,
    ))

  test('on commit forwards the last update of each key, in order of last write', () =>
    fc.assert(
      fc.asyncProperty(rows, settings, fc.integer({ min: 1, max: 10 }), async (records, setting, every) => {
        const { running, commit } = stateful(make({ store, emit: 'on-commit' }), setting)
        const committed = new Committed<string | null>(setting.sendsOldValues)
        for (let from = 0; from < records.length; from += every) {
          const epoch = records.slice(from, from + every)
          for (const record of epoch) await running.send(record)
          expect(running.take()).toEqual([])
          await commit()
          const told = committed.news(running.take().map(updateOf))
          expect(told).toEqual(committed.commit(naive(epoch, false)))
        }
      }),
      runs,
    ))

  test('reads nothing where nobody wants old values', () => {
    const { running } = stateful(make({ store, emit: 'every-update' }), { slow: true, cacheBytes: 0 })
    for (const value of [1, 2, null]) expect(running.send({ key: 'a', value })).toBeUndefined()
    expect(running.outputs).toHaveLength(3)
  })
})

test('only toTable reads by key and names its store after itself; both have optional stores', () => {
  const options = { store, emit: 'every-update' } as const
  expect(table.tableSource(options)).toMatchObject({
    role: 'KTABLE-SOURCE-',
    traits: { storeOptional: true, ownsOldValue: true },
    naming: { stores: 'none' },
  })
  expect(table.tableSource(options).traits.readsByKey).toBeUndefined()
  expect(table.toTable(options)).toMatchObject({
    role: 'KSTREAM-TOTABLE-',
    traits: { storeOptional: true, ownsOldValue: true, readsByKey: true },
    naming: { stores: 'after', storeRole: 'KSTREAM-TOTABLE-STATE-STORE-', repartition: 'after' },
  })
  for (const make of Object.values(makers)) expect(make({ store, emit: 'on-commit' }).traits.storeOptional).toBe(false)
})

const isEven = (value: number): boolean => value % 2 === 0
const double = (value: number): number | null => (value % 5 === 0 ? null : 2 * value)
const views = {
  filter: {
    of: (value: number | null) => (value !== null && isEven(value) ? value : null),
    make: (kept: typeof store | undefined) => table.tableFilter<string | null, number>(isEven, { store: kept, emit: 'every-update' }),
    skipsEmpty: true,
  },
  mapValues: {
    of: (value: number | null) => (value === null ? null : double(value)),
    make: (kept: typeof store | undefined) =>
      table.tableMapValues<string | null, number, number | null>(double, { store: nullable(kept), emit: 'every-update' }),
    skipsEmpty: false,
  },
}

/** A store of values that may be null takes no other bytes: null deletes. */
function nullable(spec: typeof store | undefined): KeyValueStoreSpec<string | null, number | null> | undefined {
  return spec === undefined ? undefined : keyValueStore<string | null, number | null>('t', { key: serdes.string, value: serdes.long })
}

describe.each(Object.entries(views))('B5: a view, %s,', (_name, { of, make, skipsEmpty }) => {
  test.each([true, false])(
    'is the function of each change, and silent only about nothing that becomes nothing; old values wanted: %s',
    (sendsOldValues) =>
      fc.assert(
        fc.asyncProperty(rows, fc.boolean(), fc.boolean(), async (records, kept, slow) => {
          const { running, commit } = stateful(make(kept ? store : undefined), { sendsOldValues, slow, cacheBytes: 0 })
          const expected: Update<string>[] = []
          const map = new Map<string, number>()
          for (const { key, value, timestamp, headers } of records) {
            if (key === null) continue
            const before = map.get(key) ?? null
            await running.send({ key, value: { value, old: sendsOldValues ? before : null, latest: true }, timestamp, headers })
            await commit()
            if (value === null) map.delete(key)
            else map.set(key, value)
            const one = { key, value: of(value), old: sendsOldValues ? of(before) : null, timestamp, headers }
            const isEmpty = one.value === null && one.old === null
            if (!(skipsEmpty && sendsOldValues && isEmpty)) expected.push(one)
          }
          expect(running.outputs.map(updateOf)).toEqual(expected)
        }),
        runs,
      ),
  )
})

test('a view that is to wait for the commit needs a store', () => {
  for (const make of [
    () => table.tableFilter<string, number>(isEven, { store: undefined, emit: 'on-commit' }),
    () => table.tableMapValues<string, number, number | null>(double, { store: undefined, emit: 'on-commit' }),
  ]) {
    expect(make).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID', message: expect.stringMatching(/give it one, as \{ store:/) }))
  }
})

test('a stream’s table keeps what it was given, whatever becomes of that object', async () => {
  const lists = keyValueStore('lists', { key: serdes.string, value: serdes.json<number[]>() })
  const { running, state } = stateful(table.toTable<string, number[]>({ store: lists, emit: 'every-update' }))
  const list = [1]
  await running.send({ key: 'a', value: list })
  list.push(2)
  expect(state.dump('lists').entries.map((row) => String(row[1]).slice(-6))).toEqual([Buffer.from('[1]').toString('hex')])
})

test('a view’s function never sees null', async () => {
  const seen: unknown[] = []
  const { running } = stateful(
    table.tableMapValues<string, number, string>((value, key) => (seen.push([key, value]), 'x'), {
      store: undefined,
      emit: 'every-update',
    }),
    { sendsOldValues: true },
  )
  await running.send({ key: 'a', value: { value: null, old: undefined, latest: true } })
  await running.send({ key: 'a', value: { value: 1, old: null, latest: true } })
  await running.send({ key: 'a', value: { value: null, old: 1, latest: false } })
  expect(seen).toEqual([
    ['a', 1],
    ['a', 1],
  ])
  expect(running.outputs.map(({ value }) => value)).toEqual([
    { value: null, old: null, latest: true },
    { value: 'x', old: null, latest: true },
    { value: null, old: 'x', latest: false },
  ])
})

test('a view with a store can wait for the commit', async () => {
  const { running, commit } = stateful(
    table.tableMapValues<string, number, string>((value) => `v${value}`, { store: texts, emit: 'on-commit' }),
    { sendsOldValues: true },
  )
  for (const value of [1, 2]) await running.send({ key: 'a', value: { value, old: null, latest: true }, timestamp: value })
  await commit()
  await running.send({ key: 'a', value: { value: 3, old: 2, latest: true }, timestamp: 3 })
  await commit()
  expect(running.outputs.map(updateOf)).toMatchObject([
    { key: 'a', value: 'v2', old: null, timestamp: 2 },
    { key: 'a', value: 'v3', old: 'v2', timestamp: 3 },
  ])
})

test('B39: a view’s function that answers undefined or a promise is an error', () => {
  const wrong = [
    table.tableMapValues<string, number, unknown>(() => undefined, { store: undefined, emit: 'every-update' }),
    table.tableMapValues<string, number, unknown>(async () => 1, { store: undefined, emit: 'every-update' }),
    table.tableFilter<string, number>(
      untyped(async () => true),
      { store: undefined, emit: 'every-update' },
    ),
  ]
  for (const view of wrong) {
    const { running } = stateful<string, Change<number>, string, Change<unknown>>(view)
    expect(() => running.send({ key: 'a', value: { value: 1, old: null, latest: true } })).toThrow(
      expect.objectContaining({ code: 'PROCESSOR_RESULT' }),
    )
  }
})

test('a view asks above for old values only without a store of its own', () => {
  const traits = (kept: typeof texts | undefined): unknown =>
    table.tableMapValues<string, number, string>(String, { store: kept, emit: 'every-update' }).traits
  expect(traits(undefined)).toMatchObject({ passesOldValue: true, ownsOldValue: false })
  expect(traits(texts)).toMatchObject({ passesOldValue: false, ownsOldValue: true })
})

test('B8: toStream forwards new values, tombstones included', async () => {
  const { running } = stateful(table.tableToStream<string, number>())
  for (const value of [1, null]) await running.send({ key: 'a', value: { value, old: 7, latest: true }, timestamp: 4 })
  expect(running.outputs.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
    ['a', 1, 4],
    ['a', null, 4],
  ])
})

test('a table is read by its store, a view through the table below it', () =>
  fc.assert(
    fc.asyncProperty(rows, fc.boolean(), async (records, slow) => {
      const source = table.storeReader(store)
      const even = table.filterReader(source, (value: number) => value % 2 === 0)
      const shown = table.mapValuesReader(even, (value, key) => (value === 4 ? null : `${key}${value}`))
      const found: unknown[] = []
      const { running, commit } = stateful(reading([source, even, shown], found), { slow, cacheBytes: 0 })
      const map = new Map<string, readonly [number, number]>()
      for (const record of records) {
        if (record.key === null) continue
        await running.send(record)
        await commit()
        if (record.value === null) map.delete(record.key)
        else map.set(record.key, [record.value, record.timestamp])
        await running.send({ key: record.key, value: undefined })
        const row = map.get(record.key)
        const [value, timestamp] = row ?? []
        const inView = value !== undefined && value % 2 === 0
        expect(found.splice(0)).toEqual([
          value === undefined ? undefined : { value, timestamp },
          inView ? { value, timestamp } : undefined,
          inView && value !== 4 ? { value: `${record.key}${value}`, timestamp } : undefined,
        ])
      }
    }),
    runs,
  ))

/** A step that keeps what it is sent, and for `undefined` notes what the readers find. */
function reading(
  readers: readonly TableReader<string | null, unknown>[],
  found: unknown[],
): Operator<string | null, number | null | undefined, never, never> {
  return {
    role: 'READING-',
    traits: {},
    stores: [store],
    start: (_next, context) => {
      const rowsOf = context.store(store)
      const open = readers.map((reader) => reader.open(context))
      return async (key, value) => {
        if (value !== undefined) return rowsOf.put(key, value)
        for (const read of open) {
          const entry = await read(key)
          found.push(entry === undefined ? undefined : { value: entry.value, timestamp: entry.timestamp })
        }
      }
    },
  }
}
