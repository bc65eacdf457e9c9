/**
 * What the leader of the group decides: it looks the sources up, sets up the internal topics, and gives every task to one member. Members that run
 * another topology are refused by name: their tasks would not be the same. When one member asks for the end of the application, all are told, and have
 * no tasks.
 */
import { ClusterError } from '../base/errors.ts'
import type { Admin } from '../kafka/admin.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { runningTasks, type MemberState, type PlannedMember } from '../kafka/subscription.ts'
import type { Topology } from '../topology/topology.ts'
import { assignTasks, type AssignmentTask } from './assignor.ts'
import type { Config } from './config.ts'
import { planChange } from './plan-change.ts'
import { taskInputs } from './task-factory.ts'
import { setUpTopics, sourceCounts, subscribed } from './topic-setup.ts'

/** What a plan is made with. */
export interface PlanOptions {
  readonly topology: Topology
  readonly topologyHash: number
  readonly config: Config
  readonly cluster: Cluster
  readonly admin: Admin
  /** The members of the plan before; none where another member made it. */
  readonly known: ReadonlySet<string>
}

/** Plans for a group whenever its thread leads, and remembers for whom it did: what changes from plan to plan follows from that. */
export class GroupPlanner {
  readonly #options: Omit<PlanOptions, 'known'>
  /** The members of the plan that is carried out, where it was made here. */
  #known: ReadonlySet<string> = new Set()
  /** Those of the plan that was made here since. */
  #planned: ReadonlySet<string> = new Set()

  constructor(options: Omit<PlanOptions, 'known'>) {
    this.#options = options
  }

  /** The plan of every member, by member id. */
  async plan(members: readonly MemberState[]): Promise<ReadonlyMap<string, PlannedMember>> {
    const plans = await planGroup(members, { ...this.#options, known: this.#known })
    this.#planned = new Set(plans.keys())
    return plans
  }

  /** A new plan is carried out: the one made here, or another's. */
  followed(): void {
    this.#known = this.#planned
    this.#planned = new Set()
  }
}

/** The plan of every member, by member id. Throws `TOPOLOGY_MISMATCH`, and what topics can be wrong with. */
export async function planGroup(members: readonly MemberState[], options: PlanOptions): Promise<ReadonlyMap<string, PlannedMember>> {
  const { config, cluster, admin } = options
  if (members.some(({ stops }) => stops === true))
    return new Map(members.map(({ memberId }) => [memberId, { active: [], standby: [], partitions: [], stops: true }]))
  checkSameTopology(members, options)
  const topology = await subscribed(options.topology, options)
  const counts = await sourceCounts({ cluster, topology })
  await setUpTopics({ cluster, admin, topology, config }, counts)
  const assignment = assignTasks(
    members.map((member) => ({
      id: member.memberId,
      running: runningTasks(member),
      lags: new Map([...member.lags].filter(([, lag]) => lag >= 0)),
    })),
    allTasks(topology, counts),
  )
  const change = planChange(members, assignment, options.known)
  const world = { applicationId: config.applicationId, counts }
  return new Map(
    [...assignment].map(([id, active]) => {
      const partitions = active.flatMap((task) => {
        const [subtopology = 0, partition = 0] = task.split('_').map(Number)
        return taskInputs(
          topology.subtopologies.find((candidate) => candidate.id === subtopology)!,
          partition,
          world,
        ).map(({ tp }) => tp)
      })
      return [id, { active, standby: [], partitions, change }]
    }),
  )
}

function checkSameTopology(members: readonly MemberState[], { config, topologyHash }: PlanOptions): void {
  const other = members.find((member) => member.topologyHash !== topologyHash)
  if (other === undefined) return
  const hex = (hash: number): string => (hash >>> 0).toString(16)
  throw new ClusterError(
    'TOPOLOGY_MISMATCH',
    `instances of ${config.applicationId} run different topologies (${hex(topologyHash)} and ${hex(other.topologyHash)}): deploy one, or give the new one another applicationId`,
  )
}

function allTasks(topology: Topology, counts: ReadonlyMap<string, number>): readonly AssignmentTask[] {
  return topology.subtopologies.flatMap(({ id, sourceTopics, stores }) =>
    Array.from({ length: Math.max(0, ...sourceTopics.map((topic) => counts.get(topic) ?? 1)) }, (_, partition): AssignmentTask => ({
      id: `${id}_${partition}`,
      stateful: stores.length > 0,
    })),
  )
}
