/**
 * Where a task is: the record in hand, as what it was read, and what is done with it. A moment that is kept outlives its batch, so what it needs of the
 * batch is copied; going back to it makes everything below see the record as it was.
 */
import type { Phase } from '../base/errors.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { NO_SOURCE_KEY, type CurrentRecord } from '../model/record.ts'
import type { RecordQueue } from './record-queue.ts'

/** What a task is doing, and from which of its queues the record in hand is; below a punctuation from none. */
export interface Doing {
  readonly queue: RecordQueue | undefined
  readonly phase: Phase
}

/** The task's record as it stands. */
export interface Moment {
  readonly doing: Doing
  readonly fields: Pick<
    CurrentRecord,
    | 'topic'
    | 'partition'
    | 'offset'
    | 'timestamp'
    | 'sourceKey'
    | 'sourceValue'
    | 'rows'
    | 'index'
    | 'keyHash'
    | 'rawReleased'
    | 'lazyHeaders'
  >
}

/** The moment that is now: to come back to before the batch is used up. */
export function momentOf(record: CurrentRecord, doing: Doing): Moment {
  const { topic, partition, offset, timestamp, sourceKey, sourceValue, rows, index, keyHash, rawReleased, lazyHeaders } = record
  return {
    doing,
    fields: { topic, partition, offset, timestamp, sourceKey, sourceValue, rows, index, keyHash, rawReleased, lazyHeaders },
  }
}

/** The moment that is now, to be kept: the record's bytes are copies, and no key or value counts as the source's own any more. */
export function keptMoment(record: CurrentRecord, doing: Doing): Moment {
  const { fields } = momentOf(record, doing)
  return {
    doing,
    fields: {
      ...fields,
      sourceKey: NO_SOURCE_KEY,
      sourceValue: NO_SOURCE_KEY,
      rows: record.rows === undefined ? undefined : ownRow(record.rows, record.index),
      index: 0,
      lazyHeaders: record.headers,
    },
  }
}

/** Puts the task's record back to a moment. */
export function goTo(record: CurrentRecord, { fields }: Moment): void {
  Object.assign(record, fields)
}

/** One row with bytes of its own. */
function ownRow(rows: PackedRows, index: number): PackedRows {
  const key = part(rows.bytes, rows.keyAt[index]!, rows.keyLength[index]!)
  const value = part(rows.bytes, rows.valueAt[index]!, rows.valueLength[index]!)
  const bytes = new Uint8Array(key.length + value.length)
  bytes.set(key)
  bytes.set(value, key.length)
  return {
    bytes,
    count: 1,
    keyAt: Int32Array.of(0),
    keyLength: rows.keyLength.slice(index, index + 1),
    valueAt: Int32Array.of(key.length),
    valueLength: rows.valueLength.slice(index, index + 1),
  }
}

function part(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return bytes.subarray(at, at + Math.max(0, length))
}
