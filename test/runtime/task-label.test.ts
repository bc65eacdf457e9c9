import { expect, test } from 'vitest'
import { readLabel, TASK_FORMAT } from '../../src/runtime/task-label.ts'

const expected = { path: 'state/app/0_1/task.json', applicationId: 'app', taskId: '0_1' }
const label = { format: TASK_FORMAT, engine: 'rocksdb', applicationId: 'app', taskId: '0_1' }

test('a label says its format and engine', () => {
  expect(readLabel(JSON.stringify(label), expected)).toEqual({ format: 1, engine: 'rocksdb' })
})

test.each([
  [{ ...label, format: 2 }, 'STATE_INCOMPATIBLE', /found format 2/],
  [{ ...label, applicationId: 'other' }, 'STATE_INCOMPATIBLE', /found application other, expected app/],
  [{ ...label, taskId: '1_1' }, 'STATE_INCOMPATIBLE', /found task 1_1, expected 0_1/],
  [{ ...label, engine: 7 }, 'STATE_CORRUPT', /names no engine/],
  [{ ...label, format: '1' }, 'STATE_CORRUPT', /can't be read/],
  [{ ...label, format: 0 }, 'STATE_CORRUPT', /can't be read/],
  [[1], 'STATE_CORRUPT', /can't be read/],
  [null, 'STATE_CORRUPT', /can't be read/],
] as const)('%j is %s', (value, code, message) => {
  expect(() => readLabel(JSON.stringify(value), expected)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})

test('half a label is damage', () => {
  expect(() => readLabel('{"format":1,', expected)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
})
