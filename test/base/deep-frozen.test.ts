import { expect, test } from 'vitest'
import { deepFrozen, isFrozenError } from '../../src/base/deep-frozen.ts'

class Money {
  cents = 5
}

test('plain data is frozen to its last array, everything else is left alone', () => {
  const money = new Money()
  const bytes = new Uint8Array(2)
  const value = {
    list: [1, [{ deep: true }]],
    money,
    bytes,
    nothing: null,
    left: undefined,
    map: new Map([['a', {}]]),
    bare: Object.create(null) as object,
  }
  expect(deepFrozen(value)).toBe(value)
  const frozen = [value, value.list, value.list[1], (value.list[1] as object[])[0], value.bare]
  expect(frozen.every((part) => Object.isFrozen(part))).toBe(true)
  expect([money, bytes, value.map].some((part) => Object.isFrozen(part))).toBe(false)
  for (const simple of ['text', 5, null, undefined, 5n]) expect(deepFrozen(simple)).toBe(simple)
})

test('it takes as long as there is data, however deep, and ends where data leads back', () => {
  let deep: unknown = 0
  for (let level = 0; level < 200_000; level++) deep = [deep]
  deepFrozen(deep)
  const round: Record<string, unknown> = {}
  round['self'] = round
  expect(Object.isFrozen(deepFrozen(round))).toBe(true)
})

test('whatever changes frozen data is known by its error', () => {
  const frozen = deepFrozen({ list: [1, 2], n: 1 })
  const changes: (() => unknown)[] = [
    () => (frozen.n = 2),
    () => Reflect.has(frozen, 'n') && delete (frozen as { n?: number }).n,
    () => frozen.list.push(3),
    () => frozen.list.pop(),
    () => frozen.list.sort((a, b) => b - a),
    () => Object.assign(frozen, { other: 1 }),
    () => Object.defineProperty(frozen, 'n', { value: 3 }),
  ]
  for (const change of changes) {
    try {
      change()
    } catch (error) {
      expect(isFrozenError(error)).toBe(true)
      continue
    }
    throw new Error(`${String(change)} was let through`)
  }
  expect(isFrozenError(new TypeError('x is not a function'))).toBe(false)
  expect(isFrozenError(new Error("Cannot assign to read only property 'x'"))).toBe(false)
})
