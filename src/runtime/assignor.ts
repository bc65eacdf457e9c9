/**
 * Who runs which task: a pure function of the members and the tasks. It guarantees that every task has exactly one owner, that loads differ by
 * at most one, that a member keeps what it runs as far as balance allows, and that a task with state goes where its copy is most complete.
 * The same input gives the same answer whatever its order, so it doesn't matter which member leads.
 */
import type { TaskId } from '../model/task-id.ts'

/** A member as the leader sees it. */
export interface AssignmentMember {
  readonly id: string
  /** Tasks it runs now. */
  readonly running: readonly TaskId[]
  /** For tasks whose state it has a copy of: how many changelog records that copy is behind. */
  readonly lags: ReadonlyMap<TaskId, number>
}

/** A task to be placed. */
export interface AssignmentTask {
  readonly id: TaskId
  readonly stateful: boolean
}

/** The tasks of each member, by member id; each list in order of task id. */
export type Assignment = ReadonlyMap<string, readonly TaskId[]>

interface Load {
  readonly member: AssignmentMember
  readonly tasks: TaskId[]
}

/** Places every task on one member. Without members the answer is empty. */
export function assignTasks(members: readonly AssignmentMember[], tasks: readonly AssignmentTask[]): Assignment {
  const loads: Load[] = [...members].sort((a, b) => (a.id < b.id ? -1 : 1)).map((member) => ({ member, tasks: [] }))
  if (loads.length === 0) return new Map()
  const ordered = [...tasks].sort((a, b) => Number(b.stateful) - Number(a.stateful) || compareTasks(a.id, b.id))
  const homeless = keepRunning(loads, ordered)
  for (const task of homeless) bestFor(task, loads).tasks.push(task.id)
  return new Map(loads.map(({ member, tasks: own }) => [member.id, own.sort(compareTasks)]))
}

/** Leaves each member what it runs, up to its share; answers the tasks that still need a home. A task that two members claim belongs to neither. */
function keepRunning(loads: readonly Load[], tasks: readonly AssignmentTask[]): AssignmentTask[] {
  const share = Math.floor(tasks.length / loads.length)
  let larger = tasks.length % loads.length
  const claims = new Map<TaskId, Load[]>()
  for (const load of loads) for (const id of new Set(load.member.running)) claims.set(id, [...(claims.get(id) ?? []), load])
  const homeless: AssignmentTask[] = []
  for (const task of tasks) {
    const [owner, rival] = claims.get(task.id) ?? []
    const mayTake =
      owner !== undefined && rival === undefined && (owner.tasks.length < share || (owner.tasks.length === share && larger > 0))
    if (!mayTake) homeless.push(task)
    else {
      if (owner.tasks.length === share) larger--
      owner.tasks.push(task.id)
    }
  }
  return homeless
}

/** The least loaded member; among those with state at stake the one whose copy is most complete. */
function bestFor(task: AssignmentTask, loads: readonly Load[]): Load {
  const least = Math.min(...loads.map(({ tasks }) => tasks.length))
  const candidates = loads.filter(({ tasks }) => tasks.length === least)
  const lag = ({ member }: Load): number => (task.stateful ? (member.lags.get(task.id) ?? Number.POSITIVE_INFINITY) : 0)
  return candidates.reduce((best, load) => (lag(load) < lag(best) ? load : best))
}

/** By sub-topology, then partition, as numbers. */
export function compareTasks(a: TaskId, b: TaskId): number {
  const [subtopologyA = 0, partitionA = 0] = a.split('_').map(Number)
  const [subtopologyB = 0, partitionB = 0] = b.split('_').map(Number)
  return subtopologyA - subtopologyB || partitionA - partitionB
}
