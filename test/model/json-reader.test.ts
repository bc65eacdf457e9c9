import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonReader } from '../../src/model/json-reader.ts'
import { json } from '../../src/model/serdes-json.ts'
import { numRuns } from './faces.ts'

const encoder = new TextEncoder()
/** As values are decoded: what is malformed becomes U+FFFD, a byte order mark is kept. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('cart', 'view', '', '"\\', 'naïve', '\ufeffx'),
)
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.maxSafeInteger(),
  fc.integer({ min: -99_999, max: 99_999 }).map((cents) => cents / 100),
  fc.constantFrom(0, -0, 1e21, 1e-7, 0.1, 999_999_999_999_999, 2 ** 60),
)
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null))

/** Objects of one topic: the same fields, some of them not always there, some nested. */
const record = fc.record(
  {
    id: number,
    user: text,
    'two words': scalar,
    '7': scalar,
    'sch\u00f6n "\\': scalar,
    lines: fc.array(fc.record({ sku: text, cents: number, tags: fc.array(text, { maxLength: 3 }) }, { requiredKeys: ['sku'] }), {
      maxLength: 3,
    }),
    address: fc.record({ city: text, at: fc.record({ lat: number, lon: number }) }, { requiredKeys: [] }),
    matrix: fc.array(fc.array(number, { maxLength: 2 }), { maxLength: 2 }),
  },
  { requiredKeys: ['id', 'user'] },
)

/** Python's `json.dumps` puts spaces between, others write numbers otherwise. */
const written = fc.tuple(record, fc.constantFrom(0, 1, 2, 3, 4)).map(([value, style]) => {
  const plain = JSON.stringify(value)
  if (style === 1) return JSON.stringify(value, undefined, 2)
  if (style === 2) return JSON.stringify(value, undefined, '\t').replaceAll('\n', '\r\n ')
  return style === 3 ? plain.replace(/:(\d+)([,}])/, ':$1.50$2') : style === 4 ? `${plain.replace(/:(\d+)([,}])/, ':$1E+2$2')} \n` : plain
})

