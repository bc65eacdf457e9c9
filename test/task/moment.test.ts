import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { CurrentRecord, NO_SOURCE_KEY } from '../../src/model/record.ts'
import { goTo, keptMoment, momentOf } from '../../src/task/moment.ts'

function recordInHand(): { readonly record: CurrentRecord; readonly bytes: Uint8Array } {
  const bytes = utf8('..keyvalue')
  const record = new CurrentRecord()
  const one = (n: number): Int32Array => Int32Array.of(0, n)
  const rows = { bytes, count: 2, keyAt: one(2), keyLength: one(3), valueAt: one(5), valueLength: one(5) }
  Object.assign(record, { topic: 'in', partition: 3, offset: 17, timestamp: 5, sourceKey: 'key', rows, index: 1 })
  record.lazyHeaders = () => [['h', null]]
  return { record, bytes }
}

const doing = { queue: undefined, phase: 'processing' } as const

test('a moment that is kept has bytes of its own, and its headers, when the batch is long gone', () => {
  const { record, bytes } = recordInHand()
  const kept = keptMoment(record, doing)
  bytes.fill(0)
  Object.assign(record, { topic: 'other', offset: 99, rows: undefined, lazyHeaders: [] })
  goTo(record, kept)
  expect([record.topic, record.partition, record.offset, record.timestamp, record.headers]).toEqual(['in', 3, 17, 5, [['h', null]]])
  expect(record.sourceKey).toBe(NO_SOURCE_KEY)
  const { rows, index } = record
  const text = (at: number, length: number): string => Buffer.from(rows!.bytes.slice(at, at + length)).toString()
  expect(text(rows!.keyAt[index]!, rows!.keyLength[index]!)).toBe('key')
  expect(text(rows!.valueAt[index]!, rows!.valueLength[index]!)).toBe('value')
})

test('null keys and values stay null', () => {
  const { record } = recordInHand()
  const none = Int32Array.of(0, -1)
  record.rows = { ...record.rows!, keyLength: none, valueLength: none }
  goTo(record, keptMoment(record, doing))
  expect([record.rows.keyLength[0], record.rows.valueLength[0], record.rows.bytes.length]).toEqual([-1, -1, 0])
})

test('a moment to come back to is exactly what it was', () => {
  const { record } = recordInHand()
  const { rows } = record
  const before = momentOf(record, doing)
  Object.assign(record, { topic: '', index: 0, rows: undefined, sourceKey: NO_SOURCE_KEY })
  goTo(record, before)
  expect([record.topic, record.index, record.sourceKey]).toEqual(['in', 1, 'key'])
  expect(record.rows).toBe(rows)
})
