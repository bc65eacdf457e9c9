import { expect, test } from 'vitest'
import { serdes } from '../../src/model/serdes.ts'
import { aggregate } from '../../src/operators/aggregate.ts'
import { newChange } from '../../src/operators/change.ts'
import { folding, type Fold } from '../../src/operators/fold.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Operator } from '../../src/topology/operator.ts'
import { stateful, type StatefulOptions } from '../support/operator-state.ts'

interface Total {
  sum: number
}

interface Folded {
  readonly value: unknown
  readonly old: unknown
  readonly timestamp: number
}

const mutating: Fold<string, number, Total> = {
  initial: () => ({ sum: 0 }),
  add: (total, value) => {
    total.sum += value
    return total.sum === 0 ? null : total
  },
}

/** Folds values, one a record at the time of its index; a text commits. Answers the very objects of each change. */
async function folded<A>(
  fold: Fold<string, number, A>,
  options: StatefulOptions & { readonly emit?: 'on-commit' },
  values: readonly (number | 'commit')[],
): Promise<Folded[]> {
  const store = keyValueStore<string, A>('s', { key: serdes.string, value: serdes.json<A>() })
  const seen: Folded[] = []
  const operator: Operator<string, number, never, never> = {
    role: 'FOLD-',
    traits: {},
    stores: [store],
    start: (_next, context) => {
      const slots = context.slots<string, A>(store)
      const change = newChange<A>()
      const step = folding<string, number, A>({ ...fold, store, emit: options.emit ?? 'every-update' }, { slots, change }, context)
      return async (key, value, record) => {
        const timestamp = step(await slots.find(key), key, value, record)
        seen.push({ value: change.value, old: change.old, timestamp })
      }
    },
  }
  const { running, commit } = stateful(operator, options)
  for (const [index, value] of values.entries()) {
    if (value === 'commit') await commit()
    else await running.send({ key: 'a', value, timestamp: index })
  }
  return seen
}

test('an aggregate is changed in place where nobody wants the old one', async () => {
  const [first, second] = await folded(mutating, {}, [1, 2])
  expect(second!.value).toBe(first!.value)
  expect(second).toEqual({ value: { sum: 3 }, old: null, timestamp: 1 })
})

test('an aggregate is copied where somebody wants the old one', async () => {
  const seen = await folded(mutating, { sendsOldValues: true }, [1, 2, 3])
  expect(seen).toEqual([
    { value: { sum: 1 }, old: null, timestamp: 0 },
    { value: { sum: 3 }, old: { sum: 1 }, timestamp: 1 },
    { value: { sum: 6 }, old: { sum: 3 }, timestamp: 2 },
  ])
})

test('what waits for the commit is copied once a commit', async () => {
  const seen = await folded(mutating, { sendsOldValues: true, emit: 'on-commit' }, [1, 2, 'commit', 3, 4, 'commit', 5])
  const values = seen.map(({ value }) => value)
  expect(new Set(values).size).toBe(3)
  expect(values).toEqual([{ sum: 3 }, { sum: 3 }, { sum: 10 }, { sum: 10 }, { sum: 15 }])
  expect(new Set((await folded(mutating, { emit: 'on-commit' }, [1, 'commit', 2, 3])).map(({ value }) => value)).size).toBe(1)
})

test('each first value starts from an initializer’s answer of its own, which parity tells of', async () => {
  expect(await folded(mutating, { sendsOldValues: true, parity: true }, [1, -1, 2])).toEqual([
    { value: { sum: 1 }, old: { sum: 0 }, timestamp: 0 },
    { value: null, old: { sum: 1 }, timestamp: 1 },
    { value: { sum: 2 }, old: { sum: 0 }, timestamp: 2 },
  ])
})

test('null deletes, and neither an old value nor a time outlives its row', async () => {
  expect(await folded(mutating, { sendsOldValues: true }, [1, -1, 2])).toEqual([
    { value: { sum: 1 }, old: null, timestamp: 0 },
    { value: null, old: { sum: 1 }, timestamp: 1 },
    { value: { sum: 2 }, old: null, timestamp: 2 },
  ])
})

test('without an initializer the first value is the aggregate', async () => {
  const seen = await folded<number>({ initial: undefined, add: (a, b) => a * b }, {}, [3, 5])
  expect(seen.map(({ value }) => value)).toEqual([3, 15])
})

test('the first value of a reduction is copied, so that changing the aggregate doesn’t change a record', async () => {
  const values: Total[] = [{ sum: 1 }, { sum: 2 }]
  const store = keyValueStore('s', { key: serdes.string, value: serdes.json<Total>() })
  const add = (a: Total, b: Total): Total => {
    a.sum += b.sum
    return a
  }
  const { running } = stateful(
    aggregate<string, Total, Total>({ store, role: 'KSTREAM-REDUCE-', emit: 'every-update', initial: undefined, add }),
  )
  for (const value of values) await running.send({ key: 'a', value })
  expect(running.outputs.map(({ value }) => value.value)).toEqual([{ sum: 1 }, { sum: 3 }])
  expect(values).toEqual([{ sum: 1 }, { sum: 2 }])
})
