import { describe, expect, expectTypeOf, test } from 'vitest'
import { joinWindow, serdes, StreamsBuilder, topic, windowStore, type KStream, type StreamJoinStores } from '../../src/index.ts'
import { built, copies, orders, refused, texts, type Order } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

const within = joinWindow(10).grace(5)
const paired = topic('paired', { key: serdes.string, value: serdes.string, nullable: 'both' })
const loose = topic('loose', { key: serdes.string, value: serdes.string, nullable: 'both' })
const text = (a: string | null, b: string | null): string => `${a}${b}`

const given = (name: string, more: object = {}): StreamJoinStores<string, string, string>['stores'] =>
  untyped([name, 'other'].map((store) => windowStore(store, { key: serdes.string, value: serdes.string, sizeMs: 20, retentionMs: 25, duplicates: true, ...more }))) // prettier-ignore

describe('types', () => {
  test('both sides are inferred, and null stands only where it can be', () => {
    const builder = new StreamsBuilder()
    const [left, right] = [builder.stream(orders), builder.stream(texts)]
    const inner = left.join(right, (order, note, key) => ({ order, note, key }), { within })
    expectTypeOf(inner).toEqualTypeOf<KStream<string, { order: Order; note: string; key: string }>>()
    const leftOuter = left.leftJoin(right, (order, note) => ({ order, note }), { within })
    expectTypeOf(leftOuter).toEqualTypeOf<KStream<string, { order: Order; note: string | null }>>()
    const outer = left.outerJoin(right, (order, note) => ({ order, note }), { within })
    expectTypeOf(outer).toEqualTypeOf<KStream<string, { order: Order | null; note: string | null }>>()
  })

  test('null keys and values are gone where a join drops them', () => {
    const builder = new StreamsBuilder()
    const [left, right] = [builder.stream(loose), builder.stream(paired)]
    const inner = left.join(right, (l, r, key) => [l, r, key] as const, { within })
    expectTypeOf(inner).toEqualTypeOf<KStream<string, readonly [string, string, string]>>()
    const leftOuter = left.leftJoin(right, (l, r, key) => [l, r, key] as const, { within })
    expectTypeOf(leftOuter).toEqualTypeOf<KStream<string | null, readonly [string, string | null, string | null]>>()
  })

  test('a stream of another key, and a join without a window, are compile errors', () => {
    const numbers = new StreamsBuilder().stream(topic('numbers', { key: serdes.long, value: serdes.string }))
    // @ts-expect-error the keys differ
    expect(() => new StreamsBuilder().stream(texts).join(numbers, text, { within })).toThrow()
    const joinable = new StreamsBuilder().stream(texts)
    // @ts-expect-error no window
    expect(() => joinable.join(joinable, text)).toThrow(/joinWindow\(minutes\(5\)\)/)
  })
})

describe('mistakes', () => {
  test('streams of two builders don’t meet', () => {
    expect(() => new StreamsBuilder().stream(texts).join(new StreamsBuilder().stream(copies), text, { within })).toThrow(
      expect.objectContaining({ code: 'TOPOLOGY_INVALID' }),
    )
  })

  test('a side whose serde isn’t known says which, and where to give it', () => {
    const error = refused((b) => b.stream(texts).mapValues((v) => `${v}!`).leftJoin(b.stream(copies), text, { within })) // prettier-ignore
    expect(error.mistakes).toMatchObject([
      { code: 'SERDE_MISSING', message: expect.stringMatching(/left stream .*value serde.*mapValues\(…, \{ value: serdes.string \}\)/) },
    ])
  })

  test('given stores must fit the window, keep duplicates, and be two', () => {
    const joined = (name: string, more: object): string[] =>
      refused((b) => b.stream(texts).join(b.stream(copies), text, { within, stores: given(name, more)! })).mistakes.map(
        ({ message }) => message,
      )
    for (const more of [{ sizeMs: 10 }, { retentionMs: 30 }, { duplicates: false }])
      expect(joined('mine', more)).toEqual(
        expect.arrayContaining([expect.stringMatching(/store mine .*sizeMs: 20, retentionMs: 25, duplicates: true/)]),
      )
    expect(joined('other', {}).join()).toMatch(/both sides of a join keep their records in store other/)
  })

  test('names that are generated are mistakes where they must be explicit', () => {
    const make = (options: object) => (b: StreamsBuilder) =>
      b.stream(texts).leftJoin(b.stream(copies).selectKey((v) => v, { key: serdes.string }), text, { within, ...options }).to(paired) // prettier-ignore
    const strict = { ensureExplicitInternalResourceNaming: true }
    expect(refused(make({}), strict).mistakes.map(({ message }) => message.split(' has')[0])).toEqual([
      'store KSTREAM-JOINTHIS-0000000008-store',
      'store KSTREAM-OUTERSHARED-0000000008-store',
      'store KSTREAM-OUTEROTHER-0000000009-store',
      'topic KSTREAM-KEY-SELECT-0000000002-repartition',
    ])
    built(make({ name: 'j', store: 'j' }), strict)
  })
})

