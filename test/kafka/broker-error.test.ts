import { expect, test } from 'vitest'
import { brokerError } from '../../src/kafka/broker-error.ts'

test('an error says what was asked, what the broker answered, and whether asking again helps', () => {
  const error = brokerError(6, 'fetch', 'reading orders[3]', { topic: 'orders', partition: 3 })
  expect(error.message).toBe('reading orders[3]: the broker answered NOT_LEADER_OR_FOLLOWER (6)')
  expect(error.retriable).toBe(true)
  expect(error.context).toEqual({ topic: 'orders', partition: 3 })
})

test('a refusal for lack of rights is its own code, and is not tried again', () => {
  const error = brokerError(29, 'produce', 'writing to orders[0]')
  expect([error.code, error.retriable]).toEqual(['ACL_DENIED', false])
})

test('a code that no table knows is named by its number', () => {
  expect(brokerError(9_999, 'group', 'joining group g').message).toContain('9999')
})
