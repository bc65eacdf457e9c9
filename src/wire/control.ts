/**
 * Control batches: what ends a transaction in a partition. One record in a batch of its own; its key says what it is (version int16, type
 * int16: 0 abort, 1 commit), its value which coordinator wrote it (version int16, epoch int32). `ControlRecordType` and `EndTxnMarker` of
 * kafka-clients.
 */
import { readInt16, readInt32, readVarint, readVarlong, writeInt16, writeInt32, type Cursor } from '../base/bytes.ts'
import { ClusterError } from '../base/errors.ts'
import { AT } from './batch-layout.ts'
import type { BatchHeader } from './batch-reader.ts'
import { BatchWriter } from './batch-writer.ts'

/** How a transaction ended. */
export type Verdict = 'abort' | 'commit'

/** What a control batch says. */
export interface Marker {
  readonly verdict: Verdict
  readonly coordinatorEpoch: number
}

/** What a marker is made from; the timestamp in milliseconds. */
export interface MarkerOptions extends Marker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly timestamp: number
}

const VERDICTS: readonly (Verdict | undefined)[] = ['abort', 'commit']

/**
 * The marker of a control batch; `undefined` for the other kinds of control records (leader changes, snapshots), which mean nothing to a
 * reader. Throws `RECORD_CORRUPT` when it has no such record inside. The checksum is not compared: `BatchReader.open` does that.
 */
export function readMarker(bytes: Uint8Array, header: BatchHeader): Marker | undefined {
  const cursor: Cursor = { bytes, at: header.at + AT.records, end: header.at + header.length }
  readVarint(cursor)
  cursor.at++
  readVarlong(cursor)
  readVarint(cursor)
  const keyAt = field(cursor, 4)
  const verdict = VERDICTS[readInt16(bytes, keyAt + 2)]
  if (verdict === undefined) return undefined
  const valueAt = field(cursor, 6)
  return { verdict, coordinatorEpoch: readInt32(bytes, valueAt + 2) }
}

/** A batch with a marker, as a coordinator writes it. */
export function markerBatch(options: MarkerOptions): Uint8Array {
  const key = new Uint8Array(4)
  const value = new Uint8Array(6)
  writeInt16(key, 2, VERDICTS.indexOf(options.verdict))
  writeInt32(value, 2, options.coordinatorEpoch)
  const writer = new BatchWriter({ initialBytes: 128 })
  writer.append(key, value, options.timestamp, undefined)
  const { producerId, producerEpoch } = options
  return writer.seal({ producerId, producerEpoch, baseSequence: -1, transactional: true, control: true })
}

/** Passes a field with a varint length of at least `least`; answers where it begins. */
function field(cursor: Cursor, least: number): number {
  const length = readVarint(cursor)
  const { at, end } = cursor
  if (length < least || length > end - at) throw new ClusterError('RECORD_CORRUPT', `a control record has a field of ${length} bytes`)
  cursor.at = at + length
  return at
}
