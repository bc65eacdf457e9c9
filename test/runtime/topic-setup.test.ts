import { expect, test } from 'vitest'
import { seeded } from '../../src/base/random.ts'
import { Admin } from '../../src/kafka/admin.ts'
import { resolveConfig } from '../../src/runtime/config.ts'
import { externalSources, setUpTopics, sourceCounts } from '../../src/runtime/topic-setup.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { clientWorld } from '../kafka/client-world.ts'

const topology = built((builder) => builder.stream([texts, copies]).groupByKey().count({ store: 'c' }).toStream().to(counts))

function setup() {
  const world = clientWorld()
  const config = resolveConfig({ applicationId: 'app', brokers: 'memory:' })
  return { world, parts: { cluster: world.client, admin: new Admin(world.client), topology, config, random: seeded(1) } }
}

test('sources that are missing are all named', async () => {
  const { world, parts } = setup()
  expect(externalSources(topology)).toEqual(['texts', 'copies'])
  await expect(sourceCounts(parts)).rejects.toMatchObject({
    code: 'SOURCE_MISSING',
    message: "source topics texts, copies can't be found: create them before the application starts",
  })
  world.cluster.createTopic('texts', { partitions: 2 })
  await expect(sourceCounts(parts)).rejects.toThrow("source topic copies can't be found: create it")
})

test('internal topics are made, and found again', async () => {
  const { world, parts } = setup()
  for (const name of ['texts', 'copies']) world.cluster.createTopic(name, { partitions: 3 })
  const found = await sourceCounts(parts)
  await world.drive(setUpTopics(parts, found))
  await world.drive(setUpTopics(parts, found))
  expect(world.cluster.topic('app-c-changelog')!.partitions).toHaveLength(3)
})

test('an internal topic with other partitions, or one that would lose state, is named and not touched', async () => {
  const { world, parts } = setup()
  for (const name of ['texts', 'copies']) world.cluster.createTopic(name, { partitions: 3 })
  const found = await sourceCounts(parts)
  world.cluster.createTopic('app-c-changelog', { partitions: 2, configs: { 'cleanup.policy': 'compact' } })
  await expect(world.drive(setUpTopics(parts, found))).rejects.toMatchObject({
    code: 'INTERNAL_TOPIC_MISMATCH',
    message: expect.stringContaining('has 2 partitions and needs 3'),
  })
  world.cluster.deleteTopic('app-c-changelog')
  world.cluster.createTopic('app-c-changelog', { partitions: 3, configs: { 'cleanup.policy': 'delete' } })
  await expect(world.drive(setUpTopics(parts, found))).rejects.toMatchObject({
    code: 'INTERNAL_TOPIC_CONFIG',
    message: expect.stringContaining('cleanup.policy=delete and needs compact'),
  })
})
