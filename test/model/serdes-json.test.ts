import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { Serde } from '../../src/model/serde.ts'
import { json, type SchemaIssue, type SchemaResult, type StandardSchema } from '../../src/model/serdes-json.ts'
import { untyped } from '../support/untyped.ts'
import { expectFacesAgree, failure, numRuns, refusal, unreadable } from './faces.ts'

interface Order {
  readonly id: string
  readonly amount: number
}

const hexOf = (text: string): string => toHex(new TextEncoder().encode(text))

/** A schema as libraries make them: types by inference, one function that answers a value or issues. */
function schemaOf<T>(validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const positive = schemaOf<Order>((value) => {
  const issues: SchemaIssue[] = []
  const { id, amount }: Partial<Order> = untyped(value)
  if (typeof id !== 'string') issues.push({ message: 'not a string', path: ['id'] })
  if (typeof amount !== 'number' || amount < 0) issues.push({ message: 'not a positive number', path: ['lines', { key: 0 }, 'amount'] })
  return issues.length > 0 ? { issues } : { value: { id: `${id}!`, amount: Number(amount) } }
})

describe('json', () => {
  it('is what JSON.parse and JSON.stringify make of it, by both faces', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.nat(9), (value, before) => {
        const serde = json<unknown>()
        const text = JSON.stringify(value)
        expect(toHex(serde.serialize(value))).toBe(hexOf(text))
        expectFacesAgree(serde, JSON.parse(text), before)
      }),
      { numRuns },
    )
  })

  it('keeps a null inside a value, and a value that is null', () => {
    expect(toHex(json<unknown>().serialize(null))).toBe(hexOf('null'))
    expect(json<unknown>().deserialize(fromHex(hexOf('{"a":null}')))).toEqual({ a: null })
  })

  it('B58: __proto__, constructor and toString are plain data', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":2,"toString":3}'
    const value = json<Record<string, unknown>>().deserialize(fromHex(hexOf(text)))
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString'])
    expect('polluted' in {}).toBe(false)
    expect(toHex(json<unknown>().serialize(value))).toBe(hexOf(text))
  })

  it('B54: refuses what is no JSON with its hex, at most 64 bytes of it', () => {
    for (const text of ['', '{', '{"a":}', 'undefined', 'NaN', "{'a':1}", '1 2'])
      expect(unreadable(json(), hexOf(text))?.code).toBe('SERDE_DECODE')
    const long = unreadable(json(), hexOf('x'.repeat(70)))
    expect(long?.message).toContain(`(found ${'78'.repeat(64)}…)`)
    expect(long?.message).toContain('70 bytes are not JSON')
  })

  it('refuses what JSON has no text for', () => {
    for (const value of [undefined, () => 1, Symbol('s')]) expect(refusal(json<unknown>(), value)?.code).toBe('SERDE_ENCODE')
    expect(refusal(json<unknown>(), undefined)?.message).toBe(
      'undefined is not JSON: give a value that JSON.stringify answers a text for, or null for a tombstone',
    )
    const endless: Record<string, unknown> = {}
    endless['self'] = endless
    for (const serde of [json<unknown>(), json<unknown>({ strict: true })]) {
      expect(refusal(serde, endless)?.message).toContain(`can't be written as JSON`)
      expect(refusal(serde, { n: 1n })?.code).toBe('SERDE_ENCODE')
    }
  })

  it('B55: 200,000 levels are read, and refused when written', () => {
    const depth = 200_000
    const bytes = new TextEncoder().encode('['.repeat(depth) + ']'.repeat(depth))
    for (const serde of [json<unknown>(), json<unknown>({ strict: true })]) {
      let value = serde.deserialize(bytes)
      expect(failure(() => serde.serialize(value))?.code).toBe('SERDE_ENCODE')
      let levels = 0
      for (; Array.isArray(value); value = value[0]) levels++
      expect(levels).toBe(depth)
    }
  })
})

