import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTime, encodeTime } from '../../src/runtime/partition-time.ts'

test('a partition time survives a commit', () => {
  fc.assert(fc.property(fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }), (time) => decodeTime(encodeTime(time)) === time))
})

test('the text is version 2 and the time in eight bytes', () => {
  expect(Buffer.from(encodeTime(258), 'base64').toString('hex')).toBe('020000000000000102')
})

test('metadata of somebody else is no time', () => {
  for (const metadata of [null, undefined, '', 'not base64!', btoa('x'), btoa('some longer text')]) expect(decodeTime(metadata)).toBe(-1)
})
