import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/bytes.ts'
import type { Serde } from '../../src/model/serde.ts'
import { bigint, boolean, double, float, integer, long, short } from '../../src/model/serdes-numbers.ts'
import { untyped } from '../support/untyped.ts'
import { expectFacesAgree, expectJavaBytes, numRuns, refusal, unreadable } from './faces.ts'

/** Written by org.apache.kafka.common.serialization of kafka-clients 4.3.1. */
describe('bytes equal Java’s', () => {
  it('of shorts', () => {
    expectJavaBytes(short, [
      [0, '0000'],
      [1, '0001'],
      [-1, 'ffff'],
      [-32768, '8000'],
      [32767, '7fff'],
      [258, '0102'],
    ])
  })

  it('of integers', () => {
    expectJavaBytes(integer, [
      [0, '00000000'],
      [-1, 'ffffffff'],
      [-2147483648, '80000000'],
      [2147483647, '7fffffff'],
      [16909060, '01020304'],
    ])
  })

  it('of longs', () => {
    expectJavaBytes(long, [
      [0, '0000000000000000'],
      [-1, 'ffffffffffffffff'],
      [9007199254740991, '001fffffffffffff'],
      [-9007199254740991, 'ffe0000000000001'],
      [7696581394439, '0000070000000007'],
    ])
  })

  it('of longs as bigints', () => {
    expectJavaBytes(bigint, [
      [0n, '0000000000000000'],
      [-1n, 'ffffffffffffffff'],
      [9007199254740993n, '0020000000000001'],
      [-(2n ** 63n), '8000000000000000'],
      [2n ** 63n - 1n, '7fffffffffffffff'],
    ])
  })
})

describe('bytes of fractions and booleans equal Java’s', () => {
  it('of floats', () => {
    expectJavaBytes(float, [
      [0, '00000000'],
      [-0, '80000000'],
      [1.5, '3fc00000'],
      [-2.25, 'c0100000'],
      [Math.fround(0.1), '3dcccccd'],
      [Math.fround(3.4028235e38), '7f7fffff'],
      [2 ** -149, '00000001'],
      [Number.NaN, '7fc00000'],
      [Number.POSITIVE_INFINITY, '7f800000'],
    ])
  })

  it('of doubles', () => {
    expectJavaBytes(double, [
      [0, '0000000000000000'],
      [-0, '8000000000000000'],
      [1.5, '3ff8000000000000'],
      [-1 / 3, 'bfd5555555555555'],
      [Number.MAX_VALUE, '7fefffffffffffff'],
      [Number.MIN_VALUE, '0000000000000001'],
      [Number.NaN, '7ff8000000000000'],
      [Number.NEGATIVE_INFINITY, 'fff0000000000000'],
    ])
  })

  it('of booleans', () => {
    expectJavaBytes(boolean, [
      [true, '01'],
      [false, '00'],
    ])
  })
})

describe('both faces', () => {
  const holds = <T>(serde: Serde<T>, values: fc.Arbitrary<T>): void => {
    fc.assert(
      fc.property(values, fc.nat(9), (value, before) => expectFacesAgree(serde, value, before)),
      { numRuns },
    )
  }

  it('agree and come back as they were', () => {
    holds(short, fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }))
    holds(integer, fc.integer())
    holds(long, fc.maxSafeInteger())
    holds(bigint, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
    holds(float, fc.float())
    holds(double, fc.double())
    holds(boolean, fc.boolean())
  })
})

describe('a value that doesn’t fit', () => {
  it('B59: is an error that says the type, the value and what to do', () => {
    const wrong: [Serde<number>, unknown[]][] = [
      [short, [2 ** 15, -(2 ** 15) - 1, 1.5, Number.NaN, '5', null, undefined, 5n]],
      [integer, [2 ** 31, -(2 ** 31) - 1, 1.5, Number.POSITIVE_INFINITY, '5', {}, [1]]],
      [long, [1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, null]],
      [float, ['1', null, undefined, true]],
      [double, ['1', null, undefined, {}]],
    ]
    for (const [serde, values] of wrong) for (const value of values) expect(refusal(serde, untyped(value))?.code).toBe('SERDE_ENCODE')
    expect(refusal(integer, 2 ** 31)).toEqual({
      code: 'SERDE_ENCODE',
      phase: 'serialization',
      message: '2147483648 is not an integer: give a whole number of 32 bits, or use serdes.long',
    })
    expect(refusal(short, untyped('5'))?.message).toBe(`'5' is not a short: give a whole number from −32,768 to 32,767`)
    expect(refusal(boolean, untyped(1))?.message).toBe('1 is not a boolean: give true or false')
  })

  it('B59: a long beyond 2^53 says to use bigint, written or read', () => {
    expect(refusal(long, 2 ** 53)).toEqual({
      code: 'SERDE_UNSAFE_INTEGER',
      phase: 'serialization',
      message: '9007199254740992 is not a long: give a whole number below 2^53, or use serdes.bigint',
    })
    expect(unreadable(long, '0020000000000001')).toEqual({
      code: 'SERDE_UNSAFE_INTEGER',
      phase: 'deserialization',
      message: `9007199254740993 can't be read as a number, which is exact below 2^53 only: use serdes.bigint`,
    })
    for (const hex of ['8000000000000000', '7fffffffffffffff', 'ffe0000000000000'])
      expect(unreadable(long, hex)?.code).toBe('SERDE_UNSAFE_INTEGER')
  })

  it('a bigint of more than 64 bits is refused', () => {
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 1, '1']) expect(refusal(bigint, untyped(value))?.code).toBe('SERDE_ENCODE')
  })

  it('a float that would become infinite is refused, any other is rounded', () => {
    expect(refusal(float, 2 ** 128)?.code).toBe('SERDE_ENCODE')
    expect(refusal(float, -Number.MAX_VALUE)?.code).toBe('SERDE_ENCODE')
    expect(float.deserialize(float.serialize(0.1))).toBe(Math.fround(0.1))
  })
})

describe('bytes of another length', () => {
  it('B60: are an error that says the length found and expected', () => {
    for (const serde of [short, integer, long, bigint, float, double, boolean]) {
      for (const hex of ['', '000000', '000000000000000000'])
        expect(unreadable<unknown>(serde, hex)).toMatchObject({ code: 'SERDE_DECODE', phase: 'deserialization' })
    }
    expect(unreadable(integer, '0000ff')?.message).toBe('3 bytes are not an integer: expected 4 bytes (found 0000ff)')
    expect(unreadable(long, '')?.message).toBe('0 bytes are not a long: expected 8 bytes (found no bytes)')
  })

  it('a boolean is 00 or 01', () => {
    expect(unreadable(boolean, '02')?.message).toBe('1 byte is not a boolean: expected 00 or 01 (found 02)')
  })

  it('a view that begins elsewhere is read from its own beginning', () => {
    expect(integer.deserialize(fromHex('ffff01020304ffff').subarray(2, 6))).toBe(16909060)
  })
})
