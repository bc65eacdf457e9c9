import { expect, it } from 'vitest'
import { ERROR_CODES } from '../../src/base/errors.ts'
import { errorName, wireError, type Action, type Asking } from '../../src/wire/error-table.ts'

const askings: readonly Asking[] = ['produce', 'fetch', 'group', 'transaction']
const actions = (code: number): Action[] => askings.map((asking) => wireError(code, asking).action)

it('names codes as Kafka does', () => {
  const names: [number, string][] = [
    [-1, 'UNKNOWN_SERVER_ERROR'],
    [0, 'NONE'],
    [3, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [16, 'NOT_COORDINATOR'],
    [27, 'REBALANCE_IN_PROGRESS'],
    [51, 'CONCURRENT_TRANSACTIONS'],
    [74, 'FENCED_LEADER_EPOCH'],
    [90, 'PRODUCER_FENCED'],
    [113, 'STALE_MEMBER_EPOCH'],
    [120, 'TRANSACTION_ABORTABLE'],
    [133, 'SHARE_SESSION_LIMIT_REACHED'],
    [134, 'ERROR_134'],
    [-2, 'ERROR_-2'],
  ]
  for (const [code, name] of names) expect(errorName(code)).toBe(name)
})

it('says what each side does', () => {
  expect(actions(6)).toEqual(['rewind-refresh', 'refresh', 'fatal', 'abort'])
  expect(actions(16)).toEqual(['refresh', 'refresh', 'refresh', 'refresh'])
  expect(actions(45)).toEqual(['resequence', 'retry-3', 'fatal', 'abort'])
  expect(actions(47)).toEqual(['bump', 'retry-3', 'fatal', 'reinit'])
  expect(actions(22)).toEqual(['fatal', 'fenced', 'rejoin', 'fenced'])
  expect(actions(1)[1]).toBe('reset')
  expect(actions(46)[0]).toBe('done')
  expect(actions(51)[3]).toBe('retry')
  expect(actions(90)).toEqual(['fenced', 'retry-3', 'fatal', 'fenced'])
  expect(actions(29)).toEqual(['fatal', 'fatal', 'fatal', 'fatal'])
})

it('treats what is not in the table, or not known at all, as any other error', () => {
  for (const code of [4, 55, 134, 9999]) expect(actions(code)).toEqual(['fatal', 'retry-3', 'fatal', 'abort'])
})

it('becomes a code that the library has', () => {
  expect(wireError(30, 'group')).toEqual({ code: 30, name: 'GROUP_AUTHORIZATION_FAILED', action: 'fatal', becomes: 'ACL_DENIED' })
  expect(wireError(87, 'produce').becomes).toBe('RECORD_INVALID')
  expect(wireError(9999, 'fetch').becomes).toBe('BROKER_ERROR')
  for (let code = -1; code < 140; code++) expect(Object.keys(ERROR_CODES)).toContain(wireError(code, 'fetch').becomes)
})
