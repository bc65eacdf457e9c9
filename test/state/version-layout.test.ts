import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'
import { VersionLayout } from '../../src/state/version-layout.ts'
import type { Version } from '../../src/state/version-list.ts'

const PREFIX = new Uint8Array([0, 7])
const keys = fc.uint8Array({ maxLength: 3 })
const versions: fc.Arbitrary<Version> = fc.record({
  from: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 45 })),
  bytes: fc.option(fc.uint8Array({ maxLength: 3 })),
  bounded: fc.boolean(),
})

function read(engine: MemoryEngine, layout: VersionLayout, key: Uint8Array): Version[] {
  const cursor = engine.cursor(layout.range(key))
  const page = cursor.next({ rows: 1_000, bytes: 1 << 20 })
  if (page instanceof Promise) throw new Error('the memory engine answers at once')
  return layout.read(page, key)
}

test('a key’s versions are found newest first, whatever lies between them', () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, versions), { maxLength: 20 }), (rows) => {
      const engine = new MemoryEngine()
      const layout = new VersionLayout(PREFIX)
      const batch = new RowsBuilder()
      for (const [key, version] of rows) layout.write({ bytes: key, at: 0, length: key.length }, version.from, version, batch)
      engine.write({ rows: batch.rows(), deleteRanges: [] })
      for (const [key] of rows) {
        const own = new Map(rows.filter(([other]) => String(other) === String(key)).map(([, version]) => [version.from, version]))
        expect(read(engine, layout, key)).toEqual([...own.values()].sort((a, b) => b.from - a.from))
      }
    }),
  ))

test('a version that is gone is deleted; a row that is none is damage', () => {
  const engine = new MemoryEngine()
  const layout = new VersionLayout(PREFIX)
  const key = utf8('k')
  const span = { bytes: key, at: 0, length: 1 }
  const write = (from: number, version: Version | undefined): void => {
    const batch = new RowsBuilder()
    layout.write(span, from, version, batch)
    engine.write({ rows: batch.rows(), deleteRanges: [] })
  }
  write(5, { from: 5, bytes: utf8('v'), bounded: false })
  write(5, undefined)
  expect(read(engine, layout, key)).toEqual([])
  const batch = new RowsBuilder()
  batch.key(new Uint8Array([...PREFIX, ...key, 255, 255, 255, 255, 255, 255, 255, 250]), 0, 11)
  batch.value(key, 0, 0)
  engine.write({ rows: batch.rows(), deleteRanges: [] })
  expect(() => read(engine, layout, key)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }))
})
