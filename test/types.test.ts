/**
 * What every step answers, as types: nothing is written but the topics, null is there only where it can be, and a serde, key or joiner of another type doesn't
 * compile. The last test holds this file to "every".
 */
import { readFileSync } from 'node:fs'
import { expect, expectTypeOf, test } from 'vitest'
import {
  CogroupedKStream,
  joinWindow,
  keyValueStore,
  KGroupedStream,
  KGroupedTable,
  KStream,
  KTable,
  otherwise,
  serdes,
  session,
  SessionWindowedCogroupedKStream,
  SessionWindowedKStream,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  unlimited,
  untilTimeLimit,
  untilWindowCloses,
  WindowedCogroupedKStream,
  WindowedKStream,
  type FixedKeyProcessor,
  type GlobalKTable,
  type Processor,
  type Topology,
  type Windowed,
} from '../src/index.ts'
import * as stateless from '../src/operators/stateless.ts'
import { tableMapValues } from '../src/operators/table.ts'
import { orders, texts, type Order } from './support/shop-topics.ts'

const loosely = topic('loose', { key: serdes.string, value: serdes.json<Order>(), nullable: 'both' })
const numbers = topic('numbers', { key: serdes.string, value: serdes.long })

const builder = new StreamsBuilder()
const stream = builder.stream(orders)
const loose = builder.stream(loosely)
const table = builder.table(orders)
const counted = stream.groupByKey().count()
const windows = stream.groupByKey().windowedBy(tumbling(1)).count()
const products = builder.globalTable(numbers)
const grouped = stream.groupByKey()
const regrouped = table.groupBy((order) => [order.customer, order])
const windowed = grouped.windowedBy(tumbling(1))
const sessions = grouped.windowedBy(session(1))
const cogrouped = grouped.cogroup<number>((sum, order) => sum + order.cents)
const windowedCogroup = cogrouped.windowedBy(tumbling(1))
const sessionCogroup = cogrouped.windowedBy(session(1))
const within = joinWindow(1)

const text = (order: Order): string => order.customer
const add = (sum: number): number => sum + 1

test('sources: null where the topic says so', () => {
  expectTypeOf(builder.stream(orders)).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(builder.stream([orders, orders])).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(builder.stream(loosely)).toEqualTypeOf<KStream<string | null, Order | null>>()
  expectTypeOf(builder.stream(/^o/, { key: serdes.string, value: serdes.long, nullable: 'value' })).toEqualTypeOf<KStream<string, number | null>>() // prettier-ignore
  expectTypeOf(builder.table(loosely)).toEqualTypeOf<KTable<string, Order, true>>()
  expectTypeOf(builder.globalTable(loosely)).toEqualTypeOf<GlobalKTable<string, Order>>()
  const store = keyValueStore('store', { key: serdes.string, value: serdes.long })
  expectTypeOf(builder.addStateStore(store)).toEqualTypeOf<StreamsBuilder>()
  const filling = (): Processor<string, number, never, never> => ({ process: () => undefined })
  expectTypeOf(builder.addGlobalStore(store, numbers, filling)).toEqualTypeOf<StreamsBuilder>()
  expectTypeOf(() => builder.build()).toEqualTypeOf<() => Topology>()
  // @ts-expect-error a pattern doesn't say which serdes
  builder.stream(/^p/)
})

