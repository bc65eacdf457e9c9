/**
 * Contract of an engine (design: the six calls of `state/engine.ts`). Any engine runs it: `engineSuite('memory', () => Promise.resolve(new MemoryEngine()))`.
 * `open` gives a fresh, empty one each time. Everything is awaited, because an engine may answer a promise.
 */
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compareBytes, toHex } from '../../src/base/bytes.ts'
import { utf8 } from '../../src/base/text.ts'
import type { Engine, KeyRange } from '../../src/state/engine.ts'
import {
  ALL,
  calling,
  drain,
  get,
  keysOf,
  latin,
  list,
  pack,
  PAGE,
  put,
  range,
  take,
  unpack,
  valueAt,
  type Row,
} from '../support/engine-rows.ts'

/** Opens a fresh engine. */
export type OpenFresh = () => Promise<Engine>

type Fresh = () => Promise<Engine>

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

/** Runs the suite. */
export function engineSuite(name: string, open: OpenFresh): void {
  const fresh: Fresh = async () => {
    const engine = await open()
    onTestFinished(async () => engine.close())
    return engine
  }
  describe(`engine ${name}: reads and writes`, () => pointReads(fresh))
  describe(`engine ${name}: batches`, () => batches(fresh))
  describe(`engine ${name}: scans`, () => scans(fresh))
  describe(`engine ${name}: pages`, () => pages(fresh))
  describe(`engine ${name}: closing`, () => closing(fresh))
  describe(`engine ${name}: random histories`, () => histories(fresh))
}

function pointReads(fresh: Fresh): void {
  it('answers in the order of the keys, absent ones and repeated ones too', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'], ['b', '2'], ['c', '3'])
    expect(await get(engine, 'c', 'missing', 'a', 'c', 'b', 'missing')).toEqual(['3', null, '1', '3', '2', null])
  })

  it('gives back the keys it was asked for', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'])
    expect(unpack(await engine.getMany(pack([['a', null], ['b', null]]))).map(([key]) => key)).toEqual(['a', 'b']) // prettier-ignore
  })

  it('answers no rows for no keys', async () => {
    const engine = await fresh()
    expect((await engine.getMany(pack([]))).count).toBe(0)
  })

  it('tells an empty value from none', async () => {
    const engine = await fresh()
    await put(engine, ['empty', ''])
    const found = await engine.getMany(pack([['empty', null], ['none', null]])) // prettier-ignore
    expect([...found.valueLength.subarray(0, 2)]).toEqual([0, -1])
    expect(await list(engine, ALL)).toEqual([['empty', '']])
  })

  it('keeps an empty key, keys of zeros and of 0xff, and keys that begin other keys', async () => {
    const engine = await fresh()
    const keys = [[], [0], [0, 0], [0, 0xff], [0x7f], [0x80], [0xff], [0xff, 0], [0xff, 0xff]].map((bytes) => Uint8Array.from(bytes))
    await put(engine, ...keys.map((key): Row => [key, toHex(key)]))
    expect(await get(engine, ...keys)).toEqual(keys.map((key) => toHex(key)))
    expect((await list(engine, ALL)).map(([, value]) => value)).toEqual(keys.map((key) => toHex(key)))
  })

  it('keeps keys of 64 KiB apart by their last byte', async () => {
    const engine = await fresh()
    const long = (last: number): Uint8Array => new Uint8Array(65_536).fill(7).fill(last, -1)
    await put(engine, [long(1), 'one'], [long(2), 'two'])
    expect(await get(engine, long(2), long(1), long(3), long(1).subarray(0, -1))).toEqual(['two', 'one', null, null])
  })

  it('keeps a value of 1 MiB byte for byte', async () => {
    const engine = await fresh()
    const value = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
    await put(engine, ['big', value], ['bigger', 'small'])
    const read = await engine.getMany(pack([['big', null]]))
    expect(compareBytes(valueAt(read, 0), value)).toBe(0)
    const page = await take(engine.cursor(ALL), PAGE)
    expect(compareBytes(valueAt(page, 0), value)).toBe(0)
  })

  it('takes nothing of its caller: bytes may be written over when the call is done', async () => {
    const engine = await fresh()
    const rows = pack([['k', 'value']])
    await engine.write({ rows, deleteRanges: [] })
    rows.bytes.fill(0x78)
    expect(await get(engine, 'k')).toEqual(['value'])
    const found = await engine.getMany(pack([['k', null]]))
    found.bytes.fill(0x78)
    expect(await get(engine, 'k')).toEqual(['value'])
  })
}

