import { expect, test } from 'vitest'
import * as errors from '../../src/base/errors.ts'
import { assert, ClusterError, ERROR_CODES, SerdeError, StreamsError, TaskMigratedError, TopologyError } from '../../src/base/errors.ts'

test('each code belongs to a class that exists', () => {
  const classes = new Set(Object.values(ERROR_CODES))
  for (const name of classes) expect(errors).toHaveProperty(name)
})

test('an error carries its code, its class’s name, whether it may be retried, its cause and a frozen context', () => {
  const cause = new Error('socket')
  const error = new ClusterError('CONNECTION_LOST', 'gone', { retriable: true, cause, context: { topic: 't' } })
  expect(error).toMatchObject({ name: 'ClusterError', code: 'CONNECTION_LOST', retriable: true, cause, context: { topic: 't' } })
  expect(Object.isFrozen(error.context)).toBe(true)
  expect(error).toBeInstanceOf(StreamsError)
  expect(new TaskMigratedError('x').code).toBe('TASK_MIGRATED')
})

test('one mistake is its own text, several are a list; the first gives the code', () => {
  const one = { code: 'NAME_INVALID' as const, message: 'first' }
  expect(new TopologyError([one]).message).toBe('first')
  const both = new TopologyError([one, { code: 'TOPIC_INVALID', message: 'second' }])
  expect([both.code, both.message]).toEqual(['NAME_INVALID', 'the topology has 2 mistakes:\n  - first\n  - second'])
})

test('an error about a record knows what was being done', () => {
  expect(new SerdeError('SERDE_DECODE', 'x').phase).toBe('deserialization')
  expect(new SerdeError('SERDE_ENCODE', 'x').phase).toBe('serialization')
  expect(new SerdeError('SERDE_ENCODE', 'x', { phase: 'production', attempt: 3 })).toMatchObject({
    phase: 'production',
    attempt: 3,
    raw: null,
  })
})

test('what must hold by construction says so when it doesn’t', () => {
  expect(() => assert(true, 'fine')).not.toThrow()
  expect(() => assert(false, 'two and two are four', { topic: 't' })).toThrow(
    expect.objectContaining({ code: 'INVARIANT', context: { topic: 't' } }),
  )
})
