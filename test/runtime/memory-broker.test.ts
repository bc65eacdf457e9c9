import { expect, test } from 'vitest'
import { memoryBroker } from '../../src/index.ts'
import { texts } from '../support/shop-topics.ts'
import { freshBroker } from './app-world.ts'

test('what is produced is read, each partition in order, with headers, times and offsets', async () => {
  const broker = freshBroker()
  broker.createTopic('texts', { partitions: 2 })
  await broker.produce(texts, [
    { key: 'a', value: '1', timestamp: 5, partition: 1, headers: [['h', new Uint8Array([1])]] },
    { key: null, value: null, timestamp: 6 },
  ])
  const found = []
  for await (const record of broker.read(texts)) found.push(record)
  expect(found).toEqual([
    { key: null, value: null, timestamp: 6, headers: [], partition: 0, offset: 0 },
    { key: 'a', value: '1', timestamp: 5, headers: [['h', new Uint8Array([1])]], partition: 1, offset: 0 },
  ])
  expect(broker.topics()).toEqual(['texts'])
})

test('a reader may wait for what comes, until it is quiet', async () => {
  const broker = freshBroker()
  await broker.produce(texts, { key: 'a', value: '1' })
  const found: (string | null)[] = []
  let more = true
  for await (const { value } of broker.read(texts, { quietMs: 100 })) {
    found.push(value)
    if (more) await broker.produce(texts, { key: 'a', value: '2' })
    more = false
  }
  expect(found).toEqual(['1', '2'])
})

test('a reader may wait longer for what comes first', async () => {
  const broker = freshBroker()
  broker.createTopic(texts.name, { partitions: 2 })
  setTimeout(() => void broker.produce(texts, { key: 'a', value: '1' }), 150)
  const found: (string | null)[] = []
  for await (const { value } of broker.read(texts, { quietMs: 20, waitMs: 10_000 })) found.push(value)
  expect(found).toEqual(['1'])
})

test('a name is one broker until it is closed', async () => {
  const broker = freshBroker()
  await broker.produce(texts, { key: 'a', value: '1' })
  expect(memoryBroker(broker.name)).toBe(broker)
  broker.close()
  const next = memoryBroker(broker.name)
  expect(next.topics()).toEqual([])
  next.close()
})

test('a topic that can’t be is refused', () => {
  expect(() => freshBroker().createTopic('no/slash')).toThrow()
  expect(() => freshBroker().createTopic('texts', { partitions: 0 })).toThrow()
})