function batches(fresh: Fresh): void {
  it('lets the last row of a key win, a delete as well as a value', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'], ['a', '2'], ['b', '1'], ['b', null], ['c', null], ['c', '3'])
    expect(await list(engine, ALL)).toEqual([['a', '2'], ['c', '3']]) // prettier-ignore
  })

  it('deletes what is there and what is not', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'], ['b', '2'])
    await put(engine, ['a', null], ['never', null])
    expect(await list(engine, ALL)).toEqual([['b', '2']])
  })

  it('writes a key again after it was deleted', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'])
    await put(engine, ['a', null])
    await put(engine, ['a', '2'])
    expect(await list(engine, ALL)).toEqual([['a', '2']])
  })

  it('deletes ranges before it writes rows', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'], ['b', '2'], ['c', '3'])
    await engine.write({ rows: pack([['b', 'new']]), deleteRanges: [range('a', 'c')] })
    expect(await list(engine, ALL)).toEqual([['b', 'new'], ['c', '3']]) // prettier-ignore
  })

  it('deletes from the first key of a range up to its end, which stays', async () => {
    const engine = await fresh()
    await put(engine, ['a', ''], ['b', ''], ['b0', ''], ['c', ''], ['d', ''])
    await engine.write({ rows: pack([]), deleteRanges: [range('b', 'c')] })
    expect(await keysOf(engine, ALL)).toEqual(['a', 'c', 'd'])
  })

  it('deletes several ranges, overlapping and empty ones, and one that is open upwards', async () => {
    const engine = await fresh()
    await put(engine, ...Array.from('abcdefgh', (key): Row => [key, key]))
    await engine.write({ rows: pack([]), deleteRanges: [range('b', 'd'), range('c', 'e'), range('a', 'a'), { from: utf8('g') }] })
    expect(await keysOf(engine, ALL)).toEqual(['a', 'e', 'f'])
    await engine.write({ rows: pack([]), deleteRanges: [ALL] })
    expect(await keysOf(engine, ALL)).toEqual([])
  })

  it('does nothing for an empty batch', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'])
    await engine.write({ rows: pack([]), deleteRanges: [] })
    expect(await list(engine, ALL)).toEqual([['a', '1']])
  })

  it('does writes that are not waited for in their order', async () => {
    const engine = await fresh()
    await Promise.all(Array.from('123', async (text) => put(engine, ['k', text])))
    expect(await list(engine, ALL)).toEqual([['k', '3']])
  })

  it('answers the same after a flush', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'], ['b', '2'])
    await put(engine, ['b', null])
    await engine.flush()
    expect(await get(engine, 'a', 'b')).toEqual(['1', null])
  })
}