describe('stores', () => {
  test('are kept as long as the window and its grace, with the changelog that was asked for', () => {
    const topology = built((b) => b.stream(texts).leftJoin(b.stream(copies), text, { within: within.before(3), store: 's', changelog: { 'segment.bytes': '1' } })) // prettier-ignore
    expect([...topology.stores.values()].map(({ name, spec, changelog }) => [name, spec.kind, changelog?.configs])).toEqual([
      ['s-this-join-store', 'window', { 'segment.bytes': '1' }],
      ['s-left-shared-join-store', 'keyValue', { 'segment.bytes': '1' }],
      ['s-outer-other-join-store', 'window', { 'segment.bytes': '1' }],
    ])
    expect(topology.stores.get('s-this-join-store')?.spec).toMatchObject({ sizeMs: 13, retentionMs: 18, duplicates: true })
    const without = built((b) => b.stream(texts).leftJoin(b.stream(copies), text, { within: within.eager(), changelog: false }))
    expect([...without.stores.values()].map(({ changelog }) => changelog)).toEqual([undefined, undefined])
  })

  test('make one sub-topology of both sides, whose topics must agree', () => {
    const topology = built((b) => b.stream(texts).join(b.stream(copies), text, { within }).to(paired))
    expect(topology.subtopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['texts', 'copies']])
    expect(() => topology.partitionCounts((name) => (name === 'texts' ? 3 : 4))).toThrow(expect.objectContaining({ code: 'COPARTITION' }))
  })
})

describe('repartitions', () => {
  const byValue = (b: StreamsBuilder): KStream<string, string> => b.stream(texts).selectKey((v) => v, { key: serdes.string })
  const topics = (make: (b: StreamsBuilder) => unknown): string[] => built(make).repartitionTopics.map(({ name }) => name)

  test('stand before each side whose key was changed, called after the join or the stream', () => {
    expect(topics((b) => byValue(b).join(b.stream(copies), text, { within, name: 'j' }))).toEqual(['j-left-repartition'])
    expect(topics((b) => b.stream(copies).join(byValue(b), text, { within, name: 'j' }))).toEqual(['j-right-repartition'])
    expect(topics((b) => byValue(b).join(b.stream(copies), text, { within }))).toEqual(['KSTREAM-KEY-SELECT-0000000001-repartition'])
  })

  test('of one stream are shared by joins without names; one of a join with a name is taken over by the next without', () => {
    const twice = (first: object) => (b: StreamsBuilder) => {
      const stream = byValue(b)
      for (const options of [first, {}, {}]) stream.join(b.stream(copies), text, { within, ...options })
    }
    expect(topics(twice({}))).toEqual(['KSTREAM-KEY-SELECT-0000000001-repartition'])
    expect(topics(twice({ name: 'j' }))).toEqual(['j-left-repartition'])
  })
})
