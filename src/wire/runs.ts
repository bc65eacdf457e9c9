/** The records of several batches, run by run: for readers that are not on the hot path. */
import { readHeader, type BatchHeader, type BatchReader, type RecordColumns } from './batch-reader.ts'

/** Where batches are: whole ones in `bytes[from, to)`; a cut-off one at the end is left alone. */
export interface BatchRange {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

/** Each run of columns with the header of its batch. The columns are filled again by the next step. `where` names the partition in errors. */
export function* runs(
  reader: BatchReader,
  { bytes, from, to }: BatchRange,
  where: string,
): Generator<{ readonly header: BatchHeader; readonly rows: RecordColumns }> {
  let at = from
  for (let header = readHeader(bytes, at, to); header !== undefined; header = readHeader(bytes, at, to)) {
    at += header.length
    reader.open(bytes, header, where)
    for (let rows = reader.next(); rows !== undefined; rows = reader.next()) yield { header, rows }
  }
}

/** The offset behind the last whole batch of a range; `otherwise` when there is none. */
export function offsetBehind({ bytes, from, to }: BatchRange, otherwise: number): number {
  let at = from
  let next = otherwise
  for (let header = readHeader(bytes, at, to); header !== undefined; header = readHeader(bytes, at, to)) {
    at += header.length
    next = Math.max(next, header.nextOffset)
  }
  return next
}
