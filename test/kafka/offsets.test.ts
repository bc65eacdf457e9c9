import { expect, test } from 'vitest'
import { GroupOffsets, byTopic } from '../../src/kafka/offsets.ts'
import { EARLIEST, LATEST } from '../../src/wire/api/list-offsets.ts'
import { batchOf, START } from '../memory/world.ts'
import { clientWorld } from './client-world.ts'

const tp = { topic: 'orders', partition: 0 }
const nobody = { groupId: 'g', generation: -1, memberId: '', instanceId: null }

test('commits positions with metadata and reads them back; partitions without one are left out', async () => {
  const { cluster, client, drive } = clientWorld()
  cluster.createTopic('orders', { partitions: 2 })
  const offsets = new GroupOffsets(client)
  await drive(offsets.commit([{ tp, offset: 7, metadata: 'm' }], nobody))
  expect(await drive(offsets.committed('g', [tp, { topic: 'orders', partition: 1 }]))).toEqual([{ tp, offset: 7, metadata: 'm' }])
  expect(await offsets.committed('g', [])).toEqual([])
})

test('a commit of somebody the group does not know is for somebody else to make', async () => {
  const { cluster, client, drive } = clientWorld()
  cluster.createTopic('orders')
  const fence = { groupId: 'g', generation: 3, memberId: 'gone', instanceId: null }
  await expect(drive(new GroupOffsets(client).commit([{ tp, offset: 1, metadata: null }], fence))).rejects.toMatchObject({
    code: 'TASK_MIGRATED',
  })
})

test('finds the start, the end, and the first record at or after a time', async () => {
  const { cluster, client, produce, drive } = clientWorld()
  cluster.createTopic('orders')
  await produce(
    'orders',
    batchOf([
      ['a', '1', START],
      ['b', '2', START + 10],
      ['c', '3', START + 20],
    ]),
  )
  const offsets = new GroupOffsets(client)
  const at = async (time: number): Promise<number> => (await drive(offsets.at([tp], time)))[0]!.offset
  expect(await at(EARLIEST)).toBe(0)
  expect(await at(LATEST)).toBe(3)
  expect(await at(START + 5)).toBe(1)
})

test('finds the coordinator again after it moved', async () => {
  const { cluster, client, drive } = clientWorld({ brokers: 2 })
  cluster.createTopic('orders')
  const offsets = new GroupOffsets(client)
  await drive(offsets.commit([{ tp, offset: 1, metadata: null }], nobody))
  cluster.moveCoordinator('g', (await client.coordinator('g', 'call')).node === 1 ? 2 : 1)
  await drive(offsets.commit([{ tp, offset: 2, metadata: null }], nobody))
  expect(await drive(offsets.committed('g', [tp]))).toEqual([{ tp, offset: 2, metadata: null }])
})

test('groups partitions by topic in order', () => {
  const items = [tp, { topic: 'b', partition: 1 }, { topic: 'orders', partition: 2 }].map((one) => ({ tp: one }))
  expect(byTopic(items, (item) => item.tp.partition)).toEqual([
    { topic: 'orders', partitions: [0, 2] },
    { topic: 'b', partitions: [1] },
  ])
})
