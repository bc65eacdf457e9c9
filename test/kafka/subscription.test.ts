import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription, runningTasks } from '../../src/kafka/subscription.ts'
import type { TaskId } from '../../src/model/task-id.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const task = fc.tuple(fc.nat(50), fc.nat(5_000)).map(([subtopology, partition]): TaskId => `${subtopology}_${partition}`)

const cause = fc.constantFrom('member-joined' as const, 'member-left' as const, 'heartbeat-missed' as const, 'rejoined' as const)
const change = fc.option(fc.record({ cause, movedTasks: fc.nat(5_000), totalTasks: fc.nat(5_000) }), { nil: undefined })

test('what a member says arrives as it was said', () => {
  const member = fc.record({
    topics: fc.array(fc.string(), { maxLength: 5 }),
    processId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    topologyHash: fc.integer(),
    endpoint: fc.string(),
    lags: fc.array(fc.tuple(task, fc.integer({ min: -2, max: 2 ** 40 }))),
  })
  fc.assert(
    fc.property(member, ({ topics, lags, processId, ...rest }) => {
      const info = { ...rest, processId: Uint8Array.from(processId), lags: new Map(lags) }
      const found = decodeSubscription(encodeSubscription(topics, info))
      expect(found).toEqual({ topics, info })
      expect(runningTasks(info)).toEqual([...info.lags].filter(([, lag]) => lag === -1).map(([id]) => id))
    }),
    { numRuns: RUNS },
  )
})

test('a plan arrives as it was made', () => {
  fc.assert(
    fc.property(fc.array(task), fc.array(task), change, (active, standby, why) => {
      const partitions = active.map((_, partition) => ({ topic: 'orders', partition }))
      const plan = { active, standby, ...(why === undefined ? {} : { change: why }) }
      expect(decodeAssignment(encodeAssignment({ ...plan, partitions }))).toEqual(plan)
    }),
    { numRuns: RUNS },
  )
})

test('bytes of strangers are nothing known, never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeSubscription(bytes)
      expect(decodeAssignment(bytes).active.length).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: RUNS },
  )
  const whole = encodeSubscription(['orders'], { processId: new Uint8Array(16), topologyHash: 1, endpoint: '', lags: new Map() })
  for (let end = 0; end < whole.length - 10; end++)
    expect(decodeSubscription(whole.subarray(0, end))?.topics ?? ['orders']).toEqual(['orders'])
  expect(decodeAssignment(new Uint8Array(0))).toEqual({ active: [], standby: [] })
})

test('a member that asks for the end of the application is heard, and a plan that says so is', () => {
  const info = { processId: new Uint8Array(16), topologyHash: 1, endpoint: '', lags: new Map<string, number>() }
  for (const stops of [true, false]) {
    const found = decodeSubscription(encodeSubscription(['orders'], { ...info, lags: new Map(), stops }))
    expect(found?.info.stops).toBe(stops ? true : undefined)
    const plan = decodeAssignment(encodeAssignment({ active: [], standby: [], partitions: [], stops }))
    expect(plan).toEqual(stops ? { active: [], standby: [], stops } : { active: [], standby: [] })
  }
})
