import { expect, expectTypeOf, test } from 'vitest'
import { partitionOfTask, taskId, type TaskId } from '../../src/model/task-id.ts'

test('a task is its sub-topology and partition', () => {
  expect(taskId(0, 13)).toBe('0_13')
  expectTypeOf(taskId(1, 2)).toEqualTypeOf<TaskId>()
  // @ts-expect-error -- not a task id
  const wrong: TaskId = 'a_b'
  expect(wrong).toBe('a_b')
})

test('a task knows its partition', () => {
  expect(partitionOfTask(taskId(12, 345))).toBe(345)
})
