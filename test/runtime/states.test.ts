import { expect, test } from 'vitest'
import { mayMove, StateMachine, type AppState } from '../../src/runtime/states.ts'

const ALL: readonly AppState[] = ['CREATED', 'REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING', 'PENDING_ERROR', 'ERROR']

test('the moves are Kafka Streams’', () => {
  const moves = ALL.flatMap((from) => ALL.filter((to) => mayMove(from, to)).map((to) => `${from} → ${to}`))
  expect(moves).toEqual(
    expect.arrayContaining([
      'CREATED → REBALANCING',
      'REBALANCING → RUNNING',
      'RUNNING → REBALANCING',
      'RUNNING → PENDING_SHUTDOWN',
      'PENDING_SHUTDOWN → NOT_RUNNING',
      'RUNNING → PENDING_ERROR',
      'PENDING_ERROR → ERROR',
    ]),
  )
  for (const never of ['NOT_RUNNING → RUNNING', 'ERROR → RUNNING', 'CREATED → RUNNING']) expect(moves).not.toContain(never)
})

test('tells of each move, and refuses those that are not in the table', () => {
  const told: string[] = []
  const machine = new StateMachine((to, from) => told.push(`${from}>${to}`))
  machine.move('REBALANCING')
  expect(machine.tryMove('NOT_RUNNING')).toBe(false)
  expect(() => machine.move('ERROR')).toThrow(expect.objectContaining({ code: 'INVARIANT' }))
  expect(told).toEqual(['CREATED>REBALANCING'])
})
