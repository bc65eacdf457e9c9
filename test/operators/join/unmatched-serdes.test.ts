import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, toHex } from '../../../src/base/bytes.ts'
import { serdes } from '../../../src/model/serdes.ts'
import { waitingKey, waitingList } from '../../../src/operators/join/unmatched-serdes.ts'

const keys = waitingKey(serdes.string)
const lists = waitingList(serdes.string, serdes.long)

test('a key is a time, a side and the key’s bytes, as Kafka Streams has them', () => {
  expect(toHex(keys.serialize({ timestamp: 0x0102, isLeft: true, key: 'k2' }))).toBe('0000000000000102016b32')
  expect(toHex(keys.serialize({ timestamp: 0, isLeft: false, key: '' }))).toBe('000000000000000000')
})

test('a value is a list, each entry with its side', () => {
  expect(toHex(lists.serialize([{ isLeft: true, value: 'cat1' }]))).toBe('0100000001000000050163617431')
  expect(toHex(lists.serialize([{ isLeft: false, value: 1 }, { isLeft: true, value: '' }]))) // prettier-ignore
    .toBe('0100000002000000090000000000000000010000000101')
})

const place = fc.record({ timestamp: fc.nat(), isLeft: fc.boolean(), key: fc.string() })

test('what was written is read, and keys are in order of time, right before left', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      expect(keys.deserialize(keys.serialize(a))).toEqual(a)
      const order = a.timestamp - b.timestamp || Number(a.isLeft) - Number(b.isLeft)
      if (order !== 0) expect(Math.sign(compareBytes(keys.serialize(a), keys.serialize(b)))).toBe(Math.sign(order))
    }),
  )
  const side = fc.oneof(
    fc.record({ isLeft: fc.constant(true as const), value: fc.string() }),
    fc.record({ isLeft: fc.constant(false as const), value: fc.integer() }),
  )
  fc.assert(
    fc.property(fc.array(side), (list) => {
      expect(lists.deserialize(lists.serialize(list))).toEqual(list)
    }),
  )
})

test('bytes that are cut off are refused', () => {
  const code = expect.objectContaining({ code: 'SERDE_DECODE' })
  expect(() => keys.deserialize(new Uint8Array(8))).toThrow(code)
  expect(() => lists.deserialize(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 0))).toThrow(code)
})