test('streams: one record at a time', () => {
  expectTypeOf(stream.filter((order) => order.cents > 1)).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(loose.filter((order): order is Order => order !== null)).toEqualTypeOf<KStream<string | null, Order>>()
  expectTypeOf(stream.filterNot((order) => order.cents > 1)).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(stream.mapValues(text)).toEqualTypeOf<KStream<string, string>>()
  expectTypeOf(stream.flatMapValues((order) => [order.cents])).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.map((order, key) => [order.cents, key])).toEqualTypeOf<KStream<number, string>>()
  expectTypeOf(stream.flatMap((order, key) => [[order.cents, key] as const])).toEqualTypeOf<KStream<number, string>>()
  expectTypeOf(stream.selectKey((order) => order.cents)).toEqualTypeOf<KStream<number, Order>>()
  expectTypeOf(stream.peek(() => undefined)).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(stream.forEach(() => undefined)).toEqualTypeOf<void>()
  expectTypeOf(stream.print()).toEqualTypeOf<void>()
  expectTypeOf(stream.merge(stream)).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(stream.split({ a: (order): order is Order & { paid: true } => 'paid' in order, b: otherwise })).toEqualTypeOf<{
    readonly a: KStream<string, Order & { paid: true }>
    readonly b: KStream<string, Order>
  }>()
  expectTypeOf(stream.repartition()).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(loose.deduplicate((order) => order?.customer ?? null, { within: 1 })).toEqualTypeOf<KStream<string, Order | null>>()
  expectTypeOf(stream.deduplicate(text, { within: 1 })).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(stream.apply(stateless.mapValues<string, Order, number>(() => 1))).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.to(orders)).toEqualTypeOf<void>()
  const callback = (value: string): boolean => value === ''
  // @ts-expect-error the values are orders
  stream.filter(callback)
  // @ts-expect-error the value may be null
  loose.mapValues(text)
  // @ts-expect-error texts aren't numbers
  stream.mapValues(text, { value: serdes.long })
  // @ts-expect-error the new key is a text
  stream.selectKey(text, { key: serdes.long })
  // @ts-expect-error of another type
  stream.merge(builder.stream(texts))
  // @ts-expect-error the values are orders
  stream.to(numbers)
  // @ts-expect-error null isn't for this topic's keys
  loose.mapValues(() => 1).filter((_value, key) => key === null).to(topic('n', { key: serdes.long, value: serdes.long })) // prettier-ignore
  // @ts-expect-error an operator of other values
  stream.apply(stateless.filter<string, string>(callback))
})

test('streams: what waits for a promise', () => {
  expectTypeOf(stream.mapValuesAsync(async (order) => Promise.resolve(order.cents))).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.mapAsync(async (order, key) => Promise.resolve([order.cents, key] as const))).toEqualTypeOf<KStream<number, string>>()
  expectTypeOf(stream.filterAsync(async () => Promise.resolve(true))).toEqualTypeOf<KStream<string, Order>>()
  expectTypeOf(stream.forEachAsync(async () => Promise.resolve())).toEqualTypeOf<void>()
  const length = async (value: string): Promise<number> => Promise.resolve(value.length)
  // @ts-expect-error the values are orders
  stream.mapValuesAsync(length)
  // @ts-expect-error the new values are numbers
  stream.mapValuesAsync(async (order) => Promise.resolve(order.cents), { value: serdes.string })
})

test('streams: what reads by key has one', () => {
  expectTypeOf(loose.groupByKey()).toEqualTypeOf<KGroupedStream<string, Order | null>>()
  expectTypeOf(stream.groupByKey()).toEqualTypeOf<KGroupedStream<string, Order>>()
  expectTypeOf(stream.groupBy((order) => order.cents)).toEqualTypeOf<KGroupedStream<number, Order>>()
  expectTypeOf(stream.toTable()).toEqualTypeOf<KTable<string, Order>>()
  expectTypeOf(loose.toTable()).toEqualTypeOf<KTable<string, Order, true>>()
  // @ts-expect-error the group is a number
  stream.groupBy((order) => order.cents, { key: serdes.string })
  // @ts-expect-error the table keeps orders
  stream.toTable({ value: serdes.long })
})

test('streams: joins leave null only where a side may miss', () => {
  const both = (left: Order, right: Order): readonly [Order, Order] => [left, right]
  expectTypeOf(loose.join(loose, both, { within })).toEqualTypeOf<KStream<string, readonly [Order, Order]>>()
  expectTypeOf(stream.join(table, both)).toEqualTypeOf<KStream<string, readonly [Order, Order]>>()
  const left = stream.leftJoin(stream, (order, other, key) => ({ order, other, key }), { within })
  expectTypeOf(left).toEqualTypeOf<KStream<string, { order: Order; other: Order | null; key: string }>>()
  expectTypeOf(stream.leftJoin(table, (_order, row) => row)).toEqualTypeOf<KStream<string, Order | null>>()
  expectTypeOf(stream.outerJoin(stream, (order, other) => ({ order, other }), { within })).toEqualTypeOf<
    KStream<string, { order: Order | null; other: Order | null }>
  >()
  expectTypeOf(stream.join(products, (order, n) => order.cents * n, { key: text })).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.leftJoin(products, (_order, n) => n, { key: text })).toEqualTypeOf<KStream<string, number | null>>()
  // @ts-expect-error the other side may miss
  stream.leftJoin(stream, both, { within })
  // @ts-expect-error either side may miss
  stream.outerJoin(stream, both, { within })
  // @ts-expect-error the keys differ
  stream.join(builder.stream(numbers).selectKey((n) => n), () => 1, { within }) // prettier-ignore
  // @ts-expect-error the table's keys are texts
  stream.selectKey((order) => order.cents).join(table, () => 1)
  // @ts-expect-error the global table's keys are texts
  expect(() => stream.join(products, () => 1, { key: (order) => order.cents })).not.toThrow()
  // @ts-expect-error the result is a text
  stream.join(table, text, { value: serdes.long })
})

