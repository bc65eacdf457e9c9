/** Small ways to say rows to an engine and to read what it answers. */
import type { PackedRows } from '../../src/base/packed-rows.ts'
import { utf8 } from '../../src/base/text.ts'
import type { Cursor, Engine, KeyRange } from '../../src/state/engine.ts'
import { RowsBuilder } from '../../src/state/rows-builder.ts'

/** A key and its value, as text or bytes; null: absent, or a delete. */
export type Row = readonly [key: Uint8Array | string, value: Uint8Array | string | null]

/** A page that holds all that tests write. */
export const PAGE: { readonly rows: number; readonly bytes: number } = { rows: 1000, bytes: 1 << 20 }

/** Every key. */
export const ALL: KeyRange = { from: new Uint8Array(0) }

/** Packed rows of these. */
export function pack(rows: readonly Row[]): PackedRows {
  const into = new RowsBuilder()
  for (const [key, value] of rows) {
    into.key(bytesOf(key), 0, bytesOf(key).length)
    into.value(bytesOf(value ?? ''), 0, value === null ? -1 : bytesOf(value).length)
  }
  return into.rows()
}

/** Packed rows as text of one character a byte; null: absent. */
export function unpack(rows: PackedRows): [string, string | null][] {
  return Array.from({ length: rows.count }, (_, i) => [
    latin(bytesAt(rows.bytes, rows.keyAt[i]!, rows.keyLength[i]!)),
    rows.valueLength[i]! < 0 ? null : latin(bytesAt(rows.bytes, rows.valueAt[i]!, rows.valueLength[i]!)),
  ])
}

/** Every row of a range. */
export async function list(engine: Engine, keyRange: KeyRange): Promise<[string, string | null][]> {
  return drain(engine.cursor(keyRange))
}

/** What a cursor still has, page by page; it is closed then. */
export async function drain(cursor: Cursor, limit: typeof PAGE = PAGE): Promise<[string, string | null][]> {
  const rows: [string, string | null][] = []
  for (let page = await cursor.next(limit); page.count > 0; page = await cursor.next(limit)) rows.push(...unpack(page))
  cursor.close()
  return rows
}

/** One page; the cursor stays open. */
export async function take(cursor: Cursor, limit: typeof PAGE): Promise<PackedRows> {
  return cursor.next(limit)
}

/** The keys of a range. */
export async function keysOf(engine: Engine, keyRange: KeyRange): Promise<string[]> {
  return (await list(engine, keyRange)).map(([key]) => key)
}

/** Writes rows in one batch. */
export async function put(engine: Engine, ...rows: readonly Row[]): Promise<void> {
  await engine.write({ rows: pack(rows), deleteRanges: [] })
}

/** The values of keys; null: absent. */
export async function get(engine: Engine, ...keys: readonly (Uint8Array | string)[]): Promise<(string | null)[]> {
  return unpack(await engine.getMany(pack(keys.map((key): Row => [key, null])))).map(([, value]) => value)
}

/** A call whose error, thrown or answered, is a rejection. */
export async function calling(call: () => unknown): Promise<unknown> {
  return call()
}

/** Keys in [from, to). */
export function range(from: string, to: string): KeyRange {
  return { from: utf8(from), to: utf8(to) }
}

function bytesOf(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? utf8(text) : text
}

/** The bytes of a row's value. */
export function valueAt({ bytes, valueAt: at, valueLength }: PackedRows, row: number): Uint8Array {
  return bytesAt(bytes, at[row]!, valueLength[row]!)
}

function bytesAt(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return bytes.subarray(at, at + length)
}

/** Bytes as text of one character a byte. */
export function latin(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}
