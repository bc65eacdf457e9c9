/**
 * LZ4 frames (lz4_Frame_format.md 1.6), as Kafka uses them. Written: independent blocks of 64 KiB (the JVM refuses linked ones), no
 * checksum but the header's. Read: all of the format but dictionaries. Reading measures first, which checks each length against the bytes
 * that are there and the result against its cap, then allocates exactly once and copies.
 */
import type { Cursor } from '../base/bytes.ts'
import { ClusterError } from '../base/errors.ts'
import { copyLiterals, copyMatch, findMatches } from './lz77.ts'
import { xxh32 } from './xxh32.ts'

const MAGIC = [0x04, 0x22, 0x4d, 0x18] as const
/** Version 1, independent blocks. */
const FLG = 0x60
/** Blocks of at most 64 KiB. */
const BD = 0x40
const BLOCK_BYTES = 64 * 1024
/** The bit of a block's length that says it is stored as it is. */
const STORED = 0x8000_0000
const SHORTEST_MATCH = 4

/** One LZ4 frame with these bytes. */
export function lz4Compress(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
  const into = new Uint8Array(7 + blocks * (4 + 16) + bytes.length + Math.ceil(bytes.length / 255) + 4)
  into.set([...MAGIC, FLG, BD, headerChecksum(Uint8Array.of(FLG, BD))])
  let at = 7
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, bytes.length)
    const size = writeBlock(bytes, start, end, into.subarray(at + 4))
    const stored = size >= end - start
    if (stored) into.set(bytes.subarray(start, end), at + 4)
    const length = stored ? end - start : size
    writeWord(into, at, stored ? length | STORED : length)
    at += 4 + length
  }
  writeWord(into, at, 0)
  return into.slice(0, at + 4)
}

/**
 * The bytes of an LZ4 frame. Throws `BATCH_TOO_LARGE` when they are more than `maxBytes`, `RECORD_CORRUPT` when this is not a whole frame.
 */
export function lz4Decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const frame = readFrame(bytes)
  let size = 0
  for (const block of frame.blocks) {
    size += block.stored ? block.end - block.at : measureBlock(bytes, block.at, block.end)
    if (size > maxBytes)
      throw new ClusterError(
        'BATCH_TOO_LARGE',
        `the LZ4 frame has more than ${maxBytes} bytes inside: raise the limit, or write smaller batches`,
      )
  }
  const output = { bytes: new Uint8Array(size), at: 0, floor: 0 }
  for (const block of frame.blocks) {
    if (frame.independent) output.floor = output.at
    if (block.stored) {
      output.bytes.set(bytes.subarray(block.at, block.end), output.at)
      output.at += block.end - block.at
    } else readBlock(bytes, block, output)
  }
  frame.verify(output.bytes)
  return output.bytes
}

interface Block {
  readonly at: number
  readonly end: number
  readonly stored: boolean
}

/** What is written, how far, and the first byte a match may reach back to. */
interface Output {
  readonly bytes: Uint8Array
  at: number
  floor: number
}

interface Frame {
  readonly independent: boolean
  readonly blocks: readonly Block[]
  /** Compares what the frame says about its content: its size and its checksum. */
  verify(content: Uint8Array): void
}

function readFrame(bytes: Uint8Array): Frame {
  const flags = bytes[4] ?? 0
  if (bytes.length < 11 || !MAGIC.every((byte, i) => bytes[i] === byte) || flags >> 6 !== 1)
    throw corrupt('it does not begin with a header')
  if ((flags & 1) !== 0) throw corrupt('it needs a dictionary')
  const sized = (flags & 8) !== 0
  const headerEnd = sized ? 14 : 6
  if (bytes.length <= headerEnd || bytes[headerEnd] !== headerChecksum(bytes.subarray(4, headerEnd)))
    throw corrupt('its header has a wrong checksum')
  const { blocks, end } = readBlocks(bytes, headerEnd + 1, (flags & 16) !== 0)
  const checked = (flags & 4) !== 0
  if (end + (checked ? 4 : 0) !== bytes.length) throw corrupt('it does not end where its blocks do')
  return {
    independent: (flags & 32) !== 0,
    blocks,
    verify: (content) => {
      if (sized && (wordAt(bytes, 6) !== content.length || wordAt(bytes, 10) !== 0)) throw corrupt('it has another size than it says')
      if (checked && wordAt(bytes, end) !== xxh32(content)) throw corrupt('its content has a wrong checksum')
    },
  }
}