test('streams: processors', () => {
  const processor: () => Processor<string, Order, number, string> = () => ({ process: () => undefined })
  const keyed: () => FixedKeyProcessor<string, Order, number> = () => ({ process: () => undefined })
  expectTypeOf(stream.process(processor)).toEqualTypeOf<KStream<number, string>>()
  expectTypeOf(stream.processValues(keyed)).toEqualTypeOf<KStream<string, number>>()
  const other: () => Processor<string, string, number, string> = () => ({ process: () => undefined })
  // @ts-expect-error a processor of texts
  stream.process(other)
  // @ts-expect-error it forwards numbers
  stream.processValues(keyed, { value: serdes.string })
})

test('tables: null comes out where a row can go', () => {
  expectTypeOf(counted.filter((count) => count > 1)).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(counted.filterNot((count) => count > 1)).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(counted.mapValues(String)).toEqualTypeOf<KTable<string, string>>()
  expectTypeOf(counted.mapValues((count) => (count > 1 ? count : null))).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(table.mapValues(text)).toEqualTypeOf<KTable<string, string, true>>()
  expectTypeOf(table.toStream()).toEqualTypeOf<KStream<string, Order | null>>()
  expectTypeOf(counted.toStream()).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(counted.toStream({ key: (count) => count })).toEqualTypeOf<KStream<number, number>>()
  expectTypeOf(table.groupBy((order, key) => [order.cents, key])).toEqualTypeOf<KGroupedTable<number, string>>()
  expectTypeOf(windows.suppress(untilWindowCloses())).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(table.suppress(untilTimeLimit(1))).toEqualTypeOf<KTable<string, Order, true>>()
  const processor = (): FixedKeyProcessor<string, Order | null, string | null> => ({ process: () => undefined })
  expectTypeOf(table.processValues(processor)).toEqualTypeOf<KTable<string, string, true>>()
  const lengths = tableMapValues<string, Order, number>(() => 1, { store: undefined, burns: 0, emit: undefined })
  expectTypeOf(table.apply(lengths)).toEqualTypeOf<KTable<string, number, true>>()
  // @ts-expect-error the view keeps texts
  table.mapValues(text, { value: serdes.long })
  // @ts-expect-error the table has no windows
  table.suppress(untilWindowCloses())
  // @ts-expect-error null comes out of it
  table.toStream().mapValues(text)
})

test('tables: joins', () => {
  expectTypeOf(counted.join(counted, (a, b) => a + b)).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(counted.join(table, (a, b) => a + b.cents)).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(counted.leftJoin(table, (_count, order) => ({ order }))).toEqualTypeOf<KTable<string, { order: Order | null }>>()
  expectTypeOf(counted.outerJoin(counted, (a, b) => ({ a, b }))).toEqualTypeOf<KTable<string, { a: number | null; b: number | null }>>()
  expectTypeOf(table.join(counted, (_order, n) => n, { foreignKey: text })).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(table.leftJoin(counted, (_order, n) => ({ n }), { foreignKey: text })).toEqualTypeOf<KTable<string, { n: number | null }, true>>() // prettier-ignore
  const both = (a: number, b: number): number => a + b
  // @ts-expect-error the right side may miss
  counted.leftJoin(counted, both)
  // @ts-expect-error either side may miss
  counted.outerJoin(counted, both)
  // @ts-expect-error the other table's keys are texts
  expect(() => table.join(counted, () => 1, { foreignKey: (order) => order.cents })).not.toThrow()
  // @ts-expect-error the result is a number
  counted.join(counted, both, { value: serdes.string })
})

