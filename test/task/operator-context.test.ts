import { expect, test } from 'vitest'
import { keyValueStore, serdes, type ProcessorContext } from '../../src/index.ts'
import { built, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

const seen = keyValueStore('seen', { key: serdes.string, value: serdes.long })

function contextOf(connected: boolean): { context: ProcessorContext<string, string>; world: ReturnType<typeof taskWorld> } {
  let found: ProcessorContext<string, string> | undefined
  const world = taskWorld(
    built((builder) =>
      builder.stream(texts).process<string, string>(() => ({ init: (context) => void (found = context), process: () => undefined }), {
        name: 'mine',
        stores: connected ? [seen] : [],
      }),
    ),
  )
  world.add('texts', [['v', 5]])
  void world.task.process(1)
  return { context: found!, world }
}

test('a processor knows its task, application and times', () => {
  const { context, world } = contextOf(true)
  expect([context.taskId, context.applicationId, context.streamTime(), context.now()]).toEqual(['0_0', 'app', 5, 1_000])
  context.commit()
  expect(world.task.commitRequested).toBe(true)
})

test('a connected store is there, another one is named with what to write', () => {
  const store = contextOf(true).context.store(seen)
  store.put('k', 3)
  expect(store.get('k')).toBe(3)
  expect(() => contextOf(false).context.store(seen)).toThrow(
    "step mine uses store seen, which is not connected to it: list it in the step's `stores` (connected: none)",
  )
})
