/**
 * Reads the log format that LevelDB and RocksDB share (blocks of 32 KiB, records cut into checked pieces), in which both keep their write-ahead
 * logs and their manifests. It reads what the engines themselves don't look at: whether anything is missing between two logs.
 */
import { crc32c } from '../base/crc32c.ts'

/** What a log holds: its records in order, and whether bytes that can't be read stand between or behind them. */
export interface LogContent {
  readonly records: readonly Uint8Array[]
  /** Records in front of the first bytes that can't be read; all of them when the log is sound. */
  readonly soundRecords: number
  /** True when bytes can't be read, other than a last record that was cut off, which is what a killed process leaves. */
  readonly damaged: boolean
}

/** What a write batch in a log says of itself: the sequence number of its first row, and how many rows it has. */
export interface LoggedBatch {
  readonly sequence: number
  readonly count: number
}

const BLOCK = 32_768
const HEADER = 7
const FULL = 1
const MIDDLE = 3
const LAST = 4
const BATCH_HEADER = 12
const MASK_DELTA = 0xa282ead8

/** The records of a log file. */
export function readLog(bytes: Uint8Array): LogContent {
  const records: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let sound = -1
  for (const piece of pieces(bytes)) {
    if (piece === 'bad' || !follows(piece.type, parts.length > 0)) {
      if (sound < 0) sound = records.length
      parts = []
    }
    if (piece === 'bad' || !follows(piece.type, parts.length > 0)) continue
    parts.push(bytes.subarray(piece.from, piece.end))
    if (piece.type !== FULL && piece.type !== LAST) continue
    records.push(joined(parts))
    parts = []
  }
  return { records, soundRecords: sound < 0 ? records.length : sound, damaged: sound >= 0 }
}

/** The pieces of a log up to its end, or to one that the end cuts off; `bad` stands for the rest of a block. */
function* pieces(bytes: Uint8Array): Generator<Piece | 'bad'> {
  for (let at = 0; at + HEADER <= bytes.length;) {
    const blockEnd = at - (at % BLOCK) + BLOCK
    if (at + HEADER > blockEnd) {
      at = blockEnd
      continue
    }
    const piece = readPiece(bytes, at, Math.min(blockEnd, bytes.length))
    if (piece === 'cut') return
    yield piece
    at = piece === 'bad' ? blockEnd : piece.end
  }
}

/** Whether a piece of this type can come next, in the middle of a record or not. */
function follows(type: number, isInRecord: boolean): boolean {
  return (type === MIDDLE || type === LAST) === isInRecord
}

/** The head of a write batch; undefined when the record is too short to be one. */
export function batchOf(record: Uint8Array): LoggedBatch | undefined {
  if (record.length < BATCH_HEADER) return undefined
  return { sequence: uint32(record, 0) + uint32(record, 4) * 2 ** 32, count: uint32(record, 8) }
}

/** True when the checksum at `at` is that of `bytes[from, end)`, in the masked form both engines store. */
export function checks(bytes: Uint8Array, at: number, from: number, end: number): boolean {
  const crc = crc32c(bytes, from, end)
  const masked = (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
  return masked === uint32(bytes, at)
}

interface Piece {
  readonly type: number
  readonly from: number
  readonly end: number
}

/** The piece at `at`: `cut` when the file ends inside it, `bad` when it isn't what was written. */
function readPiece(bytes: Uint8Array, at: number, end: number): Piece | 'cut' | 'bad' {
  const length = bytes[at + 4]! | (bytes[at + 5]! << 8)
  const type = bytes[at + 6]!
  const to = at + HEADER + length
  if (to > end) return end === bytes.length ? 'cut' : 'bad'
  if (type === 0 || !checks(bytes, at, at + 6, to)) return 'bad'
  return { type, from: at + HEADER, end: to }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