function readBlocks(bytes: Uint8Array, from: number, checked: boolean): { blocks: Block[]; end: number } {
  const blocks: Block[] = []
  let at = from
  for (;;) {
    if (at + 4 > bytes.length) throw corrupt('it has no end mark')
    const word = wordAt(bytes, at)
    at += 4
    if (word === 0) return { blocks, end: at }
    const length = word & ~STORED
    const after = at + length + (checked ? 4 : 0)
    if (after > bytes.length) throw corrupt(`a block claims ${length} bytes`)
    if (checked && wordAt(bytes, at + length) !== xxh32(bytes.subarray(at, at + length))) throw corrupt('a block has a wrong checksum')
    blocks.push({ at, end: at + length, stored: word >= STORED })
    at = after
  }
}

/** How many bytes a block becomes; checks that all its literals and matches are there. */
function measureBlock(bytes: Uint8Array, at: number, end: number): number {
  const cursor = { bytes, at, end }
  let size = 0
  while (cursor.at < end) {
    const token = bytes[cursor.at++]!
    const literals = extended(cursor, token >> 4)
    if (literals > end - cursor.at) throw corrupt('literals reach past their block')
    cursor.at += literals
    size += literals
    if (cursor.at === end) return size
    cursor.at += 2
    size += extended(cursor, token & 15) + SHORTEST_MATCH
  }
  throw corrupt('a block does not end with literals')
}

/** Reads a block that was measured. */
function readBlock(bytes: Uint8Array, { at, end }: Block, output: Output): void {
  const into = output.bytes
  const cursor = { bytes, at, end }
  let to = output.at
  for (;;) {
    const token = bytes[cursor.at++]!
    const literals = extended(cursor, token >> 4)
    copyLiterals(bytes, [cursor.at, cursor.at + literals], into, to)
    cursor.at += literals
    to += literals
    if (cursor.at === end) break
    const offset = bytes[cursor.at]! | (bytes[cursor.at + 1]! << 8)
    cursor.at += 2
    const length = extended(cursor, token & 15) + SHORTEST_MATCH
    if (offset === 0 || offset > to - output.floor) throw corrupt(`a match reaches ${offset} bytes back`)
    copyMatch(into, to, offset, length)
    to += length
  }
  output.at = to
}

/** A length of four bits, which goes on in the bytes that follow when all are set. */
function extended(cursor: Cursor, nibble: number): number {
  let length = nibble
  for (let more = nibble === 15; more;) {
    if (cursor.at >= cursor.end) throw corrupt('a length is cut off')
    const byte = cursor.bytes[cursor.at++]!
    length += byte
    more = byte === 255
  }
  return length
}

/** Writes `from[start, end)` as a block; answers its length, which may be more than what it compresses. */
function writeBlock(from: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let to = 0
  const literals = (at: number, until: number, low: number): void => {
    const length = until - at
    into[to++] = (Math.min(length, 15) << 4) | low
    if (length >= 15) to = writeLength(into, to, length - 15)
    copyLiterals(from, [at, until], into, to)
    to += length
  }
  const rest = findMatches(from, start, end, (literalsAt, at, offset, length) => {
    const more = length - SHORTEST_MATCH
    literals(literalsAt, at, Math.min(more, 15))
    into[to++] = offset
    into[to++] = offset >> 8
    if (more >= 15) to = writeLength(into, to, more - 15)
  })
  literals(rest, end, 0)
  return to
}

function writeLength(into: Uint8Array, at: number, length: number): number {
  let to = at
  let left = length
  for (; left >= 255; left -= 255) into[to++] = 255
  into[to++] = left
  return to
}

function headerChecksum(descriptor: Uint8Array): number {
  return (xxh32(descriptor) >>> 8) & 255
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function writeWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word
  into[at + 1] = word >>> 8
  into[at + 2] = word >>> 16
  into[at + 3] = word >>> 24
}

function corrupt(what: string): ClusterError {
  return new ClusterError('RECORD_CORRUPT', `the records are no LZ4 frame: ${what}`)
}
