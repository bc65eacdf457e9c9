import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  hopping,
  keyValueStore,
  serdes,
  session,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  unlimited,
  type AverageState,
  type KGroupedStream,
  type KStream,
  type Topology,
  type WindowEmitWhen,
} from '../../src/index.ts'
import { toHex } from '../../src/base/bytes.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, refused } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

interface Sale {
  readonly city: string
  readonly cents: number
  readonly what: string
}

const sales = topic('sales', { key: serdes.string, value: serdes.json<Sale>(), nullable: 'value' })
const FUZZ = process.env['FUZZ_RUNS']
const told = topic('told', { key: serdes.string, value: serdes.json() })
const naively = topic('naively', { key: serdes.string, value: serdes.json() })
const byCity = { key: serdes.string, value: serdes.json<Sale>() } as const

/** What each derived aggregation is: a function of all values of a group, in order of arrival. */
const CASES = [
  { name: 'sum', of: (g) => g.sum((s) => s.cents), naive: (all) => all.reduce((sum, { cents }) => sum + cents, 0) },
  { name: 'average', of: (g) => g.average((s) => s.cents), naive: (all) => all.reduce((sum, { cents }) => sum + cents, 0) / all.length },
  { name: 'min', of: (g) => g.min((s) => s.cents), naive: (all) => Math.min(...all.map(({ cents }) => cents)) },
  { name: 'max', of: (g) => g.max((s) => s.what), naive: (all) => all.map(({ what }) => what).sort().at(-1)! }, // prettier-ignore
  { name: 'first', of: (g) => g.first(), naive: (all) => all[0]! },
  { name: 'last', of: (g) => g.last(), naive: (all) => all.at(-1)! },
  { name: 'collect', of: (g) => g.collect({ limit: 3 }), naive: (all) => all.slice(0, 3) },
  { name: 'collect the last', of: (g) => g.collect({ limit: 3, keep: 'last' }), naive: (all) => all.slice(-3) },
  { name: 'topK', of: (g) => g.topK(2, (s) => s.cents), naive: (all) => all.toSorted((a, b) => b.cents - a.cents).slice(0, 2) },
  { name: 'distinct', of: (g) => g.distinct((s) => s.what), naive: (all) => [...new Set(all.map(({ what }) => what))] },
  { name: 'distinct, the first two', of: (g) => g.distinct((s) => s.what, { limit: 2 }), naive: (all) => [...new Set(all.map(({ what }) => what))].slice(0, 2) }, // prettier-ignore
] satisfies readonly {
  readonly name: string
  readonly of: (grouped: Derives) => Table
  readonly naive: (all: readonly Sale[]) => unknown
}[]

/** What all groups have: the tests look at results as text. */
interface Derives {
  sum(f: (sale: Sale) => number, options?: Emitting): Table
  average(f: (sale: Sale) => number, options?: Emitting): Table
  min<M extends number | string>(f: (sale: Sale) => M, options?: Emitting): Table
  max<M extends number | string>(f: (sale: Sale) => M, options?: Emitting): Table
  first(options?: Emitting): Table
  last(options?: Emitting): Table
  collect(options: Emitting & { readonly limit: number; readonly keep?: 'first' | 'last' }): Table
  topK(k: number, by: (sale: Sale) => number, options?: Emitting): Table
  distinct<D extends string>(f: (sale: Sale) => D, options?: Emitting & { readonly limit?: number }): Table
}

interface Emitting {
  readonly emit?: WindowEmitWhen
}

interface Table {
  toStream(): { map(f: (value: unknown, key: unknown) => readonly [string, unknown]): KStream<string, unknown> }
}

/** The same group with an option for all its aggregations. */
function emitting(grouped: Derives, emit: WindowEmitWhen): Derives {
  return {
    sum: (f) => grouped.sum(f, { emit }),
    average: (f) => grouped.average(f, { emit }),
    min: (f) => grouped.min(f, { emit }),
    max: (f) => grouped.max(f, { emit }),
    first: () => grouped.first({ emit }),
    last: () => grouped.last({ emit }),
    collect: (options) => grouped.collect({ ...options, emit }),
    topK: (k, by) => grouped.topK(k, by, { emit }),
    distinct: (f, options) => grouped.distinct(f, { ...options, emit }),
  }
}

/** The aggregation that users write by hand. */
interface Aggregates {
  aggregate(initial: () => readonly Sale[], add: (all: readonly Sale[], sale: Sale) => readonly Sale[], options: object): Table
}

