import { expect, test } from 'vitest'
import { joinWindow, serdes, type BuildOptions, type KStream, type Topology } from '../../../src/index.ts'
import { built, copies, texts } from '../../support/shop-topics.ts'

const within = joinWindow(10).grace(5)
const text = (a: string | null, b: string | null): string => `${a}${b}`
const optimize = { optimize: ['single.store.self.join'] } as const

const joined = (make: (stream: KStream<string, string>) => KStream<string, string>, options: BuildOptions = optimize): Topology =>
  built((builder) => make(builder.stream(texts)).to(copies), options)

const stores = (topology: Topology): string[] => [...topology.stores.keys()]
const steps = (topology: Topology): string[] => [...topology.nodes.keys()].filter((name) => name.startsWith('j'))

test('a join of a stream with itself keeps its records once, when asked to', () => {
  const join = (stream: KStream<string, string>): KStream<string, string> => stream.join(stream, text, { within, name: 'j', store: 's' })
  expect([stores(joined(join)), steps(joined(join))]).toEqual([['s-this-join-store'], ['j-this-windowed', 'j-merge']])
  expect(stores(joined(join, {}))).toEqual(['s-this-join-store', 's-other-join-store'])
  expect(stores(joined(join, { optimize: ['merge.repartition.topics'] }))).toHaveLength(2)
})

test('sides that are not one step keep a store each', () => {
  expect(
    stores(
      joined((s) =>
        s.join(
          s.filter(() => true),
          text,
          { within },
        ),
      ),
    ),
  ).toHaveLength(2)
})

test('left and outer ones keep theirs, because they would lose results; in parity mode they don’t', () => {
  const join = (stream: KStream<string, string>): KStream<string, string> => stream.outerJoin(stream, text, { within, store: 's' })
  expect(stores(joined(join))).toHaveLength(3)
  expect(stores(joined(join, { ...optimize, parity: 'kafka-streams' }))).toEqual(['s-outer-this-join-store'])
})

test('where its key was changed, one repartition serves both sides', () => {
  const rekeyed = (name?: string) => (stream: KStream<string, string>) => {
    const by = stream.selectKey((value) => value, { key: serdes.string })
    return by.join(by, text, { within, ...(name === undefined ? {} : { name }) })
  }
  const unnamed = joined(rekeyed())
  expect([stores(unnamed), unnamed.repartitionTopics]).toMatchObject([['KSTREAM-JOINTHIS-0000000010-store'], [{}]])
  // Two topics, unless they are merged first.
  expect(stores(joined(rekeyed('j')))).toHaveLength(2)
  const merged = joined(rekeyed('j'), { optimize: true })
  expect([stores(merged).length, merged.repartitionTopics.map(({ name }) => name)]).toEqual([1, ['j-left-repartition']])
})
