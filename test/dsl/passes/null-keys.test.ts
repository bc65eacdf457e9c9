import { expect, test } from 'vitest'
import { joinWindow, serdes, StreamsBuilder, topic, type KStream } from '../../../src/index.ts'
import { TopologyTestDriver } from '../../../src/testing.ts'

const text = (name: string) => topic(name, { key: serdes.string, value: serdes.string, nullable: 'both' }) // oxlint-disable-line
const within = joinWindow(10)
const pair = (a: string | null, b: string | null): string => `${a}${b}`

/** How many records without a key come through each repartition topic. */
function through(
  make: (stream: KStream<string | null, string | null>, other: KStream<string | null, string | null>) => unknown,
): Record<string, number> {
  const builder = new StreamsBuilder()
  const stream = builder.stream(text('in')).selectKey((v): string | null => v, { key: serdes.string })
  make(stream, builder.stream(text('other')))
  using driver = new TopologyTestDriver(builder.build())
  driver.input(text('in')).send({ key: 'k', value: null })
  driver.input(text('in')).send({ key: 'k', value: 'v' })
  const sent = driver.internal().filter(({ topic: name }) => name.endsWith('-repartition'))
  const names = [...new Set(sent.map(({ topic: name }) => name))]
  return Object.fromEntries(
    names.map((name) => [name.slice('test-'.length), sent.filter((record) => record.topic === name && record.key === null).length]),
  )
}

test('null keys are dropped before a repartition that only inner joins and aggregations read', () => {
  expect(through((s, other) => s.join(other, pair, { within, name: 'j' }))).toEqual({ 'j-left-repartition': 0 })
  expect(through((s) => s.groupByKey({ name: 'g' }).count())).toEqual({ 'g-repartition': 0 })
})

test('a left or outer join below lets them through, on both of its sides, and whoever shares the repartition', () => {
  expect(through((s, other) => s.leftJoin(other, pair, { within, name: 'j' }))).toEqual({ 'j-left-repartition': 1 })
  expect(through((s, other) => other.leftJoin(s, pair, { within, name: 'j' }))).toEqual({ 'j-right-repartition': 1 })
  expect(
    through((s, other) => {
      s.join(other, pair, { within })
      s.leftJoin(other, pair, { within })
    }),
  ).toEqual({ 'KSTREAM-KEY-SELECT-0000000001-repartition': 1 })
})

test('it does so through every repartition above it, the user’s own too', () => {
  expect(
    through((s, other) => {
      const again = s.repartition({ name: 'own' }).selectKey((v): string | null => v, { key: serdes.string })
      again.leftJoin(other, pair, { within, name: 'j' })
    }),
  ).toEqual({ 'own-repartition': 1, 'j-left-repartition': 1 })
})
