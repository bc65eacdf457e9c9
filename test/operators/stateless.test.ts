import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProcessingError } from '../../src/base/errors.ts'
import * as stateless from '../../src/operators/stateless.ts'
import type { Operator } from '../../src/topology/operator.ts'
import { harness, type Emitted } from '../support/operator-harness.ts'
import { untyped } from '../support/untyped.ts'

interface Input {
  readonly key: string | null
  readonly value: number | null
  readonly timestamp: number
}

const inputs = fc.array(
  fc.record({ key: fc.option(fc.string({ maxLength: 2 })), value: fc.option(fc.integer({ min: -5, max: 5 })), timestamp: fc.nat(100) }),
  { maxLength: 20 },
)
const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const headers = [['h', new Uint8Array([1])]] as const

/** Everything an operator hands on for these records, in order. */
function through<K, V>(operator: Operator<string | null, number | null, K, V>, records: readonly Input[]): readonly unknown[][] {
  const running = harness(operator)
  for (const record of records) expect(running.send({ ...record, headers })).toBeUndefined()
  expect(running.dropped.size).toBe(0)
  return running.outputs.map(triple)
}

function triple({ key, value, timestamp, headers: found }: Emitted<unknown, unknown>): unknown[] {
  expect(found).toEqual(headers)
  return [key, value, timestamp]
}

/** That an operator does, record for record, what a function of one record says. */
function equals<K, V>(
  operator: Operator<string | null, number | null, K, V>,
  oracle: (input: Input) => readonly (readonly [unknown, unknown])[],
): void {
  fc.assert(
    fc.property(inputs, (records) => {
      const expected = records.flatMap((input) => oracle(input).map(([key, value]) => [key, value, input.timestamp]))
      expect(through(operator, records)).toEqual(expected)
    }),
    runs,
  )
}

const isEven = (value: number | null): boolean => (value ?? 0) % 2 === 0
const times = (value: number | null): number => Math.abs(value ?? 0) % 3

describe('what each step does with a record, nulls included', () => {
  test('filter passes on what is kept', () => equals(stateless.filter(isEven), ({ key, value }) => (isEven(value) ? [[key, value]] : [])))
  test('filterNot passes on the others', () =>
    equals(stateless.filterNot(isEven), ({ key, value }) => (isEven(value) ? [] : [[key, value]])))
  test('mapValues keeps the key', () =>
    equals(
      stateless.mapValues((value, key) => `${key}=${value}`),
      ({ key, value }) => [[key, `${key}=${value}`]],
    ))
  test('mapValues may answer null', () =>
    equals(
      stateless.mapValues(() => null),
      ({ key }) => [[key, null]],
    ))
  test('selectKey keeps the value, and null is a key', () =>
    equals(
      stateless.selectKey((value) => (value === 0 ? null : `k${value}`)),
      ({ value }) => [[value === 0 ? null : `k${value}`, value]],
    ))
  test('map answers key and value', () =>
    equals(
      stateless.map((value, key) => [value, key]),
      ({ key, value }) => [[value, key]],
    ))
  test('flatMapValues forwards each item in order, null items too', () =>
    equals(
      stateless.flatMapValues((value) => Array.from({ length: times(value) }, (_, i) => (i === 1 ? null : i))),
      ({ key, value }) => Array.from({ length: times(value) }, (_, i) => [key, i === 1 ? null : i] as const),
    ))
  test('flatMap takes any iterable of pairs', () =>
    equals(
      stateless.flatMap((value, key) => new Map(Array.from({ length: times(value) }, (_, i) => [`${key}${i}`, value] as const))),
      ({ key, value }) => Array.from({ length: times(value) }, (_, i) => [`${key}${i}`, value] as const),
    ))
  test('merge and peek pass everything on', () => {
    equals(stateless.merge(), ({ key, value }) => [[key, value]])
    equals(
      stateless.peek(() => undefined),
      ({ key, value }) => [[key, value]],
    )
  })
})

test('peek, forEach and print see each record once, and only peek goes on', async () => {
  const seen: unknown[] = []
  const look = (value: number, key: string, record: { readonly offset: number }): void => {
    seen.push([value, key, record.offset])
  }
  const peeked = harness(stateless.peek(look))
  const ended = harness(stateless.forEach(look))
  const printed = harness(stateless.print((value: number, key: string) => `${key} ${value}`))
  for (const running of [peeked, ended, printed]) {
    await running.send({ key: 'a', value: 1 })
    await running.send({ key: 'b', value: 2 })
  }
  expect(seen).toEqual([
    [1, 'a', 0],
    [2, 'b', 1],
    [1, 'a', 0],
    [2, 'b', 1],
  ])
  expect(peeked.outputs.map(({ value }) => value)).toEqual([1, 2])
  expect([...ended.outputs, ...printed.outputs]).toEqual([])
  expect(printed.printed).toEqual(['a 1', 'b 2'])
})