function scans(fresh: Fresh): void {
  const filled = async (): Promise<Engine> => {
    const engine = await fresh()
    await put(engine, ['b', '2'], ['a', '1'], ['é', '6'], ['ab', '1b'], ['c', '3'], ['', '0'])
    return engine
  }

  it('goes in unsigned byte order, a prefix before what it begins', async () => {
    expect(await keysOf(await filled(), ALL)).toEqual(['', 'a', 'ab', 'b', 'c', latin(utf8('é'))])
  })

  it('takes the first key of a range in and its end not', async () => {
    const engine = await filled()
    expect(await keysOf(engine, range('a', 'b'))).toEqual(['a', 'ab'])
    expect(await keysOf(engine, range('aa', 'bb'))).toEqual(['ab', 'b'])
    expect(await keysOf(engine, { from: utf8('b') })).toEqual(['b', 'c', latin(utf8('é'))])
  })

  it('goes backwards over the same rows', async () => {
    const engine = await filled()
    for (const each of [ALL, range('a', 'b'), range('aa', 'c'), { from: utf8('c') }, range('x', 'y')])
      expect(await keysOf(engine, { ...each, reverse: true })).toEqual((await keysOf(engine, each)).reverse())
  })

  it('finds nothing between a key and itself, nor in a range whose end is before its start', async () => {
    const engine = await filled()
    for (const reverse of [false, true]) {
      expect(await keysOf(engine, { ...range('a', 'a'), reverse })).toEqual([])
      expect(await keysOf(engine, { ...range('c', 'a'), reverse })).toEqual([])
    }
  })

  it('shows the engine as it was when the cursor was made, whatever is written before its first page and between pages', async () => {
    for (const reverse of [false, true]) {
      const engine = await filled()
      const before = await list(engine, { ...ALL, reverse })
      const cursor = engine.cursor({ ...ALL, reverse })
      await put(engine, ['a', 'changed'], ['aa', 'new'], ['b', null])
      const rows = unpack(await take(cursor, { rows: 2, bytes: 1 << 20 }))
      await engine.write({ rows: pack([['c', 'again']]), deleteRanges: [ALL] })
      expect([...rows, ...(await drain(cursor))]).toEqual(before)
      expect(await list(engine, ALL)).toEqual([['c', 'again']])
    }
  })

  it('keeps cursors apart', async () => {
    const engine = await filled()
    const [up, down] = [engine.cursor(ALL), engine.cursor({ ...ALL, reverse: true })]
    const seen: string[] = []
    for (const cursor of [up, down, up, down]) seen.push(unpack(await take(cursor, { rows: 1, bytes: 1 << 20 }))[0]![0])
    up.close()
    expect(seen).toEqual(['', latin(utf8('é')), 'a', 'c'])
    expect((await drain(down)).map(([key]) => key)).toEqual(['b', 'ab', 'a', ''])
  })
}

function pages(fresh: Fresh): void {
  const filled = async (): Promise<Engine> => {
    const engine = await fresh()
    await put(engine, ...Array.from({ length: 300 }, (_, i): Row => [`k${String(i).padStart(3, '0')}`, 'v'.repeat(100)]))
    return engine
  }

  it('ends a page at its rows', async () => {
    const cursor = (await filled()).cursor(ALL)
    const counts: number[] = []
    for (const rows of [7, 1, 100, 1000]) counts.push((await cursor.next({ rows, bytes: 1 << 20 })).count)
    expect(counts).toEqual([7, 1, 100, 192])
    cursor.close()
  })

  it('ends a page at about its bytes, and never before its first row', async () => {
    const cursor = (await filled()).cursor(ALL)
    expect((await cursor.next({ rows: 300, bytes: 1 })).count).toBe(1)
    const { count } = await cursor.next({ rows: 300, bytes: 2_000 })
    expect(count).toBeGreaterThanOrEqual(10)
    expect(count).toBeLessThanOrEqual(40)
    cursor.close()
  })

  it('says the end by an empty page, as often as it is asked', async () => {
    const cursor = (await filled()).cursor(range('k100', 'k102'))
    const counts: number[] = []
    for (let i = 0; i < 4; i++) counts.push((await cursor.next({ rows: 2, bytes: 1 << 20 })).count)
    expect(counts).toEqual([2, 0, 0, 0])
    cursor.close()
  })

  it('gives every row once, whatever the pages', async () => {
    const engine = await filled()
    for (const reverse of [false, true]) {
      const whole = await list(engine, { ...ALL, reverse })
      expect(whole.length).toBe(300)
      for (const limit of [
        { rows: 1, bytes: 1 << 20 },
        { rows: 299, bytes: 1 << 20 },
        { rows: 300, bytes: 500 },
        { rows: 7, bytes: 777 },
      ])
        expect(await drain(engine.cursor({ ...ALL, reverse }), limit)).toEqual(whole)
    }
  })
}

