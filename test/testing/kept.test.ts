import { expect, test } from 'vitest'
import { isChange, kept } from '../../src/testing/kept.ts'

test('live data is copied, what is frozen or of a class is not', () => {
  const live = { list: [1, 2], bytes: new Uint8Array([1]), at: new Date(5), map: new Map([[1, 2]]) }
  const copy = kept(live)
  expect(copy).toEqual(live)
  live.list.push(3)
  expect(copy).toMatchObject({ list: [1, 2] })
  const frozen = Object.freeze({ a: 1 })
  class Money {
    readonly cents = 1
  }
  const money = new Money()
  const uncopied = { call: () => 1 }
  expect([kept(frozen), kept(money), kept(uncopied)].map((value, i) => value === [frozen, money, uncopied][i])).toEqual([true, true, true])
  expect([kept(5), kept(null), kept(undefined), kept('x')]).toEqual([5, null, undefined, 'x'])
})

test('a change is copied with what is in it', () => {
  const change = { value: { n: 1 }, old: null, latest: true }
  const copy = kept(change)
  change.value.n = 2
  expect(copy).toEqual({ value: { n: 1 }, old: null, latest: true })
  expect([isChange(change), isChange({ value: 1 }), isChange(null)]).toEqual([true, false, false])
})
