import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { branchChild, split } from '../../src/operators/split.ts'
import { harness } from '../support/operator-harness.ts'
import { untyped } from '../support/untyped.ts'

const by = (n: number) => (value: number) => value % n === 0
const branch = (name: string, when?: (value: number, key: string) => boolean) => ({ name: () => name, when })

test('hands each record to the first branch that takes it, in written order, and to nobody else', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 30 }), fc.boolean(), (values, hasRest) => {
      const running = harness(split<string, number>([branch('two', by(2)), branch('three', by(3)), ...(hasRest ? [branch('rest')] : [])]), {
        children: ['rest', 'three', 'two'],
      })
      for (const value of values) expect(running.send({ key: 'k', value, timestamp: value })).toBeUndefined()
      const expected = values.flatMap((value) => {
        const child = value % 2 === 0 ? 'two' : value % 3 === 0 ? 'three' : hasRest ? 'rest' : undefined
        return child === undefined ? [] : [[child, value, value]]
      })
      expect(running.outputs.map(({ child, value, timestamp }) => [child, value, timestamp])).toEqual(expected)
      expect(running.dropped.size).toBe(0)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  )
})

test('the branch without a predicate is last, wherever it is written', () => {
  const running = harness(split<string, number>([branch('rest'), branch('two', by(2))]), { children: ['rest', 'two'] })
  for (const value of [1, 2]) expect(running.send({ key: 'k', value })).toBeUndefined()
  expect(running.outputs.map(({ child }) => child)).toEqual(['rest', 'two'])
})

test('answers the promise of a branch that has to wait', async () => {
  const running = harness(split<string, number>([branch('two', by(2)), branch('rest')]), {
    children: ['two', 'rest'],
    below: (_key, value) => (value === 1 ? undefined : Promise.resolve()),
  })
  expect(running.send({ key: 'k', value: 1 })).toBeUndefined()
  await expect(running.send({ key: 'k', value: 2 })).resolves.toBeUndefined()
})

test('a predicate that answers a promise is an error', () => {
  const running = harness(
    split([
      branch(
        'two',
        untyped(async () => false),
      ),
    ]),
    { children: ['two'] },
  )
  expect(() => running.send({ key: 'k', value: 1 })).toThrow(/true or false.*promise/)
})

test('a branch that is not below the split is our own mistake', () => {
  expect(() => harness(split([branch('nobody', by(2))]))).toThrow(/branch nobody is not below its split step/)
})

test('a branch itself passes everything on', () => {
  const running = harness(branchChild<string, number | null>())
  for (const value of [1, null]) expect(running.send({ key: 'k', value, timestamp: 7 })).toBeUndefined()
  expect(running.outputs.map(({ value, timestamp }) => [value, timestamp])).toEqual([
    [1, 7],
    [null, 7],
  ])
})
