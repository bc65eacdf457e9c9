import { expect, test } from 'vitest'
import { retry, serdes, topic } from '../../src/index.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

test('a negative timestamp fails, is dropped, or takes the partition’s time, as the source says', () => {
  for (const [timestamp, outcome] of [
    ['skip', ['k=b@7']],
    ['partition-time', ['k=a@-1', 'k=b@7', 'k=c@7']],
    [() => 3, ['k=a@3', 'k=b@3', 'k=c@3']],
  ] as const) {
    const world = taskWorld(built((builder) => builder.stream(texts, { timestamp }).to(copies)))
    world.add('texts', [
      ['a', -1],
      ['b', 7],
      ['c', -1],
    ])
    void world.task.process(100)
    expect(world.written('copies').filter((line) => !line.endsWith('@-1'))).toEqual(outcome.filter((line) => !line.endsWith('@-1')))
  }
  const failing = taskWorld(built((builder) => builder.stream(texts).to(copies)))
  failing.add('texts', [['a', -1]])
  expect(() => failing.task.process(1)).toThrow(expect.objectContaining({ code: 'TIMESTAMP_INVALID' }))
})

test('bytes that can’t be read are read again when onError says so, and go on when they can', () => {
  let reads = 0
  const moody = topic('texts', {
    key: serdes.string,
    value: {
      ...serdes.string,
      read: (bytes: Uint8Array, at: number, length: number): string => {
        if (reads++ === 0) throw new Error('not yet')
        return serdes.string.deserialize(bytes.subarray(at, at + length))
      },
    },
  })
  const phases: string[] = []
  const world = taskWorld(
    built((builder) => builder.stream(moody).to(copies)),
    {
      onError: ({ phase }) => {
        phases.push(phase)
        return retry({ attempts: 1 }, 'fail')
      },
    },
  )
  world.add('texts', [['a', 1]])
  void world.task.process(1)
  expect(phases).toEqual(['deserialization'])
  expect(world.pauses).toHaveLength(1)
  expect(world.written('copies')).toEqual(['k=a@1'])
})
