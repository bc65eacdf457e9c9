import { expect, test } from 'vitest'
import { resolveConfig } from '../../src/runtime/config.ts'
import { threadProducer } from '../../src/runtime/thread-producer.ts'
import { clientWorld, write } from '../kafka/client-world.ts'
import { seeded } from '../../src/base/random.ts'

test('a thread’s producer sends what the configuration says: batches of its size', async () => {
  const world = clientWorld()
  world.cluster.createTopic('out', { partitions: 1 })
  await world.client.refresh(['out'])
  const config = resolveConfig({ applicationId: 'app', brokers: 'memory:', batchSize: 100 })
  const producer = threadProducer({ config, cluster: world.client, ports: { clock: world.clock, random: seeded(1) } })
  await world.drive(producer.init())
  write(producer, 'out', ['a'.repeat(60), 'b'.repeat(60), 'c'.repeat(60)])
  await world.drive(producer.flush())
  const bases = world.wire.sent.filter(({ api }) => api.name === 'Produce')
  expect(bases.length).toBeGreaterThan(1)
  producer.close()
})
