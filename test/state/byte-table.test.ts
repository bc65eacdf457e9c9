import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { murmur2 } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import { ByteTable } from '../../src/state/byte-table.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

type Hash = (key: Uint8Array) => number

/** A table and the map that it has to equal; keys of the map are the bytes as text. */
class Model {
  readonly table: ByteTable
  readonly ids: Map<string, number> = new Map()
  readonly #hash: Hash

  constructor(hash: Hash = (each) => murmur2(each), table: ByteTable = new ByteTable()) {
    this.#hash = hash
    this.table = table
  }

  find(key: Uint8Array): number {
    // A key is found wherever it stands, not only at the start of an array.
    const within = new Uint8Array(key.length + 5).fill(0xaa)
    within.set(key, 3)
    return this.table.find(within, 3, key.length, this.#hash(key))
  }

  add(key: Uint8Array): void {
    const name = key.join(',')
    expect(this.find(key)).toBe(this.ids.get(name) ?? -1)
    if (this.ids.has(name)) return
    const id = this.table.add(key, 0, key.length, this.#hash(key))
    expect([...this.ids.values()]).not.toContain(id)
    this.ids.set(name, id)
  }

  remove(key: Uint8Array): void {
    const id = this.ids.get(key.join(','))
    if (id === undefined) return
    this.table.remove(id)
    this.ids.delete(key.join(','))
    expect(this.find(key)).toBe(-1)
  }

  clear(): void {
    this.table.clear()
    this.ids.clear()
  }

  check(): void {
    const { table } = this
    expect(table.count).toBe(this.ids.size)
    let bytes = 0
    for (const [name, id] of this.ids) {
      const key = Uint8Array.from(name === '' ? [] : name.split(',').map(Number))
      expect(this.find(key)).toBe(id)
      expect(table.has(id) && id < table.end).toBe(true)
      expect([...table.bytes.subarray(table.keyAt(id), table.keyAt(id) + table.keyLength(id))]).toEqual([...key])
      bytes += key.length
    }
    expect(table.keyBytes).toBe(bytes)
    const live = Array.from({ length: table.end }, (_, id) => id).filter((id) => table.has(id))
    expect(live.length).toBe(this.ids.size)
  }
}

const key = fc.oneof(
  fc.uint8Array({ maxLength: 3 }).map((bytes) => bytes.map((byte) => byte % 4)),
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', '').map((text) => utf8(text)),
)
const operation = fc.oneof(
  { weight: 20, arbitrary: fc.record({ add: key }) },
  { weight: 12, arbitrary: fc.record({ remove: key }) },
  { weight: 1, arbitrary: fc.record({ clear: fc.constant(true) }) },
)

describe('a table is a map of bytes, ids and all', () => {
  const hashes: readonly (readonly [string, Hash])[] = [
    ['with murmur2', (bytes) => murmur2(bytes)],
    ['when all keys have one hash', () => 42],
    ['when hashes differ in their sign and low bits only', (bytes) => (bytes.length % 2 === 0 ? -1 : 1) << (bytes.length % 3)],
  ]
  for (const [name, hash] of hashes)
    test(name, () => {
      fc.assert(
        fc.property(fc.array(operation, { maxLength: 100, size: 'max' }), (operations) => {
          const model = new Model(hash)
          // Enough for the longest probe, so that keys of one hash are met before and after the table has a hash of its own.
          for (let i = 0; i < 120; i++) insert(model, utf8(`first-${i}`), hash)
          for (const step of operations) {
            if ('clear' in step) model.clear()
            else if ('add' in step) model.add(step.add)
            else model.remove(step.remove)
          }
          model.check()
        }),
        { numRuns: RUNS },
      )
    })
})

test('it grows, and forgets removed keys, without losing others', () => {
  const model = new Model()
  const nth = (i: number): Uint8Array => utf8(`key-${i}-${'x'.repeat(i % 70)}`)
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 2000; i++) insert(model, nth(i))
    for (let i = 0; i < 2000; i++) if (i % 5 !== round) model.remove(nth(i))
    model.check()
  }
  for (let i = 0; i < 2000; i++) model.remove(nth(i))
  expect([model.table.count, model.table.end, model.table.keyBytes]).toEqual([0, 0, 0])
  model.add(nth(1))
  model.check()
})

test('room made at once is not made again', () => {
  const model = new Model(undefined, new ByteTable({ capacity: 1000 }))
  for (let i = 0; i < 3000; i++) insert(model, utf8(`k${i}`))
  model.check()
})

test('an id is given again after its key was removed', () => {
  const model = new Model()
  for (const text of ['a', 'b', 'c']) model.add(utf8(text))
  model.remove(utf8('b'))
  expect(model.table.has(1)).toBe(false)
  model.add(utf8('d'))
  expect(model.ids.get(utf8('d').join(','))).toBe(1)
  model.check()
})

test('crafted keys of one hash are found as fast as others: past some length of probes the table has its own hash', () => {
  const count = 20_000
  const model = new Model(() => 7)
  const nth = (i: number): Uint8Array => utf8(`crafted-${i}`)
  const timeOf = (lookUps: () => void): number => {
    const before = performance.now()
    lookUps()
    return performance.now() - before
  }
  // With probes as long as there are keys this would be 200 million steps and several seconds.
  const took = timeOf(() => {
    for (let i = 0; i < count; i++) model.table.add(nth(i), 0, nth(i).length, 7)
    for (let i = 0; i < count; i++) expect(model.find(nth(i))).toBe(i)
  })
  expect(took).toBeLessThan(5000)
  expect(model.find(utf8('not there'))).toBe(-1)
  for (let i = 0; i < count; i += 2) model.table.remove(i)
  for (let i = 0; i < count; i += 97) expect(model.find(nth(i))).toBe(i % 2 === 0 ? -1 : i)
  expect(model.table.touch(Int32Array.of(7, 7), 0, 2)).toBe(0)
  model.clear()
  model.add(nth(1))
  model.check()
})

