import { expect, test } from 'vitest'
import { ProcessingError } from '../../src/base/errors.ts'
import { isKept, itemsOf, pairOf, refusePromise, valueOf } from '../../src/operators/result.ts'
import { peek } from '../../src/operators/stateless.ts'
import type { OperatorContext } from '../../src/topology/operator.ts'
import { harness } from '../support/operator-harness.ts'
import { untyped } from '../support/untyped.ts'

function someContext(): OperatorContext {
  const found: OperatorContext[] = []
  const operator = peek<string, number>(() => undefined)
  harness({ ...operator, start: (next, context) => (found.push(context), operator.start(next, context)) })
  return found[0]!
}

const context = someContext()
const wrong = (f: () => unknown): unknown => {
  try {
    f()
  } catch (error) {
    return error
  }
  return undefined
}

test('what is right is answered as it is', () => {
  for (const value of [null, 0, '', false, {}, [undefined]]) expect(valueOf(value, context, 'a value')).toBe(value)
  const pair = [null, 0] as const
  expect(pairOf(pair, context, 'a pair')).toBe(pair)
  for (const items of [[], new Set([1]), new Map()]) expect(itemsOf<unknown>(items, context, 'items')).toBe(items)
  expect([isKept(true, context), isKept(false, context)]).toEqual([true, false])
  expect(refusePromise(undefined, context)).toBeUndefined()
  expect(refusePromise(1, context)).toBeUndefined()
})

test('B39: what is wrong is an error that says what is needed and what was found, but no user’s value', () => {
  const answers = [undefined, null, 7, 'secret', {}, [1, 2, 3], ['a', undefined]]
  const texts = answers.map((answer) => String(wrong(() => pairOf(untyped(answer), context, 'a pair'))))
  expect(texts.map((text) => text.replace('ProcessingError: the function must answer a pair; it answered ', ''))).toEqual([
    'undefined (null is a value, undefined is not)',
    'null',
    'a number',
    'a string',
    'an object',
    'an array of 3',
    'an array with undefined in it (null is a value, undefined is not)',
  ])
  for (const failing of [
    () => valueOf(undefined, context, 'a value'),
    () => itemsOf(untyped(null), context, 'items'),
    () => itemsOf(untyped({}), context, 'items'),
    () => isKept(untyped(Promise.resolve(true)), context),
  ]) {
    expect(wrong(failing)).toBeInstanceOf(ProcessingError)
    expect(wrong(failing)).toMatchObject({ code: 'PROCESSOR_RESULT', context: { node: 'step' } })
  }
})

test('a promise that is refused and fails later brings nothing down', async () => {
  expect(wrong(() => refusePromise(Promise.reject(new Error('lost')), context))).toBeInstanceOf(ProcessingError)
  await new Promise((settle) => setImmediate(settle))
})

test('a predicate’s answer counts as in JavaScript', () => {
  expect([1, 'x', {}, 0, '', null, undefined].map((answer) => isKept(untyped(answer), context))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
