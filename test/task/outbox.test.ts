import { expect, test } from 'vitest'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

test('all records of a task are counted by one counter, changelogs among them', async () => {
  const world = taskWorld(built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts)))
  world.add('texts', [['a', 1]])
  void world.task.process(10)
  await world.task.flush()
  const counters = new Set(world.inFlight.values())
  expect([...world.inFlight.keys()].sort()).toEqual(['app-c-changelog', 'counts'])
  expect(counters.size).toBe(1)
})

test('a topic whose partitions are not known is looked up once, then written to', async () => {
  let known = false
  let lookedUp = 0
  const world = taskWorld(
    built((builder) => builder.stream(texts).to(copies)),
    {
      partitions: () => (known ? 1 : undefined),
      lookUp: async () => {
        lookedUp++
        known = true
      },
    },
  )
  world.add('texts', [
    ['a', 1],
    ['b', 2],
  ])
  expect(await world.task.process(10)).toBe(2)
  expect([lookedUp, world.written('copies')]).toEqual([1, ['k=a@1', 'k=b@2']])
})

test('a topic that can’t be found fails the record', async () => {
  const world = taskWorld(
    built((builder) => builder.stream(texts).to(copies)),
    { partitions: () => undefined },
  )
  world.add('texts', [['a', 1]])
  await expect(world.task.process(10)).rejects.toMatchObject({ code: 'PRODUCTION_ERROR' })
})
