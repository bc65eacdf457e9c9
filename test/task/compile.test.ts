import { expect, test } from 'vitest'
import { unseenSources } from '../../src/task/compile.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

test('a record runs through all steps of a path before the next path, in order of declaration', () => {
  const order: string[] = []
  const world = taskWorld(
    built((builder) => {
      const stream = builder.stream(texts).peek((value) => void order.push(`a${value}`))
      stream.peek((value) => void order.push(`b${value}`)).peek((value) => void order.push(`c${value}`))
      stream.peek((value) => void order.push(`d${value}`))
    }),
  )
  world.add('texts', [
    ['1', 1],
    ['2', 2],
  ])
  void world.task.process(10)
  expect(order.join(' ')).toBe('a1 b1 c1 d1 a2 b2 c2 d2')
})

test('a source is unseen until a step or a sink’s function looks at its values', () => {
  const unseen = (make: Parameters<typeof built>[0]): number => unseenSources([...built(make).nodes.values()]).size
  expect(unseen((builder) => builder.stream(texts).to(copies))).toBe(1)
  expect(
    unseen((builder) =>
      builder
        .stream(texts)
        .filter(() => true)
        .to(copies),
    ),
  ).toBe(0)
  expect(unseen((builder) => builder.stream(texts).to(copies, { partitioner: () => 0 }))).toBe(0)
  expect(unseen((builder) => builder.stream(texts, { timestamp: () => 1 }).to(copies))).toBe(0)
})
