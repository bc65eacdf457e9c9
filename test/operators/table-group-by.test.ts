import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { serdes } from '../../src/model/serdes.ts'
import { tableGroupBy } from '../../src/operators/table-group-by.ts'
import type { Change } from '../../src/topology/operator.ts'
import { harness, type Emitted } from '../support/operator-harness.ts'
import { untyped } from '../support/untyped.ts'

const plain = ({ key, value: { value, old } }: Emitted<unknown, Change<unknown>>): unknown[] => [key, value, old]
const change = <V>(value: V | null, old: V | null | undefined, latest = true): Change<V> => ({ value, old, latest })
/** Groups of numbers: those that 3 divides have none, those that 5 divides no value. */
const group = (n: number): [string | null, number | null] => [n % 3 === 0 ? null : `g${n % 2}`, n % 5 === 0 ? null : n]

test('what a change takes out of a group comes before what it puts into another, and is one where they are the same (B10, B11)', () =>
  fc.assert(
    fc.property(fc.option(fc.nat(30)), fc.option(fc.nat(30)), (value, old) => {
      const running = harness(tableGroupBy({ group, key: serdes.string }))
      void running.send({ key: 'k', value: change(value, old), timestamp: 7, headers: [['h', null]] })
      const [to, part] = value === null ? [null, null] : group(value)
      const [from, was] = old === null ? [null, null] : group(old)
      const enters = to !== null && part !== null
      const leaves = from !== null && was !== null
      const expected =
        enters && leaves && to === from
          ? [[to, part, was]]
          : [...(leaves ? [[from, null, was]] : []), ...(enters ? [[to, part, null]] : [])]
      expect(running.outputs.map(plain)).toEqual(expected)
      expect(running.outputs.every(({ timestamp, headers }) => timestamp === 7 && headers.length === 1)).toBe(true)
    }),
  ))

test('groups are the same when their bytes are', () => {
  const byId = (id: number): [{ id: number }, number] => [{ id: id % 2 }, id]
  const running = harness(tableGroupBy({ group: byId, key: serdes.json<{ id: number }>() }))
  void running.send({ key: 'k', value: change(1, 3) })
  void running.send({ key: 'k', value: change(1, 2) })
  expect(running.outputs.map(plain)).toEqual([
    [{ id: 1 }, 1, 3],
    [{ id: 0 }, null, 2],
    [{ id: 1 }, 1, null],
  ])
})

test('a second change waits for the first', async () => {
  let settle = (): void => undefined
  const below = (): Promise<void> =>
    new Promise((done) => {
      settle = done
    })
  const running = harness(tableGroupBy({ group, key: serdes.string }), { below })
  const sent = running.send({ key: 'k', value: change(1, 2) })
  expect(running.outputs.map(plain)).toEqual([['g0', null, 2]])
  settle()
  await Promise.resolve()
  expect(running.outputs.map(plain)[1]).toEqual(['g1', 1, null])
  settle()
  await sent
})

test('an update older than its row changes no group (B4); a change without a key is an error', () => {
  const running = harness(tableGroupBy({ group, key: serdes.string }))
  void running.send({ key: 'k', value: change(1, 2, false) })
  expect(running.outputs).toEqual([])
  expect(() => running.send({ key: untyped(null), value: change(1, 2) })).toThrow(expect.objectContaining({ code: 'PROCESSING_ERROR' }))
})

test('the function must answer a pair', () => {
  const running = harness(tableGroupBy({ group: untyped(() => 'g'), key: serdes.string }))
  expect(() => running.send({ key: 'k', value: change(1, null) })).toThrow(expect.objectContaining({ code: 'PROCESSOR_RESULT' }))
})
