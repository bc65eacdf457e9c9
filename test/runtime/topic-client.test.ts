import { expect, test } from 'vitest'
import { seeded } from '../../src/base/random.ts'
import { ClusterTopics } from '../../src/runtime/topic-client.ts'
import { defaultClock } from '../../src/runtime/defaults.ts'
import { MemoryCluster } from '../../src/memory/cluster.ts'
import { texts } from '../support/shop-topics.ts'

test('writes and reads through the client, makes a topic that is missing, and begins at the start', async () => {
  const ports = { clock: defaultClock, random: seeded(1) }
  const cluster = new MemoryCluster({ ...ports, checkCrc: false })
  await using topics = new ClusterTopics({ ...ports, transport: cluster })
  await topics.createTopic('texts', { partitions: 3 })
  await topics.produce(
    texts,
    Array.from({ length: 100 }, (_, n) => ({ key: `k${n}`, value: String(n), timestamp: n })),
  )
  await topics.produce(texts, { key: 'k1', value: 'again', timestamp: 5 })
  const found: string[] = []
  const last = new Map<number, number>()
  for await (const { value, partition, offset } of topics.read(texts)) {
    found.push(value ?? 'null')
    expect(offset).toBe((last.get(partition) ?? -1) + 1)
    last.set(partition, offset)
  }
  expect(found).toHaveLength(101)
  expect(new Set(found).size).toBe(101)
  await topics.produce({ ...texts, name: 'fresh' }, { key: 'a', value: 'b' })
  expect(cluster.topic('fresh')!.partitions).toHaveLength(1)
})

test('a reader may wait longer for what comes first', async () => {
  const ports = { clock: defaultClock, random: seeded(1) }
  await using topics = new ClusterTopics({ ...ports, transport: new MemoryCluster({ ...ports, checkCrc: false }) })
  await topics.createTopic('texts', { partitions: 3 })
  setTimeout(() => void topics.produce(texts, { key: 'a', value: '1', timestamp: 0 }), 150)
  const found: (string | null)[] = []
  for await (const { value } of topics.read(texts, { quietMs: 20, waitMs: 10_000 })) found.push(value)
  expect(found).toEqual(['1'])
})
