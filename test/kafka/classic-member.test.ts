import { expect, test } from 'vitest'
import { seeded } from '../../src/base/random.ts'
import { ClassicMember, type MemberOptions } from '../../src/kafka/classic-member.ts'
import { GroupOffsets } from '../../src/kafka/offsets.ts'
import type { MemberState, PlannedMember, TaskPlan } from '../../src/kafka/subscription.ts'
import type { TaskId } from '../../src/model/task-id.ts'
import { HEARTBEAT, JOIN_GROUP, SYNC_GROUP } from '../../src/wire/api/group.ts'
import { clientWorld, type ClientWorld } from './client-world.ts'

const TASKS: readonly TaskId[] = ['0_0', '0_1', '0_2', '0_3']

interface Seen {
  readonly member: ClassicMember
  /** What it was told, in order. */
  readonly told: string[]
  tasks: readonly TaskId[]
  readonly failures: Error[]
}

/** Splits the tasks evenly, in order of member ids. */
function plan(members: readonly MemberState[]): Promise<ReadonlyMap<string, PlannedMember>> {
  const ids = members.map(({ memberId }) => memberId).sort()
  const planned = ids.map((id, n): [string, PlannedMember] => [
    id,
    { active: TASKS.filter((_, i) => i % ids.length === n), standby: [], partitions: [] },
  ])
  return Promise.resolve(new Map(planned))
}

let joined = 0

function join({ client, clock }: ClientWorld, options: Partial<MemberOptions> & { readonly slowMs?: number } = {}): Seen {
  const { slowMs = 0, ...more } = options
  const told: string[] = []
  const failures: Error[] = []
  const describe = (): ReturnType<ConstructorParameters<typeof ClassicMember>[1]['describe']> => ({
    topics: ['orders'],
    info: { processId: new Uint8Array(16), topologyHash: 1, endpoint: '', lags: new Map(seen.tasks.map((id) => [id, -1])) },
  })
  const member = new ClassicMember(
    {
      clock,
      random: seeded(3),
      cluster: client,
      name: `member-${joined++}`,
      groupId: 'g',
      instanceId: null,
      sessionTimeoutMs: 1_000,
      rebalanceTimeoutMs: 2_000,
      heartbeatIntervalMs: 100,
      ...more,
    },
    {
      describe,
      assign: plan,
      revoke: async () => void told.push('revoke'),
      assigned: async ({ active }: TaskPlan, generation) => {
        told.push(`assigned ${generation}`)
        seen.tasks = active
        if (slowMs > 0) await new Promise<void>((resolve) => void clock.after(slowMs, resolve))
      },
      lost: async (why) => {
        told.push(`lost: ${why.message}`)
        seen.tasks = []
      },
      failed: (why) => void failures.push(why),
    },
  )
  const seen: Seen = { member, told, tasks: [], failures }
  member.start()
  return seen
}

test('the only member gets every task', async () => {
  const world = clientWorld()
  const ada = join(world)
  await world.clock.advance(500)
  expect(ada.tasks).toEqual(TASKS)
  expect(ada.told).toEqual(['assigned 1'])
  expect(ada.member.fence()).toMatchObject({ groupId: 'g', generation: 1 })
  await world.drive(ada.member.close({ leave: true }))
  expect(world.cluster.group('g')?.members ?? []).toHaveLength(0)
})

test('a second member takes its share, and the first keeps the rest', async () => {
  const world = clientWorld()
  const ada = join(world)
  await world.clock.advance(500)
  const kurt = join(world)
  await world.clock.advance(1_000)
  expect([...ada.tasks, ...kurt.tasks].sort()).toEqual(TASKS)
  expect([ada.tasks.length, kurt.tasks.length]).toEqual([2, 2])
  expect(ada.told.slice(0, 3)).toEqual(['assigned 1', 'revoke', expect.stringMatching(/^assigned [23]$/)])
  await world.drive(kurt.member.close({ leave: true }))
  await world.clock.advance(1_000)
  expect(ada.tasks).toEqual(TASKS)
  await world.drive(ada.member.close({ leave: true }))
})

test('a member that died is missed after its session', async () => {
  const world = clientWorld()
  const ada = join(world)
  const kurt = join(world)
  await world.clock.advance(1_500)
  expect(ada.tasks).toHaveLength(2)
  await world.drive(kurt.member.close({ leave: false }))
  await world.clock.advance(500)
  expect(ada.tasks).toHaveLength(2)
  await world.clock.advance(2_000)
  expect(ada.tasks).toEqual(TASKS)
  await world.drive(ada.member.close({ leave: true }))
})

