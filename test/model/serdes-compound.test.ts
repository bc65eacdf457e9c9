import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { Serde, SerdeContext } from '../../src/model/serde.ts'
import { list, sessionWindowed, timeWindowed } from '../../src/model/serdes-compound.ts'
import { bigint, boolean, double, float, integer, long, short } from '../../src/model/serdes-numbers.ts'
import { bytes, string, uuid } from '../../src/model/serdes-text.ts'
import type { Windowed } from '../../src/model/window.ts'
import { untyped } from '../support/untyped.ts'
import { expectFacesAgree, expectJavaBytes, numRuns, refusal, unreadable } from './faces.ts'

const context: SerdeContext = { topic: 't', side: 'key', headers: [] }

/** Writes its context's topic before the text, and has plain methods only. */
const topical: Serde<string> = {
  serialize: (value, to) => string.serialize(`${to?.topic}:${value}`),
  deserialize: (from, of) => `${of?.topic}<${string.deserialize(from)}`,
}

/** Written by ListSerializer of kafka-clients 4.3.1. */
describe('lists equal Java’s', () => {
  it('of entries of any size', () => {
    expectJavaBytes(list(string), [
      [[], '0100000000'],
      [['a', null, ''], '01000000030000000161ffffffff00000000'],
      [[null], '0100000001ffffffff'],
    ])
    expectJavaBytes(list(bytes), [[[fromHex('01'), fromHex('')], '0100000002000000010100000000']])
  })

  it('of numbers, whose size is left out', () => {
    expectJavaBytes(list(integer), [
      [[], '000000000000000000'],
      [[1, null, -1], '0000000001000000010000000300000001ffffffff'],
      [[null, null], '0000000002000000000000000100000002'],
    ])
    expectJavaBytes(list(long), [[[1, 2], '00000000000000000200000000000000010000000000000002']])
    expectJavaBytes(list(bigint), [[[1n, 2n], '00000000000000000200000000000000010000000000000002']])
    expectJavaBytes(list(short), [[[1, null], '000000000100000001000000020001']])
    expectJavaBytes(list(float), [[[1.5], '0000000000000000013fc00000']])
    expectJavaBytes(list(double), [[[1.5, null], '000000000100000001000000023ff8000000000000']])
  })

  it('of UUIDs without, but of booleans with their size', () => {
    const one = '00000000-0000-0001-0000-000000000002'
    expectJavaBytes(list(uuid), [[[one], `000000000000000001${toHex(new TextEncoder().encode(one))}`]])
    expectJavaBytes(list(boolean), [[[true, null, false], '01000000030000000101ffffffff0000000100']])
  })

  it('of lists', () => {
    expectJavaBytes(list(list(integer)), [[[[1], null], '01000000020000000d00000000000000000100000001ffffffff']])
  })
})

describe('lists', () => {
  const holds = <T>(inner: Serde<T>, entries: fc.Arbitrary<T>): void => {
    fc.assert(
      fc.property(fc.array(fc.option(entries)), (value) => expectFacesAgree(list(inner), value, 0)),
      { numRuns },
    )
  }

  it('come back as they were', () => {
    holds(string, fc.string({ unit: 'binary', maxLength: 5 }))
    holds(double, fc.double())
    holds(boolean, fc.boolean())
  })

  it('hand their context to the entries’ serde', () => {
    expect(list(topical).deserialize(list(topical).serialize(['a'], context), context)).toEqual(['t<t:a'])
  })

  it('point into what they were read from when their entries do', () => {
    expect([list(bytes).borrows, list(string).borrows]).toEqual([true, false])
  })

  it('refuse what is no array, and entries that their serde refuses', () => {
    for (const inner of [string, integer])
      expect(refusal<unknown>(list<unknown>(untyped(inner)), untyped('abc'))?.message).toContain('is not a list: give an array')
    expect(refusal(list(integer), [1, 1.5])?.code).toBe('SERDE_ENCODE')
    expect(refusal(list(string), untyped([5]))?.code).toBe('SERDE_ENCODE')
  })

  it('refuse a serde that writes another size than it says', () => {
    const wrong: Serde<string> = { ...string, fixedBytes: 2 }
    expect(refusal(list(wrong), ['abc'])?.message).toBe(`'abc' is not 2 bytes: the entries' serde says fixedBytes and wrote 3`)
  })

  it('B60: refuse every cut, every other kind, and what comes behind the end', () => {
    const vectors: [Serde<unknown>, string, string][] = [
      [untyped(list(string)), '01000000030000000161ffffffff00000000', '00'],
      [untyped(list(integer)), '0000000001000000010000000300000001ffffffff', '01'],
    ]
    for (const [serde, hex, otherKind] of vectors) {
      for (let length = 0; length < hex.length; length += 2) expect(unreadable(serde, hex.slice(0, length))?.code).toBe('SERDE_DECODE')
      expect(unreadable(serde, `${hex}00`)?.code).toBe('SERDE_DECODE')
      expect(unreadable(serde, `${otherKind}${hex.slice(2)}`)?.code).toBe('SERDE_DECODE')
    }
    for (const hex of ['01ffffffff', '0100000001fffffffe', '01000000017fffffff', '017fffffff'])
      expect(unreadable(list(string), hex)?.code).toBe('SERDE_DECODE')
    for (const hex of [
      '00ffffffff00000000',
      '0000000000ffffffff',
      '00000000007fffffff',
      '007fffffff00000000',
      '00000000010000000000000000',
    ]) {
      expect(unreadable(list(integer), hex)?.code).toBe('SERDE_DECODE')
    }
    expect(unreadable(list(string), '0100000002ffffffff')?.message).toContain('entry 1 of 2 is cut off')
  })

  it('never read garbage as anything but a value or a SerdeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(0, 1), (garbage, kind) => {
        const hex = `0${kind}000000${toHex(garbage)}`
        for (const serde of [list<unknown>(untyped(string)), list<unknown>(untyped(integer))]) {
          expect([undefined, 'SERDE_DECODE']).toContain(unreadable(serde, hex)?.code)
        }
      }),
      { numRuns },
    )
  })
})