function closing(fresh: Fresh): void {
  it('refuses every call after it was closed', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'])
    await engine.close()
    const calls: (() => unknown)[] = [
      () => engine.getMany(pack([['a', null]])),
      () => engine.cursor(ALL),
      () => engine.write({ rows: pack([['a', '2']]), deleteRanges: [] }),
      () => engine.flush(),
    ]
    for (const call of calls) await expect(calling(call)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })

  it('can be closed twice, also at the same time', async () => {
    const engine = await fresh()
    await Promise.all([engine.close(), engine.close()])
    await engine.close()
    await expect(calling(() => engine.cursor(ALL))).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })

  it('closes cursors that were left open', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'], ['b', '2'])
    const [begun, unread] = [engine.cursor(ALL), engine.cursor(ALL)]
    await take(begun, { rows: 1, bytes: 1 << 20 })
    await engine.close()
    for (const cursor of [begun, unread]) {
      await expect(calling(() => cursor.next(PAGE))).rejects.toMatchObject({ code: 'ITERATOR_CLOSED' })
      cursor.close()
    }
  })

  it('refuses pages of a cursor that was closed, which may be closed again', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'])
    const cursor = engine.cursor(ALL)
    cursor.close()
    cursor.close()
    await expect(calling(() => cursor.next(PAGE))).rejects.toMatchObject({ code: 'ITERATOR_CLOSED' })
    expect(await get(engine, 'a')).toEqual(['1'])
  })

  it('says its numbers as numbers, open or closed', async () => {
    const engine = await fresh()
    await put(engine, ['a', '1'])
    const before = Object.values(engine.metrics())
    await engine.close()
    const numbers = [...before, ...Object.values(engine.metrics())]
    expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([])
  })
}

function histories(fresh: Fresh): void {
  // Few bytes at the edges of their signs, few keys, so that histories meet.
  const key = fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 3 }).map((bytes) => Uint8Array.from(bytes))
  const value = fc.option(fc.uint8Array({ maxLength: 5 }), { nil: null })
  const bounds = fc
    .tuple(key, fc.option(key, { nil: undefined }))
    .map(([from, to]): KeyRange => (to === undefined ? { from } : compareBytes(from, to) <= 0 ? { from, to } : { from: to, to: from }))
  const step = fc.record({
    rows: fc.array(fc.tuple(key, value), { maxLength: 8 }),
    deleteRanges: fc.array(bounds, { maxLength: 2 }),
    scan: fc.tuple(bounds, fc.boolean()).map(([each, reverse]): KeyRange => ({ ...each, reverse })),
    page: fc.integer({ min: 1, max: 4 }),
    asked: fc.array(key, { maxLength: 5 }),
  })

  it('answers what a sorted array answers', async () => {
    const engine = await fresh()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10, size: 'max' }), async (steps) => {
        await engine.write({ rows: pack([]), deleteRanges: [ALL] })
        const oracle = new SortedRows()
        for (const { rows, deleteRanges, scan, page, asked } of steps) {
          const held = engine.cursor(scan)
          const expected = oracle.list(scan)
          await engine.write({ rows: pack(rows), deleteRanges })
          oracle.write(rows, deleteRanges)
          expect(await drain(held, { rows: page, bytes: 1 << 20 })).toEqual(expected)
          expect(await list(engine, scan)).toEqual(oracle.list(scan))
          expect(await get(engine, ...asked)).toEqual(asked.map((each) => oracle.get(each)))
        }
      }),
      { numRuns: RUNS },
    )
  }, 60_000)
}

/** The naive engine: rows in an array, sorted when asked. */
class SortedRows {
  #rows: { readonly key: Uint8Array; readonly value: Uint8Array }[] = []

  write(rows: readonly (readonly [Uint8Array, Uint8Array | null])[], ranges: readonly KeyRange[]): void {
    for (const each of ranges) this.#rows = this.#rows.filter(({ key }) => !isIn(key, each))
    for (const [key, value] of rows) {
      this.#rows = this.#rows.filter((row) => compareBytes(row.key, key) !== 0)
      if (value !== null) this.#rows.push({ key, value })
    }
  }

  get(key: Uint8Array): string | null {
    const found = this.#rows.find((row) => compareBytes(row.key, key) === 0)
    return found === undefined ? null : latin(found.value)
  }

  list(each: KeyRange): [string, string][] {
    const found = this.#rows.filter(({ key }) => isIn(key, each)).sort((a, b) => compareBytes(a.key, b.key))
    if (each.reverse === true) found.reverse()
    return found.map(({ key, value }) => [latin(key), latin(value)])
  }
}

function isIn(key: Uint8Array, { from, to }: KeyRange): boolean {
  return compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0)
}
