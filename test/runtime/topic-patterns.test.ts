/** Sources with a pattern, on a cluster: the topics it finds are read, and those made later from the next rebalance on. */
import { expect, test } from 'vitest'
import { serdes, topic, type Topic } from '../../src/index.ts'
import { built, counts } from '../support/shop-topics.ts'
import { appOn, freshBroker, processed, until } from './app-world.ts'

const sides = { key: serdes.string, value: serdes.string }
const named = (name: string): Topic<string, string> => topic(name, sides)
const counting = () => built((builder) => builder.stream(/^in-/, sides).groupByKey().count({ store: 'c' }).toStream().to(counts))
const words = Array.from({ length: 20 }, (_, n) => ({ key: `word ${n}`, value: 'v' }))

test('topics that match are read, one made later from the next rebalance on, and nothing is read twice', async () => {
  const broker = freshBroker()
  broker.createTopic('in-a', { partitions: 2 })
  broker.createTopic('other', { partitions: 2 })
  await broker.produce(named('in-a'), words)
  await broker.produce(named('other'), words)
  const first = appOn(broker, counting())
  await first.start()
  await until('the first topic is processed', () => processed('in-a', 20, first))
  broker.createTopic('in-b', { partitions: 2 })
  await broker.produce(named('in-b'), words)
  expect(processed('in-b', 0, first)).toBe(true)
  const second = appOn(broker, counting())
  await second.start()
  await until('the tasks are shared', () => first.tasks().length === 1 && second.tasks().length === 1)
  await until('the second topic is processed', () => processed('in-b', 20, first, second))
  for (const app of [first, second]) expect((await app.close()).clean).toBe(true)
  const last = new Map<string | null, number | null>()
  for await (const { key, value } of broker.read(counts)) last.set(key, value)
  expect([...last.values()]).toEqual(words.map(() => 2))
})

test('a pattern that finds nothing runs, and waits', async () => {
  const app = appOn(freshBroker(), counting())
  await app.start()
  expect(app.tasks()).toEqual([])
  expect((await app.close()).clean).toBe(true)
})
