import { expect, test } from 'vitest'
import { EventHub } from '../../src/runtime/events.ts'
import { silent } from '../../src/runtime/logger.ts'
import { RestoreReport } from '../../src/runtime/restore-report.ts'
import { manualClock } from '../memory/world.ts'

test('a restore is told of when it starts, once a second, and when it is done', async () => {
  const clock = manualClock()
  const hub = new EventHub(() => undefined)
  const told: string[] = []
  const lines: string[] = []
  hub.on('restore', ({ taskId, store, phase, restored, total }) => told.push(`${taskId} ${store} ${phase} ${restored}/${total}`))
  const report = new RestoreReport({ ports: { clock }, hub, logger: { ...silent, info: (_fields, line) => void lines.push(line) } })
  const store = 'counts'
  report.tell('0_1', store, { phase: 'start', restored: 0, total: 40_000 })
  report.tell('0_2', store, { phase: 'start', restored: 0, total: 5 })
  report.tell('0_2', store, { phase: 'progress', restored: 5, total: 5 })
  report.tell('0_2', store, { phase: 'end', restored: 5, total: 5 })
  for (const restored of [10_000, 12_400, 30_000]) {
    await clock.advance(600)
    report.tell('0_1', store, { phase: 'progress', restored, total: 40_000 })
  }
  report.tell('0_1', store, { phase: 'end', restored: 40_000, total: 40_000 })
  expect(told).toEqual([
    '0_1 counts start 0/40000',
    '0_2 counts start 0/5',
    '0_2 counts end 5/5',
    '0_1 counts progress 12400/40000',
    '0_1 counts end 40000/40000',
  ])
  expect(lines).toEqual([
    'restored 0_2 counts: 5 records in 0 ms',
    'restores 0_1 counts: 12,400 of 40,000 records',
    'restored 0_1 counts: 40,000 records in 1800 ms',
  ])
})
