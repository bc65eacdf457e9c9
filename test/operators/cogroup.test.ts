import { expect, test } from 'vitest'
import { cogroupMerge } from '../../src/operators/cogroup.ts'
import { harness } from '../support/operator-harness.ts'

test('what the aggregations of a cogroup hand on goes on as it is', () => {
  const running = harness(cogroupMerge<string, number>())
  expect(running.send({ key: 'a', value: { value: 2, old: 1, latest: true }, timestamp: 7 })).toBeUndefined()
  expect(running.outputs).toMatchObject([{ key: 'a', value: { value: 2, old: 1 }, timestamp: 7 }])
})

test('its inputs are co-partitioned, and it asks them for old values', () => {
  expect(cogroupMerge().traits).toEqual({ copartitioned: true, passesOldValue: true })
})
