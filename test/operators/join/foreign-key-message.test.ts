import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { murmur3 } from '../../../src/base/murmur3.ts'
import { utf8 } from '../../../src/base/text.ts'
import { serdes } from '../../../src/model/serdes.ts'
import {
  ANSWER,
  DELETE_SILENTLY,
  foreignKeyPrefix,
  responseSerde,
  subscriptionKey,
  subscriptionSerde,
  type Instruction,
} from '../../../src/operators/join/foreign-key-message.ts'

const subscriptions = subscriptionSerde(serdes.string)
const responses = responseSerde(serdes.string)
const hash = fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }))
const instruction = fc.constantFrom<Instruction>(0, 1, 2, 3)

test('a subscription comes back as it went', () =>
  fc.assert(
    fc.property(fc.record({ hash, instruction, key: fc.string({ unit: 'grapheme' }), partition: fc.nat() }), (subscription) => {
      expect(subscriptions.deserialize(subscriptions.serialize(subscription))).toEqual(subscription)
    }),
  ))

test('a response comes back as it went, but for where it goes; a text of no bytes comes back as null', () =>
  fc.assert(
    fc.property(fc.record({ hash, value: fc.option(fc.string({ unit: 'grapheme' })), partition: fc.nat() }), (response) => {
      const expected = { ...response, value: response.value === '' ? null : response.value, partition: undefined }
      expect(responses.deserialize(responses.serialize(response))).toEqual(expected)
    }),
  ))

test('the bytes are those of Kafka Streams (F11)', () => {
  const ant8 = murmur3(utf8('ant8'))
  const subscription = { hash: ant8, instruction: ANSWER, key: 'k1', partition: 0 } as const
  expect(toHex(subscriptions.serialize(subscription))).toBe('010239e2bad0f2dc2c8cbb5fd4a7fb0d042a6b3100000000')
  expect(toHex(subscriptions.serialize({ hash: null, instruction: DELETE_SILENTLY, key: 'k1', partition: 258 }))).toBe('81006b3100000102')
  expect(toHex(responses.serialize({ hash: ant8, value: 'cat2', partition: 3 }))).toBe('0039e2bad0f2dc2c8cbb5fd4a7fb0d042a63617432')
  expect(toHex(responses.serialize({ hash: null, value: null, partition: 3 }))).toBe('80')
  expect(toHex(subscriptionKey(utf8('k0'), utf8('k1')))).toBe('000000026b306b31')
  expect(toHex(foreignKeyPrefix(utf8('')))).toBe('00000000')
})

test('a subscription of the version before has no partition', () => {
  expect(subscriptions.deserialize(fromHex('80036b31'))).toEqual({ hash: null, instruction: 3, key: 'k1', partition: undefined })
})

test.each([
  ['of no bytes', ''],
  ['of a later version', '82026b3100000000'],
  ['with another instruction', '81046b3100000000'],
  ['without all of its hash', '0102ffff'],
  ['without its partition', '8102ff'],
])('a subscription %s is refused', (_what, hex) => {
  expect(() => subscriptions.deserialize(fromHex(hex))).toThrow(expect.objectContaining({ code: 'SERDE_DECODE' }))
})

test.each([
  ['of a later version', '81'],
  ['without all of its hash', '00ffff'],
])('a response %s is refused', (_what, hex) => {
  expect(() => responses.deserialize(fromHex(hex))).toThrow(expect.objectContaining({ code: 'SERDE_DECODE' }))
})

test('keys of a foreign key stand together, and no other’s among them', () =>
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (one, other, key) => {
      const prefix = toHex(foreignKeyPrefix(one))
      expect(toHex(subscriptionKey(one, key)).startsWith(prefix)).toBe(true)
      expect(toHex(subscriptionKey(other, key)).startsWith(prefix)).toBe(toHex(one) === toHex(other))
    }),
  ))
