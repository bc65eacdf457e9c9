/**
 * Snappy (google/snappy format_description.txt). Written: the JVM's stream (xerial: a header, then blocks of 32 KiB with their lengths), as
 * Kafka's own clients do. Read: that stream, and a bare block, as librdkafka writes it. A block says its size first; that is believed only
 * as far as so many bytes could give it, and checked at the end.
 */
import { readInt32, readUvarint, writeInt32, writeUvarint, type Cursor } from '../base/bytes.ts'
import { ClusterError } from '../base/errors.ts'
import { copyLiterals, copyMatch, findMatches } from './lz77.ts'

const STREAM_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0] as const
const STREAM_HEADER = 16
const BLOCK_BYTES = 32 * 1024
/** An element of three bytes gives at most 64. */
const MOST_PER_BYTE = 22
const LONGEST_COPY = 64

/** The bytes as a xerial stream. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
  const into = new Uint8Array(STREAM_HEADER + blocks * (4 + 5 + 32) + bytes.length + Math.ceil(bytes.length / 6))
  into.set(STREAM_MAGIC)
  writeInt32(into, 8, 1)
  writeInt32(into, 12, 1)
  let at = STREAM_HEADER
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const length = writeBlock(bytes, start, Math.min(start + BLOCK_BYTES, bytes.length), into.subarray(at + 4))
    writeInt32(into, at, length)
    at += 4 + length
  }
  return into.slice(0, at)
}

/**
 * The bytes of a xerial stream or a bare block. Throws `BATCH_TOO_LARGE` when they are more than `maxBytes`, `RECORD_CORRUPT` when this is
 * neither.
 */
export function snappyDecompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const blocks = readBlocks(bytes)
  const size = blocks.reduce((sum, block) => sum + block.size, 0)
  if (size > maxBytes)
    throw new ClusterError(
      'BATCH_TOO_LARGE',
      `the Snappy block has ${size} bytes inside, more than ${maxBytes}: raise the limit, or write smaller batches`,
    )
  const into = new Uint8Array(size)
  let at = 0
  for (const block of blocks) {
    readBlock(bytes, block, into, at)
    at += block.size
  }
  return into
}

interface Block {
  readonly at: number
  readonly end: number
  /** What it becomes, as it says. */
  readonly size: number
}

function readBlocks(bytes: Uint8Array): readonly Block[] {
  if (!STREAM_MAGIC.every((byte, i) => bytes[i] === byte)) return [blockAt(bytes, 0, bytes.length)]
  if (bytes.length < STREAM_HEADER) throw corrupt('its header is cut off')
  const blocks: Block[] = []
  for (let at = STREAM_HEADER; at < bytes.length;) {
    const length = at + 4 > bytes.length ? -1 : readInt32(bytes, at)
    if (length < 0 || length > bytes.length - at - 4) throw corrupt(`a block claims ${length} bytes`)
    at += 4
    blocks.push(blockAt(bytes, at, at + length))
    at += length
  }
  return blocks
}

function blockAt(bytes: Uint8Array, at: number, end: number): Block {
  const cursor = { bytes, at, end }
  const size = readUvarint(cursor)
  if (size > (end - at) * MOST_PER_BYTE) throw corrupt(`${end - at} bytes cannot become ${size}`)
  return { at: cursor.at, end, size }
}

function readBlock(bytes: Uint8Array, block: Block, into: Uint8Array, start: number): void {
  const cursor = { bytes, at: block.at, end: block.end }
  const until = start + block.size
  let to = start
  while (cursor.at < cursor.end) {
    const tag = bytes[cursor.at++]!
    const length = lengthOf(cursor, tag)
    if (length > until - to) throw corrupt(`a block gives more than the ${block.size} bytes it claims`)
    if ((tag & 3) === 0) {
      if (length > cursor.end - cursor.at) throw corrupt('literals reach past their block')
      copyLiterals(bytes, [cursor.at, cursor.at + length], into, to)
      cursor.at += length
    } else {
      const offset = offsetOf(cursor, tag)
      if (offset === 0 || offset > to - start) throw corrupt(`a copy reaches ${offset} bytes back`)
      copyMatch(into, to, offset, length)
    }
    to += length
  }
  if (to !== until) throw corrupt(`a block gives ${to - start} bytes and claims ${block.size}`)
}

/** The length of an element; that of long literals follows the tag. */
function lengthOf(cursor: Cursor, tag: number): number {
  if ((tag & 3) === 1) return ((tag >> 2) & 7) + 4
  const length = (tag >> 2) + 1
  return (tag & 3) !== 0 || length <= 60 ? length : littleEndian(cursor, length - 60) + 1
}

function offsetOf(cursor: Cursor, tag: number): number {
  const kind = tag & 3
  if (kind === 1) return ((tag >> 5) << 8) | littleEndian(cursor, 1)
  return littleEndian(cursor, kind === 2 ? 2 : 4)
}

function littleEndian(cursor: Cursor, width: number): number {
  const { bytes, at, end } = cursor
  if (width > end - at) throw corrupt('an element is cut off')
  cursor.at = at + width
  let value = 0
  for (let i = at + width - 1; i >= at; i--) value = value * 256 + bytes[i]!
  return value
}

/** Writes `from[start, end)` as a block; answers its length. */
function writeBlock(from: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let to = writeUvarint(into, 0, end - start)
  const literals = (at: number, until: number): void => {
    const left = until - at - 1
    if (left < 0) return
    into[to++] = Math.min(left, left < 60 ? left : left < 256 ? 60 : 61) << 2
    if (left >= 60) into[to++] = left
    if (left >= 256) into[to++] = left >> 8
    copyLiterals(from, [at, until], into, to)
    to += left + 1
  }
  const rest = findMatches(from, start, end, (literalsAt, at, offset, length) => {
    literals(literalsAt, at)
    for (let left = length; left > 0; left -= LONGEST_COPY) {
      into[to++] = ((Math.min(left, LONGEST_COPY) - 1) << 2) | 2
      into[to++] = offset
      into[to++] = offset >> 8
    }
  })
  literals(rest, end)
  return to
}

function corrupt(what: string): ClusterError {
  return new ClusterError('RECORD_CORRUPT', `the records are no Snappy block: ${what}`)
}
