import { expect, test } from 'vitest'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { clientWorld } from './client-world.ts'

test('knows topics, partitions, leaders and ids after it asked for them', async () => {
  const { cluster, client } = clientWorld({ brokers: 3 })
  cluster.createTopic('orders', { partitions: 4 })
  const found = await client.refresh(['orders', 'none'])
  expect([...found.keys()]).toEqual(['orders'])
  expect(client.partitions('orders')).toBe(4)
  expect(client.partitions('none')).toBeUndefined()
  expect(new Set([0, 1, 2, 3].map((partition) => client.leader({ topic: 'orders', partition })!.node)).size).toBeGreaterThan(1)
  expect(client.topicId('orders')).not.toBe('')
  expect(client.leader({ topic: 'orders', partition: 9 })).toBeUndefined()
})

test('follows a leader that moved', async () => {
  const { cluster, client } = clientWorld({ brokers: 2 })
  cluster.createTopic('orders')
  await client.refresh(['orders'])
  const tp = { topic: 'orders', partition: 0 }
  const before = client.leader(tp)!
  cluster.moveLeader('orders', 0, { node: before.node === 1 ? 2 : 1 })
  await client.refresh(['orders'])
  expect(client.leader(tp)).toEqual({ node: before.node === 1 ? 2 : 1, epoch: before.epoch + 1 })
})

test('opens one lane for a broker and purpose, and another when it was closed', async () => {
  const { cluster, client } = clientWorld()
  await client.refresh([])
  const lane = await client.lane(1, 'produce')
  expect(await client.lane(1, 'produce')).toBe(lane)
  expect(await client.lane(1, 'call')).not.toBe(lane)
  cluster.dropConnections()
  expect(await client.lane(1, 'produce')).not.toBe(lane)
  await expect(client.lane(99, 'call')).rejects.toThrow(/broker 99/)
})

test('asks again with back-off while a broker cannot answer, and gives up at the deadline with the last reason', async () => {
  const { cluster, client, drive } = clientWorld()
  cluster.createTopic('orders')
  let asked = 0
  cluster.injectFault((api) => (api.key === METADATA.key && ++asked < 4 ? { outcome: 'close-instead' } : undefined))
  expect((await drive(client.refresh(['orders']))).size).toBe(1)
  expect(asked).toBe(4)
  cluster.injectFault(() => ({ outcome: 'close-before' }))
  await expect(drive(client.refresh(['orders']))).rejects.toMatchObject({ code: 'TASK_TIMEOUT' })
})

test('finds a group’s coordinator, and looks again after it was forgotten', async () => {
  const { cluster, client } = clientWorld({ brokers: 2 })
  const first = (await client.coordinator('g', 'group')).node
  const other = first === 1 ? 2 : 1
  cluster.moveCoordinator('g', other)
  expect((await client.coordinator('g', 'group')).node).toBe(first)
  client.forgetCoordinator('g')
  expect((await client.coordinator('g', 'group')).node).toBe(other)
})

test('closes its lanes', async () => {
  const { client } = clientWorld()
  await client.refresh([])
  const lane = await client.lane(1, 'call')
  await client.close()
  await expect(lane.request(METADATA, { topics: [], allowAutoTopicCreation: false })).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})
