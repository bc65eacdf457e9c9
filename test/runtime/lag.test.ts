import { expect, test } from 'vitest'
import { LagWatch, partitionLags } from '../../src/runtime/lag.ts'
import { silent } from '../../src/runtime/logger.ts'
import { manualClock } from '../memory/world.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { taskWorld } from '../task/task-world.ts'

test('lag is the log’s end less the position, in records and in seconds of the last record', () => {
  const world = taskWorld(built((builder) => builder.stream(texts).to(copies)))
  const lag = (end: number | undefined) => partitionLags(world.task, () => end, 10_000)[0]!
  expect(lag(undefined)).toMatchObject({ position: 0, end: undefined, lag: undefined, seconds: undefined })
  expect(lag(3)).toMatchObject({ lag: 3, seconds: undefined })
  world.add('texts', [
    ['a', 4_000],
    ['b', 5_000],
  ])
  void world.task.process(1)
  expect(lag(3)).toMatchObject({ topic: 'texts', partition: 0, position: 1, lag: 2, seconds: 6 })
  void world.task.process(1)
  expect(lag(2)).toMatchObject({ lag: 0, seconds: 0 })
})

test('a partition that stays behind is named once a minute; one that caught up begins anew', async () => {
  const clock = manualClock()
  const lines: string[] = []
  const watch = new LagWatch(clock, { ...silent, warn: (_fields, message) => void lines.push(message) }, 60_000)
  const behind = { topic: 't', partition: 1, position: 5, end: 9, lag: 4, seconds: 3 }
  watch.look([behind])
  await clock.advance(59_000)
  watch.look([behind])
  expect(lines).toEqual([])
  await clock.advance(2_000)
  watch.look([behind])
  watch.look([behind])
  expect(lines).toEqual(['t[1] is 4 records behind and has not been caught up for 61 s: add instances, or look at what its steps wait for'])
  watch.look([{ ...behind, lag: 0 }])
  await clock.advance(61_000)
  watch.look([behind])
  expect(lines).toHaveLength(1)
})
