import { expect, test } from 'vitest'
import { serdes, StreamRecord, topic } from '../../src/index.ts'
import { built, copies, counts, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

const both = built((builder) => {
  builder.stream([texts, topic('more', { key: serdes.string, value: serdes.string })]).to(copies)
})

test('takes the record with the lowest timestamp, and of equal ones the topic that is first by name', () => {
  const world = taskWorld(both)
  world.add('texts', [
    ['t1', 1],
    ['t5', 5],
    ['t6', 6],
  ])
  world.add('more', [
    ['m2', 2],
    ['m5', 5],
    ['m3', 3],
  ])
  expect(world.task.process(100)).toBe(6)
  expect(world.written('copies').map((line) => line.slice(2, 4))).toEqual(['t1', 'm2', 'm5', 'm3', 't5', 't6'])
})

test('waits for an empty partition that may still have an earlier record', () => {
  let caughtUp = false
  const world = taskWorld(both, { caughtUp: () => caughtUp })
  world.add('texts', [['t1', 1]])
  expect(world.task.process(100)).toBe(0)
  caughtUp = true
  expect(world.task.process(100)).toBe(1)
})

test('processes at most as many records as it is told, and knows its positions', () => {
  const world = taskWorld(both)
  world.add('texts', [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ])
  expect(world.task.process(2)).toBe(2)
  const position = (): number => world.task.positions().find(({ tp }) => tp.topic === 'texts')!.offset
  expect([position(), world.task.streamTime, world.task.waiting]).toEqual([2, 2, 1])
  expect(world.task.process(2)).toBe(1)
  expect([position(), world.task.waiting]).toEqual([3, 0])
})

test('a record that waits is not overtaken', async () => {
  let go = (): void => undefined
  const world = taskWorld(
    built((builder) =>
      builder
        .stream(texts)
        .process<string, string>(() => {
          let forward: (record: StreamRecord<string, string>) => void
          return {
            init: (context) => {
              forward = (record) => void context.forward(record)
            },
            process: async (record) => {
              if (record.value === 'slow') await new Promise<void>((resolve) => void (go = resolve))
              forward(record)
            },
          }
        })
        .to(copies, { key: serdes.string, value: serdes.string }),
    ),
  )
  world.add('texts', [
    ['slow', 1],
    ['fast', 2],
  ])
  const processing = world.task.process(100)
  expect(processing).toBeInstanceOf(Promise)
  await Promise.resolve()
  go()
  expect(await processing).toBe(2)
  expect(world.written('copies')).toEqual(['k=slow@1', 'k=fast@2'])
})

test('a flush writes the changelog, and asks nobody whether it may', async () => {
  const world = taskWorld(built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts)))
  world.add('texts', [
    ['a', 1],
    ['b', 2],
  ])
  void world.task.process(100)
  expect(world.written('app-c-changelog')).toEqual([])
  await world.task.flush()
  expect(world.written('app-c-changelog')).toHaveLength(1)
})

test('asks for a commit when too much is not committed', () => {
  const world = taskWorld(built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' }).toStream().to(counts)))
  for (let n = 0; n < 10; n++)
    world.add(
      'texts',
      Array.from({ length: 1_000 }, (_, i) => ['v', 1, `key ${n} ${i}`] as const),
    )
  expect(world.task.commitRequested).toBe(false)
  void world.task.process(20_000)
  expect(world.task.commitRequested).toBe(true)
})

test('closing closes processors once, and stores refuse afterwards', async () => {
  let closed = 0
  const world = taskWorld(
    built((builder) => {
      builder.stream(texts).process(() => ({ process: () => undefined, close: () => void closed++ }))
      builder.stream(copies).groupByKey().count({ store: 'c' })
    }),
  )
  await world.task.close()
  await world.task.close()
  expect(closed).toBe(1)
})
