import { expect, test } from 'vitest'
import { describeWithKafka } from '../support/kafka/with-kafka.ts'
import type { AppEvent } from './processes.ts'
import { bounce, PARTITIONS, scale, type ScaleReport } from './scale.ts'

const PHASE_MS = Number(process.env['PHASE_MS'] ?? 1_000)
const PAUSE_MS = 5_000
const BACK_MS = 30_000

describeWithKafka('an application in several processes', (kafka) => {
  test(
    'shares its tasks with each that joins, and takes over those of one that leaves: nothing lost, nothing twice, no long pause',
    { timeout: 120_000 + 4 * PHASE_MS },
    async () => {
      const report = await scale({ kafka: kafka(), phaseMs: PHASE_MS, random: Math.random })
      const { sent, lost, twice, outOfOrder, changes, exitCodes } = report
      for (const { name, longestWaits } of changes)
        console.log(`${name}: longest wait by partition ${[...longestWaits].map(([n, ms]) => `${n}: ${ms}`).join(', ')} ms`)
      console.log(
        `${sent} words sent, ${lost.length} lost, ${twice} counted twice, ${outOfOrder} out of order, ${report.overlaps.length} overlaps`,
      )
      expect(sent).toBeGreaterThan(1_000)
      expect({ lost, twice, outOfOrder }).toEqual({ lost: [], twice: 0, outOfOrder: 0 })
      expect(report.overlaps).toEqual([])
      expect(changes.map(({ name }) => name)).toEqual(['b joins', 'c joins', 'b leaves'])
      for (const { longestWaits } of changes) {
        expect(longestWaits.size).toBe(PARTITIONS)
        expect(Math.max(...longestWaits.values())).toBeLessThan(PAUSE_MS)
      }
      expect(exitCodes).toEqual({ a: 0, b: 0, c: 0 })
      checkEvents(report)
    },
  )

  test('loses nothing when its broker is killed, and goes on when there is one again', { timeout: 120_000 + 2 * PHASE_MS }, async () => {
    const report = await bounce({ kafka: kafka(), phaseMs: PHASE_MS, random: Math.random })
    const { sent, lost, twice, brokerAfter, goesOnAfter, errors } = report
    const waits = [...goesOnAfter].map(([n, ms]) => `${n}: ${ms}`).join(', ')
    console.log(`broker killed: ${sent} words sent, ${lost.length} lost, ${twice} counted twice`)
    console.log(`the new broker answers after ${brokerAfter} ms; by partition, counts go on after ${waits} ms`)
    expect(errors).toEqual([])
    expect(sent).toBeGreaterThan(1_000)
    expect(lost).toEqual([])
    expect(goesOnAfter.size).toBe(PARTITIONS)
    expect(Math.max(...goesOnAfter.values())).toBeLessThan(BACK_MS)
  })
})

/** What the processes said of it agrees. */
function checkEvents({ events, owned }: ScaleReport): void {
  expect(owned).toBeGreaterThanOrEqual(PARTITIONS + 3 + 2)
  const told = (name: string): readonly AppEvent[] => events[name]!.filter(({ event }) => event === 'rebalance')
  const changes = ({ cause, movedTasks, totalTasks }: AppEvent): string => `${String(cause)} ${String(movedTasks)}/${String(totalTasks)}`
  expect(told('a').map(changes)).toEqual(['member-joined 6/6', 'member-joined 3/6', 'member-joined 2/6', 'member-left 2/6'])
  expect(told('b').map(changes)).toEqual(['member-joined 3/6', 'member-joined 2/6'])
  expect(told('c').map(changes).slice(0, 2)).toEqual(['member-joined 2/6', 'member-left 2/6'])
  for (const name of Object.keys(events)) {
    for (const { durationMs, lost } of told(name)) {
      expect(Number(durationMs)).toBeLessThan(PAUSE_MS)
      expect(lost).toEqual([])
    }
    const lines = events[name]!.filter(({ event, message }) => event === 'log' && String(message).startsWith('rebalance #'))
    expect(lines.length).toBe(told(name).length)
    for (const { message } of lines) expect(message).toMatch(LINE)
    checkRestores(events[name]!)
  }
}

const LINE = /^rebalance #\d+ member-(joined|left) \d+ ms: (\+\S+ )+(−\S+ ?)+, moved \d\/6 tasks, restored [\d,]+ records$/

/** What begins to be restored is restored to its end before its task runs, and a task that comes from another process brings its counts along. */
function checkRestores(events: readonly AppEvent[]): void {
  for (const [at, { event, phase, taskId, total }] of events.entries()) {
    if (event !== 'restore' || phase !== 'start') continue
    const rest = events.slice(at).filter((later) => later.taskId === taskId)
    expect(Number(total)).toBeGreaterThan(0)
    expect(rest.find((later) => later.phase === 'end')).toMatchObject({ store: 'counts', restored: total, total })
    expect(rest.findIndex((later) => later.phase === 'end')).toBeLessThan(rest.findIndex(({ state }) => state === 'RUNNING'))
  }
}
