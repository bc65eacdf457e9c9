import { describe, expect, test } from 'vitest'
import { serdes, type StreamsBuilder, type Topology } from '../../src/index.ts'
import type { TopologyJson } from '../../src/topology/topology-json.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'

const counting = (b: StreamsBuilder, store?: string): void => {
  const rekeyed = b.stream(texts).selectKey((v) => v, { key: serdes.string })
  rekeyed.groupByKey().count(store === undefined ? {} : { store }).toStream().to(counts) // prettier-ignore
}

const saved = (topology: Topology): TopologyJson => JSON.parse(JSON.stringify(topology)) as TopologyJson

describe('a topology is compatible with an older one', () => {
  test('that is the same, as an object or as data', () => {
    const older = built((b) => counting(b, 'c'))
    for (const one of [older, saved(older)]) {
      expect(built((b) => counting(b, 'c')).diff(one)).toEqual({ verdict: 'compatible', changes: [], orphaned: [] })
    }
  })

  test('to which a step was added that moves no name of a store or topic', () => {
    const newer = built((b) => {
      counting(b, 'c')
      b.stream(texts).peek(() => undefined, { name: 'look' }) // prettier-ignore
    })
    const { verdict, changes } = newer.diff(built((b) => counting(b, 'c')))
    expect([verdict, changes]).toEqual(['compatible', ['step look is new']])
  })
})

describe('it needs a reset', () => {
  test('when a generated name has moved, which leaves topics behind', () => {
    const older = built((b) => counting(b))
    const newer = built((b) => {
      b.stream(copies)
      counting(b)
    })
    const { verdict, changes, orphaned } = newer.diff(older)
    expect(verdict).toBe('reset')
    expect(changes).toEqual(expect.arrayContaining(['store KSTREAM-AGGREGATE-STATE-STORE-0000000003 is gone', 'store KSTREAM-AGGREGATE-STATE-STORE-0000000004 is new'])) // prettier-ignore
    expect(orphaned).toEqual(['KSTREAM-AGGREGATE-STATE-STORE-0000000003-repartition', 'KSTREAM-AGGREGATE-STATE-STORE-0000000003-changelog'])
  })

  test('when tasks have other numbers', () => {
    const first = (b: StreamsBuilder): void => b.stream(texts).to(copies)
    const second = (b: StreamsBuilder): void => counting(b, 'c')
    const older = built((b) => {
      b.stream(copies).to(texts)
      second(b)
    })
    const newer = built((b) => {
      second(b)
      b.stream(copies).to(texts)
    })
    expect(newer.diff(older).changes).toEqual(
      expect.arrayContaining(['topic texts is read by sub-topology 0, it was 1: tasks have other numbers']),
    )
    expect(built(first).diff(older).changes).toEqual(expect.arrayContaining(['source topic copies is gone', 'store c is gone']))
  })

  test('when a store is of another kind, or restored from elsewhere', () => {
    const json = saved(built((b) => counting(b, 'c')))
    const other = { ...json, stores: [{ name: 'c', kind: 'window', changelog: null }] }
    expect(built((b) => counting(b, 'c')).diff(other)).toMatchObject({
      verdict: 'reset',
      changes: ['store c is keyValue, restored from c-changelog; it was window, from null'],
    })
  })
})
