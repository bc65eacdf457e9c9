import { expect, test } from 'vitest'
import { otherwise } from '../../src/index.ts'
import { built, refused, texts } from '../support/shop-topics.ts'

test('steps of branches are called after the split and the branch, or numbered', () => {
  const named = built((builder) => builder.stream(texts).split({ a: () => true, rest: otherwise }, { name: 'by-size' }))
  expect([...named.nodes.keys()].slice(1)).toEqual(['by-size', 'by-sizea', 'by-sizerest'])
  const numbered = built((builder) => builder.stream(texts).split({ a: () => true, rest: otherwise }, { name: 'n', numbered: true }))
  expect([...numbered.nodes.keys()].slice(1)).toEqual(['n', 'n1', 'n0'])
})

test.each([
  [{}, 'has no branch'],
  [{ a: otherwise, b: otherwise }, 'one `otherwise` at most'],
  [{ 1: () => true }, "can't be called 1"],
])('branches %j are refused', (branches, text) => {
  const error = refused((builder) => builder.stream(texts).split(branches as Parameters<ReturnType<typeof builder.stream>['split']>[0]))
  expect(error.code).toBe('BRANCH_INVALID')
  expect(error.message).toContain(text)
})