const key = (name: string, start: number, end: number): Windowed<string> => ({ key: name, window: { start, end } })

/** From the traces tumbling-count and session-count-no-grace. */
describe('windowed keys', () => {
  it('of time windows are the key and the start', () => {
    expectJavaBytes(timeWindowed(string, 10), [
      [key('k0', 0, 10), '6b300000000000000000'],
      [key('k1', 10, 20), '6b31000000000000000a'],
      [key('', 1_700_000_000_000, 1_700_000_000_010), '0000018bcfe56800'],
    ])
  })

  it('of sessions are the key, the end and the start', () => {
    expectJavaBytes(sessionWindowed(string), [
      [key('k0', 0, 0), '6b3000000000000000000000000000000000'],
      [key('k1', 0x16, 0x16), '6b3100000000000000160000000000000016'],
      [key('k', 5, 1_700_000_000_000), '6b0000018bcfe568000000000000000005'],
    ])
  })

  it('say how many bytes don’t decide the partition', () => {
    expect([timeWindowed(string, 10).unhashedBytes, sessionWindowed(string).unhashedBytes]).toEqual([8, 16])
  })

  it('come back as they were, over keys with and without fast faces', () => {
    const time = fc.nat(2 ** 42)
    fc.assert(
      fc.property(fc.string(), fc.integer(), time, time, (name, number, start, length) => {
        expectFacesAgree(timeWindowed(string, length), key(name, start, start + length), 3)
        expectFacesAgree(timeWindowed(integer, length), { key: number, window: { start, end: start + length } }, 3)
        expectFacesAgree(sessionWindowed(string), key(name, start, start + length), 3)
        expectFacesAgree(timeWindowed(uuid, 7), key('6ba7b810-9dad-11d1-80b4-00c04fd430c8', start, start + 7), 3)
      }),
      { numRuns },
    )
  })
})

describe('a windowed key', () => {
  it('has fast faces only over a key that has, so that a context isn’t lost', () => {
    const serde = timeWindowed(topical, 10)
    expect('read' in serde || 'write' in serde).toBe(false)
    const written = serde.serialize(key('k', 0, 10), context)
    expect(toHex(written)).toBe(`${toHex(new TextEncoder().encode('t:k'))}0000000000000000`)
    expect(serde.deserialize(written, context)).toEqual(key('t<t:k', 0, 10))
  })

  it('keeps the serde of the key in one piece: its methods may use `this`', () => {
    class Prefixed implements Serde<string> {
      readonly #prefix = 'p'
      serialize = (value: string): Uint8Array => string.serialize(this.#prefix + value)
      deserialize = (from: Uint8Array): string => string.deserialize(from).slice(1)
      write(value: string, into: Uint8Array, at: number): number {
        return string.write?.(this.#prefix + value, into, at) ?? -1
      }
      read(from: Uint8Array, at: number, length: number): string {
        return this.deserialize(from.subarray(at, at + length))
      }
    }
    expectFacesAgree(sessionWindowed(new Prefixed()), key('k', 1, 2), 4)
  })

  it('ends at the last time there is, as Java’s does', () => {
    expect(timeWindowed(string, Number.MAX_SAFE_INTEGER).deserialize(fromHex('6b0000000000000007'))).toEqual(
      key('k', 7, Number.MAX_SAFE_INTEGER),
    )
  })

  it('points into what it was read from when its key does', () => {
    expect([timeWindowed(bytes, 1).borrows, sessionWindowed(bytes).borrows, timeWindowed(string, 1).borrows]).toEqual([true, true, false])
  })

  it('B60: refuses what is too short for a window, and what is no windowed key', () => {
    for (const [serde, size] of [[timeWindowed(string, 10), 8] as const, [sessionWindowed(string), 16] as const]) {
      for (let length = 0; length < size; length++) expect(unreadable(serde, '00'.repeat(length))?.code).toBe('SERDE_DECODE')
      expect(serde.deserialize(new Uint8Array(size)).key).toBe('')
      for (const value of ['k', null, undefined, {}, { key: 'k' }, { key: 'k', window: null }, { key: 'k', window: { start: 1 } }]) {
        expect(refusal(serde, untyped(value))?.message).toContain('is not a windowed key: give { key, window: { start, end } }')
      }
    }
    expect(unreadable(timeWindowed(string, 10), '6b')?.message).toBe(
      '1 byte is not a windowed key: expected a key and 8 bytes of its window (found 6b)',
    )
  })
})
