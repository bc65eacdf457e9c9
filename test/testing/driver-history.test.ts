import { expect, test } from 'vitest'
import { DriverHistory } from '../../src/testing/driver-history.ts'
import { batchOf, readLogged, type LoggedBatch } from '../../src/testing/driver-log.ts'

const record = (value: string, headers: readonly (readonly [string, Uint8Array])[] = [], topic = 't'): LoggedBatch =>
  batchOf({ topic, partition: 1 }, { key: new Uint8Array([7]), value: Buffer.from(value), timestamp: 5, headers })

test('a call comes back as it was made, as often as one likes', () => {
  const history = new DriverHistory(10_000)
  history.add({ kind: 'send', batch: record('one') })
  history.add({ kind: 'advance', ms: 10 })
  history.add({ kind: 'store', store: 's', partition: 0, method: 'put', args: ['k', 1] })
  for (let again = 0; again < 2; again++) {
    const first = history.call(0)
    expect(first.kind === 'send' && Buffer.from(readLogged(first.batch).value!).toString()).toBe('one')
    // What a log does to a record doesn't come back.
    if (first.kind === 'send') first.batch.bytes.fill(0)
  }
  expect(history.call(1)).toEqual({ kind: 'advance', ms: 10 })
  expect(history.call(2)).toMatchObject({ method: 'put', args: ['k', 1] })
  expect(history.now).toEqual({ calls: 3, written: 0 })
})

test('it keeps thousands of records, and which calls failed', () => {
  const history = new DriverHistory(1_000_000)
  for (let i = 0; i < 3000; i++) history.add({ kind: 'send', batch: record(`value ${i}`) })
  history.fail(2999)
  const last = history.call(2999)
  expect(last.kind === 'send' && Buffer.from(readLogged(last.batch).value!).toString()).toBe('value 2999')
  expect([history.hasFailed(2998), history.hasFailed(2999)]).toEqual([false, true])
})

test('behind its limit there is no present', () => {
  const { bytes } = record('one')
  const history = new DriverHistory(2 * bytes.length)
  for (let i = 0; i < 2; i++) history.add({ kind: 'send', batch: record('one') })
  expect(history.now).toEqual({ calls: 2, written: 0 })
  history.add({ kind: 'send', batch: record('one') })
  history.wrote(record('one'))
  expect(history.now).toBeUndefined()
})

test('a written record is known by its bytes and place, whatever its headers', () => {
  const history = new DriverHistory(1000)
  for (let i = 0; i < 100; i++) history.wrote(record(`v${i}`))
  history.wrote(record('headed', [['stack', Buffer.from('here')]]))
  expect(history.written).toBe(101)
  expect(history.isWritten(99, record('v99'))).toBe(true)
  expect(history.isWritten(99, record('v98'))).toBe(false)
  expect(history.isWritten(99, record('v99', [], 'other topic'))).toBe(false)
  expect(history.isWritten(100, record('headed', [['stack', Buffer.from('there')]]))).toBe(true)
  expect(history.isWritten(100, record('beaded', [['stack', Buffer.from('here')]]))).toBe(false)
  expect(history.isWritten(101, record('v101'))).toBe(false)
})
