/**
 * What a plan changes and why, from what its leader sees: the members that it planned for last time, if it led then, and the tasks that members say
 * they run. It is for people: nothing is decided by it.
 */
import { runningTasks, type MemberState, type PlanChange, type RebalanceCause } from '../kafka/subscription.ts'
import type { Assignment } from './assignor.ts'

/** The change from what the members run to the assignment. `known` are the members of the plan before, none where another member made it. */
export function planChange(members: readonly MemberState[], assignment: Assignment, known: ReadonlySet<string>): PlanChange {
  const claimed = new Map(members.flatMap((member) => runningTasks(member).map((task) => [task, member.memberId] as const)))
  const planned = [...assignment].flatMap(([memberId, tasks]) => tasks.map((task) => ({ task, memberId })))
  const unclaimed = planned.some(({ task }) => !claimed.has(task))
  return {
    cause: claimed.size === 0 && known.size === 0 ? 'member-joined' : causeOf(members, unclaimed, known),
    movedTasks: planned.filter(({ task, memberId }) => claimed.get(task) !== memberId).length,
    totalTasks: planned.length,
  }
}

function causeOf(members: readonly MemberState[], unclaimed: boolean, known: ReadonlySet<string>): RebalanceCause {
  const ids = new Set(members.map(({ memberId }) => memberId))
  const led = known.size > 0
  // Without the plan before, tasks that nobody runs are those of somebody who left, and who runs none has just come.
  if (led ? [...known].some((id) => !ids.has(id)) : unclaimed) return 'member-left'
  if (members.some((member) => (led ? !known.has(member.memberId) : runningTasks(member).length === 0))) return 'member-joined'
  return unclaimed ? 'heartbeat-missed' : 'rejoined'
}
