import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTimes, encodeTimes } from '../../src/runtime/partition-time.ts'

const time = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER })
const times = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 5 }), time), { maxLength: 4 }).map((entries) => new Map(entries))

test('a partition time and the times of steps survive a commit', () => {
  fc.assert(
    fc.property(time, times, (partitionTime, ofSteps) => {
      expect(decodeTimes(encodeTimes({ partitionTime, times: ofSteps }))).toEqual({ partitionTime, times: ofSteps })
    }),
  )
})

test('the text is version 2 and the time in eight bytes, then how many times of steps, and each behind its name', () => {
  const hex = (text: string): string => Buffer.from(text, 'base64').toString('hex')
  expect(hex(encodeTimes({ partitionTime: 258, times: new Map() }))).toBe('020000000000000102')
  expect(hex(encodeTimes({ partitionTime: 1, times: new Map([['ab', 3]]) }))).toBe(
    '02 0000000000000001 00000001 00000002 6162 0000000000000003'.replaceAll(' ', ''),
  )
})

test('metadata of somebody else is no time, and what is cut off ends where it can’t be read', () => {
  for (const metadata of [null, undefined, '', 'not base64!', btoa('x'), btoa('some longer text')])
    expect(decodeTimes(metadata)).toEqual({ partitionTime: -1, times: new Map() })
  const whole = atob(encodeTimes({ partitionTime: 7, times: new Map([['ab', 3], ['c', 4]]) })) // prettier-ignore
  for (let length = 9; length < whole.length; length++) {
    const { partitionTime, times: found } = decodeTimes(btoa(whole.slice(0, length)))
    expect([partitionTime, [...found.keys()]]).toEqual([7, length < 27 ? [] : ['ab']])
  }
})
