import { expect, test } from 'vitest'
import { partedAt } from '../../src/kafka/truncation.ts'
import { numbered } from '../memory/world.ts'
import { clientWorld, texts, type ClientWorld } from './client-world.ts'

const tp = { topic: 'orders', partition: 0 }

async function withTopic(): Promise<ClientWorld> {
  const world = clientWorld({ brokers: 2 })
  world.cluster.createTopic('orders')
  for (let n = 0; n < 3; n++) await world.produce('orders', numbered(2))
  await world.client.refresh(['orders'])
  return world
}

test('a new leader that has everything says nothing', async () => {
  const { cluster, client } = await withTopic()
  cluster.moveLeader('orders', 0, { node: 2 })
  await client.refresh(['orders'])
  expect(await partedAt(client, { tp, epoch: 0, position: 6 }, client.leader(tp)!)).toBeUndefined()
})

test('a new leader that lacks records says where they ended, though it has others there', async () => {
  const { cluster, client, produce } = await withTopic()
  cluster.moveLeader('orders', 0, { node: 2, loseFrom: 4 })
  await produce('orders', numbered(9), { node: 2 })
  await client.refresh(['orders'])
  expect(await partedAt(client, { tp, epoch: 0, position: 6 }, client.leader(tp)!)).toBe(4)
  expect(await partedAt(client, { tp, epoch: 0, position: 4 }, client.leader(tp)!)).toBeUndefined()
  expect(await partedAt(client, { tp, epoch: 7, position: 6 }, client.leader(tp)!)).toBe(-1)
})

test('a broker that doesn’t lead, or is behind the asker’s epoch, refuses', async () => {
  const { client } = await withTopic()
  const asked = { tp, epoch: 0, position: 6 }
  await expect(partedAt(client, asked, { node: 2, epoch: 0 })).rejects.toMatchObject({ retriable: true })
  await expect(partedAt(client, asked, { node: 1, epoch: 1 })).rejects.toMatchObject({ retriable: true })
})

test('a fetcher tells its owner where the logs parted, once, and goes on reading there', async () => {
  const world = await withTopic()
  const told: unknown[] = []
  const fetcher = world.fetcher((position, parted) => {
    told.push([position, parted])
    return parted ?? 0
  })
  fetcher.assign([{ tp, offset: 0 }])
  const read = async (count: number): Promise<string[]> => {
    const found: string[] = []
    while (found.length < count) found.push(...texts(await world.drive(fetcher.poll({ timeoutMs: 1_000 }))))
    return found
  }
  await read(6)
  world.cluster.moveLeader('orders', 0, { node: 2, loseFrom: 2 })
  await world.produce('orders', numbered(7), { node: 2 })
  expect(await read(7)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'])
  expect(told).toEqual([[6, 2]])
  expect([fetcher.position(tp), fetcher.end(tp)]).toEqual([9, 9])
  fetcher.close()
})
