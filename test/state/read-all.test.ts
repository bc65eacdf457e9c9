import { expect, test } from 'vitest'
import { MemoryEngine } from '../../src/state/memory-engine.ts'
import { readAll } from '../../src/state/read-all.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'

test('reads every row of its store over all pages, and no other', async () => {
  const engine = new MemoryEngine()
  const rows = new RowsBuilder()
  for (let n = 0; n < 12_000; n++) {
    const key = new Uint8Array([0, n % 2, n >> 8, n & 0xff])
    rows.key(key, 0, key.length)
    rows.value(key, 2, 2)
  }
  engine.write({ rows: rows.rows(), deleteRanges: [] })
  const found: number[] = []
  await readAll(engine, new Uint8Array([0, 1]), (key, page, row) => {
    expect(key).toHaveLength(2)
    expect(page.bytes.slice(page.valueAt[row], page.valueAt[row]! + 2)).toEqual(key)
    found.push(key[0]! * 256 + key[1]!)
  })
  expect(found).toEqual(Array.from({ length: 6_000 }, (_, n) => 2 * n + 1))
})
