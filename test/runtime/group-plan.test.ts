import { expect, test } from 'vitest'
import { Admin } from '../../src/kafka/admin.ts'
import { resolveConfig } from '../../src/runtime/config.ts'
import { planGroup } from '../../src/runtime/group-plan.ts'
import type { MemberState } from '../../src/kafka/subscription.ts'
import type { TaskId } from '../../src/model/task-id.ts'
import { built, counts, texts } from '../support/shop-topics.ts'
import { clientWorld } from '../kafka/client-world.ts'

const topology = built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

function member(memberId: string, running: readonly TaskId[] = [], topologyHash = 1): MemberState {
  const lags = new Map(running.map((id) => [id, -1] as const))
  return { memberId, instanceId: null, topics: ['texts'], processId: new Uint8Array(16), topologyHash, endpoint: '', lags }
}

function plan(members: readonly MemberState[]) {
  const world = clientWorld()
  world.cluster.createTopic('texts', { partitions: 4 })
  const config = resolveConfig({ applicationId: 'app', brokers: 'memory:' })
  return world.drive(planGroup(members, { topology, topologyHash: 1, config, cluster: world.client, admin: new Admin(world.client) }))
}

test('every task is planned once, with its partitions, and who runs one keeps it', async () => {
  const planned = await plan([member('a', ['0_1', '0_3']), member('b')])
  expect([...planned.get('a')!.active].sort()).toEqual(['0_1', '0_3'])
  expect([...planned.get('b')!.active].sort()).toEqual(['0_0', '0_2'])
  expect(
    planned
      .get('b')!
      .partitions.map(({ topic, partition }) => `${topic}[${partition}]`)
      .sort(),
  ).toEqual(['texts[0]', 'texts[2]'])
})

test('members with another topology are refused', async () => {
  await expect(plan([member('a'), member('b', [], 2)])).rejects.toMatchObject({ code: 'TOPOLOGY_MISMATCH' })
})
