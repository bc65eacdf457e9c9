import { expect, test } from 'vitest'
import { Admin } from '../../src/kafka/admin.ts'
import { resolveConfig } from '../../src/runtime/config.ts'
import { GroupPlanner, planGroup } from '../../src/runtime/group-plan.ts'
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
  return world.drive(
    planGroup(members, {
      topology,
      topologyHash: 1,
      config,
      cluster: world.client,
      admin: new Admin(world.client),
      known: new Set<string>(),
    }),
  )
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

test('a plan says why it was made and what it moves', async () => {
  const planned = await plan([member('a', ['0_0', '0_1', '0_2', '0_3']), member('b')])
  const change = { cause: 'member-joined', movedTasks: 2, totalTasks: 4 }
  expect([planned.get('a')!.change, planned.get('b')!.change]).toEqual([change, change])
})

test('a planner that made the plan before knows who is new; after another’s plan it doesn’t', async () => {
  const world = clientWorld()
  world.cluster.createTopic('texts', { partitions: 2 })
  const config = resolveConfig({ applicationId: 'app', brokers: 'memory:' })
  const planner = new GroupPlanner({ topology, topologyHash: 1, config, cluster: world.client, admin: new Admin(world.client) })
  const cause = async (...members: MemberState[]) => (await world.drive(planner.plan(members))).get('a')!.change!.cause
  expect(await cause(member('a'))).toBe('member-joined')
  planner.followed()
  expect(await cause(member('a', ['0_0']), member('b', ['0_1']))).toBe('member-joined')
  planner.followed()
  planner.followed()
  expect(await cause(member('a', ['0_0']), member('b', ['0_1']))).toBe('rejoined')
})

test('members with another topology are refused', async () => {
  await expect(plan([member('a'), member('b', [], 2)])).rejects.toMatchObject({ code: 'TOPOLOGY_MISMATCH' })
})

test('one member that asks for the end of the application ends it for all, whatever else is wrong', async () => {
  const planned = await plan([member('a', ['0_1']), { ...member('b', [], 2), stops: true }, member('c')])
  expect([...planned]).toEqual(['a', 'b', 'c'].map((id) => [id, { active: [], standby: [], partitions: [], stops: true }]))
})
