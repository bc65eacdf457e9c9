import { expect, test } from 'vitest'
import { serdes } from '../../src/model/serdes.ts'
import { newChange } from '../../src/operators/change.ts'
import { folding, type Fold, type FoldStep } from '../../src/operators/fold.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Operator } from '../../src/topology/operator.ts'
import { stateful, type StatefulOptions } from '../support/operator-state.ts'

interface Total {
  sum: number
}

const store = keyValueStore('s', { key: serdes.string, value: serdes.json<Total>() })
const mutating: Fold<string, number, Total> = {
  initial: () => ({ sum: 0 }),
  add: (total, value) => {
    total.sum += value
    return total.sum === 0 ? null : total
  },
}

/** The fold as a task would start it. */
function started<A>(
  fold: Fold<string, number, A>,
  options: StatefulOptions & { readonly emit?: 'on-commit' } = {},
): FoldStep<string, number, A> {
  const made: FoldStep<string, number, A>[] = []
  const step: Operator<string, number, string, number> = {
    role: 'FOLD-',
    traits: {},
    stores: [store],
    start: (next, context) => {
      made.push(folding({ ...fold, store, emit: options.emit ?? 'every-update' }, context))
      return next
    },
  }
  stateful(step, options)
  return made[0]!
}

test('an aggregate is changed in place where nobody wants the old one, and copied where somebody does', () => {
  const change = newChange<Total>()
  const before = { sum: 1 }
  expect(started(mutating)(before, 2, 'a', change)).toBe(before)
  expect(change).toEqual({ value: { sum: 3 }, old: null, latest: true })
  const after = started(mutating, { sendsOldValues: true })(before, 2, 'a', change)
  expect(after).toEqual({ sum: 5 })
  expect(change).toEqual({ value: after, old: { sum: 3 }, latest: true })
  expect([change.value, change.old]).toEqual([after, before])
  expect(change.old).toBe(before)
})

test('what waits for the commit takes its old value from the store, so nothing is copied', () => {
  const change = newChange<Total>()
  const before = { sum: 1 }
  expect(started(mutating, { sendsOldValues: true, emit: 'on-commit' })(before, 2, 'a', change)).toBe(before)
})

test('each first value starts from an initializer’s answer of its own', () => {
  const change = newChange<Total>()
  const fold = started(mutating, { sendsOldValues: true, parity: true })
  expect(fold(undefined, 1, 'a', change)).toEqual({ sum: 1 })
  expect(change.old).toEqual({ sum: 0 })
  expect(fold(undefined, 2, 'a', change)).toEqual({ sum: 2 })
  expect(change.old).toEqual({ sum: 0 })
})

test('null deletes, and an old value doesn’t outlive its change', () => {
  const change = newChange<Total>()
  const fold = started(mutating, { sendsOldValues: true })
  expect(fold({ sum: 2 }, -2, 'a', change)).toBeNull()
  expect(change).toMatchObject({ value: null, old: { sum: 2 } })
  expect(fold(undefined, 1, 'a', change)).toEqual({ sum: 1 })
  expect(change).toMatchObject({ value: { sum: 1 }, old: null })
})

test('without an initializer the first value is the aggregate', () => {
  const change = newChange<number>()
  const fold = started<number>({ initial: undefined, add: (a, b) => a * b })
  expect([fold(undefined, 3, 'a', change), fold(3, 5, 'a', change)]).toEqual([3, 15])
})
