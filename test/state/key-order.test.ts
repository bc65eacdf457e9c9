import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { isIn } from '../../src/state/key-range.ts'
import { KeyOrder, type OrderedKeys } from '../../src/state/key-order.ts'

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }

/** Keys in one buffer, which counts how often a key is looked at. */
class Keys implements OrderedKeys {
  looked = 0
  readonly bytes: Uint8Array
  readonly #ends: readonly number[]

  constructor(keys: readonly Uint8Array[]) {
    let end = 0
    this.#ends = keys.map(({ length }) => (end += length))
    this.bytes = Uint8Array.from(keys.flatMap((key) => [...key]))
  }

  keyAt(id: number): number {
    this.looked++
    return this.#ends[id - 1] ?? 0
  }

  keyLength(id: number): number {
    return this.#ends[id]! - (this.#ends[id - 1] ?? 0)
  }
}

const key = fc.array(fc.constantFrom(0, 1, 0x61, 0xff), { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes))
const keys = fc.uniqueArray(key, { maxLength: 200, size: 'max', selector: (each) => each.join() })

test('is the sorted list of what is in it, whatever came and went, for every range', () =>
  fc.assert(
    fc.property(keys, fc.nat(200), fc.array(fc.nat(199), { maxLength: 300 }), key, fc.option(key), (all, first, toggled, from, to) => {
      const ids = all.map((_, id) => id)
      const there = new Set(ids.slice(0, first))
      const order = new KeyOrder(new Keys(all), [...there].toReversed())
      for (const id of toggled.filter((each) => each < all.length)) {
        if (there.delete(id)) order.remove(id)
        else {
          there.add(id)
          order.insert(id)
        }
      }
      const range = { from, ...(to === null ? {} : { to }) }
      const expected = ids.filter((id) => there.has(id) && isIn(all[id]!, range)).toSorted((a, b) => compareBytes(all[a]!, all[b]!))
      expect(order.between(range)).toEqual(expected)
    }),
    runs,
  ))

const padded = (id: number): Uint8Array => new TextEncoder().encode(String(id).padStart(7, '0'))

test('chunks split and vanish: 20,000 keys in order, backwards and scattered', () => {
  const all = Array.from({ length: 20_000 }, (_, id) => padded(id))
  const ids = all.map((_, id) => id)
  const scattered = ids.map((id) => (id * 7_919) % ids.length)
  for (const list of [ids, ids.toReversed(), scattered]) {
    const order = new KeyOrder(new Keys(all), [])
    for (const id of list) order.insert(id)
    expect(order.between({ from: padded(0) })).toEqual(ids)
    for (const id of list.slice(0, 19_000)) order.remove(id)
    expect(order.between({ from: padded(0) })).toEqual(list.slice(19_000).toSorted((a, b) => a - b))
    for (const id of list.slice(19_000)) order.remove(id)
    expect(order.between({ from: padded(0) })).toEqual([])
  }
})

test('what a scan, an insert and a removal look at grows with the logarithm of the keys', () => {
  const all = new Keys(Array.from({ length: 100_001 }, (_, id) => padded(id)))
  const order = new KeyOrder(
    all,
    Array.from({ length: 100_000 }, (_, id) => id),
  )
  const looks = (f: () => unknown): number => {
    const before = all.looked
    f()
    return all.looked - before
  }
  // Two searches over at most 2^17 keys, and each row once.
  expect(looks(() => order.between({ from: padded(5_000), to: padded(5_020) }))).toBeLessThan(2 * 17 + 21)
  expect(looks(() => order.insert(100_000))).toBeLessThan(2 * 2 * 17)
  expect(looks(() => order.remove(77_777))).toBeLessThan(2 * 2 * 17)
})