/** Each kind of group. */
const KINDS = [
  ['by key', (grouped) => grouped],
  ['tumbling', (grouped) => grouped.windowedBy(tumbling(10).grace(15))],
  ['hopping', (grouped) => grouped.windowedBy(hopping(10, { advance: 4 }).grace(5))],
  ['sliding', (grouped) => grouped.windowedBy(sliding(8).grace(12))],
  ['unlimited', (grouped) => grouped.windowedBy(unlimited(5))],
  ['sessions', (grouped) => grouped.windowedBy(session(4).grace(12))],
] satisfies readonly (readonly [string, (grouped: KGroupedStream<string, Sale>) => Derives])[]

/** All values of a group, in order of arrival. */
function listed(group: Derives, emit: WindowEmitWhen): Table {
  const grouped: Aggregates = untyped(group)
  const merge = (left: readonly Sale[], right: readonly Sale[]): readonly Sale[] => [...left, ...right]
  return grouped.aggregate(
    () => [],
    (all, sale) => [...all, sale],
    { value: serdes.json(), emit, merge },
  )
}

function grouping(builder: StreamsBuilder): KGroupedStream<string, Sale> {
  return builder
    .stream(sales)
    .filter((sale): sale is Sale => sale !== null)
    .groupBy(({ city }) => city, byCity)
}

/** Records in about the order of their times. */
const arrivals = fc
  .array(
    fc.record({
      key: fc.constantFrom('1', '2', '3'),
      city: fc.constantFrom('Rom', 'Wien'),
      cents: fc.integer({ min: -5, max: 5 }),
      what: fc.constantFrom('a', 'B', 'b', 'ä'),
      early: fc.integer({ min: -8, max: 8 }),
    }),
    { maxLength: 25 },
  )
  .map((all) => all.map(({ key, early, ...value }, i) => ({ key, value, timestamp: Math.max(0, 3 * i + early) })))

/** What a table tells, by key, as text with its time. */
function texts(table: Table, name: string, of: (value: unknown) => unknown): KStream<string, unknown> {
  return table.toStream().map((found, key) => [`${name}: ${JSON.stringify(key)}`, found === null ? 'gone' : of(found)])
}

const outcomes = (driver: TopologyTestDriver, to: typeof told): string[] =>
  driver
    .output(to)
    .readAll()
    .map(({ key, value: found, timestamp }) => `${key}=${JSON.stringify(found)}@${timestamp}`)

describe.each(KINDS)('%s', (kind, make) => {
  const emits: readonly WindowEmitWhen[] = kind === 'by key' || kind === 'unlimited' ? ['every-update', 'on-commit'] : ['every-update', 'on-commit', 'on-window-close'] // prettier-ignore
  const made = new Map<WindowEmitWhen, Topology>()
  const topology = (emit: WindowEmitWhen): Topology => {
    const builder = new StreamsBuilder()
    const group = make(grouping(builder))
    for (const { name, of } of CASES) texts(of(emitting(group, emit)), name, (found) => found).to(told)
    const all = listed(group, emit)
    for (const { name, naive } of CASES) texts(all, name, (values) => naive(untyped(values))).to(naively)
    return builder.build()
  }
  const run = (emit: WindowEmitWhen): Topology => {
    const known = made.get(emit) ?? topology(emit)
    made.set(emit, known)
    return known
  }

  test(
    'each is what its values make, in order of arrival',
    () => {
      fc.assert(
        fc.property(arrivals, fc.constantFrom(1, 2), fc.constantFrom(...emits), (records, partitions, emit) => {
          using driver = new TopologyTestDriver(run(emit), { partitions })
          for (const record of records) driver.input(sales).send(record)
          const [found, expected] = [outcomes(driver, told), outcomes(driver, naively)]
          for (const { name } of CASES) {
            const own = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith(`${name}: `))
            const sorted = (lines: string[]): string[] => (partitions === 1 ? lines : lines.toSorted())
            expect(sorted(own(found))).toEqual(sorted(own(expected)))
          }
        }),
        { numRuns: Number(FUZZ ?? 40) },
      )
    },
    FUZZ === undefined ? 20_000 : 900_000,
  )

  test('null values are dropped and open no window', () => {
    const builder = new StreamsBuilder()
    texts(make(untyped(builder.stream(sales).groupByKey())).min((sale) => sale.cents), 'min', String).to(told) // prettier-ignore
    using driver = new TopologyTestDriver(builder.build())
    driver.input(sales).send({ key: 'k', value: null, timestamp: 0 })
    expect(outcomes(driver, told)).toEqual([])
  })
})

