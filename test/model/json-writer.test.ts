import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonWriter, NO_ROOM, NOT_PLAIN } from '../../src/model/json-writer.ts'
import { json } from '../../src/model/serdes-json.ts'
import { numRuns } from './faces.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const leaf = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('"', '\\', '\u0000', '\u007f', '\u2028', '\ud800', 'x'.repeat(100), 'y'.repeat(101), 'é'.repeat(101)),
  fc.integer(),
  fc.double(),
  fc.integer({ min: 999_999_990, max: 1_000_000_010 }),
  fc.constantFrom(0, -0, Number.NaN, Infinity, 2 ** 31, 2 ** 53, 1e21, null, true, false, undefined),
  fc.constant(() => 1),
  fc.constant(Symbol('s')),
)
/** What user code may hand over: plain data, with what JSON leaves out or asks for its own form in between. */
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom('id', 'user', 'a b', '7', '"', 'ü'), fc.string({ maxLength: 4 })), tie('value'), {
      maxKeys: 5,
      noNullPrototype: false,
    }),
    fc.date({ noInvalidDate: true }),
    fc.constant(new Map([[1, 2]])),
    fc.constant({ toJSON: () => 'own form', other: 1 }),
    fc.constant(Object.assign([1, 2], { toJSON: () => 'own form' })),
    fc.constant(
      new (class Order {
        id = 1
      })(),
    ),
    // oxlint-disable-next-line no-sparse-arrays, unicorn/no-new-array -- an array with holes is meant
    fc.constant(new Array(3)),
  ),
})).value

describe('a writer of plain data', () => {
  it('writes what JSON.stringify gives, whatever came before, and says when there is no room', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 6 }), fc.nat(9), (values, before) => {
        const writer = new JsonWriter()
        for (const value of [...values, ...values]) {
          const into = new Uint8Array(10_000)
          const length = writer.write(value, into, before)
          if (length === NOT_PLAIN) continue
          const text = JSON.stringify(value)
          expect(decoder.decode(into.subarray(before, before + length))).toBe(text)
          expect(writer.write(value, new Uint8Array(before + length), before)).toBe(length)
          for (let missing = 1; missing <= Math.min(length, 12); missing++)
            expect(writer.write(value, new Uint8Array(before + length - missing), before)).toBe(NO_ROOM)
        }
      }),
      { numRuns },
    )
  })

  it('and so does the serde, for what is not plain data too', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 6 }), (values) => {
        const serde = json<unknown>()
        for (const value of values.filter((each) => JSON.stringify(each) !== undefined)) {
          const into = new Uint8Array(10_000)
          const length = serde.write?.(value, into, 0)
          expect(decoder.decode(into.subarray(0, length))).toBe(JSON.stringify(value))
        }
      }),
      { numRuns },
    )
  })

  it('writes plain objects and arrays itself, and leaves the rest', () => {
    const writer = new JsonWriter()
    const into = new Uint8Array(1_000)
    for (const value of [{}, [], { a: [{ b: -1.5 }], c: undefined }, Object.create(null), [undefined, 'ä']])
      expect(writer.write(value, into, 0)).toBe(encoder.encode(JSON.stringify(value)).length)
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const value of ['text', 1, null, true, undefined, new Date(0), { at: new Date(0) }, { n: 1n }, new Map(), { toJSON: 1 }, cyclic])
      expect(writer.write(value, into, 0)).toBe(NOT_PLAIN)
  })

  it('keeps a limited number of names', () => {
    const writer = new JsonWriter()
    const into = new Uint8Array(100)
    const answers = Array.from({ length: 1_100 }, (_, i) => writer.write({ [`key-${i}`]: i }, into, 0))
    expect(answers.slice(0, 1_000)).not.toContain(NOT_PLAIN)
    expect(new Set(answers.slice(1_000))).toEqual(new Set([NOT_PLAIN]))
    expect(writer.write({ 'key-0': 1 }, into, 0)).toBe(11)
  })
})
