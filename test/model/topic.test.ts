import { describe, expect, expectTypeOf, test } from 'vitest'
import { serdes } from '../../src/model/serdes.ts'
import { partitionKey, topic, type SinkTopic, type Topic } from '../../src/model/topic.ts'

interface Order {
  readonly id: string
}

describe('topic', () => {
  test('is its name and serdes, frozen', () => {
    const orders = topic('orders', { key: serdes.string, value: serdes.long })
    expect(orders).toEqual({ name: 'orders', key: serdes.string, value: serdes.long })
    expect(Object.isFrozen(orders)).toBe(true)
  })

  test('takes its types from its serdes, with null where it says so', () => {
    const sides = { key: serdes.string, value: serdes.json<Order>() }
    expectTypeOf(topic('t', sides)).toEqualTypeOf<Topic<string, Order>>()
    expectTypeOf(topic('t', { ...sides, nullable: 'value' })).toEqualTypeOf<Topic<string, Order | null>>()
    expectTypeOf(topic('t', { ...sides, nullable: 'key' })).toEqualTypeOf<Topic<string | null, Order>>()
    expectTypeOf(topic('t', { ...sides, nullable: 'both' })).toEqualTypeOf<Topic<string | null, Order | null>>()
    expect(topic('t', { ...sides, nullable: 'both' }).nullable).toBe('both')
  })

  test('may be written with what it holds and less, not with more', () => {
    const nullable = topic('t', { key: serdes.string, value: serdes.long, nullable: 'value' })
    const plain = topic('t', { key: serdes.string, value: serdes.long })
    const less: SinkTopic<string, number> = nullable
    // @ts-expect-error -- a null would be written where none is declared
    const more: SinkTopic<string, number | null> = plain
    // @ts-expect-error -- another type
    const other: SinkTopic<string, string> = plain
    expect([less.name, more.name, other.name]).toEqual(['t', 't', 't'])
  })
})

test('a partition’s text is its topic and number, as Kafka writes it', () => {
  expect(partitionKey({ topic: 'a-b', partition: 3 })).toBe('a-b-3')
})
