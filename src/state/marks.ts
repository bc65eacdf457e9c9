/**
 * Rows that an engine keeps about its stores, behind the prefix 0000 that no row of a store can have. The catalogue gives each store's name a number,
 * which stands before its rows and is never given again; a mark says up to which changelog offset the rows are, in the same atomic batch as the rows
 * themselves. Both end with a checksum: what fails it is not believed.
 * Layouts (big-endian): catalogue `0000 'S' name → number u16, kind u8, format u8, crc u32`; mark `0000 'M' number u16 → next offset i64, observed
 * stream time i64, length u8 and topic id, crc u32`.
 */
import { readInt64, writeInt64 } from '../base/bytes.ts'
import { crc32c } from '../base/crc32c.ts'
import { StateError } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import { decodeText, utf8 } from '../base/text.ts'
import type { Engine } from './engine.ts'
import { RowsBuilder } from './rows-builder.ts'
import type { ResolvedStore, StoreName } from './store-spec.ts'

/** Up to where an engine has a store. */
export interface Mark {
  /** The changelog's next offset to restore. */
  readonly offset: number
  /** The greatest time the store has seen, in ms; −1: none. */
  readonly streamTime: number
  /** Which topic the offset is of; empty: not known. */
  readonly topicId: string
}

const CATALOGUE = new Uint8Array([0, 0, 0x53])
const AFTER_CATALOGUE = new Uint8Array([0, 0, 0x54])
const MARK = new Uint8Array([0, 0, 0x4d])
const CRC_BYTES = 4
const MARK_BYTES = 17
const CATALOGUE_BYTES = 4
const KINDS: readonly string[] = ['keyValue', 'window', 'session', 'versioned', 'buffer']
const FORMATS: readonly string[] = ['timestamped', 'plain', 'headers']
const PAGE = { rows: 1_000, bytes: 1 << 20 }

/**
 * The number of each store in an engine; stores that are new get the next ones, which are written at once. Throws `STATE_INCOMPATIBLE` when a store of
 * the same name was of another kind, `STATE_CORRUPT` when a row fails its checksum.
 */
export function storeNumbers(engine: Engine, stores: readonly ResolvedStore[]): MaybePromise<ReadonlyMap<StoreName, number>> {
  const known = new Map<string, { readonly number: number; readonly kind: number; readonly format: number }>()
  const cursor = engine.cursor({ from: CATALOGUE, to: AFTER_CATALOGUE })
  const readOn = (page: PackedRows): MaybePromise<void> => {
    if (page.count === 0) return undefined
    for (let row = 0; row < page.count; row++) {
      const value = checked(page, row)
      const name = decodeText(page.bytes, page.keyAt[row]! + CATALOGUE.length, page.keyAt[row]! + page.keyLength[row]!)
      known.set(name, { number: (value[0]! << 8) | value[1]!, kind: value[2]!, format: value[3]! })
    }
    return chain(cursor.next(PAGE), readOn)
  }
  return chain(chain(cursor.next(PAGE), readOn), () => {
    cursor.close()
    const rows = new RowsBuilder()
    let last = Math.max(0, ...[...known.values()].map(({ number }) => number))
    const numbers = new Map<StoreName, number>()
    for (const { name, spec } of stores) {
      const kind = KINDS.indexOf(spec.kind)
      const format = FORMATS.indexOf(spec.format ?? 'timestamped')
      const before = known.get(name)
      if (before !== undefined && (before.kind !== kind || before.format !== format)) throw incompatible(name, before, { kind, format })
      const number = before?.number ?? ++last
      numbers.set(name, number)
      if (before === undefined) writeEntry(rows, name, [number >> 8, number & 0xff, kind, format])
    }
    return rows.count === 0 ? numbers : chain(engine.write({ rows: rows.rows(), deleteRanges: [] }), () => numbers)
  })
}

/** Writes the key of a store's mark. */
export function markKey(number: number, into: RowsBuilder): void {
  into.startKey()
  into.addToKey(MARK, 0, MARK.length)
  into.addToKey(new Uint8Array([number >> 8, number & 0xff]), 0, 2)
}

/** Writes a mark. */
export function writeMark(number: number, { offset, streamTime, topicId }: Mark, into: RowsBuilder): void {
  const id = utf8(topicId)
  const bytes = new Uint8Array(MARK_BYTES + id.length + CRC_BYTES)
  writeInt64(bytes, 0, offset)
  writeInt64(bytes, 8, streamTime)
  bytes[16] = id.length
  bytes.set(id, MARK_BYTES)
  markKey(number, into)
  seal(bytes)
  into.value(bytes, 0, bytes.length)
}

/** Reads a mark; undefined: the row is absent. Throws `STATE_CORRUPT` when it fails its checksum. */
export function readMark(rows: PackedRows, row: number): Mark | undefined {
  if (rows.valueLength[row]! < 0) return undefined
  const bytes = checked(rows, row)
  return { offset: readInt64(bytes, 0), streamTime: readInt64(bytes, 8), topicId: decodeText(bytes, MARK_BYTES, MARK_BYTES + bytes[16]!) }
}

function writeEntry(rows: RowsBuilder, name: StoreName, fields: readonly number[]): void {
  const text = utf8(name)
  const bytes = new Uint8Array(CATALOGUE_BYTES + CRC_BYTES)
  bytes.set(fields)
  seal(bytes)
  rows.startKey()
  rows.addToKey(CATALOGUE, 0, CATALOGUE.length)
  rows.addToKey(text, 0, text.length)
  rows.value(bytes, 0, bytes.length)
}

/** Puts the checksum of all before it into the last four bytes. */
function seal(bytes: Uint8Array): void {
  const end = bytes.length - CRC_BYTES
  const crc = crc32c(bytes.subarray(0, end), 0)
  for (let i = 0; i < CRC_BYTES; i++) bytes[end + i] = (crc >>> (24 - 8 * i)) & 0xff
}

/** A value that passes its checksum, in bytes of its own. */
function checked(rows: PackedRows, row: number): Uint8Array {
  const at = rows.valueAt[row]!
  const bytes = rows.bytes.slice(at, at + rows.valueLength[row]!)
  const sealed = bytes.slice()
  if (bytes.length >= CRC_BYTES) seal(sealed)
  if (bytes.length < CATALOGUE_BYTES + CRC_BYTES || sealed.some((byte, i) => byte !== bytes[i]))
    throw new StateError('STATE_CORRUPT', 'a row about the stores fails its checksum: the store is damaged')
  return bytes
}

function incompatible(
  name: StoreName,
  before: { readonly kind: number; readonly format: number },
  now: { readonly kind: number; readonly format: number },
): StateError {
  const text = ({ kind, format }: typeof now): string => `${FORMATS[format] ?? 'unknown'} ${KINDS[kind] ?? 'store'}`
  return new StateError(
    'STATE_INCOMPATIBLE',
    `store ${name} is a ${text(now)} store, and the state directory holds a ${text(before)} store of that name: give the new one another name, or reset the application`,
    { context: { store: name } },
  )
}
