import { describe, expect, expectTypeOf, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { current, CurrentRecord, StreamRecord } from '../../src/model/record.ts'
import { untyped } from '../support/untyped.ts'
import { failure } from './faces.ts'

const headers: Headers = [['h', fromHex('31')]]

describe('the current record', () => {
  it('is of no topic at first', () => {
    expect(new CurrentRecord().snapshot()).toEqual({ topic: '', partition: -1, offset: -1, timestamp: -1, headers: noHeaders })
  })

  it('parses its headers when they are first asked for, once', () => {
    const record = new CurrentRecord()
    let parsed = 0
    record.lazyHeaders = (): Headers => {
      parsed++
      return headers
    }
    expect(parsed).toBe(0)
    expect([record.headers, record.headers]).toEqual([headers, headers])
    expect(parsed).toBe(1)
    record.lazyHeaders = noHeaders
    expect(record.headers).toBe(noHeaders)
  })

  it('changes under who holds it, but not under a snapshot', () => {
    const record = new CurrentRecord()
    Object.assign(record, { topic: 't', partition: 1, offset: 2, timestamp: 3, lazyHeaders: headers })
    const kept = record.snapshot()
    Object.assign(record, { topic: 'u', partition: 4, offset: 5, timestamp: 6, lazyHeaders: noHeaders })
    expect(kept).toEqual({ topic: 't', partition: 1, offset: 2, timestamp: 3, headers })
    expect(Object.isFrozen(kept)).toBe(true)
  })

  it('is behind a context, and anything else there is our own mistake', () => {
    const record = new CurrentRecord()
    expect(current(record)).toBe(record)
    expect(failure(() => current(untyped(record.snapshot())))?.code).toBe('INVARIANT')
  })
})

describe('a stream record', () => {
  const record = new StreamRecord('k', 1, 5, headers)

  it('is changed by making another', () => {
    expect(record.withKey(null)).toEqual(new StreamRecord(null, 1, 5, headers))
    expect(record.withValue('v')).toEqual(new StreamRecord('k', 'v', 5, headers))
    expect(record.withTimestamp(0)).toEqual(new StreamRecord('k', 1, 0, headers))
    expect(record.withHeaders(noHeaders)).toEqual(new StreamRecord('k', 1, 5))
    expect(record).toEqual(new StreamRecord('k', 1, 5, headers))
    expectTypeOf(record.withKey(7).withValue(true)).toEqualTypeOf<StreamRecord<number, boolean>>()
  })

  it('B53: has a time, or is refused', () => {
    for (const timestamp of [-1, 1.5, Number.NaN, Infinity, undefined, 'now', 5n]) {
      expect(failure(() => record.withTimestamp(untyped(timestamp)))?.code).toBe('TIMESTAMP_INVALID')
    }
    expect(failure(() => new StreamRecord('k', 1, -1))?.message).toBe(
      `a record's timestamp is -1: give whole milliseconds since the epoch, at least 0`,
    )
  })
})
