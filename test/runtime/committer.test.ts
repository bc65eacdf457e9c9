import { expect, test } from 'vitest'
import { Committer, type Position } from '../../src/runtime/committer.ts'
import { decodeTimes } from '../../src/runtime/partition-time.ts'
import { built, counts, texts } from '../support/shop-topics.ts'
import { manualCalls } from '../support/manual-calls.ts'
import { taskWorld } from '../task/task-world.ts'

const counting = built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts))

function committing(options: { readonly acknowledge?: boolean; readonly refuse?: Error } = {}) {
  const world = taskWorld(counting)
  const order: string[] = []
  const positions: Position[] = []
  const committer = new Committer({
    applicationId: 'app',
    produce: async () => {
      order.push('produce')
      if (options.acknowledge !== false) for (const sent of world.inFlight.values()) sent.count = 0
    },
    commit: async (found) => {
      order.push('commit')
      if (options.refuse !== undefined) throw options.refuse
      positions.push(...found)
    },
    written: () => 5,
  })
  world.add('texts', [
    ['a', 7],
    ['b', 8],
  ])
  void world.task.process(10)
  return { world, order, positions, committer }
}

test('stores are flushed, records acknowledged, positions committed, and only then stores landed', async () => {
  const { world, order, positions, committer } = committing()
  await committer.commit([world.task])
  expect(order).toEqual(['produce', 'commit'])
  expect(positions.map(({ tp, offset }) => [tp.topic, offset])).toEqual([['texts', 2]])
  expect(decodeTimes(positions[0]!.metadata).partitionTime).toBe(8)
  expect((await world.task.state.mark('c'))?.offset).toBe(5)
  expect(committer.committed({ topic: 'texts', partition: 0 })).toBe(2)
})

test('a position that is committed already is not committed again', async () => {
  const { world, order, committer } = committing()
  await committer.commit([world.task])
  await committer.commit([world.task])
  expect(order).toEqual(['produce', 'commit', 'produce'])
})

test('nothing lands when the positions were refused', async () => {
  const { world, committer } = committing({ refuse: new Error('fenced') })
  await expect(committer.commit([world.task])).rejects.toThrow('fenced')
  expect(await world.task.state.mark('c')).toBeUndefined()
  expect(committer.committed({ topic: 'texts', partition: 0 })).toBeUndefined()
})

test('nothing is committed while a record is in flight', async () => {
  const { world, order, committer } = committing({ acknowledge: false })
  for (const sent of world.inFlight.values()) sent.count = 1
  await expect(committer.commit([world.task])).rejects.toMatchObject({ code: 'INVARIANT' })
  expect(order).toEqual(['produce'])
})

test('times of steps that go on without a record are committed with the positions as they are', async () => {
  const { world, positions, committer } = committing()
  await committer.commit([world.task])
  await committer.commit([world.task])
  expect(positions).toHaveLength(1)
  world.task.steps.times.set('step/time', 90)
  await committer.commit([world.task])
  expect(positions.map(({ offset, metadata }) => [offset, [...decodeTimes(metadata).times]])).toEqual([
    [2, []],
    [2, [['step/time', 90]]],
  ])
  await committer.commit([world.task])
  expect(positions).toHaveLength(2)
})

test('a task whose deferred records must end first is left out, and takes no others until it is committed', async () => {
  const { f, settle } = manualCalls()
  const world = taskWorld(built((builder) => builder.stream(texts).mapValuesAsync(f).groupByKey().count({ store: 'c' })))
  const { task } = world
  world.add('texts', [['a', 1]])
  void task.process(10)
  const { positions, committer } = committing()
  expect(await committer.commit([task])).toEqual([])
  expect([task.deferred.isDraining, task.commitRequested, positions]).toEqual([true, true, []])
  await settle('a', 'A')
  await task.process(10)
  for (const sent of world.inFlight.values()) sent.count = 0
  expect(await committer.commit([task])).toEqual([task])
  expect([task.deferred.isDraining, task.commitRequested, positions[0]!.offset]).toEqual([false, false, 1])
})
