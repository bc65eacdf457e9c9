import { expect, test } from 'vitest'
import { openTopics } from '../../src/index.ts'
import { texts } from '../support/shop-topics.ts'
import { freshBroker } from './app-world.ts'

test('topics of an in-process broker are written and read by its name', async () => {
  const broker = freshBroker()
  await using topics = await openTopics({ brokers: `memory:${broker.name}` })
  await topics.createTopic('texts', { partitions: 2 })
  await topics.produce(texts, { key: 'a', value: '1' })
  const found = []
  for await (const { value } of topics.read(texts)) found.push(value)
  expect(found).toEqual(['1'])
  expect(broker.topics()).toEqual(['texts'])
})

test('brokers that can’t be are refused before anything is opened', async () => {
  await expect(openTopics({ brokers: 'no port' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
