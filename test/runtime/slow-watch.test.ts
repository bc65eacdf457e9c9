import { expect, test } from 'vitest'
import { deferredAt, SlowWatch, waitsOf, whereIs } from '../../src/runtime/slow-watch.ts'
import { manualClock } from '../memory/world.ts'
import { manualCalls } from '../support/manual-calls.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { built, texts } from '../support/shop-topics.ts'
import { taskWorld } from '../task/task-world.ts'

function world() {
  let settle: () => void = () => undefined
  const topology = built((builder) =>
    builder.stream(texts).process(() => ({ process: () => new Promise<void>((resolve) => (settle = resolve)) }), { name: 'lookup' }),
  )
  const tasks = taskWorld(topology)
  const { task } = tasks
  tasks.add('texts', [
    ['a', 1],
    ['b', 2],
  ])
  const clock = manualClock()
  const { logger, events } = recordedLog()
  const gaveUp: string[] = []
  const watch = new SlowWatch({ clock, logger, warnMs: 100, giveUpMs: 400, gaveUp: (where, ms) => gaveUp.push(`${where} ${ms}`) })
  const work = task.process(10)
  if (!(work instanceof Promise)) throw new Error('it should wait')
  return { task, clock, events, gaveUp, done: watch.watch(task, work), settle: () => settle() }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a record that a step waits for is named after a while, once a minute, and given up after a long while, once', async () => {
  const { task, clock, events, gaveUp, done, settle } = world()
  expect(whereIs(task)).toBe('step lookup at texts[0]@0')
  await clock.advance(99)
  expect(events).toEqual([])
  await clock.advance(101)
  expect(events).toMatchObject([{ level: 'warn', fields: { taskId: '0_0', node: 'lookup', topic: 'texts', partition: 0, offset: 0 } }])
  expect(events[0]!.message).toContain('step lookup at texts[0]@0 has been waiting for 0 s')
  await clock.advance(800)
  expect(events).toHaveLength(1)
  expect(gaveUp).toEqual(['step lookup at texts[0]@0 400'])
  settle()
  await turn()
  settle()
  expect(await done).toBe(2)
})

test('records that each take a while are not named, and nothing is watched when they are done', async () => {
  const { task, clock, events, done, settle } = world()
  await clock.advance(80)
  settle()
  await turn()
  expect(whereIs(task)).toBe('step lookup at texts[0]@1')
  await clock.advance(80)
  settle()
  await done
  expect(whereIs(task)).toContain('task 0_0')
  await clock.advance(10_000)
  expect(events).toEqual([])
})

test('a record that is deferred for long is named, and given up after a long while; another one begins anew', async () => {
  const { f, settle } = manualCalls()
  const tasks = taskWorld(built((builder) => builder.stream(texts).forEachAsync(f, { name: 'lookup', order: 'none' })))
  const { task } = tasks
  tasks.add('texts', [
    ['a', 1],
    ['b', 2],
  ])
  await task.process(10)
  const clock = manualClock()
  const { logger, events } = recordedLog()
  const gaveUp: string[] = []
  const watch = new SlowWatch({ clock, logger, warnMs: 100, giveUpMs: 400, gaveUp: (where, ms) => gaveUp.push(`${where} ${ms}`) })
  watch.look(task)
  expect([deferredAt(task), waitsOf([task])]).toEqual(['step lookup at texts[0]@0', ['step lookup at texts[0]@0']])
  await clock.advance(100)
  watch.look(task)
  expect(events).toMatchObject([{ level: 'warn', fields: { taskId: '0_0', node: 'lookup', topic: 'texts', partition: 0, offset: 0 } }])
  await settle('a', '')
  await task.process(10)
  await clock.advance(350)
  watch.look(task)
  expect([deferredAt(task), gaveUp]).toEqual(['step lookup at texts[0]@1', []])
  await clock.advance(400)
  watch.look(task)
  expect(gaveUp).toEqual(['step lookup at texts[0]@1 400'])
  await settle('b', '')
  await task.process(10)
  watch.look(task)
  expect([waitsOf([task]), deferredAt(task)]).toEqual([[], 'task 0_0'])
})
