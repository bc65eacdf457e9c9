import { expect, test } from 'vitest'
import { ProcessingError } from '../../src/base/errors.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import { failureContext } from '../../src/task/failure-context.ts'
import { deadLetter, type DeadLetterRecord } from '../../src/topology/error-decision.ts'
import { untyped } from '../support/untyped.ts'

test('dropped records are counted by what was done with them, and dead letters go out as the decision says', () => {
  const dropped: string[] = []
  const buried: [DeadLetterRecord, number | undefined][] = []
  const task = {
    id: '0_0' as const,
    record: new CurrentRecord(),
    waitingIn: new Set<string>(),
    drop: (reason: string) => void dropped.push(reason),
  }
  const context = failureContext(task, {
    ports: untyped({ patienceMs: 7 }),
    parity: false,
    frozen: false,
    phase: () => 'processing',
    topicOf: () => 'out',
    bury: (record, { partition }) => void buried.push([record, partition]),
  })
  context.skipped('f', 'deserialization')
  context.skipped('f', 'processing')
  expect(dropped).toEqual(['deserialization', 'skipped'])
  const error = new ProcessingError('PROCESSING_ERROR', 'no')
  void context.bury(deadLetter('failed', { partition: 2, mapRecord: (record) => ({ ...record, headers: [] }) }), error)
  expect(buried).toEqual([[{ key: null, value: null, timestamp: 0, headers: [] }, 2]])
  expect(context.patienceMs).toBe(7)
})