test('heartbeats go on while a plan is carried out, however long that takes', async () => {
  const world = clientWorld()
  const ada = join(world, { slowMs: 10_000 })
  await world.clock.advance(9_000)
  expect(world.clock.monotonic() - ada.member.lastContact()).toBeLessThan(200)
  expect(ada.told).toEqual(['assigned 1'])
  const closing = ada.member.close({ leave: true })
  await world.drive(closing)
})

test('a member that the group forgot loses its tasks without a commit and joins anew', async () => {
  const world = clientWorld()
  const ada = join(world)
  await world.clock.advance(500)
  // Its heartbeats don't arrive for longer than a session.
  world.cluster.injectFault((api) => (api.key === HEARTBEAT.key ? { outcome: 'close-before' } : undefined))
  await world.clock.advance(3_000)
  world.cluster.injectFault(() => undefined)
  await world.clock.advance(3_000)
  expect(ada.told.filter((line) => line.startsWith('lost'))).toHaveLength(1)
  expect(ada.told.some((line) => line === 'revoke')).toBe(false)
  expect(ada.tasks).toEqual(TASKS)
  await world.drive(ada.member.close({ leave: true }))
})

test('a member that gives up its tasks gets a plan again', async () => {
  const world = clientWorld()
  const ada = join(world)
  await world.clock.advance(500)
  ada.member.abandon(new Error('slept'))
  expect(ada.member.rejoining).toBe(true)
  await world.clock.advance(500)
  expect(ada.told).toEqual(['assigned 1', 'lost: slept', expect.stringContaining('assigned')])
  expect(ada.member.rejoining).toBe(false)
  await world.drive(ada.member.close({ leave: true }))
})

test.each(['lose-answer', 'close-before', 'close-instead', 'answer-then-close', 'twice'] as const)(
  'joining survives a request that ends with %s',
  async (outcome) => {
    const world = clientWorld()
    let faults = 2
    world.cluster.injectFault((api) =>
      (api.key === JOIN_GROUP.key || api.key === SYNC_GROUP.key) && faults-- > 0 ? { outcome } : undefined,
    )
    const ada = join(world)
    await world.clock.advance(30_000)
    expect(ada.tasks).toEqual(TASKS)
    expect(ada.failures).toEqual([])
    await world.drive(ada.member.close({ leave: true }))
  },
)

test('a coordinator that moves keeps the group', async () => {
  const world = clientWorld({ brokers: 2 })
  const ada = join(world)
  await world.clock.advance(500)
  const at = (await world.client.coordinator('g', 'call')).node
  world.cluster.moveCoordinator('g', at === 1 ? 2 : 1)
  await world.clock.advance(3_000)
  expect(ada.tasks).toEqual(TASKS)
  expect(world.clock.monotonic() - ada.member.lastContact()).toBeLessThan(300)
  await world.drive(ada.member.close({ leave: true }))
})

test('a static member that comes back within its session keeps its tasks', async () => {
  const world = clientWorld()
  const first = join(world, { instanceId: 'a' })
  const other = join(world, { instanceId: 'b' })
  await world.clock.advance(1_500)
  const before = [...first.tasks]
  const generation = other.member.fence().generation
  await world.drive(first.member.close({ leave: false }))
  const again = join(world, { instanceId: 'a' })
  await world.clock.advance(700)
  expect(again.tasks).toEqual(before)
  expect(other.member.fence().generation).toBe(generation)
  await world.drive(again.member.close({ leave: true }))
  await world.drive(other.member.close({ leave: true }))
})

test('commits of an old generation are refused', async () => {
  const world = clientWorld()
  world.cluster.createTopic('orders')
  const ada = join(world)
  await world.clock.advance(500)
  const offsets = new GroupOffsets(world.client)
  const position = { tp: { topic: 'orders', partition: 0 }, offset: 5, metadata: null }
  await world.drive(offsets.commit([position], ada.member.fence()))
  const old = { ...ada.member.fence(), generation: 0 }
  await expect(world.drive(offsets.commit([position], old))).rejects.toMatchObject({ code: 'TASK_MIGRATED' })
  await world.drive(ada.member.close({ leave: true }))
})
