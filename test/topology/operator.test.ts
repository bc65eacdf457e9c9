import { expect, test } from 'vitest'
import { CurrentRecord, NO_SOURCE_KEY } from '../../src/model/record.ts'
import { noHeaders } from '../../src/model/headers.ts'
import { fanOut, restored, stamped, type Emit } from '../../src/topology/operator.ts'

function recordAt(timestamp: number): CurrentRecord {
  const record = new CurrentRecord()
  record.timestamp = timestamp
  record.topic = 'orders'
  return record
}

test('another timestamp is seen below and put back afterwards', () => {
  const seen: number[] = []
  const emit = stamped<string, string>((_key, _value, record) => void seen.push(record.timestamp))
  const record = recordAt(5)
  expect(emit('k', 'v', record, 9)).toBeUndefined()
  expect([seen, record.timestamp]).toEqual([[9], 5])
})

test('another timestamp is put back after what below had to wait for', async () => {
  let go = (): void => undefined
  const emit = stamped<string, string>(() => new Promise((resolve) => void (go = resolve)))
  const record = recordAt(5)
  const waiting = emit('k', 'v', record, 9)
  expect(record.timestamp).toBe(9)
  go()
  await waiting
  expect(record.timestamp).toBe(5)
})

test('another record stands in for the whole context, also when below it fails', () => {
  const record = recordAt(5)
  record.sourceKey = 'mine'
  const as = { topic: 'other', partition: 3, offset: 7, timestamp: 1, headers: noHeaders }
  const emit = restored<string, string>((_key, _value, found) => {
    expect([found.topic, found.partition, found.offset, found.timestamp]).toEqual(['other', 3, 7, 1])
    expect(record.sourceKey).toBe(NO_SOURCE_KEY)
  })
  void emit('k', 'v', record, as)
  expect([record.topic, record.timestamp, record.sourceKey]).toEqual(['orders', 5, 'mine'])
})

test('children get a record in order, each after the one before, whether it waits or not', async () => {
  const order: string[] = []
  const now =
    (name: string): Emit<string, string> =>
    () =>
      void order.push(name)
  const later =
    (name: string): Emit<string, string> =>
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      order.push(name)
    }
  expect(fanOut([now('a'), now('b')])('k', 'v', recordAt(0))).toBeUndefined()
  await fanOut([now('c'), later('d'), now('e'), later('f')])('k', 'v', recordAt(0))
  expect(order.join('')).toBe('abcdef')
  expect(fanOut([])('k', 'v', recordAt(0))).toBeUndefined()
})
