import { expect, test } from 'vitest'
import { Admin } from '../../src/kafka/admin.ts'
import { clientWorld } from './client-world.ts'
import { numbered, shown } from '../memory/world.ts'

const topic = { name: 'orders', partitions: 3, replicationFactor: 1, configs: { 'cleanup.policy': 'compact' } }

test('creates topics with partitions and configs, and leaves one that exists as it is', async () => {
  const { cluster, client } = clientWorld()
  const admin = new Admin(client)
  await admin.createTopics([topic])
  await admin.createTopics([{ ...topic, partitions: 5, configs: {} }])
  expect(cluster.topic('orders')!.partitions).toHaveLength(3)
  const configs = await admin.configs(['orders', 'none'])
  expect([...configs.keys()]).toEqual(['orders'])
  expect(configs.get('orders')!['cleanup.policy']).toBe('compact')
})

test('a topic that the broker refuses is named with the reason', async () => {
  const { client } = clientWorld()
  await expect(new Admin(client).createTopics([{ ...topic, name: 'no/slash' }])).rejects.toThrow(/creating topic no\/slash.*INVALID_TOPIC/)
})

test('deletes records below an offset and keeps the others', async () => {
  const { cluster, client, produce } = clientWorld()
  cluster.createTopic('orders')
  await produce('orders', numbered(5))
  await produce('orders', numbered(2))
  await new Admin(client).deleteRecords([{ tp: { topic: 'orders', partition: 0 }, offset: 5 }])
  expect(shown(cluster.read('orders', 0, cluster.topic('orders')!.partitions[0]!.log.startOffset))).toEqual(['5 k0=v0', '6 k1=v1'])
})

test('deletes records of partitions that several brokers lead', async () => {
  const { cluster, client, drive } = clientWorld({ brokers: 3 })
  cluster.createTopic('orders', { partitions: 3 })
  const logs = cluster.topic('orders')!.partitions.map(({ log }) => log)
  const below = logs.map((_, partition) => ({ tp: { topic: 'orders', partition }, offset: 0 }))
  await drive(new Admin(client).deleteRecords(below))
  expect(new Set(below.map(({ tp }) => client.leader(tp)!.node)).size).toBe(3)
})

test('nothing to ask is not asked', async () => {
  const { client, cluster } = clientWorld()
  cluster.injectFault(() => new Error('asked'))
  const admin = new Admin(client)
  await admin.createTopics([])
  await admin.deleteRecords([])
  expect((await admin.configs([])).size).toBe(0)
})
