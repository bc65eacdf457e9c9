import { expect, test } from 'vitest'
import { serdes, topic, type Serde } from '../../src/index.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

function through(to: Parameters<typeof built>[0], value: string, topicName = 'copies'): string[] {
  const world = taskWorld(built(to), { partitions: () => 3 })
  world.add('texts', [[value, 1]])
  void world.task.process(10)
  return world.written(topicName)
}

test('bytes that nobody looked at are passed on as they are, where their serde allows it', () => {
  const serde = serdes.json<{ a: number }>()
  const from = topic('texts', { key: serdes.string, value: serde })
  const to = topic('copies', { key: serdes.string, value: serde })
  expect(through((builder) => builder.stream(from).to(to), '{ "a" : 1 }')).toEqual(['k={ "a" : 1 }@1'])
  expect(
    through(
      (builder) =>
        builder
          .stream(from)
          .filter(({ a }) => a === 1)
          .to(to),
      '{ "a" : 1 }',
    ),
  ).toEqual(['k={"a":1}@1'])
})

test('a schema that leaves fields out does so on the way through, too', () => {
  const onlyA = {
    '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value: { a: (value as { a: number }).a } }) },
  }
  const serde: Serde<{ a: number }> = serdes.json(onlyA)
  const from = topic('texts', { key: serdes.string, value: serde })
  expect(
    through((builder) => builder.stream(from).to(topic('copies', { key: serdes.string, value: serde })), '{"a":1,"secret":2}'),
  ).toEqual(['k={"a":1}@1'])
})

test('a partitioner chooses one, several, none, or leaves it to the key', () => {
  const chosen = (answer: number | number[] | undefined): number =>
    through((builder) => builder.stream(texts).to(copies, { partitioner: () => answer }), 'v').length
  expect([chosen(2), chosen([0, 1, 2]), chosen([]), chosen(undefined)]).toEqual([1, 3, 0, 1])
  expect(() => chosen(3)).toThrow(/answered 3: the topic has partitions 0 to 2/)
  expect(() => chosen('x' as never)).toThrow(expect.objectContaining({ code: 'PARTITION_INVALID' }))
})

test.each([
  ['no topic/name', /is not a topic name/],
  ['__consumer_offsets', /is Kafka's or/],
  ['app-c-changelog', /application's own/],
])('a record for topic %s is refused', (name, text) => {
  expect(() => through((builder) => builder.stream(texts).to(() => name, { key: serdes.string, value: serdes.string }), 'v')).toThrow(text)
})

test('a serde that answers no bytes is named', () => {
  const broken = { serialize: () => 'text' as never, deserialize: () => 'x' } satisfies Serde<string>
  expect(() =>
    through(
      (builder) =>
        builder
          .stream(texts)
          .mapValues((value) => value)
          .to(topic('copies', { key: serdes.string, value: broken })),
      'v',
    ),
  ).toThrow(/value serde of topic copies answered text instead of bytes/)
})