describe('strict json', () => {
  const strict = json<unknown>({ strict: true })

  it('B56: refuses what JSON would change, with its path', () => {
    const lossy: [unknown, string][] = [
      [{ a: [1, { b: Number.NaN }] }, '$.a.1.b is NaN, which JSON has no number for: write it as text, or leave strict out'],
      [{ a: Number.NEGATIVE_INFINITY }, '$.a is -Infinity, which JSON has no number for: write it as text, or leave strict out'],
      [[-0], '$.0 is -0, which JSON writes as 0: write it as text, or leave strict out'],
      [-0, '$ is -0, which JSON writes as 0: write it as text, or leave strict out'],
      [{ a: undefined }, '$.a is undefined, which JSON leaves out: write it as text, or leave strict out'],
      [
        { a: 2 ** 53 },
        '$.a is 9007199254740992, which JSON may not keep exactly, being beyond 2^53: write it as text, or leave strict out',
      ],
      [{ f: () => 1 }, '$.f is a function, which JSON leaves out: write it as text, or leave strict out'],
      [{ s: Symbol('s') }, '$.s is a symbol, which JSON leaves out: write it as text, or leave strict out'],
      [{ m: new Map([[1, 2]]) }, '$.m is a Map, which JSON writes as {}: write it as text, or leave strict out'],
      [new Set([1]), '$ is a Set, which JSON writes as {}: write it as text, or leave strict out'],
    ]
    for (const [value, message] of lossy) {
      expect(refusal(strict, value)).toEqual({ code: 'SERDE_LOSSY', phase: 'serialization', message })
      expect(refusal(json<unknown>(), value)).toBeUndefined()
    }
    // oxlint-disable-next-line no-sparse-arrays -- what is tested
    expect(refusal(strict, [1, , 2])?.message).toContain('$.1 is undefined')
  })

  it('B57: refuses an integer beyond 2^53 when it is read, too', () => {
    expect(unreadable(strict, hexOf('{"id":9007199254740993}'))).toMatchObject({ code: 'SERDE_LOSSY', phase: 'deserialization' })
    expect(unreadable(strict, hexOf('[1e999]'))?.code).toBe('SERDE_LOSSY')
    expect(unreadable(json(), hexOf('{"id":9007199254740993}'))).toBeUndefined()
    expect(strict.deserialize(fromHex(hexOf('[-0.0,9007199254740991]')))).toEqual([-0, 9007199254740991])
  })

  it('takes everything else, and what says itself how it is written', () => {
    const when = { at: new Date(0), price: { toJSON: () => '12.50' } }
    expect(toHex(strict.serialize(when))).toBe(hexOf('{"at":"1970-01-01T00:00:00.000Z","price":"12.50"}'))
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        const kept = !/(?:^|[[:,])-?\d{16,}|e\+/.test(text) && !hasMinusZero(value)
        if (kept) expectFacesAgree(strict, value, 2)
      }),
      { numRuns },
    )
  })
})

describe('json with a schema', () => {
  it('takes its type from the schema', () => {
    expectTypeOf(json(positive)).toEqualTypeOf<Serde<Order>>()
    expectTypeOf(json<Order>({ strict: true })).toEqualTypeOf<Serde<Order>>()
    expectTypeOf(json()).toEqualTypeOf<Serde<unknown>>()
    // @ts-expect-error -- the schema's type decides
    const other: Serde<number> = json(positive)
    expect(other).toBeDefined()
  })

  it('asks it of what is read, and hands on what it answers', () => {
    const serde = json(positive)
    expect(serde.deserialize(fromHex(hexOf('{"id":"a","amount":1}')))).toEqual({ id: 'a!', amount: 1 })
    expect(serde.read?.(fromHex(`00${hexOf('{"id":"a","amount":1}')}`), 1, 21)).toEqual({ id: 'a!', amount: 1 })
    expect(toHex(serde.serialize({ id: 'a', amount: -1 }))).toBe(hexOf('{"id":"a","amount":-1}'))
  })

  it('says all that it refuses, and where', () => {
    expect(unreadable(json(positive), hexOf('{"amount":-1}'))).toEqual({
      code: 'SERDE_DECODE',
      phase: 'deserialization',
      message: 'the schema (test) refuses a value: id: not a string; lines.0.amount: not a positive number',
    })
    const whole = schemaOf<number>(() => ({ issues: [{ message: 'never' }] }))
    expect(unreadable(json(whole), hexOf('1'))?.message).toBe('the schema (test) refuses a value: never')
  })

  it('asks it of what is written, both, or not at all, by option', () => {
    const wrong = hexOf('{"id":"a","amount":-1}')
    const asked = (validate: 'in' | 'out' | 'both' | 'off'): (string | undefined)[] => {
      const serde = json(positive, { validate })
      return [unreadable(serde, wrong)?.code, refusal(serde, { id: 'a', amount: -1 })?.code]
    }
    expect(asked('in')).toEqual(['SERDE_DECODE', undefined])
    expect(asked('out')).toEqual([undefined, 'SERDE_ENCODE'])
    expect(asked('both')).toEqual(['SERDE_DECODE', 'SERDE_ENCODE'])
    expect(asked('off')).toEqual([undefined, undefined])
    expect(toHex(json(positive, { validate: 'out' }).serialize({ id: 'a', amount: 1 }))).toBe(hexOf('{"id":"a!","amount":1}'))
  })

  it('takes schemas that are functions, as some libraries make them', () => {
    const schema: StandardSchema<number> = Object.assign(
      () => 0,
      schemaOf<number>(() => ({ value: 7 })),
    )
    expect(json(schema).deserialize(fromHex(hexOf('1')))).toBe(7)
  })

  it('refuses one that answers later, whose failure brings nothing down', async () => {
    for (const promise of [Promise.resolve({ value: 1 }), Promise.reject(new Error('late'))]) {
      const serde = json(schemaOf<number>(() => promise))
      expect(failure(() => serde.deserialize(fromHex(hexOf('1'))))?.message).toContain(
        'validates asynchronously: give one that answers at once',
      )
    }
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('is strict besides, where that is asked', () => {
    expect(refusal(json(positive, { strict: true }), untyped({ id: undefined, amount: 1 }))?.code).toBe('SERDE_LOSSY')
  })
})

function hasMinusZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasMinusZero)
  return Object.is(value, -0)
}
