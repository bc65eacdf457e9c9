import { expect, test } from 'vitest'
import { serdes } from '../../src/index.ts'
import { type Operator, type Silence } from '../../src/topology/operator.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { manualCalls } from '../support/manual-calls.ts'
import { taskWorld } from './task-world.ts'

/** A step that hands on and listens, and one time that it keeps. */
function listening(kept: { time: number; resumed: number[] }) {
  let silence: () => Silence | undefined = () => undefined
  const operator: Operator<string, string, string, string> = {
    role: 'STEP-',
    traits: {},
    stores: [],
    start: (next, context) => {
      silence = context.listen()
      context.keepTime('mine', { read: () => kept.time, resume: (ms) => kept.resumed.push(ms) })
      return next
    },
  }
  const topology = built((builder) =>
    builder
      .stream([texts, { ...texts, name: 'more' }])
      .apply(operator)
      .to(copies),
  )
  return { topology, operator, silence: () => silence() }
}

test('silence begins when the last record is done, and lasts while all partitions are known to be empty', () => {
  let caughtUp = true
  const { topology, silence } = listening({ time: -1, resumed: [] })
  const world = taskWorld(topology, { caughtUp: () => caughtUp })
  world.now = 1_500
  expect(silence()).toEqual({ since: 1_000, lastsMs: 500 })
  world.add('texts', [['a', 1], ['b', 2]]) // prettier-ignore
  expect(silence()).toBeUndefined()
  void world.task.process(1)
  expect(silence()).toBeUndefined()
  world.now = 1_700
  void world.task.process(10)
  world.now = 1_750
  expect(silence()).toEqual({ since: 1_700, lastsMs: 50 })
  // No record: nothing begins anew.
  void world.task.process(10)
  expect(silence()).toEqual({ since: 1_700, lastsMs: 50 })
  caughtUp = false
  expect(silence()).toBeUndefined()
})

test('a record that had to wait ends the silence when it is done', async () => {
  const { operator, silence } = listening({ time: -1, resumed: [] })
  let go = (): void => undefined
  const slow = built((builder) =>
    builder
      .stream(texts)
      .process<string, string>(() => ({ process: () => new Promise<void>((resolve) => (go = resolve)) }))
      .apply(operator)
      .to(copies),
  )
  const world = taskWorld(slow)
  world.add('texts', [['a', 1]])
  const done = world.task.process(10)
  world.now = 5_000
  go()
  expect(await done).toBe(1)
  world.now = 5_010
  expect(silence()).toEqual({ since: 5_000, lastsMs: 10 })
})

test('times are read at each flush and told at each resumption, the greatest of all partitions', () => {
  const kept = { time: -1, resumed: [] as number[] }
  const world = taskWorld(listening(kept).topology)
  void world.task.flush()
  expect([...world.task.steps.times]).toEqual([])
  kept.time = 70
  void world.task.flush()
  expect([...world.task.steps.times]).toEqual([['mine', 70]])

  const next = taskWorld(listening(kept).topology)
  next.task.resumeTime({ topic: 'texts', partition: 0 }, 9, new Map([['mine', 70]]))
  next.task.resumeTime({ topic: 'more', partition: 0 }, 9, new Map([['mine', 60]]))
  expect(kept.resumed).toEqual([70, 70])
})

test('while a record is deferred there is no silence: it may still be earlier than what would be closed', async () => {
  const { f, settle } = manualCalls()
  const { operator, silence } = listening({ time: -1, resumed: [] })
  const world = taskWorld(built((builder) => builder.stream(texts).mapValuesAsync(f, { value: serdes.string }).apply(operator).to(copies)))
  world.add('texts', [['a', 1]])
  void world.task.process(10)
  world.now = 1_700
  expect(silence()).toBeUndefined()
  await settle('a', 'A')
  await world.task.process(10)
  expect(silence()).toEqual({ since: 1_700, lastsMs: 0 })
})
