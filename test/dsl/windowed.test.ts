import { expect, expectTypeOf, test } from 'vitest'
import {
  minutes,
  seconds,
  serdes,
  session,
  sessionStore,
  sliding,
  StreamsBuilder,
  unlimited,
  type KGroupedStream,
  type KTable,
  type Windowed,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { counts, refused, texts } from '../support/shop-topics.ts'

const KEYS = ['ada', 'kurt', 'emmy']

type Counting = (grouped: KGroupedStream<string, string>) => KTable<Windowed<string>, number, boolean>

/** What comes out of counting in windows: `key@start-end=count`, for each key its own list. */
function counted(count: Counting, partitions: number, times: readonly number[]): Record<string, string[]> {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(texts).groupBy((value) => value, { key: serdes.string, name: 'by-value' })
  count(grouped)
    .toStream()
    .map((n, { key, window }) => [`${key}@${window.start}-${window.end}`, n])
    .to(counts, { key: serdes.string, value: serdes.long })
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  for (const timestamp of times) for (const key of KEYS) driver.input(texts).send({ key: `${timestamp}`, value: key, timestamp })
  const told = driver.output(counts).readAll()
  return Object.fromEntries(
    KEYS.map((key) => [
      key,
      told.flatMap((record) => {
        const [name, window] = record.key!.split('@')
        return name === key ? [`${window}=${record.value}`] : []
      }),
    ]),
  )
}

test.each([1, 3])('sessions, sliding and unlimited windows count what falls into them, in %i partitions', (partitions) => {
  const same = (list: readonly string[]): unknown => Object.fromEntries(KEYS.map((key) => [key, list]))
  expect(counted((grouped) => grouped.windowedBy(session(5)).count(), partitions, [1, 4, 20])).toEqual(
    same(['1-1=1', '1-1=null', '1-4=2', '20-20=1']),
  )
  expect(counted((grouped) => grouped.windowedBy(sliding(10)).count(), partitions, [8, 12])).toEqual(same(['0-10=1', '9-19=1', '2-12=2']))
  const end = Number.MAX_SAFE_INTEGER
  expect(counted((grouped) => grouped.windowedBy(unlimited(5)).count(), partitions, [4, 5, 9])).toEqual(same([`5-${end}=1`, `5-${end}=2`]))
})

test('sessions are read from outside', () => {
  const builder = new StreamsBuilder()
  const visits = sessionStore('visits', { key: serdes.string, value: serdes.long, retentionMs: minutes(1) })
  builder
    .stream(texts)
    .groupByKey()
    .windowedBy(session(seconds(5)))
    .count({ store: visits })
  using driver = new TopologyTestDriver(builder.build())
  for (const timestamp of [0, 4_000, 20_000]) driver.input(texts).send({ key: 'k', value: 'v', timestamp })
  expect(driver.store(visits).get({ key: 'k', window: { start: 0, end: 4_000 } })).toBe(2)
  expect([...driver.store(visits).fetch('k', { earliestEnd: 5_000 })]).toEqual([[{ key: 'k', window: { start: 20_000, end: 20_000 } }, 1]])
})

test('types: keys are windowed, sessions can be deleted, sliding windows never see null', () => {
  const grouped = new StreamsBuilder().stream(texts).groupByKey()
  expectTypeOf(grouped.windowedBy(session(1)).count()).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  expectTypeOf(grouped.windowedBy(unlimited()).count()).toEqualTypeOf<KTable<Windowed<string>, number>>()
  expectTypeOf(grouped.windowedBy(sliding(1)).reduce((a, b) => a + b)).toEqualTypeOf<KTable<Windowed<string>, string>>()
  const folded = grouped.windowedBy(session(1)).aggregate(() => 0, (n) => n + 1, { value: serdes.long, merge: (left, right) => left + right }) // prettier-ignore
  expectTypeOf(folded).toEqualTypeOf<KTable<Windowed<string>, number, true>>()
  const fold = (n: number): number => n + 1
  // @ts-expect-error sessions have to say how two become one
  expect(() => grouped.windowedBy(session(1)).aggregate(() => 0, fold, { value: serdes.long })).not.toThrow()
  // @ts-expect-error a window store keeps no sessions
  grouped.windowedBy(session(1)).count({ store: { kind: 'window', name: 'w', sizeMs: 1, retentionMs: 1 } })
})

test.each([
  ['a session store that forgets too early', (b: StreamsBuilder) => b.stream(texts).groupByKey().windowedBy(session(10).grace(5)).count({ store: { kind: 'session', name: 's', retentionMs: 14 } }), 'WINDOW_RETENTION', '15'], // prettier-ignore
  ['a window store that forgets what a sliding window begins from', (b: StreamsBuilder) => b.stream(texts).groupByKey().windowedBy(sliding(10)).count({ store: { kind: 'window', name: 's', sizeMs: 10, retentionMs: 19 } }), 'WINDOW_RETENTION', '20'], // prettier-ignore
] as const)('%s is refused with what it needs', (_what, make, code, needed) => {
  const error = refused(make)
  expect(error.code).toBe(code)
  expect(error.message).toContain(needed)
})
