import { expect, test } from 'vitest'
import { ProcessingError, StreamsError, type RecordError } from '../../src/base/errors.ts'
import type { OnError } from '../../src/topology/error-decision.ts'
import { serdes, topic } from '../../src/index.ts'
import { built, copies, texts } from '../support/shop-topics.ts'
import { taskWorld } from './task-world.ts'

const throwing = (thrown: unknown) =>
  built((builder) =>
    builder
      .stream(texts)
      .mapValues(
        (value) => {
          if (value === 'bad') throw thrown
          return value
        },
        { name: 'careful', value: serdes.string },
      )
      .to(copies),
  )

function run(thrown: unknown, onError: OnError): ReturnType<typeof taskWorld> {
  const world = taskWorld(throwing(thrown), { onError })
  world.add('texts', [
    ['ok', 1],
    ['bad', 2],
    ['fine', 3],
  ])
  void world.task.process(10)
  return world
}

test('an error names its step and record, keeps the cause, the record’s bytes and the user’s stack', () => {
  let asked: RecordError | undefined
  const cause = new Error('no such thing')
  expect(() =>
    run(cause, (error) => {
      asked = error
      return 'fail'
    }),
  ).toThrow('step careful failed at texts[0]@1: no such thing')
  expect(asked).toBeInstanceOf(ProcessingError)
  expect(asked).toMatchObject({ code: 'PROCESSING_ERROR', cause, context: { taskId: '0_0', node: 'careful', topic: 'texts', offset: 1 } })
  expect(Buffer.from(asked!.raw!.value!).toString()).toBe('bad')
  expect(asked!.stack).toContain('failure.test.ts')
})

test('skip drops the record at this step and goes on', () => {
  const world = run(new Error('x'), () => 'skip')
  expect(world.written('copies')).toEqual(['k=ok@1', 'k=fine@3'])
  expect(world.dropped).toEqual(['skipped careful 1'])
})

test('a handler that throws, or answers something else, fails the task and says so', () => {
  expect(() =>
    run(new Error('x'), () => {
      throw new Error('handler is broken')
    }),
  ).toThrow(expect.objectContaining({ code: 'HANDLER_RESULT' }))
  expect(() => run(new Error('x'), () => 'maybe' as 'fail')).toThrow(/onError answered maybe: answer 'fail', 'skip', deadLetter/)
})

test('what is no error of a record is nobody’s to decide', () => {
  let asked = false
  const broken = new StreamsError('INVARIANT', 'our own mistake')
  expect(() =>
    run(broken, () => {
      asked = true
      return 'skip'
    }),
  ).toThrow(broken)
  expect(asked).toBe(false)
})

test('things that aren’t errors are described', () => {
  expect(() => run('just text', () => 'fail')).toThrow("threw the string 'just text'")
})

test('bytes that can’t be read are asked about with their phase', () => {
  let asked: RecordError | undefined
  const numbers = topic('texts', { key: serdes.string, value: serdes.long })
  const world = taskWorld(
    built((builder) => builder.stream(numbers).to(() => 'copies', { key: serdes.string, value: serdes.long })),
    {
      onError: (error) => {
        asked = error
        return 'skip'
      },
    },
  )
  world.add('texts', [['no long', 1]])
  void world.task.process(10)
  expect(asked).toMatchObject({ code: 'SERDE_DECODE', phase: 'deserialization', context: { topic: 'texts', offset: 0 } })
  expect(world.dropped[0]).toContain('deserialization')
})
