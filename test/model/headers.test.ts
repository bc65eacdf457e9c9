import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { decodeHeaders, encodeHeaders, header, noHeaders, type Headers } from '../../src/model/headers.ts'
import { failure, numRuns } from './faces.ts'

const headers: fc.Arbitrary<Headers> = fc.array(
  fc.tuple(fc.string({ unit: 'binary', maxLength: 70 }), fc.option<Uint8Array>(fc.uint8Array({ maxLength: 70 }))),
  { maxLength: 6 },
)

/** The block as the format says it (Kafka record v2): zig-zag varints, here of one byte as all lengths are short. */
function naiveBlock(pairs: Headers): string {
  const small = (n: number): string => toHex(new Uint8Array([n < 0 ? 1 : 2 * n]))
  const sized = (bytes: Uint8Array | null): string => (bytes === null ? small(-1) : small(bytes.length) + toHex(bytes))
  return small(pairs.length) + pairs.map(([name, value]) => sized(new TextEncoder().encode(name)) + sized(value)).join('')
}

describe('a block of headers', () => {
  it('is a count, then names and values with their lengths', () => {
    const pairs: Headers = [
      ['a', fromHex('31')],
      ['a', null],
      ['', fromHex('')],
      ['é', fromHex('00ff')],
    ]
    expect(toHex(encodeHeaders(pairs))).toBe('0802610231026101000004c3a90400ff')
    expect(toHex(encodeHeaders(noHeaders))).toBe('00')
    fc.assert(
      fc.property(headers, (some) => {
        const short = some.filter(([name, value]) => name.length < 20 && (value?.length ?? 0) < 60)
        expect(toHex(encodeHeaders(short))).toBe(naiveBlock(short))
      }),
      { numRuns },
    )
  })

  it('comes back in order with its duplicates, from anywhere in a buffer', () => {
    fc.assert(
      fc.property(headers, fc.nat(5), (some, before) => {
        const block = encodeHeaders(some)
        const among = new Uint8Array(before + block.length + 3).fill(0xaa)
        among.set(block, before)
        expect(decodeHeaders(among, before, block.length)).toEqual(some)
      }),
      { numRuns },
    )
  })

  it('has values of its own, which may be kept when the buffer is used again', () => {
    const block = encodeHeaders([['a', fromHex('0102')]])
    const [pair] = decodeHeaders(block, 0, block.length)
    block.fill(0)
    expect(pair?.[1]).toEqual(fromHex('0102'))
  })

  it('without entries is the one object that says so', () => {
    expect(decodeHeaders(fromHex('ff00ff'), 1, 1)).toBe(noHeaders)
  })

  it('B60: cut off or garbled is an error, whatever it is', () => {
    const block = encodeHeaders([
      ['name', fromHex('010203')],
      ['other', null],
    ])
    for (let length = 0; length < block.length; length++)
      expect(failure(() => decodeHeaders(block, 0, length))?.code).toBe('RECORD_CORRUPT')
    for (const hex of ['01', '0201', '02026103', '0000', '02026101ff', 'ffffffff0f', 'feffffff0f', '0202616261']) {
      expect(failure(() => decodeHeaders(fromHex(hex), 0, hex.length / 2))?.code).toBe('RECORD_CORRUPT')
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (garbage) => {
        expect([undefined, 'RECORD_CORRUPT']).toContain(failure(() => decodeHeaders(garbage, 0, garbage.length))?.code)
      }),
      { numRuns },
    )
  })
})

describe('header', () => {
  it('answers the last one of a name, null for no bytes, undefined for none', () => {
    const pairs: Headers = [
      ['a', fromHex('01')],
      ['b', fromHex('02')],
      ['a', null],
      ['b', fromHex('03')],
    ]
    expect([header(pairs, 'a'), header(pairs, 'b'), header(pairs, 'c')]).toEqual([null, fromHex('03'), undefined])
  })
})
