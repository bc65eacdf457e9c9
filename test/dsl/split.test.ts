import { expect, expectTypeOf, test } from 'vitest'
import { otherwise, serdes, StreamsBuilder, type Branches, type KStream } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built, copies, counts, refused, texts } from '../support/shop-topics.ts'

test('steps of branches are called after the split and the branch, or numbered', () => {
  const named = built((builder) => builder.stream(texts).split({ a: () => true, rest: otherwise }, { name: 'by-size' }))
  expect([...named.nodes.keys()].slice(1)).toEqual(['by-size', 'by-sizea', 'by-sizerest'])
  const numbered = built((builder) => builder.stream(texts).split({ a: () => true, rest: otherwise }, { name: 'n', numbered: true }))
  expect([...numbered.nodes.keys()].slice(1)).toEqual(['n', 'n1', 'n0'])
})

test.each([
  [{}, 'has no branch'],
  [{ a: otherwise, b: otherwise }, 'one `otherwise` at most'],
  [{ 1: () => true }, "can't be called 1"],
])('branches %j are refused', (branches, text) => {
  const error = refused((builder) => builder.stream(texts).split(branches as Branches<string, string>))
  expect(error.code).toBe('BRANCH_INVALID')
  expect(error.message).toContain(text)
})

test('a branch may go on where it is declared: what it answers stands for it', () => {
  const builder = new StreamsBuilder()
  const { short, long } = builder.stream(texts).split({
    short: { when: (value) => value.length < 3, through: (stream) => stream.mapValues((value) => value.length, { value: serdes.long }) },
    long: { when: otherwise, through: (stream) => stream.to(copies) },
  })
  expectTypeOf(short).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(long).toEqualTypeOf<void>()
  expect(long).toBeUndefined()
  short.to(counts)
  using driver = new TopologyTestDriver(builder.build())
  for (const value of ['a', 'abc', 'ab']) driver.input(texts).send({ key: 'k', value })
  expect(
    driver
      .output(counts)
      .readAll()
      .map(({ value }) => value),
  ).toEqual([1, 2])
  expect(
    driver
      .output(copies)
      .readAll()
      .map(({ value }) => value),
  ).toEqual(['abc'])
})
