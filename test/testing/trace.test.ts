import { expect, test } from 'vitest'
import { CurrentRecord } from '../../src/model/record.ts'
import { placeKey, Trace, type Call } from '../../src/testing/trace.ts'

const call = (node: string): Call => ({ node, in: { key: 'k', value: 1, timestamp: 5 }, trigger: 'record', input: undefined })
const row = { store: 's', key: 'k', id: '0/s/6b' }
const place = (offset: number) => ({ topic: 'out', partition: 0, offset })

test('a record belongs to the step that runs, and to those that called it', () => {
  const trace = new Trace()
  const record = new CurrentRecord()
  trace.during(call('first'), () => {
    trace.during(call('second'), () => {
      trace.emits('k', 2, 6)
      trace.wrote(place(0), record, undefined)
    })
    trace.emits('k', 3, 7)
    trace.wrote(place(1), record, undefined)
  })
  expect(trace.written(place(0))).toMatchObject({
    by: { frame: { node: 'second', parent: { frame: { node: 'first' } } } },
    out: { value: 2, timestamp: 6 },
  })
  expect(trace.written(place(1))).toMatchObject({ by: { frame: { node: 'first', parent: undefined } }, out: { value: 3 } })
  expect(trace.written(place(2))).toBeUndefined()
})

test('a step runs until what it waits for has settled, or it has thrown', async () => {
  const trace = new Trace()
  const record = new CurrentRecord()
  const waiting = trace.during(call('slow'), async () => {
    await Promise.resolve()
    trace.wrote(place(0), record, undefined)
  })
  await waiting
  expect(() =>
    trace.during(call('broken'), () => {
      throw new Error('broken')
    }),
  ).toThrow('broken')
  await expect(trace.during(call('broken later'), () => Promise.reject(new Error('later')))).rejects.toThrow('later')
  trace.wrote(place(1), record, undefined)
  expect(trace.written(place(0))?.by?.frame.node).toBe('slow')
  expect(trace.written(place(1))?.by).toBeUndefined()
})

test('a read knows who wrote the row, once a step, and not what the step wrote itself', () => {
  const trace = new Trace()
  const record = new CurrentRecord()
  const live = { n: 1 }
  trace.during(call('writer'), () => trace.writes(row, live))
  live.n = 2
  trace.during(call('reader'), () => {
    trace.reads(row, live)
    trace.reads(row, live)
    trace.writes(row, null)
    trace.reads(row, undefined)
    trace.wrote(place(0), record, undefined)
  })
  trace.reads(row, 1)
  trace.writes(row, 1)
  const { reads, writes } = trace.written(place(0))!.by!.frame
  expect(reads).toHaveLength(1)
  expect(reads[0]).toMatchObject({ value: { n: 2 }, writer: { by: { frame: { node: 'writer' } }, access: { value: { n: 1 } } } })
  expect(writes).toMatchObject([{ value: null }])
})

test('what a source sends on as it is comes from the record in hand; a row’s change at a commit from who wrote the row', () => {
  const trace = new Trace()
  const record = new CurrentRecord()
  Object.assign(record, { topic: 'in', partition: 2, offset: 8, timestamp: 4, sourceKey: 'a', sourceValue: 'b' })
  trace.wrote(place(0), record, undefined)
  const input = { topic: 'in', partition: 2, offset: 8, key: 'a', value: 'b', timestamp: 4 }
  expect(trace.written(place(0))).toEqual({ trigger: 'record', by: undefined, input, out: { key: 'a', value: 'b', timestamp: 4 } })
  trace.during(trace.arriving('step', 'k', 1, record), () => trace.writes(row, 1))
  trace.wrote(place(1), record, row.id)
  trace.wrote(place(2), record, 'nobody’s')
  expect(trace.written(place(1))).toMatchObject({ trigger: 'commit', by: { frame: { node: 'step' } }, input: { topic: 'in', offset: 8 } })
  expect(trace.written(place(2))).toMatchObject({ trigger: 'commit', by: undefined, input: undefined })
})

test('records are told apart by where they stand, and known in the order in which they were taken', () => {
  const trace = new Trace()
  const record = new CurrentRecord()
  for (const offset of [5, 3, 5]) {
    Object.assign(record, { topic: 'in', partition: 0, offset })
    trace.arriving('step', 'k', 1, record)
  }
  const at = (offset: number) => ({ topic: 'in', partition: 0, offset })
  expect([5, 3, 9].map((offset) => trace.order(at(offset)))).toEqual([0, 1, 0])
  expect(placeKey(at(5))).toBe('in-0@5')
})