test('a store keeps the state in documented bytes, or as its spec and the options say', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(sales).groupByKey()
  grouped.sum((s) => s.cents, { store: 'sum' })
  grouped.sum((s) => s.cents, { store: 'whole', value: serdes.long })
  grouped.sum((s) => s.cents, { store: keyValueStore('spec', { key: serdes.string, value: serdes.integer }) })
  grouped.average((s) => s.cents, { store: 'average' })
  grouped.min((s) => s.what, { store: 'min' })
  grouped.last({ store: 'last' })
  grouped.collect({ store: 'collect', limit: 1 })
  grouped.distinct((s) => s.cents, { store: 'distinct' })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(sales).send({ key: 'k', value: { city: 'Rom', cents: 7, what: 'a' }, timestamp: 0 })
  const sale = '{"city":"Rom","cents":7,"what":"a"}'
  const logged = Object.fromEntries(
    driver.internal().map(({ topic: name, value: bytes }) => [name.replace(/^test-|-changelog$/g, ''), bytes!]),
  )
  const text = (name: string): string => new TextDecoder().decode(logged[name])
  expect(toHex(logged['sum']!)).toBe('401c000000000000')
  expect(toHex(logged['whole']!)).toBe('0000000000000007')
  expect(toHex(logged['spec']!)).toBe('00000007')
  expect([text('average'), text('min'), text('last'), text('distinct')]).toEqual(['{"sum":7,"count":1}', '"a"', sale, '[7]'])
  expect(toHex(logged['collect']!)).toBe(`010000000100000023${toHex(new TextEncoder().encode(sale))}`)
  expect(driver.store<{ get(key: string): unknown }>('average').get('k')).toEqual({ sum: 7, count: 1 })
})

test('values whose serde nobody knows are collected as JSON', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(sales).mapValues((sale) => sale?.cents ?? 0).groupByKey() // prettier-ignore
  grouped.collect({ limit: 2, store: 'collected' })
  grouped.topK(1, (cents) => cents, { store: 'top' })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(sales).send({ key: 'k', value: { city: 'Rom', cents: 7, what: 'a' } })
  expect(driver.internal().map(({ value: bytes }) => new TextDecoder().decode(bytes))).toEqual(['[7]', '[7]'])
})

test.each([1, 2])('a table’s groups sum and average what their rows are now, in %i partitions', (partitions) =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('1', '2', '3', '4'), fc.option(fc.tuple(fc.constantFrom('Rom', 'Wien'), fc.integer({ min: -9, max: 9 })))), { maxLength: 30 }),
      (updates) => {
        const builder = new StreamsBuilder()
        const grouped = builder.table(sales).groupBy((sale) => [sale.city, sale], byCity)
        const sums = grouped.sum((sale) => sale.cents, { store: 'sums' })
        sums.toStream().to(naively)
        grouped.average((sale) => sale.cents, { store: 'states', name: 'mean' }).toStream().to(told)
        using driver = new TopologyTestDriver(builder.build(), { partitions })
        const rows = new Map<string, Sale>()
        for (const [key, row] of updates) {
          const sale = row === null ? null : { city: row[0], cents: row[1], what: '' }
          driver.input(sales).send({ key, value: sale })
          if (sale === null) rows.delete(key)
          else rows.set(key, sale)
        }
        const last = (to: typeof told): Map<string | null, unknown> =>
          new Map(driver.output(to).readAll().map((found) => [found.key, found.value]))
        const [summed, averages] = [last(naively), last(told)]
        for (const city of ['Rom', 'Wien']) {
          const cents = [...rows.values()].filter((sale) => sale.city === city).map((sale) => sale.cents)
          const sum = cents.reduce((total, each) => total + each, 0)
          expect(summed.get(city) ?? 0).toBe(sum)
          expect(averages.get(city) ?? null).toBe(cents.length === 0 ? null : sum / cents.length)
        }
      },
    ),
    { numRuns: Number(FUZZ ?? 50) },
  ),
) // prettier-ignore

