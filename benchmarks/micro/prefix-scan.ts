/** A scan by prefix of a key-value store in memory: 10 rows of 100,000 and of 1,000,000, as the right side of a foreign-key join makes one a record. */
import { murmur2 } from '../../src/base/murmur2.ts'
import { utf8 } from '../../src/base/text.ts'
import { ByteTable } from '../../src/state/byte-table.ts'
import { residentRows } from '../../src/state/merged-rows.ts'
import { perRecord } from './per-record.ts'

const ROWS_EACH = 10
const SCANS = 100

function tableOf(rows: number): ByteTable {
  const table = new ByteTable({ capacity: rows })
  for (let n = 0; n < rows; n++) {
    const key = utf8(`${String(n % (rows / ROWS_EACH)).padStart(8, '0')}/order-${n}`)
    table.add(key, 0, key.length, murmur2(key))
  }
  return table
}

function scans(table: ByteTable): () => number {
  const prefixes = Array.from({ length: SCANS }, (_, n) => String(n * 97).padStart(8, '0'))
  const ranges = prefixes.map((prefix) => ({ from: utf8(`${prefix}/`), to: utf8(`${prefix}0`) }))
  return () => {
    let found = 0
    for (const range of ranges) found += residentRows(table, range, (slot) => slot).length
    if (found !== SCANS * ROWS_EACH) throw new Error(`${found} rows were found`)
    return found
  }
}

await perRecord(SCANS, {
  '10 rows of 100,000': scans(tableOf(100_000)),
  '10 rows of 1,000,000': scans(tableOf(1_000_000)),
})