test('two seeds place the same keys differently, and find them all', () => {
  for (const seed of [1, 2]) {
    const table = new ByteTable({ seed })
    for (let i = 0; i < 300; i++) table.add(utf8(`k${i}`), 0, utf8(`k${i}`).length, 0)
    for (let i = 0; i < 300; i++) expect(table.find(utf8(`k${i}`), 0, utf8(`k${i}`).length, 0)).toBe(i)
  }
})

test('touching hashes reads, of known and unknown keys, and changes nothing', () => {
  const model = new Model()
  for (let i = 0; i < 300; i++) model.add(utf8(`k${i}`))
  const hashes = Int32Array.from({ length: 400 }, (_, i) => murmur2(utf8(`k${i}`)))
  const sum = model.table.touch(hashes, 0, 400)
  expect(sum).toBeGreaterThan(0)
  expect(model.table.touch(hashes, 0, 400)).toBe(sum)
  expect(model.table.touch(hashes, 5, 5)).toBe(0)
  model.check()
})

test('clearing an empty table leaves it empty', () => {
  const table = new ByteTable()
  table.clear()
  expect([table.count, table.find(utf8('a'), 0, 1, 0)]).toEqual([0, -1])
})

function insert(model: Model, bytes: Uint8Array, hash: Hash = (each) => murmur2(each)): void {
  const name = bytes.join(',')
  if (model.ids.has(name)) return
  model.ids.set(name, model.table.add(bytes, 0, bytes.length, hash(bytes)))
}

test('keys come in order for every range, whether an order of them is kept or not, whatever came and went between', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.nat(400), fc.nat(400), fc.nat(40)), { minLength: 1, maxLength: 60 }),
      fc.constantFrom(1, 40),
      (steps, scansEach) => {
        const { table, ids } = new Model()
        const keyOf = (n: number): Uint8Array => utf8(n.toString(7))
        for (const [adds, first, count, span] of steps) {
          for (let n = first; n < first + (count % 50); n++) {
            const bytes = keyOf(n)
            const id = table.find(bytes, 0, bytes.length, murmur2(bytes))
            if (adds && id < 0) ids.set(n.toString(7), table.add(bytes, 0, bytes.length, murmur2(bytes)))
            if (!adds && id >= 0) {
              table.remove(id)
              ids.delete(n.toString(7))
            }
          }
          const range = { from: keyOf(first), to: keyOf(first + span) }
          const expected = [...ids]
            .filter(([each]) => compareBytes(utf8(each), range.from) >= 0 && compareBytes(utf8(each), range.to) < 0)
            .toSorted(([a], [b]) => compareBytes(utf8(a), utf8(b)))
            .map(([, id]) => id)
          for (let scan = 0; scan < scansEach; scan++) expect(table.inOrder(range)).toEqual(expected)
        }
      },
    ),
    { numRuns: RUNS },
  ))

describe('scans by prefix over 100,000 keys', () => {
  const table = new ByteTable()
  const keyOf = (n: number): Uint8Array => utf8(`${String(n % 1_000).padStart(4, '0')}/${n}`)
  for (let n = 0; n < 100_000; n++) {
    const bytes = keyOf(n)
    table.add(bytes, 0, bytes.length, murmur2(bytes))
  }
  const looks = (f: () => unknown): number => {
    const spy = vi.spyOn(table, 'keyAt')
    f()
    const { length } = spy.mock.calls
    spy.mockRestore()
    return length
  }
  const scan = (prefix: number): number[] =>
    table.inOrder({ from: utf8(String(prefix).padStart(4, '0')), to: utf8(String(prefix + 1).padStart(4, '0')) })

  test('look at what they find, also while keys come and go, once there were several of them', () => {
    for (let n = 0; n < 10; n++) expect(scan(n)).toHaveLength(100)
    expect(looks(() => scan(500))).toBeLessThan(100 + 4 * 17)
    const some = (): number => {
      for (let n = 0; n < 100; n++) {
        const bytes = keyOf(n)
        table.remove(table.find(bytes, 0, bytes.length, murmur2(bytes)))
        table.add(bytes, 0, bytes.length, murmur2(bytes))
      }
      return scan(7).length
    }
    let rows = 0
    // Each key that goes or comes, and the scan.
    expect(looks(() => (rows = some()))).toBeLessThan(200 * 4 * 17 + 100 + 4 * 17)
    expect(rows).toBe(100)
  })

  test('keep nothing in order where keys come and go faster than scans ask', () => {
    for (let n = 0; n < 300_000; n++) {
      const bytes = keyOf(n % 1_000)
      table.remove(table.find(bytes, 0, bytes.length, murmur2(bytes)))
      table.add(bytes, 0, bytes.length, murmur2(bytes))
    }
    const bytes = keyOf(0)
    expect(looks(() => table.remove(table.find(bytes, 0, bytes.length, murmur2(bytes))))).toBe(0)
    expect(scan(1)).toHaveLength(100)
  })
})
