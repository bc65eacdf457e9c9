import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { bytes, nothing, string, stringLossy, uuid } from '../../src/model/serdes-text.ts'
import { untyped } from '../support/untyped.ts'
import { expectFacesAgree, expectJavaBytes, numRuns, refusal, unreadable } from './faces.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '\ufeffx', '\ufffd', 'é'.repeat(40), '😀'),
)

/** Written by StringSerializer of kafka-clients 4.3.1. */
const wellFormed: [string, string][] = [
  ['', ''],
  ['a', '61'],
  ['éｚ😀', 'c3a9efbd9af09f9880'],
  ['a\u0000b', '610062'],
  ['\ufeffx', 'efbbbf78'],
]

describe('string', () => {
  it('has Java’s bytes', () => {
    expectJavaBytes(string, wellFormed)
  })

  it('agrees by both faces, for any text', () => {
    fc.assert(
      fc.property(text, fc.nat(9), (value, before) => expectFacesAgree(string, value, before)),
      { numRuns },
    )
  })

  it('B54: refuses bytes that are not UTF-8, with their hex and what to do', () => {
    for (const hex of ['ff', 'c3', 'eda080', '61ff62', '80']) expect(unreadable(string, hex)?.code).toBe('SERDE_DECODE')
    expect(unreadable(string, '61ff62')).toEqual({
      code: 'SERDE_DECODE',
      phase: 'deserialization',
      message:
        '3 bytes are not UTF-8 text: write the topic with UTF-8 strings, or read it with serdes.bytes or serdes.stringLossy (found 61ff62)',
    })
  })

  it('B61: refuses a lone surrogate, also in a long text', () => {
    for (const value of ['\ud800', 'a\udc00b', '\ud83d\ud83d\ude00', 'a'.repeat(100) + '\ud800']) {
      expect(refusal(string, value)).toMatchObject({ code: 'SERDE_ENCODE', phase: 'serialization' })
    }
  })

  it('refuses what is no text', () => {
    expect(refusal(string, untyped(5))?.message).toBe('5 is not a string: give a string')
    expect(refusal(string, untyped(undefined))?.code).toBe('SERDE_ENCODE')
    expect(refusal(string, untyped({ toString: () => 'x' }))?.code).toBe('SERDE_ENCODE')
  })
})

describe('stringLossy', () => {
  it('agrees by both faces, and with string where there is nothing to lose', () => {
    expectJavaBytes(stringLossy, wellFormed)
    fc.assert(
      fc.property(text, fc.nat(9), (value, before) => {
        expectFacesAgree(stringLossy, value, before)
        expect(stringLossy.serialize(value)).toEqual(string.serialize(value))
      }),
      { numRuns },
    )
  })

  it('writes a lone surrogate as Java does, as a question mark', () => {
    const vectors: [string, string][] = [
      ['\ud800', '3f'],
      ['a\udc00b', '613f62'],
      ['\ud83d\ud83d\ude00', '3ff09f9880'],
    ]
    for (const [value, hex] of vectors) {
      expect(toHex(stringLossy.serialize(value))).toBe(hex)
      const into = new Uint8Array(20)
      const length = stringLossy.write?.(value, into, 2) ?? 0
      expect(toHex(into.subarray(2, 2 + length))).toBe(hex)
    }
  })

  it('reads malformed bytes as U+FFFD, as Java does', () => {
    const vectors: [string, string][] = [
      ['ff', '\ufffd'],
      ['c3', '\ufffd'],
      ['e282', '\ufffd'],
      ['61ff62', 'a\ufffdb'],
      ['f8888080', '\ufffd\ufffd\ufffd\ufffd'],
      ['c080', '\ufffd\ufffd'],
      ['e08080', '\ufffd\ufffd\ufffd'],
      ['f09f98', '\ufffd'],
    ]
    for (const [hex, value] of vectors) {
      expect(stringLossy.deserialize(fromHex(hex))).toBe(value)
      expect(stringLossy.read?.(fromHex(`00${hex}00`), 1, hex.length / 2)).toBe(value)
    }
  })

  it('refuses what is no text', () => {
    expect(refusal(stringLossy, untyped(null))?.code).toBe('SERDE_ENCODE')
  })
})

describe('bytes', () => {
  it('are handed on as they are, and borrow what they were read from', () => {
    const value = fromHex('00ff61')
    expect(bytes.serialize(value)).toBe(value)
    expect(bytes.deserialize(value)).toBe(value)
    expect(bytes.borrows).toBe(true)
  })

  it('refuses what is no Uint8Array', () => {
    for (const value of ['text', [1, 2], new ArrayBuffer(2), null]) {
      expect(refusal(bytes, untyped(value))).toMatchObject({ code: 'SERDE_ENCODE', phase: 'serialization' })
    }
    expect(refusal(bytes, untyped('text'))?.message).toBe(`'text' is not bytes: give a Uint8Array`)
  })
})

describe('uuid', () => {
  it('has Java’s bytes: 36 characters of lower case', () => {
    expectJavaBytes(uuid, [
      ['00000000-0000-0000-0000-000000000000', '30303030303030302d303030302d303030302d303030302d303030303030303030303030'],
      ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '36626137623831302d396461642d313164312d383062342d303063303466643433306338'],
    ])
  })

  it('takes either case, so that equal ones have equal bytes', () => {
    const upper = '6BA7B810-9DAD-11D1-80B4-00C04FD430C8'
    expect(uuid.serialize(upper)).toEqual(uuid.serialize(upper.toLowerCase()))
    expect(uuid.deserialize(fromHex('36424137423831302d394441442d313144312d383042342d303043303446443433304338'))).toBe(upper.toLowerCase())
  })

  it('agrees for any', () => {
    fc.assert(
      fc.property(fc.uuid(), (value) => expectFacesAgree(uuid, value, 0)),
      { numRuns },
    )
  })

  it('refuses what is none, written or read', () => {
    for (const value of ['', 'x', '6ba7b810-9dad-11d1-80b4-00c04fd430c', '6ba7b8109dad11d180b400c04fd430c8', 'g'.repeat(36), 5]) {
      expect(refusal(uuid, untyped(value))?.code).toBe('SERDE_ENCODE')
    }
    expect(unreadable(uuid, '6162')?.message).toBe('2 bytes are not a UUID: expected 36 characters of hex and dashes (found 6162)')
  })
})

describe('void', () => {
  it('holds no value at all', () => {
    expect(refusal(nothing, untyped(1))?.message).toBe('1 is not void: only null can be written to it')
    expect(unreadable(nothing, '00')?.message).toBe('1 byte is not void: expected null (found 00)')
    expect(unreadable(nothing, '')?.code).toBe('SERDE_DECODE')
  })
})
