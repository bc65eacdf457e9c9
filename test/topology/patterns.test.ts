import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { serdes, StreamsBuilder, topic } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { matches, overlaps, patternMistake, withTopics } from '../../src/topology/patterns.ts'
import { copies, orders, refused, texts } from '../support/shop-topics.ts'

const sides = { key: serdes.string, value: serdes.string }

test('a pattern finds topics, but none of Kafka’s own', () => {
  expect(matches(/^orders-/, 'orders-eu')).toBe(true)
  expect(matches(/^orders-/, 'old-orders-eu')).toBe(false)
  expect(matches(/.*/, '__consumer_offsets')).toBe(false)
  expect(matches(/x/, 'x'.repeat(250))).toBe(false)
})

test('flags that remember where they were change nothing', () => {
  const sticky = /orders/gy
  for (let i = 0; i < 3; i++) expect(matches(sticky, 'orders')).toBe(true)
  expect(matches(/ORDERS/i, 'orders')).toBe(true)
})

test.each(['(a+)+$', '(a*)*', '([a-z]+-)+x', '(a|aa)+', '(.|a)*', String.raw`(\w+\s?)*`, String.raw`(a)\1`, '.*.*.*.*.*x', '((ab)+c?)+'])(
  'B22: /%s/ could run for ever on somebody’s topic, and is refused',
  (source) => {
    expect(patternMistake(new RegExp(source), 'in')?.code).toBe('PATTERN_UNSAFE')
  },
)

test.each([
  'in-.*',
  '^orders-[a-z]+$',
  '(eu|us)-orders-.*',
  '(?:abc)+',
  '(a|b)+',
  String.raw`orders\.v\d{1,3}`,
  '^(?!x).*$',
  '[+*]{2}',
  'a{2}',
])('/%s/ is fine', (source) => {
  expect(patternMistake(new RegExp(source), 'in')).toBeUndefined()
})

test('what is not refused is tried quickly, whatever the topic is called', () => {
  const part = fc.constantFrom('a', '.*', 'a+', '[ab]*', '(a|b)+', '(ab)*', '(?:a?b)+', '(a+b)+', '(a|ab)*', '-', 'b?')
  const name = fc.array(fc.constantFrom('a', 'b', '-', 'ab'), { maxLength: 120 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), name, (parts, found) => {
      const pattern = new RegExp(`^${parts.join('')}x$`)
      fc.pre(patternMistake(pattern, 'in') === undefined)
      const started = performance.now()
      matches(pattern, found)
      expect(performance.now() - started).toBeLessThan(500)
    }),
  )
})

test('two sources don’t share a topic', () => {
  expect(
    overlaps([
      { name: 'a', topics: ['in-1'] },
      { name: 'b', topics: [], pattern: /^in-/ },
    ]).map(({ code, node }) => [code, node]),
  ).toEqual([['DUPLICATE_SOURCE', 'b']])
  const twice = refused((builder) => {
    builder.stream(texts).to(copies)
    builder.stream(/^te/, sides).to(copies)
  })
  expect(twice.mistakes.map(({ code }) => code)).toEqual(['DUPLICATE_SOURCE'])
  expect(refused((builder) => builder.stream(/(a+)+$/, sides).to(copies)).mistakes.map(({ code }) => code)).toEqual(['PATTERN_UNSAFE'])
})

test('the same pattern read twice is one source', () => {
  const builder = new StreamsBuilder()
  builder.stream(/^in-/, sides).to(copies)
  builder.stream(/^in-/, sides).to(topic('more', sides))
  const topology = builder.build()
  expect(topology.subtopologies.flatMap(({ sources }) => sources)).toHaveLength(1)
  expect(topology.describe()).toContain('(topics: ^in-)')
  const [source] = withTopics([...topology.nodes.values()], ['in-b', 'out', 'in-a'])
  expect(source).toMatchObject({ topics: ['in-a', 'in-b'] })
})

test.each([1, 3])('records of all topics that match come through, each key in order, with %i partitions', (partitions) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('in-a', 'in-b', 'in-c'), fc.constantFrom('x', 'y', 'z')), { maxLength: 30 }), (sent) => {
      const builder = new StreamsBuilder()
      builder
        .stream(/^in-/, sides)
        .groupByKey()
        .reduce((a, b) => `${a}${b}`, { store: 's' })
        .toStream()
        .to(copies)
      using driver = new TopologyTestDriver(builder.build(), { partitions })
      const wanted = new Map<string, string>()
      for (const [n, [name, key]] of sent.entries()) {
        driver.input(topic(name, sides)).send({ key, value: `${n},` })
        wanted.set(key, `${wanted.get(key) ?? ''}${n},`)
      }
      const found = new Map(
        driver
          .output(copies)
          .readAll()
          .map(({ key, value }) => [key, value]),
      )
      expect(found).toEqual(wanted)
    }),
    { numRuns: 25 },
  )
})

test('a topic that no pattern finds is refused', () => {
  const builder = new StreamsBuilder()
  builder.stream(/^in-/, sides).to(copies)
  using driver = new TopologyTestDriver(builder.build())
  expect(() => driver.input(orders).send({ key: 'k', value: { customer: 'a', cents: 1 } })).toThrow('no source reads topic orders')
})
