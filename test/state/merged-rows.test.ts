import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { mergedRows } from '../../src/state/merged-rows.ts'
import type { Cursor } from '../../src/state/engine.ts'
import { latin, pack } from '../support/engine-rows.ts'
import { SlowEngine } from '../support/state-world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const text = (bytes: Uint8Array, at: number, length: number): string => latin(bytes.subarray(at, at + length))
const key = fc.array(fc.constantFrom(0, 0x2c, 0x61, 0xff), { maxLength: 3 }).map((bytes) => Uint8Array.from(bytes))

test('resident rows hide the engine’s, deleted ones too, in both directions and over all pages', async () => {
  const rows = (value: fc.Arbitrary<string | undefined>): fc.Arbitrary<(readonly [Uint8Array, string | undefined])[]> =>
    fc.uniqueArray(fc.tuple(key, value), { maxLength: 12, size: 'max', selector: ([each]) => each.join(',') })
  const stored = rows(fc.constantFrom('stored', ''))
  const resident = rows(fc.option(fc.constantFrom('resident', ''), { nil: undefined }))
  await fc.assert(
    fc.asyncProperty(stored, resident, fc.boolean(), fc.boolean(), async (below, above, reverse, isSlow) => {
      const engine = new MemoryEngine()
      engine.write({ rows: pack(below.map(([each, value]) => [Uint8Array.from([7, 7, ...each]), value ?? null])), deleteRanges: [] })
      const order = (a: Uint8Array, b: Uint8Array): number => compareBytes(a, b) * (reverse ? -1 : 1)
      const range = { from: Uint8Array.of(7, 7), to: Uint8Array.of(7, 8), reverse }
      const source = mergedRows<string>({
        resident: above.map(([each, value]) => ({ key: each, value })).sort((a, b) => order(a.key, b.key)),
        cursor: (isSlow ? new SlowEngine(engine) : engine).cursor(range),
        reverse,
        prefix: 2,
        value: text,
      })
      const seen: [string, string][] = []
      for (let row = await source.next(); row !== undefined; row = await source.next()) seen.push([latin(row.key), row.value])
      expect(await source.next()).toBeUndefined()
      const expected = new Map([...below, ...above].map(([each, value]) => [each.join(','), { each, value }]))
      const listed = [...expected.values()].filter(({ value }) => value !== undefined).sort((a, b) => order(a.each, b.each))
      expect(seen).toEqual(listed.map(({ each, value }) => [latin(each), value]))
    }),
    { numRuns: RUNS },
  )
})

test('without a cursor the resident rows are all, and answer at once', () => {
  const resident = ['a', 'b', 'c'].map((name) => ({ key: Uint8Array.of(name.charCodeAt(0)), value: name === 'b' ? undefined : name }))
  const source = mergedRows<string>({ resident, cursor: undefined, reverse: false, prefix: 0, value: text })
  expect([source.next(), source.next(), source.next()]).toMatchObject([{ value: 'a' }, { value: 'c' }, undefined])
  source.close()
})

test('closing it closes the cursor, and no page is asked for after the end', () => {
  const calls: string[] = []
  const cursor: Cursor = {
    next: () => {
      calls.push('next')
      return pack(calls.length === 1 ? [['a', '1'], ['b', '2']] : []) // prettier-ignore
    },
    close: () => calls.push('close'),
  }
  const source = mergedRows<string>({ resident: [], cursor, reverse: false, prefix: 0, value: text })
  for (let i = 0; i < 5; i++) void source.next()
  source.close()
  expect(calls).toEqual(['next', 'next', 'close'])
})
