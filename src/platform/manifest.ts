/**
 * Reads the manifest of a LevelDB or RocksDB database: which log it goes on from, which tables are in use, and up to which sequence number the
 * tables hold everything. Edits of a kind that is not known here end the reading of their record; the engine itself judges those.
 */

/** What a manifest says after its last edit. */
export interface Manifest {
  /** Logs from this number on are replayed. */
  readonly logNumber: number
  /** The last sequence number given out when the manifest was last written. */
  readonly lastSequence: number
  /** Up to this sequence number the tables hold everything. */
  readonly durable: number
  /** File numbers of the tables in use. */
  readonly tables: ReadonlySet<number>
}

const LOG_NUMBER = 2
const LAST_SEQUENCE = 4
const COMPACT_CURSOR = 5
const DELETED_FILE = 6
const NEW_FILE = 7
const NEW_FILE_2 = 100
const NEW_FILE_3 = 102
const NEW_FILE_4 = 103
const FIELDS_END = 1
/** Fields of one number: next file, previous log, least log to keep, column family and the greatest one, atomic group. */
const NUMBERS = new Set([3, 9, 10, 200, 203, 300])
/** Fields of one text: comparator, a column family's name. */
const TEXTS = new Set([1, 201])
/** From here on, fields may be skipped: a length and as many bytes. */
const SKIPPABLE = 1 << 13

interface State {
  logNumber: number
  lastSequence: number
  durable: number
  readonly tables: Set<number>
}

interface Reading {
  readonly bytes: Uint8Array
  at: number
}

/** The manifest's content, from the records of its file. Throws a `RangeError` when a field reaches past the end of its record. */
export function readManifest(records: readonly Uint8Array[]): Manifest {
  const state: State = { logNumber: 0, lastSequence: -1, durable: 0, tables: new Set() }
  for (const bytes of records) {
    const reading = { bytes, at: 0 }
    while (reading.at < bytes.length && readField(reading, state));
  }
  return { ...state, lastSequence: Math.max(0, state.lastSequence) }
}

/** Reads one field; false: it is not known, and neither is its length. */
function readField(reading: Reading, state: State): boolean {
  const tag = number(reading)
  if (tag === LOG_NUMBER) state.logNumber = number(reading)
  else if (tag === LAST_SEQUENCE) sequenceIs(number(reading), state)
  else if (tag === DELETED_FILE) {
    number(reading)
    state.tables.delete(number(reading))
  } else if (tag === COMPACT_CURSOR) {
    number(reading)
    skipText(reading)
  } else if (tag === NEW_FILE || (tag >= NEW_FILE_2 && tag <= NEW_FILE_4)) readNewFile(reading, tag, state)
  else if (NUMBERS.has(tag)) number(reading)
  else if (TEXTS.has(tag) || (tag & SKIPPABLE) !== 0) skipText(reading)
  else return false
  return true
}

/** A manifest is begun when its database is opened, with everything before that in tables. */
function sequenceIs(sequence: number, state: State): void {
  if (state.lastSequence < 0) state.durable = Math.max(state.durable, sequence)
  state.lastSequence = sequence
}

function readNewFile(reading: Reading, tag: number, state: State): void {
  number(reading)
  state.tables.add(number(reading))
  if (tag === NEW_FILE_3) number(reading)
  number(reading)
  skipText(reading)
  skipText(reading)
  if (tag === NEW_FILE) return
  number(reading)
  state.durable = Math.max(state.durable, number(reading))
  if (tag === NEW_FILE_4) while (number(reading) !== FIELDS_END) skipText(reading)
}

function skipText(reading: Reading): void {
  const length = number(reading)
  reading.at += length
  if (reading.at > reading.bytes.length) throw new RangeError('a field of the manifest reaches past its record')
}

/** A varint of up to 64 bits, little end first. */
function number(reading: Reading): number {
  let value = 0
  for (let scale = 1; ; scale *= 128) {
    if (reading.at >= reading.bytes.length) throw new RangeError('a field of the manifest reaches past its record')
    const byte = reading.bytes[reading.at++]!
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
}
