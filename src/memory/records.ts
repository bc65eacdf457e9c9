/** Records in and out of a memory cluster by hand: bytes that are encoded as a producer's batches are, and batches decoded to the last field. */
import { decodeHeaders, encodeHeaders, noHeaders, type Headers } from '../model/headers.ts'
import type { RecordColumns } from '../wire/batch-reader.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import type { PartitionLog } from './log.ts'
import { eachRow, offsetOf, timestampOf } from './rows.ts'

/** A record to append. */
export interface AppendRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers?: Headers
}

/** A record as it stands in a log; its bytes are copies. */
export interface LoggedRecord extends Required<AppendRecord> {
  readonly offset: number
}

/** Records as one batch of nobody's (no producer id). There is at least one. */
export function encodeRecords(records: readonly AppendRecord[]): Uint8Array {
  const writer = new BatchWriter()
  for (const { key, value, timestamp, headers = noHeaders } of records) {
    writer.append(key, value, timestamp, headers.length === 0 ? undefined : encodeHeaders(headers))
  }
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
}

/** The records of a log from an offset on. */
export function decodeRecords(log: PartitionLog, from: number): LoggedRecord[] {
  const records: LoggedRecord[] = []
  for (const { bytes } of log.batches(from)) {
    eachRow(bytes, (rows, i) => {
      const offset = offsetOf(rows, i)
      if (offset >= from) records.push({ offset, timestamp: timestampOf(rows, i), ...fieldsOf(rows, i) })
    })
  }
  return records
}

function fieldsOf(rows: RecordColumns, i: number): Pick<LoggedRecord, 'key' | 'value' | 'headers'> {
  const copy = (at: number, length: number): Uint8Array | null => (length < 0 ? null : rows.bytes.slice(at, at + length))
  const at = rows.headersAt[i]!
  return {
    key: copy(rows.keyAt[i]!, rows.keyLength[i]!),
    value: copy(rows.valueAt[i]!, rows.valueLength[i]!),
    headers: at < 0 ? noHeaders : decodeHeaders(rows.bytes, at, rows.headersLength[i]!),
  }
}
