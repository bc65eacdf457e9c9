import { expect, test } from 'vitest'
import { EventHub, type AppEvents } from '../../src/runtime/events.ts'
import { silent } from '../../src/runtime/logger.ts'
import { RebalanceReport } from '../../src/runtime/rebalance-report.ts'
import { manualClock } from '../memory/world.ts'

function world() {
  const clock = manualClock()
  const hub = new EventHub(() => undefined)
  const events: AppEvents['rebalance'][] = []
  const states: string[] = []
  const lines: string[] = []
  hub.on('rebalance', (event) => events.push(event))
  hub.on('task', ({ taskId, state }) => states.push(`${taskId} ${state}`))
  const logger = { ...silent, info: (_fields: object, message: string) => void lines.push(message) }
  return { clock, events, states, lines, report: new RebalanceReport({ name: 'thread', ports: { clock }, hub, logger }) }
}

const done = { generation: 12, assigned: ['0_3', '1_3'], revoked: [], restoredRecords: 12_400 } as const
const change = { cause: 'member-left', movedTasks: 2, totalTasks: 8 } as const

test('a rebalance takes from the stop of its tasks until they go on, and says why it was, what moved and what was restored', async () => {
  const { clock, report, events, lines } = world()
  report.began()
  await clock.advance(800)
  report.began()
  await clock.advance(40)
  report.done({ ...done, change })
  expect(events).toEqual([{ ...done, ...change, thread: 'thread', at: clock.now(), durationMs: 840, lost: [] }])
  expect(lines).toEqual(['rebalance #12 member-left 840 ms: +0_3 +1_3 −none, moved 2/8 tasks, restored 12,400 records'])
})

test('tasks that were dropped are named once, and their thread was not heard in time', () => {
  const { report, events, lines } = world()
  report.lost(['0_0'], 'heartbeat-missed')
  report.lost(['0_1'], 'heartbeat-missed')
  report.done({ ...done, change })
  report.done({ ...done, change: undefined, assigned: [], restoredRecords: 0 })
  expect(events.map(({ cause, lost, movedTasks }) => ({ cause, lost, movedTasks }))).toEqual([
    { cause: 'heartbeat-missed', lost: ['0_0', '0_1'], movedTasks: 2 },
    { cause: 'rejoined', lost: [], movedTasks: 0 },
  ])
  expect(lines[0]).toContain('+0_3 +1_3 −0_0 −0_1')
  expect(lines[1]).toContain('+none −none')
})

test('a thread that was held up by a record says so', () => {
  const { report, events } = world()
  report.lost(['0_0'], 'max-poll')
  report.done({ ...done, change })
  expect(events.map(({ cause }) => cause)).toEqual(['max-poll'])
})

test('a task’s state is told of each task', () => {
  const { report, states } = world()
  report.tasks(['0_0', '0_1'], 'RUNNING')
  report.tasks(['0_1'], 'SUSPENDED')
  expect(states).toEqual(['0_0 RUNNING', '0_1 RUNNING', '0_1 SUSPENDED'])
})
