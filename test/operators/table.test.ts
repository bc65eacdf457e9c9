import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import * as table from '../../src/operators/table.ts'
import type { KeyValueStoreSpec } from '../../src/state/store-spec.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Change, Operator, TableReader } from '../../src/topology/operator.ts'
import type { Emitted } from '../support/operator-harness.ts'
import { stateful } from '../support/operator-state.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const store = keyValueStore('t', { key: serdes.string, value: serdes.long })
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

interface Update {
  readonly key: string
  readonly value: unknown
  readonly old: unknown
  readonly timestamp: number
  readonly headers: Headers
}

const update = ({ key, value, timestamp, headers }: Emitted): unknown => ({
  key,
  ...(value as object),
  latest: undefined,
  timestamp,
  headers,
})
const flat = (updates: readonly Update[]): unknown[] => updates.map((one) => ({ ...one, latest: undefined }))

/** What a table is: a map; a change is what a write replaced. */
function naive(records: readonly Row[], withOld: boolean): Update[] {
  const map = new Map<string, number>()
  return records.flatMap(({ key, value, timestamp, headers }) => {
    if (key === null) return []
    const old = withOld ? (map.get(key) ?? null) : null
    if (value === null) map.delete(key)
    else map.set(key, value)
    return [{ key, value, old, timestamp, headers }]
  })
}

const makers = { tableSource: table.tableSource<string, number>, toTable: table.toTable<string, number> }

describe.each(Object.entries(makers))('%s', (_name, make) => {
  test('forwards each update with what it replaced, older ones too (B2), and drops null keys', () =>
    fc.assert(
      fc.asyncProperty(rows, settings, fc.nat(5), async (records, setting, every) => {
        const { running, commit } = stateful(make({ store, emit: 'every-update' }), setting)
        for (const [index, record] of records.entries()) {
          await running.send(record as Row & { key: string })
          if (every > 0 && index % every === 0) await commit()
        }
        expect(running.outputs.map(update)).toEqual(flat(naive(records, setting.sendsOldValues)))
        expect(running.dropped.get('null_key') ?? 0).toBe(records.filter(({ key }) => key === null).length)
      }),
      runs,
    ))

  test('B1: without a store forwards everything, tombstones of unknown keys too, and knows no old value', () =>
    fc.assert(
      fc.asyncProperty(rows, async (records) => {
        const { running } = stateful(make({ store, emit: 'every-update' }), { without: ['t'] })
        for (const record of records) expect(running.send(record as Row & { key: string })).toBeUndefined()
        expect(running.outputs.map(update)).toEqual(flat(naive(records, false)))
        expect(running.dropped.get('null_key') ?? 0).toBe(records.filter(({ key }) => key === null).length)
      }),
      runs,
    ))

  test('on commit forwards the last update of each key, in order of last write', () =>
    fc.assert(
      fc.asyncProperty(rows, settings, fc.integer({ min: 1, max: 10 }), async (records, setting, every) => {
        const { running, commit } = stateful(make({ store, emit: 'on-commit' }), setting)
        const committed = new Map<string, unknown>()
        for (let from = 0; from < records.length; from += every) {
          const epoch = records.slice(from, from + every)
          for (const record of epoch) await running.send(record as Row & { key: string })
          expect(running.take()).toEqual([])
          await commit()
          const last = new Map<string, Update>()
          for (const one of naive(epoch, false)) {
            last.delete(one.key)
            last.set(one.key, { ...one, old: setting.sendsOldValues ? (committed.get(one.key) ?? null) : null })
          }
          const isNews = (one: unknown): boolean => (one as Update).value !== null || committed.has((one as Update).key)
          expect(running.take().map(update).filter(isNews)).toEqual(flat([...last.values()]).filter(isNews))
          for (const { key, value } of last.values()) {
            if (value === null) committed.delete(key)
            else committed.set(key, value)
          }
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
})

type View = (store: KeyValueStoreSpec<string, number> | undefined) => Operator<string, Change<number>, string, Change<number>>

describe.each([true, false])('a view with old values wanted: %s', (sendsOldValues) => {
  const isEven = (value: number): boolean => value % 2 === 0
  const double = (value: number): number | null => (value % 5 === 0 ? null : 2 * value)
  const filter: View = (kept) => table.tableFilter<string, number>(isEven, { store: kept, emit: 'every-update' })
  const mapValues: View = (kept) =>
    table.tableMapValues<string, number, number | null>(double, { store: kept as never, emit: 'every-update' }) as never
  const of = (row: (value: number) => number | null, value: unknown): number | null => (typeof value === 'number' ? row(value) : null)
  const evenRow = (value: number): number | null => (isEven(value) ? value : null)

  const property = (view: View, row: (value: number) => number | null, skipsEmpty: boolean) => (): Promise<void> =>
    fc.assert(
      fc.asyncProperty(rows, fc.boolean(), fc.boolean(), async (records, kept, slow) => {
        const { running, commit } = stateful(view(kept ? store : undefined), { sendsOldValues, slow, cacheBytes: 0 })
        const updates = naive(records, true)
        for (const { key, value, old, timestamp, headers } of updates) {
          const change = { value, old: sendsOldValues ? old : null, latest: true } as Change<number>
          await running.send({ key, value: change, timestamp, headers })
          await commit()
        }
        const expected = updates
          .map((one) => ({ ...one, value: of(row, one.value), old: sendsOldValues ? of(row, one.old) : null }))
          .filter(({ value, old }) => !(skipsEmpty && sendsOldValues && value === null && old === null))
        expect(running.outputs.map(update)).toEqual(flat(expected))
      }),
      runs,
    )
  test(
    'B5: filter makes a tombstone of what doesn’t match, and is silent only about nothing that becomes nothing',
    property(filter, evenRow, true),
  )
  test('mapValues maps new and old, and its null is a tombstone', property(mapValues, double, false))
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
  expect(running.outputs.map(update)).toMatchObject([
    { key: 'a', value: 'v2', old: null, timestamp: 2 },
    { key: 'a', value: 'v3', old: 'v2', timestamp: 3 },
  ])
})

test('B39: a view’s function that answers undefined or a promise is an error', () => {
  const views = [
    table.tableMapValues<string, number, unknown>(() => undefined, { store: undefined, emit: 'every-update' }),
    table.tableMapValues<string, number, unknown>(async () => 1, { store: undefined, emit: 'every-update' }),
    table.tableFilter<string, number>((async () => true) as never, { store: undefined, emit: 'every-update' }),
  ]
  for (const view of views) {
    const { running } = stateful(view as Operator<string, Change<number>, string, Change<unknown>>)
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
        await running.send(record as Row & { key: string })
        await commit()
        if (record.value === null) map.delete(record.key)
        else map.set(record.key, [record.value, record.timestamp])
        await running.send({ key: record.key, value: undefined })
        const row = map.get(record.key)
        const [value, timestamp] = row ?? []
        const isEven = value !== undefined && value % 2 === 0
        expect(found.splice(0)).toEqual([
          value === undefined ? undefined : { value, timestamp },
          isEven ? { value, timestamp } : undefined,
          isEven && value !== 4 ? { value: `${record.key}${value}`, timestamp } : undefined,
        ])
      }
    }),
    runs,
  ))

/** A step that keeps what it is sent, and for `undefined` notes what the readers find. */
function reading(
  readers: readonly TableReader<string, unknown>[],
  found: unknown[],
): Operator<string, number | null | undefined, never, never> {
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
