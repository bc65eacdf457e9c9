/** Members of groups as an application has them, on a broker under test: what they were told, and which tasks they have by it. */
import { ClassicMember, type MemberOptions } from '../../../src/kafka/classic-member.ts'
import { Cluster } from '../../../src/kafka/cluster.ts'
import type { MemberState, PlannedMember, TaskPlan } from '../../../src/kafka/subscription.ts'
import type { TaskId } from '../../../src/model/task-id.ts'
import { defaultClock as clock, defaultRandom as random } from '../../../src/runtime/defaults.ts'
import type { BrokerUnderTest } from './broker-client.ts'

/** The tasks of each group. */
export const TASKS: readonly TaskId[] = ['0_0', '0_1', '0_2', '0_3', '0_4', '0_5']

/** A member, and what became of it. */
export interface MemberUnderTest {
  readonly member: ClassicMember
  /** `revoked`, `assigned` or `lost`, in order. */
  readonly told: readonly string[]
  readonly tasks: readonly TaskId[]
  /** Tasks that it opened and closed, in order. */
  readonly opened: readonly TaskId[]
  readonly closed: readonly TaskId[]
  readonly failures: readonly Error[]
}

/** How a member takes part. */
export interface MemberWishes extends Partial<Pick<MemberOptions, 'instanceId' | 'sessionTimeoutMs'>> {
  /** How long it takes to carry out a plan, in ms. */
  readonly busyMs?: number
}

/** Members of groups on one broker. */
export class MembersUnderTest {
  readonly cluster: Cluster
  readonly #members: ClassicMember[] = []

  constructor({ transport }: BrokerUnderTest) {
    this.cluster = new Cluster({ clock, random, transport, retryMs: 60_000 })
  }

  /** A member that has begun to join. */
  join(groupId: string, { busyMs = 0, instanceId = null, sessionTimeoutMs = 3_000 }: MemberWishes = {}): MemberUnderTest {
    const seen = {
      told: [] as string[],
      tasks: [] as readonly TaskId[],
      opened: [] as TaskId[],
      closed: [] as TaskId[],
      failures: [] as Error[],
    }
    const lags = (): ReadonlyMap<TaskId, number> => new Map(seen.tasks.map((id) => [id, -1]))
    const member = new ClassicMember(
      {
        clock,
        random,
        cluster: this.cluster,
        name: `member-${this.#members.length}`,
        groupId,
        instanceId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: 20_000,
        heartbeatIntervalMs: 200,
      },
      {
        describe: () => ({ topics: ['orders'], info: { processId: new Uint8Array(16), topologyHash: 1, endpoint: '', lags: lags() } }),
        assign: (members) => Promise.resolve(plan(members)),
        revoke: async () => void seen.told.push('revoked'),
        assigned: async ({ active }: TaskPlan) => {
          seen.told.push('assigned')
          seen.closed.push(...seen.tasks.filter((id) => !active.includes(id)))
          seen.opened.push(...active.filter((id) => !seen.tasks.includes(id)))
          seen.tasks = active
          if (busyMs > 0) await new Promise<void>((resolve) => void clock.after(busyMs, resolve))
        },
        lost: async () => {
          seen.told.push('lost')
          seen.closed.push(...seen.tasks)
          seen.tasks = []
        },
        failed: (why) => void seen.failures.push(why),
      },
    )
    this.#members.push(member)
    member.start()
    return {
      member,
      told: seen.told,
      opened: seen.opened,
      closed: seen.closed,
      failures: seen.failures,
      get tasks() {
        return seen.tasks
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.close({ leave: false })))
    await this.cluster.close()
  }
}

/** Everybody keeps what they run, up to their share; the rest goes to those who have least. */
function plan(members: readonly MemberState[]): ReadonlyMap<string, PlannedMember> {
  const share = Math.ceil(TASKS.length / members.length)
  const left = new Set(TASKS)
  const planned = new Map<string, TaskId[]>()
  for (const { memberId, lags } of members) {
    const kept = TASKS.filter((id) => lags.get(id) === -1 && left.has(id)).slice(0, share)
    for (const id of kept) left.delete(id)
    planned.set(memberId, kept)
  }
  for (const id of left) [...planned.values()].toSorted((a, b) => a.length - b.length)[0]!.push(id)
  return new Map([...planned].map(([memberId, active]) => [memberId, { active: active.toSorted(), standby: [], partitions: [] }]))
}
