import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { murmur2, partitionOf } from '../../../src/base/murmur2.ts'
import { utf8 } from '../../../src/base/text.ts'
import { joinWindow, serdes, StreamsBuilder, topic } from '../../../src/index.ts'
import { noHeaders } from '../../../src/model/headers.ts'
import { fullOuter, inner, leftOuter, type JoinKind } from '../../../src/operators/join/join-kind.ts'
import type { JoinWindows } from '../../../src/operators/join/join-windows.ts'
import { joinBuffer, joinLeft, joinRight } from '../../../src/operators/join/stream-stream.ts'
import { TopologyTestDriver } from '../../../src/testing.ts'
import { stateful } from '../../support/operator-state.ts'
import { arrivals, naiveAlone, naivePairs, pairText, twoStreams, type Arrival, type Result } from '../../support/two-streams.ts'

const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const FAR = 1_000_000

const bounds = (least: number): fc.Arbitrary<JoinWindows> =>
  fc
    .record({ before: fc.integer({ min: least, max: 8 }), after: fc.integer({ min: least, max: 8 }), grace: fc.nat(6) })
    .filter(({ before, after }) => before + after >= 0)
    .map(({ before, after, grace }) => joinWindow(8).before(before).after(after).grace(grace))

/** What a join answers to arrivals; with a commit after each, so that little is resident where little may be. */
async function answers(
  records: readonly Arrival[],
  kind: JoinKind,
  windows: JoinWindows,
  slow = false,
): Promise<{ results: Result[]; drops: number }> {
  const { running, commit } = stateful(twoStreams(kind, windows), { slow, cacheBytes: slow ? 0 : 1 << 20 })
  for (const { side, ...record } of records) {
    await running.send({ ...record, topic: side })
    await commit()
  }
  const results = running.outputs.map(({ key, value, timestamp }): Result => [key, value, timestamp])
  return { results, drops: [...running.dropped].reduce((sum, [reason, count]) => sum + (reason === 'expired' ? 0 : count), 0) }
}

/** Ends both sides far in the future, so that everything that waits is told. */
const ending = (partition: number): Arrival[] =>
  [0, 1, 2, 3].map((i) => ({
    side: i % 2 === 0 ? 'left' : 'right',
    key: `end ${partition}`,
    value: 'end',
    timestamp: FAR * (i + 1),
    headers: noHeaders,
  }))

const sorted = (results: readonly Result[]): string[] =>
  results.filter(([key]) => key === null || !key.startsWith('end')).map((result) => JSON.stringify(result)).toSorted() // prettier-ignore

describe('against two loops', () => {
  test('J1–J5: an inner join is each record with those near it that came before and are kept, by their times', () =>
    fc.assert(
      fc.asyncProperty(arrivals(30), bounds(-4), fc.boolean(), async (records, windows, slow) => {
        const { results, drops } = await answers(records, inner, windows, slow)
        expect(results).toEqual(naivePairs(records, windows))
        expect(drops).toBe(records.filter(({ key, value }) => key === null || value === null).length)
      }),
      RUNS,
    ))

  test.each([
    ['left', leftOuter],
    ['outer', fullOuter],
  ])('J6–J12: a %s join is that, and each record that meets nothing, once', (_name, kind) =>
    fc.assert(
      fc.asyncProperty(
        bounds(1).chain((windows) => fc.tuple(fc.constant(windows), arrivals(windows.graceMs))),
        fc.boolean(),
        fc.boolean(),
        async ([windows, records], slow, eager) => {
          const within = eager ? windows.eager() : windows
          const { results } = await answers([...records, ...ending(0)], kind, within, slow)
          expect(sorted(results)).toEqual(sorted([...naivePairs(records, within), ...naiveAlone(records, kind, within)]))
        },
      ),
      RUNS,
    ),
  )

  const sides = {
    left: topic('left', { key: serdes.string, value: serdes.string, nullable: 'both' }),
    right: topic('right', { key: serdes.string, value: serdes.string, nullable: 'both' }),
  }
  const out = topic('out', { key: serdes.string, value: serdes.string, nullable: 'both' })

  test.each([
    ['join', inner],
    ['leftJoin', leftOuter],
    ['outerJoin', fullOuter],
  ] as const)('%s answers so in each of three partitions', (method, kind) => {
    const within = joinWindow(5).before(2).grace(4)
    const builder = new StreamsBuilder()
    const [left, right] = [builder.stream(sides.left), builder.stream(sides.right)]
    const joined = {
      join: () => left.join(right, pairText, { within }),
      leftJoin: () => left.leftJoin(right, pairText, { within }),
      outerJoin: () => left.outerJoin(right, pairText, { within }),
    }
    joined[method]().to(out)
    const topology = builder.build()
    fc.assert(
      fc.property(arrivals(within.graceMs), (records) => {
        using driver = new TopologyTestDriver(topology, { partitions: 3 })
        const send = ({ side, ...record }: Arrival, partition: number): void => driver.input(sides[side]).send({ ...record, partition })
        const placed = records.map((record) => ({ record, partition: record.key === null ? 0 : partitionOf(murmur2(utf8(record.key)), 3) }))
        for (const { record, partition } of placed) send(record, partition)
        for (const partition of [0, 1, 2]) for (const record of ending(partition)) send(record, partition)
        const expected = [0, 1, 2].flatMap((partition) => {
          const own = placed.filter((one) => one.partition === partition).map(({ record }) => record)
          return [...naivePairs(own, within), ...naiveAlone(own, kind, within)]
        })
        const results = driver.output(out).readAll()
        expect(sorted(results.map(({ key, value, timestamp }): Result => [key, value!, timestamp]))).toEqual(sorted(expected))
      }),
      RUNS,
    )
  })
})

