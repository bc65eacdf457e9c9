import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import type { Engine } from '../../src/state/engine.ts'
import { markKey, readMark, storeNumbers, writeMark, type Mark } from '../../src/state/marks.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'
import type { ResolvedStore } from '../../src/state/store-spec.ts'
import { ALL, drain, list, pack } from '../support/engine-rows.ts'
import { resolvedStore, SlowEngine } from '../support/state-world.ts'

const store = (name: string): ResolvedStore => resolvedStore({ kind: 'keyValue', name })
const windows = (name: string): ResolvedStore => resolvedStore({ kind: 'window', name, sizeMs: 1, retentionMs: 1 })

function written(number: number, mark: Mark): RowsBuilder {
  const rows = new RowsBuilder()
  writeMark(number, mark, rows)
  return rows
}

describe('marks', () => {
  test('a mark is read as it was written', () => {
    const time = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER })
    const mark = fc.record({ offset: time, streamTime: time, topicId: fc.string({ maxLength: 40, unit: 'grapheme-ascii' }) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), mark, (number, given) => {
        expect(readMark(written(number, given).rows(), 0)).toEqual(given)
      }),
    )
  })

  test('its key is the prefix that no row of a store has, and the number of the store', () => {
    const rows = new RowsBuilder()
    markKey(0x0102, rows)
    expect([...rows.bytes.subarray(0, rows.byteLength)]).toEqual([0, 0, 0x4d, 1, 2])
  })

  test('there is none where the row is absent', () => {
    expect(readMark(pack([['key', null]]), 0)).toBeUndefined()
  })

  test('a mark with any bit turned over is damage, as is one that is cut off', () => {
    const mark = written(1, { offset: 123_456, streamTime: 99, topicId: 'AAECAwQFBgcICQoLDA0ODw' }).rows()
    const damage = expect.objectContaining({ code: 'STATE_CORRUPT' })
    for (let bit = 0; bit < 8 * mark.valueLength[0]!; bit++) {
      const bytes = mark.bytes.slice()
      bytes[mark.valueAt[0]! + (bit >> 3)]! ^= 1 << (bit & 7)
      expect(() => readMark({ ...mark, bytes }, 0)).toThrow(damage)
    }
    for (let length = 0; length < mark.valueLength[0]!; length++)
      expect(() => readMark({ ...mark, valueLength: Int32Array.of(length) }, 0)).toThrow(damage)
  })
})

describe('numbers of stores', () => {
  const engines: readonly (readonly [string, () => Engine])[] = [
    ['at once', () => new MemoryEngine()],
    ['by promises', () => new SlowEngine(new MemoryEngine())],
  ]
  for (const [name, open] of engines) {
    test(`stay, whatever stores come and go, and are never given again, in an engine that answers ${name}`, async () => {
      const engine = open()
      expect([...(await storeNumbers(engine, [store('a'), store('b')]))]).toEqual([['a', 1], ['b', 2]]) // prettier-ignore
      expect([...(await storeNumbers(engine, [store('c'), store('a')]))]).toEqual([['c', 3], ['a', 1]]) // prettier-ignore
      expect([...(await storeNumbers(engine, [windows('d'), store('é'), store('b')]))]).toEqual([['d', 4], ['é', 5], ['b', 2]]) // prettier-ignore
      expect([...(await storeNumbers(engine, []))]).toEqual([])
    })
  }

  test('are found again in a catalogue of many pages', async () => {
    const engine = new MemoryEngine()
    const stores = Array.from({ length: 2500 }, (_, i) => store(`store-${i}`))
    await storeNumbers(engine, stores)
    const again = await storeNumbers(engine, [...stores, store('new')])
    expect(stores.every(({ name }, i) => again.get(name) === i + 1)).toBe(true)
    expect(again.get('new')).toBe(2501)
  })

  test('B17: are refused to a store of another kind or format, and nothing is written', async () => {
    const engine = new MemoryEngine()
    await storeNumbers(engine, [store('a')])
    const before = await list(engine, ALL)
    const calls = [
      [windows('a'), /timestamped window.*timestamped keyValue/],
      [resolvedStore({ kind: 'keyValue', name: 'a', format: 'plain' }), /plain keyValue.*timestamped keyValue/],
    ] as const
    for (const [other, message] of calls)
      expect(() => storeNumbers(engine, [store('new'), other])).toThrow(
        expect.objectContaining({ code: 'STATE_INCOMPATIBLE', message: expect.stringMatching(message), context: { store: 'a' } }),
      )
    expect(await list(engine, ALL)).toEqual(before)
  })

  test('are not believed when their row is damaged', async () => {
    const engine = new MemoryEngine()
    await storeNumbers(engine, [store('a')])
    const page = await engine.cursor(ALL).next({ rows: 1, bytes: 1000 })
    const value = page.bytes.slice(page.valueAt[0], page.valueAt[0]! + page.valueLength[0]!)
    value[1]! ^= 1
    engine.write({ rows: pack([[page.bytes.slice(page.keyAt[0], page.keyAt[0]! + page.keyLength[0]!), value]]), deleteRanges: [] })
    expect(() => storeNumbers(engine, [store('a')])).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
  })

  test('are asked of the catalogue alone: rows beside it are not read', async () => {
    const engine = new MemoryEngine()
    engine.write({
      rows: pack([
        [Uint8Array.of(0, 0, 0x52), 'before'],
        [Uint8Array.of(0, 0, 0x54), 'after'],
        ['\0\u0001', utf8('row')],
      ]),
      deleteRanges: [],
    })
    expect([...(await storeNumbers(engine, [store('a')]))]).toEqual([['a', 1]])
    expect((await drain(engine.cursor(ALL))).map(([key]) => key)).toEqual(['\0\0R', '\0\0Sa', '\0\0T', '\0\u0001'])
  })
})
