import { expect, test } from 'vitest'
import { ProcessingError } from '../../src/base/errors.ts'
import { utf8 } from '../../src/base/text.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import { deadLetterRecord } from '../../src/task/dead-letter.ts'

const record = Object.assign(new CurrentRecord(), { topic: 'in', partition: 3, offset: 17, timestamp: 5, lazyHeaders: [['h', utf8('x')]] })
const error = new ProcessingError('PROCESSING_ERROR', 'step f failed at in[3]@17: no', {
  cause: new RangeError('no'),
  attempt: 2,
  context: { node: 'f', taskId: '0_3' },
  raw: { key: utf8('k'), value: null },
})

function texts(parity: boolean): Record<string, string> {
  return Object.fromEntries(deadLetterRecord(error, record, parity).headers.map(([name, value]) => [name, Buffer.from(value!).toString()]))
}

test('a dead letter is the source record with its headers, and says why behind them', () => {
  const { key, value, timestamp, headers } = deadLetterRecord(error, record, false)
  expect([key, value, timestamp, headers[0]]).toEqual([utf8('k'), null, 5, ['h', utf8('x')]])
  expect(texts(false)).toMatchObject({
    '__streams.errors.exception': 'RangeError',
    '__streams.errors.message': 'no',
    '__streams.errors.topic': 'in',
    '__streams.errors.partition': '3',
    '__streams.errors.offset': '17',
    '__millrace.errors.code': 'PROCESSING_ERROR',
    '__millrace.errors.phase': 'processing',
    '__millrace.errors.node': 'f',
    '__millrace.errors.task': '0_3',
    '__millrace.errors.attempt': '2',
  })
  expect(texts(false)['__streams.errors.stacktrace']).toContain('step f failed')
})

test('in parity it has Kafka Streams’ headers only, in its order', () => {
  expect(Object.keys(texts(true))).toEqual([
    'h',
    '__streams.errors.exception',
    '__streams.errors.message',
    '__streams.errors.stacktrace',
    '__streams.errors.topic',
    '__streams.errors.partition',
    '__streams.errors.offset',
  ])
})

test('a punctuation has no source record', () => {
  const none = Object.assign(new CurrentRecord(), { timestamp: -1 })
  const letter = deadLetterRecord(new ProcessingError('PROCESSING_ERROR', 'thrown'), none, true)
  expect([letter.key, letter.value, letter.timestamp]).toEqual([null, null, 0])
  expect(Object.fromEntries(letter.headers)).toMatchObject({ '__streams.errors.topic': null, '__streams.errors.offset': utf8('-1') })
})
