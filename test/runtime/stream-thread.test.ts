import { expect, test } from 'vitest'
import { until } from './app-world.ts'
import { TaskMigratedError } from '../../src/base/errors.ts'
import { Committer } from '../../src/runtime/committer.ts'
import { StreamThread, type ThreadPorts } from '../../src/runtime/stream-thread.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { manualCalls } from '../support/manual-calls.ts'
import { taskWorld } from '../task/task-world.ts'

function threadOf(more: Partial<ThreadPorts> = {}) {
  const commits: number[] = []
  let now = 0
  const committer = new Committer({
    applicationId: 'app',
    produce: async () => undefined,
    commit: async () => void commits.push(now),
    written: () => undefined,
  })
  const thread = new StreamThread(
    {
      name: 't',
      commitIntervalMs: 100,
      purgeIntervalMs: 1_000,
      now: () => now,
      monotonic: () => now,
      turn: async () => {
        now += 10
        await new Promise((resolve) => setImmediate(resolve))
      },
      poll: () => Promise.resolve(),
      interrupt: () => undefined,
      after: (ms, f) => {
        const timer = setTimeout(f, ms)
        return () => clearTimeout(timer)
      },
      look: () => undefined,
      send: () => undefined,
      backPressure: () => undefined,
      checkContact: () => undefined,
      watch: (_task, work) => work,
      purge: () => Promise.resolve(),
      committed: () => undefined,
      ...more,
    },
    committer,
  )
  return { thread, commits }
}

function passing() {
  const world = taskWorld(built((builder) => builder.stream(texts).to(copies)))
  world.add('texts', [
    ['a', 1],
    ['b', 2],
  ])
  // What the loop commits is acknowledged at once here.
  const { task } = world
  return { world, task }
}

test('stands until it may go on, processes, commits when it is time, and stands again when asked to', async () => {
  const { thread, commits } = threadOf()
  const { world, task } = passing()
  thread.tasks.set(task.id, task)
  const running = thread.run()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(world.written('copies')).toEqual([])
  thread.proceed()
  while (commits.length === 0) {
    for (const sent of world.inFlight.values()) sent.count = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
  await thread.stand()
  expect(task.positions()[0]!.offset).toBe(2)
  thread.stop()
  await running
})

test('a paused thread polls and processes nothing', async () => {
  let polls = 0
  const { thread } = threadOf({ poll: async () => void polls++ })
  const { task } = passing()
  thread.tasks.set(task.id, task)
  thread.pause(true)
  const running = thread.run()
  thread.proceed()
  await until('it polled a few times', () => polls >= 5)
  expect(task.positions()[0]!.offset).toBe(0)
  thread.stop()
  await running
})

test('a task that asks for a commit gets one', async () => {
  const { thread, commits } = threadOf({ monotonic: () => 0 })
  const { task } = passing()
  thread.tasks.set(task.id, task)
  const running = thread.run()
  thread.pause(true)
  task.commitRequested = true
  thread.proceed()
  while (task.commitRequested) await new Promise((resolve) => setImmediate(resolve))
  thread.stop()
  await running
  expect(commits.length).toBeLessThanOrEqual(1)
})

test('when somebody else may own the tasks it ends before it processes, and can be run again', async () => {
  let migrated = true
  const { thread } = threadOf({
    checkContact: () => {
      if (migrated) throw new TaskMigratedError('slept')
    },
  })
  const { task } = passing()
  thread.tasks.set(task.id, task)
  thread.proceed()
  await expect(thread.run()).rejects.toThrow('slept')
  expect(task.positions()[0]!.offset).toBe(0)
  thread.park()
  migrated = false
  const running = thread.run()
  thread.stop()
  await running
})

test('a commit of all lets deferred records end first, and says which tasks hold it up when they don’t', async () => {
  const { f, settle, begun } = manualCalls()
  const { thread } = threadOf({ monotonic: () => Date.now() })
  const world = taskWorld(built((builder) => builder.stream(texts).mapValuesAsync(f).groupByKey().count({ store: 'c' })))
  const { task } = world
  world.add('texts', [
    ['a', 1],
    ['b', 2],
  ])
  thread.tasks.set(task.id, task)
  void task.process(10)
  expect(begun).toEqual(['a', 'b'])
  await settle('a', 'A')
  expect(await thread.commitAll(20)).toEqual([task])
  expect(task.deferred.size).toBe(1)
  const committing = thread.commitAll(10_000)
  await settle('b', 'B')
  thread.wake()
  for (const sent of world.inFlight.values()) sent.count = 0
  expect(await committing).toEqual([])
  expect([task.deferred.isDraining, task.positions()[0]!.offset]).toEqual([false, 2])
})
