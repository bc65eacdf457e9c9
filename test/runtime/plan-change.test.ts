import { expect, test } from 'vitest'
import type { MemberState } from '../../src/kafka/subscription.ts'
import type { TaskId } from '../../src/model/task-id.ts'
import { assignTasks } from '../../src/runtime/assignor.ts'
import { planChange } from '../../src/runtime/plan-change.ts'

const tasks = ['0_0', '0_1', '0_2', '0_3'] as const

function change(running: Readonly<Record<string, readonly TaskId[]>>, known: readonly string[] = []) {
  const members = Object.entries(running).map(([memberId, own]): MemberState => {
    const lags = new Map(own.map((task) => [task, -1] as const))
    return { memberId, instanceId: null, topics: [], processId: new Uint8Array(16), topologyHash: 1, endpoint: '', lags }
  })
  const assignment = assignTasks(
    members.map(({ memberId }) => ({ id: memberId, running: running[memberId]!, lags: new Map() })),
    tasks.map((id) => ({ id, stateful: true })),
  )
  return planChange(members, assignment, new Set(known))
}

test('the first members join, and all tasks find an owner', () => {
  expect(change({ a: [] })).toEqual({ cause: 'member-joined', movedTasks: 4, totalTasks: 4 })
  expect(change({ a: [], b: [] })).toMatchObject({ cause: 'member-joined', movedTasks: 4 })
})

test('a member that comes takes its share', () => {
  expect(change({ a: tasks, b: [] }, ['a'])).toEqual({ cause: 'member-joined', movedTasks: 2, totalTasks: 4 })
  expect(change({ a: tasks, b: [] })).toEqual({ cause: 'member-joined', movedTasks: 2, totalTasks: 4 })
})

test('the tasks of a member that left move', () => {
  expect(change({ a: ['0_0', '0_1'] }, ['a', 'b'])).toEqual({ cause: 'member-left', movedTasks: 2, totalTasks: 4 })
  expect(change({ a: ['0_0', '0_1'] })).toMatchObject({ cause: 'member-left', movedTasks: 2 })
  expect(change({ a: ['0_0', '0_1'], b: ['0_2', '0_3'] }, ['a', 'b', 'idle'])).toMatchObject({ cause: 'member-left', movedTasks: 0 })
})

test('a member that dropped its tasks was not heard in time; one that still has them only joined again', () => {
  expect(change({ a: ['0_0', '0_1'], b: [] }, ['a', 'b'])).toMatchObject({ cause: 'heartbeat-missed', movedTasks: 2 })
  expect(change({ a: ['0_0', '0_1'], b: ['0_2', '0_3'] }, ['a', 'b'])).toEqual({ cause: 'rejoined', movedTasks: 0, totalTasks: 4 })
})