/** What comes of bytes: the value, or that they are refused. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read(), order: JSON.stringify(read()) }
  } catch {
    return 'refused'
  }
}

function expectParsed(serde: ReturnType<typeof json<unknown>>, bytes: Uint8Array, around: string): void {
  const beside = encoder.encode(around)
  const among = new Uint8Array([...beside, ...bytes, ...beside])
  const expected = outcome(() => JSON.parse(decoder.decode(bytes)) as unknown)
  expect(outcome(() => serde.read?.(among, beside.length, bytes.length))).toStrictEqual(expected)
  expect(outcome(() => serde.deserialize(bytes))).toStrictEqual(expected)
}

describe('a reader that has learned', () => {
  it('answers what JSON.parse answers, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 8 }), fc.constantFrom('', '9', '"', '}', ' '), (texts, around) => {
        const serde = json<unknown>()
        for (const each of [...texts, ...texts]) expectParsed(serde, encoder.encode(each), around)
      }),
      { numRuns },
    )
  })

  it('answers what JSON.parse answers for bytes that were damaged', () => {
    const damage = fc.record({
      at: fc.nat(),
      byte: fc.oneof(fc.constantFrom(...encoder.encode('{}[]",:\\ -+.eE019tfn\n')), fc.nat(255)),
      kind: fc.nat(3),
    })
    fc.assert(
      fc.property(written, fc.array(damage, { minLength: 1, maxLength: 3 }), (good, damages) => {
        const serde = json<unknown>()
        const bytes = encoder.encode(good)
        serde.deserialize(bytes)
        serde.deserialize(bytes)
        let hurt = [...bytes]
        for (const { at, byte, kind } of damages) {
          const place = at % hurt.length
          if (kind === 0) hurt[place] = byte
          else if (kind === 1) hurt.splice(place, 0, byte)
          else if (kind === 2) hurt.splice(place, 1)
          else hurt = hurt.slice(0, place + 1)
        }
        expectParsed(serde, Uint8Array.from(hurt), '1')
        expectParsed(serde, bytes, '')
      }),
      { numRuns },
    )
  })

  it('reads by itself what looks as before, with other values, and fields left out', () => {
    const reader = new JsonReader()
    const read = (value: unknown): unknown => {
      const bytes = encoder.encode(JSON.stringify(value))
      return reader.read(bytes, 0, bytes.length)
    }
    const first = encoder.encode(JSON.stringify({ id: 1, user: 'a', lines: [{ sku: 'x', at: { lat: 1.5 } }] }))
    expect(reader.read(first, 0, first.length)).toBeUndefined()
    reader.learn(first, 0, first.length)
    for (const value of [
      { id: -20, user: 'Zoë \u{1f600}\n', lines: [] },
      {
        id: 0.25,
        user: null,
        lines: [
          { sku: 'y', at: { lat: -3 } },
          { sku: true, at: { lat: 1e300 } },
        ],
      },
      { id: 2 ** 70, user: [[1], []], lines: null },
    ]) {
      expect(read(value)).toStrictEqual(value)
    }
    expect(read({ id: 1, lines: [] })).toBeUndefined()
    const shorter = encoder.encode('{"id":1,"lines":[]}')
    reader.learn(shorter, 0, shorter.length)
    expect(read({ id: 2, lines: [] })).toStrictEqual({ id: 2, lines: [] })
    expect(read({ id: 2, user: '', lines: [] })).toStrictEqual({ id: 2, user: '', lines: [] })
  })

  it('does not learn a name that would set the prototype', () => {
    const serde = json<Record<string, unknown>>()
    const bytes = encoder.encode('{"a":1,"__proto__":{"b":2}}')
    for (let i = 0; i < 3; i++) {
      const value = serde.deserialize(bytes)
      expect(Object.keys(value)).toEqual(['a', '__proto__'])
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    }
  })

  it('rests when values are too different, and tries again later', () => {
    const reader = new JsonReader()
    const same = encoder.encode('{"id":1}')
    reader.learn(same, 0, same.length)
    let resting = 0
    for (let i = 0; i < 3_000; i++) {
      const bytes = encoder.encode(`{"key-${i}":1}`)
      expect(reader.read(bytes, 0, bytes.length)).toBeUndefined()
      reader.learn(bytes, 0, bytes.length)
    }
    while (reader.read(same, 0, same.length) === undefined) {
      reader.learn(same, 0, same.length)
      resting++
    }
    expect(resting).toBeGreaterThan(10_000)
    expect(reader.read(same, 0, same.length)).toStrictEqual({ id: 1 })
  })

  it('stops learning where a part of the values always differs, and still reads the others', () => {
    const reader = new JsonReader()
    const usual = encoder.encode('{"id":1}')
    let read = 0
    for (let i = 0; i < 5_000; i++) {
      const bytes = i % 5 === 0 ? encoder.encode(JSON.stringify({ id: i, prices: { [`P-${i}`]: 1, [`Q-${i}`]: 2 } })) : usual
      if (reader.read(bytes, 0, bytes.length) === undefined) reader.learn(bytes, 0, bytes.length)
      else read++
    }
    expect(read).toBeGreaterThan(3_990)
    const long = encoder.encode(`{"${'k'.repeat(100_000)}":1}`)
    reader.learn(long, 0, long.length)
    expect(reader.read(long, 0, long.length)).toBeUndefined()
  })

  it('goes as deep as calls can, and leaves the rest to JSON.parse', () => {
    const serde = json<unknown>()
    for (const depth of [10, 30, 40, 70, 500]) {
      const bytes = encoder.encode(`${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`)
      for (let i = 0; i < 3; i++) expect(JSON.stringify(serde.deserialize(bytes))).toBe(decoder.decode(bytes))
    }
  })
})
