import { expect, test } from 'vitest'
import { ClusterError } from '../../src/base/errors.ts'
import { seeded } from '../../src/base/random.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import type { Transport } from '../../src/kafka/lane.ts'
import { METADATA } from '../../src/wire/api/metadata.ts'
import { clientWorld, driven } from './client-world.ts'

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

/** A transport to brokers of which some can't be reached; `dialled` says whom it tried. */
function partlyDown(cluster: Transport, down: ReadonlySet<number>, seeds: readonly number[]): { transport: Transport; dialled: number[] } {
  const dialled: number[] = []
  const [{ host } = { host: '' }] = cluster.seeds()
  const transport: Transport = {
    seeds: () => seeds.map((port) => ({ host, port })),
    lane: async (to, kind) => {
      dialled.push(to.port)
      if (down.has(to.port)) throw new ClusterError('CONNECTION_LOST', `broker ${to.port} is down`, { retriable: true })
      return cluster.lane(to, kind)
    },
    close: () => cluster.close(),
  }
  return { transport, dialled }
}

test('begins with the next seed, and asks the next broker, when one can’t be reached', async () => {
  const { cluster, clock } = clientWorld({ brokers: 3 })
  cluster.createTopic('orders', { partitions: 3 })
  const down = new Set([1])
  const { transport, dialled } = partlyDown(cluster, down, [1, 2, 3])
  const client = new Cluster({ clock, random: seeded(2), transport, retryMs: 60_000 })
  expect((await driven(clock, client.refresh(['orders']))).size).toBe(1)
  expect(dialled).toEqual([1, 2])
  // The broker that answered goes, the first one comes back.
  down.delete(1)
  down.add(2)
  cluster.dropConnections()
  for (let i = 0; i < 4; i++) expect((await driven(clock, client.refresh(['orders']))).size).toBe(1)
})

test('looks for a coordinator’s successor when it can’t be reached', async () => {
  const { cluster, clock } = clientWorld({ brokers: 2 })
  const down = new Set<number>()
  const { transport } = partlyDown(cluster, down, [1, 2])
  const client = new Cluster({ clock, random: seeded(2), transport, retryMs: 60_000 })
  cluster.moveCoordinator('g', 1)
  expect((await client.coordinator('g', 'group')).node).toBe(1)
  down.add(1)
  cluster.dropConnections()
  cluster.moveCoordinator('g', 2)
  const lane = await driven(
    clock,
    client.retried(() => client.coordinator('g', 'group'), 'looking for the coordinator'),
  )
  expect(lane.node).toBe(2)
})

test('groups what it has by leaders, and asks for those that it doesn’t know', async () => {
  const { cluster, client, drive } = clientWorld({ brokers: 3 })
  cluster.createTopic('orders', { partitions: 6 })
  const items = [0, 1, 2, 3, 4, 5].map((partition) => ({ tp: { topic: 'orders', partition }, partition }))
  const byNode = await drive(client.byLeader(items))
  expect([...byNode.values()].flat().toSorted((a, b) => a.partition - b.partition)).toEqual(items)
  expect(byNode.size).toBe(3)
  for (const [node, led] of byNode) for (const { tp } of led) expect(client.leader(tp)?.node).toBe(node)
})