test('groups: by key', () => {
  expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(grouped.reduce((a) => a)).toEqualTypeOf<KTable<string, Order>>()
  expectTypeOf(grouped.reduce(() => null)).toEqualTypeOf<KTable<string, Order, true>>()
  expectTypeOf(grouped.aggregate(() => 0, add)).toEqualTypeOf<KTable<string, number>>() // prettier-ignore
  expectTypeOf(grouped.aggregate(() => 0, (n) => (n > 1 ? null : n))).toEqualTypeOf<KTable<string, number, true>>() // prettier-ignore
  expectTypeOf(grouped.windowedBy(tumbling(1))).toEqualTypeOf<WindowedKStream<string, Order>>()
  expectTypeOf(grouped.windowedBy(unlimited())).toEqualTypeOf<WindowedKStream<string, Order>>()
  expectTypeOf(loose.groupByKey().windowedBy(sliding(1))).toEqualTypeOf<WindowedKStream<string, Order>>()
  expectTypeOf(grouped.windowedBy(session(1))).toEqualTypeOf<SessionWindowedKStream<string, Order>>()
  expectTypeOf(grouped.cogroup(add)).toEqualTypeOf<CogroupedKStream<string, number>>()
  expectTypeOf(regrouped.count()).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(regrouped.reduce((a) => a, (a) => a)).toEqualTypeOf<KTable<string, Order>>() // prettier-ignore
  expectTypeOf(regrouped.aggregate(() => 0, add, add)).toEqualTypeOf<KTable<string, number>>() // prettier-ignore
  expectTypeOf(regrouped.aggregate(() => 0, add, () => null)).toEqualTypeOf<KTable<string, number, true>>() // prettier-ignore
  // @ts-expect-error counts are numbers
  grouped.count({ value: serdes.string })
  // @ts-expect-error of another key
  grouped.count({ key: serdes.long })
  // @ts-expect-error another aggregate than the initial one
  grouped.aggregate(() => 0, String) // prettier-ignore
  // @ts-expect-error orders are reduced to orders
  regrouped.reduce(() => 1, () => 1) // prettier-ignore
})

test('groups: in windows and sessions', () => {
  expectTypeOf(windowed.count()).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(windowed.reduce((a) => a)).toEqualTypeOf<KTable<Windowed<string>, Order>>()
  expectTypeOf(windowed.aggregate(() => 0, add)).toEqualTypeOf<KTable<Windowed<string>, number>>() // prettier-ignore
  expectTypeOf(sessions.count()).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  expectTypeOf(sessions.reduce((a) => a)).toEqualTypeOf<KTable<Windowed<string>, Order, true>>()
  expectTypeOf(sessions.aggregate(() => 0, add, { merge: add })).toEqualTypeOf<KTable<Windowed<string>, number, true>>() // prettier-ignore
  // @ts-expect-error sessions have to say how two become one
  expect(() => sessions.aggregate(() => 0, add)).toThrow()
  // @ts-expect-error the key inside the window is a text
  windowed.count({ key: serdes.long })
  // @ts-expect-error a window store keeps no sessions
  sessions.count({ store: { kind: 'window', name: 'w', sizeMs: 1, retentionMs: 1 } })
  // @ts-expect-error the result is in windows
  windowed.count().toStream().to(numbers)
})

test('groups: several in one', () => {
  expectTypeOf(cogrouped.cogroup(grouped, (sum, order) => sum + order.cents)).toEqualTypeOf<CogroupedKStream<string, number>>()
  expectTypeOf(cogrouped.windowedBy(tumbling(1))).toEqualTypeOf<WindowedCogroupedKStream<string, number>>()
  expectTypeOf(cogrouped.windowedBy(session(1))).toEqualTypeOf<SessionWindowedCogroupedKStream<string, number>>()
  expectTypeOf(cogrouped.aggregate(() => 0)).toEqualTypeOf<KTable<string, number, true>>()
  expectTypeOf(windowedCogroup.aggregate(() => 0)).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  expectTypeOf(sessionCogroup.aggregate(() => 0, { merge: add })).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  // @ts-expect-error the folds make numbers
  cogrouped.aggregate(() => '')
  // @ts-expect-error a group of other keys
  cogrouped.cogroup(stream.groupBy((order) => order.cents), add) // prettier-ignore
})

