/** Reads batches with the real reader and makes objects of its columns, to compare with naive ones. */
import { readVarint } from '../../src/base/bytes.ts'
import { StreamsError } from '../../src/base/errors.ts'
import { BatchReader, readHeader, type ReaderOptions, type RecordColumns } from '../../src/wire/batch-reader.ts'
import type { NaiveRecord } from './naive-batch.ts'

/** All records of all batches in `bytes`. */
export function readAll(bytes: Uint8Array, options: ReaderOptions = {}, reader: BatchReader = new BatchReader(options)): NaiveRecord[] {
  const records: NaiveRecord[] = []
  let at = 0
  for (let header = readHeader(bytes, at, bytes.length); header !== undefined; header = readHeader(bytes, at, bytes.length)) {
    reader.open(bytes, header, 'orders[3]')
    for (let run = reader.next(); run !== undefined; run = reader.next()) records.push(...rows(run))
    at += header.length
  }
  return records
}

/** The rows of a run as objects. */
export function rows(run: RecordColumns): NaiveRecord[] {
  return Array.from({ length: run.count }, (_, row) => ({
    offset: run.baseOffset + (run.offsetDelta === undefined ? row : run.offsetDelta[row]!),
    timestamp: run.baseTimestamp + run.timestampDelta[row]!,
    key: part(run.bytes, run.keyAt[row]!, run.keyLength[row]!),
    value: part(run.bytes, run.valueAt[row]!, run.valueLength[row]!),
    headers: headers(run, row),
  }))
}

/** The code of the error that `f` throws, and its message; `undefined` when it throws none. */
export function failure(f: () => unknown): { code: string; message: string } | undefined {
  try {
    f()
  } catch (error) {
    if (error instanceof StreamsError) return { code: error.code, message: error.message }
    throw error
  }
  return undefined
}

function part(bytes: Uint8Array, at: number, length: number): Uint8Array | null {
  return length < 0 ? null : Uint8Array.from(bytes.subarray(at, at + length))
}

function headers(run: RecordColumns, row: number): NaiveRecord['headers'] {
  const at = run.headersAt[row]!
  if (at < 0) return []
  const cursor = { bytes: run.bytes, at, end: at + run.headersLength[row]! }
  const field = (): Uint8Array | null => {
    const length = readVarint(cursor)
    cursor.at += Math.max(0, length)
    return part(run.bytes, cursor.at - Math.max(0, length), length)
  }
  return Array.from({ length: readVarint(cursor) }, () => [new TextDecoder().decode(field()), field()] as const)
}