test('what is no number is an error of its record, and leaves the state as it was', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(sales).groupByKey()
  const errors: string[] = []
  const onError = ({ code, message }: { readonly code: string; readonly message: string }): 'skip' => {
    errors.push(`${code} ${message}`)
    return 'skip'
  }
  const cents = (sale: Sale): number => (sale.cents < 0 ? Number.NaN : sale.cents)
  grouped.sum(cents, { store: 'sum', onError })
  grouped.average(cents, { store: 'average', onError })
  grouped.max(cents, { store: 'max', onError })
  grouped.topK(3, cents, { store: 'top', onError })
  grouped.distinct(cents, { store: 'distinct', onError })
  using driver = new TopologyTestDriver(builder.build())
  for (const value of [3, -1, 4]) driver.input(sales).send({ key: 'k', value: { city: 'Rom', cents: value, what: 'a' } })
  const rows = ['sum', 'average', 'max', 'distinct'].map((store) => driver.store<{ get(key: string): unknown }>(store).get('k'))
  expect(rows).toEqual([7, { sum: 7, count: 2 }, 4, [3, 4]])
  expect(errors).toHaveLength(5)
  expect(errors[0]).toMatch(/^PROCESSOR_RESULT .*sum.*NaN.*filter such records out/)
})

test('a row that was refused is not taken out of its group', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.table(sales).groupBy((sale) => [sale.city, sale], byCity)
  const cents = (sale: Sale): number => (sale.cents < 0 ? Number.NaN : sale.cents)
  grouped.sum(cents, { store: 'sum', onError: () => 'skip' })
  grouped.average(cents, { store: 'average', onError: () => 'skip' })
  using driver = new TopologyTestDriver(builder.build())
  driver.input(sales).send({ key: '1', value: { city: 'Rom', cents: 5, what: '' } })
  for (const value of [-1, 2]) driver.input(sales).send({ key: '2', value: { city: 'Rom', cents: value, what: '' } })
  expect(['sum', 'average'].map((store) => driver.store<{ get(key: string): unknown }>(store).get('Rom'))).toEqual([
    7,
    { sum: 7, count: 2 },
  ])
})

test('arguments that make no sense are told at build(), with what to write', () => {
  const codes = (make: Parameters<typeof refused>[0]): string[] => refused(make).mistakes.map(({ code, message }) => `${code} ${message}`)
  const grouped = (builder: StreamsBuilder) => builder.stream(sales).groupByKey()
  expect(codes((b) => grouped(b).topK(0, untyped('cents'), { store: 's' }))).toEqual([
    'ARGUMENT_INVALID topK(…) keeps 0 values: give a whole number, at least 1, as topK(3, (order) => order.cents)',
    'ARGUMENT_INVALID topK(…) needs a function of a value, as topK(3, (order) => order.cents)',
  ])
  expect(codes((b) => grouped(b).collect(untyped({ store: 's' })))).toHaveLength(1)
  expect(codes((b) => grouped(b).windowedBy(tumbling(1)).sum(untyped(undefined), { store: 's' }))).toHaveLength(1)
  expect(codes((b) => b.table(sales).groupBy((sale) => [sale.city, sale], byCity).average(untyped(undefined), { store: 's' }))).toHaveLength(1) // prettier-ignore
})

test('an average with a name names both its steps', () => {
  const nodes = (name?: string): string[] => [
    ...built((b) => b.stream(sales).groupByKey().average((s) => s.cents, { store: 's', ...(name === undefined ? {} : { name }) })).nodes.keys(),
  ] // prettier-ignore
  expect(nodes('mean')).toEqual(['KSTREAM-SOURCE-0000000000', 'mean', 'mean-average'])
})

test('types: what is no number, of another type or endless is refused', () => {
  const grouped = new StreamsBuilder().stream(sales).groupByKey()
  const sessions = grouped.windowedBy(session(1))
  expectTypeOf<AverageState>().toEqualTypeOf<{ readonly sum: number; readonly count: number }>()
  const text = (sale: Sale): string => sale.city
  // @ts-expect-error a sum is of numbers
  grouped.sum(text)
  // @ts-expect-error the store of a sum keeps numbers
  grouped.sum((sale) => sale.cents, { value: serdes.string })
  // @ts-expect-error of another key
  grouped.sum((sale) => sale.cents, { key: serdes.long })
  // @ts-expect-error objects have no order
  grouped.min((sale) => sale)
  // @ts-expect-error a list has an end
  expect(() => grouped.collect({})).not.toThrow()
  // @ts-expect-error a window store keeps no sessions
  sessions.sum((sale) => sale.cents, { store: { kind: 'window', name: 'w', sizeMs: 1, retentionMs: 1 } })
})