test('groups: what is derived', () => {
  const cents = ({ cents: found }: Order): number => found
  expectTypeOf(grouped.sum(cents)).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(grouped.average(cents)).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(grouped.min(cents)).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(grouped.max(text)).toEqualTypeOf<KTable<string, string>>()
  expectTypeOf(grouped.first()).toEqualTypeOf<KTable<string, Order>>()
  expectTypeOf(grouped.last()).toEqualTypeOf<KTable<string, Order>>()
  expectTypeOf(grouped.collect({ limit: 1 })).toEqualTypeOf<KTable<string, readonly Order[]>>()
  expectTypeOf(grouped.topK(1, cents)).toEqualTypeOf<KTable<string, readonly Order[]>>()
  expectTypeOf(grouped.distinct(text)).toEqualTypeOf<KTable<string, readonly string[]>>()
  expectTypeOf(windowed.sum(cents)).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(windowed.average(cents)).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(windowed.min(cents)).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(windowed.max(text)).toEqualTypeOf<KTable<Windowed<string>, string>>()
  expectTypeOf(windowed.first()).toEqualTypeOf<KTable<Windowed<string>, Order>>()
  expectTypeOf(windowed.last()).toEqualTypeOf<KTable<Windowed<string>, Order>>()
  expectTypeOf(windowed.collect({ limit: 1 })).toEqualTypeOf<KTable<Windowed<string>, readonly Order[]>>()
  expectTypeOf(windowed.topK(1, cents)).toEqualTypeOf<KTable<Windowed<string>, readonly Order[]>>()
  expectTypeOf(windowed.distinct(text)).toEqualTypeOf<KTable<Windowed<string>, readonly string[]>>()
  expectTypeOf(sessions.sum(cents)).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  expectTypeOf(sessions.average(cents)).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  expectTypeOf(sessions.min(cents)).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  expectTypeOf(sessions.max(text)).toEqualTypeOf<KTable<Windowed<string>, string, true>>()
  expectTypeOf(sessions.first()).toEqualTypeOf<KTable<Windowed<string>, Order, true>>()
  expectTypeOf(sessions.last()).toEqualTypeOf<KTable<Windowed<string>, Order, true>>()
  expectTypeOf(sessions.collect({ limit: 1 })).toEqualTypeOf<KTable<Windowed<string>, readonly Order[], true>>()
  expectTypeOf(sessions.topK(1, cents)).toEqualTypeOf<KTable<Windowed<string>, readonly Order[], true>>()
  expectTypeOf(sessions.distinct(text)).toEqualTypeOf<KTable<Windowed<string>, readonly string[], true>>()
  expectTypeOf(regrouped.sum(cents)).toEqualTypeOf<KTable<string, number>>()
  expectTypeOf(regrouped.average(cents)).toEqualTypeOf<KTable<string, number, true>>()
})

test('every step of every handle is here', () => {
  const page = readFileSync(import.meta.filename, 'utf8')
  const missing = HANDLES.flatMap(([handle, ...variables]) => {
    const steps = Object.getOwnPropertyNames(handle.prototype).filter((name) => !OWN.has(name))
    expect(steps.length).toBeGreaterThan(0)
    return steps.filter((step) => !new RegExp(`expectTypeOf\\((?:\\(\\) => )?(?:${variables.join('|')})\\.${step}\\b`).test(page))
  })
  expect(missing).toEqual([])
})

/** What handles have for each other, not for users. */
const OWN = new Set(['constructor', 'reader', 'cogroupInput'])

/** Each handle, and what it is called above. */
const HANDLES = [
  [StreamsBuilder, 'builder'],
  [KStream, 'stream', 'loose'],
  [KTable, 'table', 'counted', 'windows'],
  [KGroupedStream, 'grouped'],
  [KGroupedTable, 'regrouped'],
  [WindowedKStream, 'windowed'],
  [SessionWindowedKStream, 'sessions'],
  [CogroupedKStream, 'cogrouped'],
  [WindowedCogroupedKStream, 'windowedCogroup'],
  [SessionWindowedCogroupedKStream, 'sessionCogroup'],
] as const
