/**
 * Where the bytes of a window are. Changelog key: key, start (8 bytes), sequence (4), as Kafka Streams' WindowKeySchema. Engine key: the store's prefix,
 * the segment (6 bytes: start divided by the segment's length), then the changelog key; so what expires together lies together. Big-endian.
 */
import { concatBytes, readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import { StateError } from '../base/errors.ts'
import type { KeyRange } from './engine.ts'
import type { RowsBuilder } from './rows-builder.ts'

/** Start of a window, 8 bytes, and sequence, 4: what follows the key. */
export const WINDOW_SUFFIX = 12
const SEGMENT_BYTES = 6
const SMALLEST_SEGMENT_MS = 60_000

/** Where the bytes of a key are. */
export interface KeySpan {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}

/** What follows the key: start in ms, and the number that tells duplicates apart, 0 where none are kept. */
export interface WindowSuffix {
  readonly start: number
  readonly sequence: number
}

/** Start and sequence in the bytes behind a key. */
export function readSuffix(bytes: Uint8Array, at: number): WindowSuffix {
  return { start: readInt64(bytes, at), sequence: readInt32(bytes, at + 8) }
}

/** The layout of one window store. */
export class WindowLayout {
  readonly #prefix: Uint8Array
  readonly #segmentMs: number
  readonly #suffix: Uint8Array = new Uint8Array(WINDOW_SUFFIX)
  #changelogKey: Uint8Array = new Uint8Array(256)

  constructor(prefix: Uint8Array, retentionMs: number) {
    this.#prefix = prefix
    this.#segmentMs = Math.max(Math.floor(retentionMs / 2), SMALLEST_SEGMENT_MS)
  }

  /** The segment of a window that starts there. */
  segmentOf(start: number): number {
    return Math.floor(start / this.#segmentMs)
  }

  /** What follows the key in both layouts; valid until the next call. */
  suffixOf(start: number, sequence: number): Uint8Array {
    writeInt64(this.#suffix, 0, start)
    writeInt32(this.#suffix, 8, sequence)
    return this.#suffix
  }

  /** The changelog key of a window: the first `length + WINDOW_SUFFIX` bytes of a buffer that is used again. */
  changelogKey({ bytes, at, length }: KeySpan, start: number, sequence: number): Uint8Array {
    if (length + WINDOW_SUFFIX > this.#changelogKey.length) this.#changelogKey = new Uint8Array(2 * (length + WINDOW_SUFFIX))
    const into = this.#changelogKey
    for (let i = 0; i < length; i++) into[i] = bytes[at + i]!
    into.set(this.suffixOf(start, sequence), length)
    return into
  }

  /** Starts a row with the engine key of a window. */
  rowKey(key: KeySpan, start: number, sequence: number, into: RowsBuilder): void {
    into.startKey()
    into.addToKey(this.#prefix, 0, this.#prefix.length)
    into.addToKey(segmentBytes(this.segmentOf(start)), 0, SEGMENT_BYTES)
    into.addToKey(key.bytes, key.at, key.length)
    into.addToKey(this.suffixOf(start, sequence), 0, WINDOW_SUFFIX)
  }

  /** Where the key is in an engine key, with start and sequence. Throws `STATE_CORRUPT` when it is too short for one. */
  readRowKey(bytes: Uint8Array, at: number, length: number): WindowSuffix & { readonly at: number; readonly length: number } {
    const before = this.#prefix.length + SEGMENT_BYTES
    const keyLength = length - before - WINDOW_SUFFIX
    if (keyLength < 0) throw new StateError('STATE_CORRUPT', 'a window store holds a row that is no window: it is damaged')
    return { at: at + before, length: keyLength, ...readSuffix(bytes, at + before + keyLength) }
  }

  /** The engine keys of the segments from `first` to `last`. */
  segments(first: number, last: number): KeyRange {
    return { from: concatBytes(this.#prefix, segmentBytes(first)), to: concatBytes(this.#prefix, segmentBytes(last + 1)) }
  }
}

function segmentBytes(segment: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeInt64(bytes, 0, segment)
  return bytes.subarray(2)
}
