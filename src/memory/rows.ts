/** Looks at the records of a batch one by one, where that is asked for by hand: compaction, look-ups by time, tests. */
import { BatchReader, readHeader, type BatchHeader, type RecordColumns } from '../wire/batch-reader.ts'

/** Shows each record of a batch to `visit`: row `i` of `rows`, which are filled again afterwards. */
export function eachRow(batch: Uint8Array, visit: (rows: RecordColumns, i: number, header: BatchHeader) => void): void {
  const header = readHeader(batch, 0, batch.length)
  if (header === undefined) return
  const reader = new BatchReader({ checkCrc: false, hashKeys: false })
  reader.open(batch, header)
  for (let rows = reader.next(); rows !== undefined; rows = reader.next()) for (let i = 0; i < rows.count; i++) visit(rows, i, header)
}

/** The offset of a row. */
export function offsetOf(rows: RecordColumns, i: number): number {
  return rows.baseOffset + (rows.offsetDelta?.[i] ?? i)
}

/** The timestamp of a row, in ms. */
export function timestampOf(rows: RecordColumns, i: number): number {
  return rows.baseTimestamp + rows.timestampDelta[i]!
}
