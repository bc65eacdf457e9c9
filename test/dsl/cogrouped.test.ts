import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  serdes,
  session,
  sliding,
  StreamsBuilder,
  topic,
  tumbling,
  type CogroupedKStream,
  type KTable,
  type Windowed,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'

const text = serdes.string
const added = topic('added', { key: text, value: serdes.long, nullable: 'value' })
const removed = topic('removed', { key: text, value: text })
const out = topic('out', { key: text, value: text, nullable: 'value' })

interface Input {
  readonly from: 'added' | 'removed'
  readonly key: string
  readonly value: number
  readonly timestamp: number
}

const inputs: fc.Arbitrary<Input[]> = fc.array(
  fc.record({
    from: fc.constantFrom('added' as const, 'removed' as const),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    value: fc.nat(9),
    timestamp: fc.nat(40),
  }),
  { maxLength: 20 },
)

/** Numbers of one topic are appended with a plus, texts of the other with a minus, under the text; a 7 deletes. */
function both(builder: StreamsBuilder): CogroupedKStream<string, string> {
  const plus = builder.stream(added).groupByKey()
  const minus = builder
    .stream(removed)
    .selectKey((value) => value.slice(0, 1), { key: text })
    .groupByKey({ name: 'by-text' })
  return plus
    .cogroup<string>((all, value) => (value === 7 ? null : `${all}+${value}`))
    .cogroup(minus, (all, value) => `${all}-${value.slice(1)}`)
}

/** What comes out of a cogroup of these inputs, by key. */
function run<K extends string | Windowed<string>>(
  make: (cogrouped: CogroupedKStream<string, string>) => KTable<K, string, true>,
  list: readonly Input[],
  partitions: number,
): Record<string, (string | null)[]> {
  const builder = new StreamsBuilder()
  make(both(builder))
    .toStream()
    .map((value, key): [string, string | null] => [
      typeof key === 'string' ? key : `${key.key}@${key.window.start}-${key.window.end}`,
      value,
    ])
    .to(out, { key: text, value: text })
  using driver = new TopologyTestDriver(builder.build(), { partitions })
  for (const { from, key, value, timestamp } of list) {
    if (from === 'added') driver.input(added).send({ key, value, timestamp })
    else driver.input(removed).send({ key: 'any', value: `${key}${value}`, timestamp })
  }
  const found: Record<string, (string | null)[]> = {}
  for (const { key, value } of driver.output(out).readAll()) (found[key!] ??= []).push(value)
  return found
}

/** A fold over the records of all inputs together, under the names that `of` gives to each record. */
function naive(list: readonly Input[], of: (input: Input) => string[]): Record<string, (string | null)[]> {
  const found: Record<string, (string | null)[]> = {}
  for (const input of list) {
    for (const name of of(input)) {
      const before = found[name]?.at(-1) ?? '0'
      const after = input.from === 'removed' ? `${before}-${input.value}` : input.value === 7 ? null : `${before}+${input.value}`
      found[name] = [...(found[name] ?? []), after]
    }
  }
  return found
}

describe.each([1, 3])('in %i partitions', (partitions) => {
  test('all inputs fold into one aggregate of each key, in order of arrival', () => {
    fc.assert(
      fc.property(inputs, (list) => {
        const found = run((cogrouped) => cogrouped.aggregate(() => '0', { store: 's', value: text }), list, partitions)
        expect(found).toEqual(naive(list, ({ key }) => [key]))
      }),
      { numRuns: 20 },
    )
  })

  test('in windows, of each key and window', () => {
    fc.assert(
      fc.property(inputs, (list) => {
        const windows = tumbling(10).grace(100)
        const found = run((cogrouped) => cogrouped.windowedBy(windows).aggregate(() => '0', { store: 's', value: text }), list, partitions)
        const start = (timestamp: number): number => timestamp - (timestamp % 10)
        expect(found).toEqual(naive(list, ({ key, timestamp }) => [`${key}@${start(timestamp)}-${start(timestamp) + 10}`]))
      }),
      { numRuns: 20 },
    )
  })

  test('in sliding windows and sessions', () => {
    const list = ([['added', 1, 12], ['removed', 2, 15]] as const).map(([from, value, timestamp]) => ({ from, key: 'a', value, timestamp })) // prettier-ignore
    expect(run((cogrouped) => cogrouped.windowedBy(sliding(10)).aggregate(() => '0', { value: text }), list, partitions)).toEqual({
      'a@2-12': ['0+1'],
      'a@13-23': ['0-2'],
      'a@5-15': ['0+1-2'],
    })
    const merge = (left: string, right: string): string => `(${left}|${right})`
    expect(run((cogrouped) => cogrouped.windowedBy(session(5)).aggregate(() => '0', { value: text, merge }), list, partitions)).toEqual({
      'a@12-12': ['0+1', null],
      'a@12-15': ['(0|0+1)-2'],
    })
  })

  test('emitted on commit, each commit tells once, whichever input wrote last', () => {
    const list = ([['added', 1, 0], ['removed', 2, 0], ['added', 7, 0]] as const).map(([from, value, timestamp]) => ({ from, key: 'a', value, timestamp })) // prettier-ignore
    const found = run((cogrouped) => cogrouped.aggregate(() => '0', { store: 's', value: text, emit: 'on-commit' }), list, partitions)
    expect(found).toEqual({ a: ['0+1', '0+1-2', null] })
  })
})