describe('a result', () => {
  const at = (side: Arrival['side'], value: string, timestamp: number, name = value): Arrival => ({
    side,
    key: 'k',
    value,
    timestamp,
    headers: [[name, null]],
  })

  test('J3: has the later time and the arriving record’s headers', () => {
    const { running } = stateful(twoStreams(inner, joinWindow(10)))
    for (const { side, ...record } of [at('left', 'l', 5), at('right', 'r', 3)])
      expect(running.send({ ...record, topic: side })).toBeUndefined()
    expect(running.outputs).toMatchObject([{ value: 'k:l&r', timestamp: 5, headers: [['r', null]] }])
  })

  test('J7, J10: without a partner comes before the pairs of the record that moved time, with its own time and that record’s headers', () => {
    const { running } = stateful(twoStreams(fullOuter, joinWindow(10).before(4).grace(5)))
    const send = ({ side, ...record }: Arrival): unknown => running.send({ ...record, topic: side })
    for (const record of [at('left', 'l', 0), at('right', 'r', 20)]) send({ ...record, key: `${record.value}` })
    expect(running.take()).toMatchObject([{ key: 'l', value: 'l:l&null', timestamp: 0, headers: [['r', null]] }])
    send(at('left', 'mate', 21))
    // Right records wait for 4 + 5 ms, left ones for 10 + 5.
    send(at('right', 'on time', 29))
    expect(running.take()).toMatchObject([{ value: 'k:mate&on time' }])
    send(at('right', 'later', 30))
    expect(running.take()).toMatchObject([
      { key: 'r', value: 'r:null&r', timestamp: 20, headers: [['later', null]] },
      { value: 'k:mate&later', timestamp: 30 },
    ])
  })

  test('J11: without a partner comes at once where the window is over already, and a partner may still follow', () => {
    const { running } = stateful(twoStreams(leftOuter, joinWindow(10).grace(5)))
    for (const { side, ...record } of [at('right', 'now', 118), at('left', 'late', 107), at('right', 'mate', 112)])
      void running.send({ ...record, topic: side })
    expect(running.outputs.map(({ value }) => value)).toEqual(['k:late&null', 'k:late&mate'])
  })

  test('J4: without a key comes at once where the side may be alone', () => {
    const { running } = stateful(twoStreams(leftOuter, joinWindow(10)))
    void running.send({ ...at('left', 'l', 0), key: null, topic: 'left' })
    void running.send({ ...at('right', 'r', 0), key: null, topic: 'right' })
    void running.send({ ...at('left', 'l', 0), value: null, topic: 'left' })
    expect(running.outputs.map(({ key, value }) => [key, value])).toEqual([[null, 'null:l&null']])
    expect([...running.dropped]).toEqual([
      ['null_key', 1],
      ['null_value', 1],
    ])
  })

  test('B39: may be null, but neither undefined nor a promise', () => {
    const answering = (answer: unknown): (() => unknown) => {
      const operator = twoStreams(inner, joinWindow(10), () => answer as string)
      const { running } = stateful(operator)
      void running.send({ key: 'k', value: 'l', topic: 'left' })
      return () => running.send({ key: 'k', value: 'r', topic: 'right' })
    }
    expect(answering(null)()).toBeUndefined()
    for (const answer of [undefined, Promise.resolve('')])
      expect(answering(answer)).toThrow(expect.objectContaining({ code: 'PROCESSOR_RESULT' }))
  })
})

test('a record is kept when what it met has been handed on, however long that takes', async () => {
  const order: string[] = []
  const { running, rows } = stateful(twoStreams(inner, joinWindow(10)), {
    below: async (_key, value) => {
      await new Promise((settle) => setImmediate(settle))
      order.push(String(value))
    },
  })
  for (const value of ['1', '2']) await running.send({ key: 'k', value, topic: 'left' })
  const waiting = running.send({ key: 'k', value: 'r', topic: 'right' })
  expect(rows('right')).toMatchObject({ entries: [] })
  await waiting
  expect(order).toEqual(['k:1&r', 'k:2&r'])
  expect(rows('right')).toMatchObject({ entries: [['6b', 0, 20, expect.any(String)]] })
})

test('names and traits are those that Kafka Streams’ topology has', () => {
  const roles = [inner, leftOuter, fullOuter].map((kind) => {
    const join = { kind, windows: joinWindow(1), left: spec('l'), right: spec('r'), unmatched: undefined, join: pairText }
    return [joinLeft(join), joinRight(join)].map(({ role, traits }) => [role, traits.keepsNullKeys, traits.copartitioned])
  })
  expect(roles).toEqual([
    [['KSTREAM-JOINTHIS-', false, true], ['KSTREAM-JOINOTHER-', false, true]],
    [['KSTREAM-JOINTHIS-', true, true], ['KSTREAM-OUTEROTHER-', true, true]],
    [['KSTREAM-OUTERTHIS-', true, true], ['KSTREAM-OUTEROTHER-', true, true]],
  ]) // prettier-ignore
  expect(joinBuffer(spec('l')).role).toBe('KSTREAM-WINDOWED-')
})

function spec(name: string): Parameters<typeof joinBuffer<string | null, string>>[0] {
  return { kind: 'window', name, sizeMs: 2, retentionMs: 2, duplicates: true }
}
