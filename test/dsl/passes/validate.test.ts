import { expect, test } from 'vitest'
import { serdes, topic } from '../../../src/index.ts'
import { built, copies, counts, refused, texts } from '../../support/shop-topics.ts'

test('an empty topology says how to begin', () => {
  expect(refused(() => undefined)).toMatchObject({ code: 'TOPOLOGY_EMPTY', message: expect.stringContaining('builder.stream(') })
})

test('two steps of one name are named', () => {
  const error = refused((builder) => {
    const stream = builder.stream(texts)
    stream.filter(() => true, { name: 'same' })
    stream.peek(() => undefined, { name: 'same' })
  })
  expect(error).toMatchObject({ code: 'NODE_DUPLICATE', message: expect.stringContaining('same') })
})

test('nobody writes into an internal topic', () => {
  const error = refused((builder) => {
    builder.stream(texts).groupByKey().count({ store: 'mine' })
    builder.stream(copies).to(topic('mine-changelog', { key: serdes.string, value: serdes.string }))
  })
  expect(error).toMatchObject({ code: 'TOPIC_RESERVED', message: expect.stringContaining('mine-changelog') })
})

test('generated names of what outlives a deployment are mistakes when that is asked for', () => {
  const make = (builder: Parameters<Parameters<typeof built>[0]>[0]): unknown =>
    builder
      .stream(texts)
      .groupBy((value) => value, { key: serdes.string })
      .count()
      .toStream()
      .to(counts)
  expect(built(make).nodes.size).toBeGreaterThan(0)
  const { mistakes } = refused(make, { ensureExplicitInternalResourceNaming: true })
  expect(mistakes.map(({ message }) => message.split(' ')[0])).toEqual(['store', 'topic'])
})

test('all mistakes come in one error', () => {
  const error = refused((builder) => {
    builder.stream(texts).filter(() => true, { name: 'a b' })
    builder
      .stream(copies)
      .map((value, key) => [value.length, key])
      .groupByKey()
      .count()
  })
  expect(error.mistakes.length).toBeGreaterThan(1)
  expect(error.message).toContain(`the topology has ${error.mistakes.length} mistakes`)
})