test('names are those that the user gave, with a suffix for each input; one store for all', () => {
  const builder = new StreamsBuilder()
  both(builder).aggregate(() => '0', { name: 'both', store: 's', value: text })
  const topology = builder.build()
  expect([...topology.stores.keys()]).toEqual(['s'])
  expect([...topology.nodes.keys()]).toEqual(expect.arrayContaining(['both-cogroup-agg-0', 'both-cogroup-agg-1', 'both-cogroup-merge']))
  expect(topology.repartitionTopics.map(({ name }) => name)).toEqual(['by-text-repartition'])
})

test('inputs with different partition counts are refused', () => {
  const builder = new StreamsBuilder()
  const other = builder.stream(topic('other', { key: text, value: text })).groupByKey()
  builder.stream(removed).groupByKey().cogroup<string>((all, value) => all + value).cogroup(other, (all, value) => all + value).aggregate(() => '', { value: text }) // prettier-ignore
  const partitions = { removed: 2, other: 3 }
  expect(() => new TopologyTestDriver(builder.build(), { partitions })).toThrow(expect.objectContaining({ code: 'COPARTITION' }))
})

test('streams of two builders don’t meet', () => {
  const other = new StreamsBuilder().stream(removed).groupByKey()
  const cogrouped = new StreamsBuilder().stream(removed).groupByKey().cogroup<string>((all, value) => all + value) // prettier-ignore
  expect(() => cogrouped.cogroup(other, (all, value) => all + value)).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
})

test('types: each fold sees its own values, the table has the aggregates', () => {
  const cogrouped = both(new StreamsBuilder())
  expectTypeOf(cogrouped.aggregate(() => '0', { value: text })).toEqualTypeOf<KTable<string, string, true>>()
  expectTypeOf(cogrouped.windowedBy(tumbling(1)).aggregate(() => '0', { value: text })).toEqualTypeOf<KTable<Windowed<string>, string, true>>() // prettier-ignore
  // @ts-expect-error another type than the folds'
  cogrouped.aggregate(() => 1, { value: serdes.long })
  // @ts-expect-error sessions have to say how two become one
  cogrouped.windowedBy(session(1)).aggregate(() => '0', { store: 'x', value: text })
  // @ts-expect-error Kafka Streams' cogroups don't wait for the close of a window
  cogrouped.windowedBy(tumbling(1)).aggregate(() => '0', { store: 'y', value: text, emit: 'on-window-close' })
})

test('a grouping that is added again takes the later function, as in Kafka Streams', () => {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(removed).groupByKey()
  const other = builder.stream(topic('others', { key: text, value: text })).groupByKey()
  grouped
    .cogroup<string>((all, value) => `${all}-${value}`)
    .cogroup(other, (all, value) => `${all}+${value}`)
    .cogroup(grouped, (all, value) => `${all}*${value}`)
    .aggregate(() => '', { store: 'all', value: text })
    .toStream()
    .to(out)
  using driver = new TopologyTestDriver(builder.build())
  for (const value of ['a', 'b']) driver.input(removed).send({ key: 'k', value })
  expect(
    driver
      .output(out)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['*a', '*a*b'])
})
