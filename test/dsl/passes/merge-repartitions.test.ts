import { expect, test } from 'vitest'
import { serdes } from '../../../src/index.ts'
import { TopologyTestDriver } from '../../../src/testing.ts'
import { built, counts, texts } from '../../support/shop-topics.ts'

const twoCounts: Parameters<typeof built>[0] = (builder) => {
  const rekeyed = builder.stream(texts).selectKey((value) => value, { key: serdes.string })
  rekeyed.groupByKey().count({ store: 'all' }).toStream().to(counts)
  rekeyed
    .filter((value) => value !== 'x')
    .groupByKey()
    .count({ store: 'some' })
    .toStream()
    .to(counts)
}

test('without the optimisation each grouping has its repartition, with it they share one', () => {
  expect(built(twoCounts).repartitionTopics).toHaveLength(2)
  expect(built(twoCounts, { optimize: ['merge.repartition.topics'] }).repartitionTopics).toHaveLength(1)
  expect(built(twoCounts, { optimize: true }).repartitionTopics).toHaveLength(1)
})

test('answers are the same with and without', () => {
  const answers = [{}, { optimize: true }].map((options) => {
    using driver = new TopologyTestDriver(built(twoCounts, options), { partitions: 3 })
    for (const value of ['a', 'x', 'a', 'x', 'b']) driver.input(texts).send({ key: 'k', value })
    return ['all', 'some'].map((store) => driver.store<never>(store)).map((store) => [...(store as { range(): Iterable<unknown> }).range()])
  })
  expect(answers[1]).toEqual(answers[0])
})

test('a repartition that was asked for stays', () => {
  const topology = built(
    (builder) => {
      const rekeyed = builder.stream(texts).selectKey((value) => value, { key: serdes.string })
      rekeyed.repartition({ name: 'mine' }).groupByKey().count({ store: 'a' })
      rekeyed.groupByKey({ name: 'yours' }).count({ store: 'b' })
    },
    { optimize: true },
  )
  expect(topology.repartitionTopics.map(({ name }) => name).sort()).toEqual(['mine-repartition', 'yours-repartition'])
})

test('what is placed anew is called after its topic, also where that has a generated name', () => {
  const described = ([false, true] as const).map((optimize) =>
    built(
      (builder) => {
        const rekeyed = builder.stream(texts).selectKey((value) => value, { key: serdes.string })
        rekeyed.groupByKey().count().toStream().to(counts)
        rekeyed.groupByKey().count().toStream().to(counts)
      },
      { optimize },
    ).describe(),
  )
  const generated = /STATE-STORE-\d{10}-repartition-(?:filter|sink|source)/
  expect(described[0]).not.toMatch(generated)
  expect(described[1]).toMatch(generated)
})
