/**
 * Checks a table file of LevelDB. The binding opens databases without LevelDB's own checking of blocks, so a changed byte would be answered as
 * it is, or hide a key; therefore each block of each table is checked against its checksum before the database is opened.
 */
import { checks } from './log-records.ts'

const FOOTER = 48
const TRAILER = 5
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]

interface Block {
  readonly at: number
  readonly size: number
}

/** What is wrong with a table; undefined: every block has its checksum. */
export function tableDamage(bytes: Uint8Array): string | undefined {
  const footer = bytes.length - FOOTER
  if (footer < 0 || MAGIC.some((byte, i) => bytes[footer + 40 + i] !== byte)) return 'it does not end as a table does'
  const meta = readHandle(bytes, footer, bytes.length)
  const index = meta === undefined ? undefined : readHandle(bytes, meta.end, bytes.length)
  if (meta === undefined || index === undefined) return 'its footer points nowhere'
  for (const root of [meta.block, index.block]) {
    if (!isSound(bytes, root)) return `the block at ${root.at} fails its checksum`
    for (const block of blocksIn(bytes, root)) {
      if (block === undefined) return `the index at ${root.at} points nowhere`
      if (!isSound(bytes, block)) return `the block at ${block.at} fails its checksum`
    }
  }
  return undefined
}

function isSound(bytes: Uint8Array, { at, size }: Block): boolean {
  const end = at + size
  if (end + TRAILER > bytes.length) return false
  return bytes[end] === 0 && checks(bytes, end + 1, at, end + 1)
}

/** The blocks that an index block points to; undefined in place of one that can't be read. */
function* blocksIn(bytes: Uint8Array, { at, size }: Block): Generator<Block | undefined> {
  const restartsAt = at + size - 4
  const restarts = bytes[restartsAt]! | (bytes[restartsAt + 1]! << 8) | (bytes[restartsAt + 2]! << 16)
  const end = restartsAt - 4 * restarts
  for (let next = at; next < end;) {
    const shared = readNumber(bytes, next, end)
    const own = readNumber(bytes, shared.end, end)
    const value = readNumber(bytes, own.end, end)
    const valueAt = value.end + own.value
    next = valueAt + value.value
    yield next > end ? undefined : readHandle(bytes, valueAt, next)?.block
  }
}

function readHandle(bytes: Uint8Array, from: number, limit: number): { readonly block: Block; readonly end: number } | undefined {
  const at = readNumber(bytes, from, limit)
  const size = readNumber(bytes, at.end, limit)
  if (at.value + size.value + TRAILER > bytes.length) return undefined
  return { block: { at: at.value, size: size.value }, end: size.end }
}

/** A varint; one that reaches past the limit is too great to be a position. */
function readNumber(bytes: Uint8Array, from: number, limit: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let at = from, scale = 1; at < limit; at++, scale *= 128) {
    value += (bytes[at]! & 127) * scale
    if (bytes[at]! < 128) return { value, end: at + 1 }
  }
  return { value: Number.MAX_SAFE_INTEGER, end: limit }
}