test('a step that has to wait holds the items behind it back', async () => {
  const waits: (() => void)[] = []
  const running = harness(
    stateless.flatMapValues((value: number) => [value, value + 1, value + 2]),
    {
      below: (_key, value) => (value === 11 ? new Promise((settle) => waits.push(settle)) : undefined),
    },
  )
  const waiting = running.send({ key: 'a', value: 10 })
  expect(waiting).toBeInstanceOf(Promise)
  expect(running.outputs.map(({ value }) => value)).toEqual([10, 11])
  waits[0]!()
  await waiting
  expect(running.outputs.map(({ value }) => value)).toEqual([10, 11, 12])
})

describe('B39: what user functions may not answer', () => {
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['mapValues, undefined', stateless.mapValues(() => undefined), /answer a value or null.*undefined/],
    ['mapValues, a promise', stateless.mapValues(async () => 1), /promise.*mapValuesAsync/],
    ['selectKey, undefined', stateless.selectKey(() => undefined), /a key or null.*undefined/],
    ['selectKey, a promise', stateless.selectKey(async () => 1), /promise/],
    ['map, null', stateless.map(() => untyped(null)), /a pair \[key, value\].*null/],
    ['map, no pair', stateless.map(() => untyped([1])), /a pair.*array of 1/],
    ['map, an undefined value', stateless.map(() => ['a', undefined]), /undefined/],
    ['map, a promise', stateless.map(untyped(async () => ['a', 1])), /promise.*mapAsync/],
    ['flatMap, null', stateless.flatMap(() => untyped(null)), /an iterable.*null/],
    ['flatMap, items that are no pairs', stateless.flatMap(() => untyped(['ab'])), /iterable of pairs.*a string/],
    ['flatMapValues, null', stateless.flatMapValues(() => untyped(null)), /an iterable of values.*null/],
    ['flatMapValues, a text', stateless.flatMapValues(() => 'abc'), /an iterable of values.*a string/],
    ['flatMapValues, a promise', stateless.flatMapValues(untyped(async () => [1])), /promise/],
    ['flatMapValues, an undefined item', stateless.flatMapValues(() => [undefined]), /none of them undefined/],
    ['filter, a promise', stateless.filter(untyped(async () => false)), /true or false.*promise.*filterAsync/],
    ['filterNot, a promise', stateless.filterNot(untyped(async () => false)), /promise/],
    ['peek, a promise', stateless.peek(untyped(async () => undefined)), /promise/],
    ['forEach, a promise', stateless.forEach(untyped(async () => undefined)), /promise.*forEachAsync/],
    ['forEach, a promise that fails', stateless.forEach(untyped(() => Promise.reject(new Error('lost')))), /promise/],
    ['print, undefined', stateless.print(untyped(() => undefined)), /a text.*undefined/],
  ]
  test.each(wrong)('%s', (_name, operator, text) => {
    const running = harness<string, number, unknown, unknown>(untyped(operator))
    const failed = catching(() => running.send({ key: 'a', value: 1 }))
    expect(failed).toBeInstanceOf(ProcessingError)
    expect(failed).toMatchObject({ code: 'PROCESSOR_RESULT', context: { node: 'step' }, message: expect.stringMatching(text) })
    expect(running.outputs).toEqual([])
  })
  test('a predicate in plain JavaScript may answer anything else that is true or false enough', () => {
    const running = harness(stateless.filter(untyped((value: number) => value)))
    for (const value of [0, 1, 2]) expect(running.send({ key: 'a', value })).toBeUndefined()
    expect(running.outputs.map(({ value }) => value)).toEqual([1, 2])
  })
})

function catching(f: () => unknown): unknown {
  try {
    f()
  } catch (error) {
    return error
  }
  return undefined
}

test('roles are those of Kafka Streams', () => {
  const roles = [
    stateless.filter(() => true),
    stateless.filterNot(() => true),
    stateless.mapValues(() => 1),
    stateless.flatMapValues(() => []),
    stateless.map(() => [1, 1]),
    stateless.flatMap(() => []),
    stateless.selectKey(() => 1),
    stateless.peek(() => undefined),
    stateless.forEach(() => undefined),
    stateless.merge(),
    stateless.print(() => ''),
  ].map(({ role }) => role)
  expect(roles).toEqual(
    ['FILTER', 'FILTER', 'MAPVALUES', 'FLATMAPVALUES', 'MAP', 'FLATMAP', 'KEY-SELECT', 'PEEK', 'FOREACH', 'MERGE', 'PRINTER'].map(
      (name) => `KSTREAM-${name}-`,
    ),
  )
})

test('only steps that may change the key say so', () => {
  const changes = (operator: { readonly traits: { readonly changesKey?: boolean } }): boolean => operator.traits.changesKey === true
  expect([stateless.selectKey(() => 1), stateless.map(() => [1, 1]), stateless.flatMap(() => [])].every(changes)).toBe(true)
  expect(
    [
      stateless.filter(() => true),
      stateless.mapValues(() => 1),
      stateless.flatMapValues(() => []),
      stateless.peek(() => undefined),
      stateless.merge(),
    ].some(changes),
  ).toBe(false)
})
