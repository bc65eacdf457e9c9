/**
 * Where the bytes of a window or session are. Changelog key: the key, then its times, as Kafka Streams' WindowKeySchema and SessionKeySchema have them.
 * Engine key: the store's prefix, the segment (6 bytes: the time by which it expires, divided by the segment's length), then the changelog key; so what
 * expires together lies together. Big-endian.
 */
import { concatBytes, readInt32, readInt64, writeInt32, writeInt64 } from '../base/bytes.ts'
import { StateError } from '../base/errors.ts'
import type { KeyRange } from './engine.ts'
import type { RowsBuilder } from './rows-builder.ts'

const SEGMENT_BYTES = 6
const SMALLEST_SEGMENT_MS = 60_000

/** What stands behind a key: the time by which its entry expires, and what tells it from others of that key and time. */
export interface TimeSuffix {
  /** How many bytes it has. */
  readonly length: number
  write(time: number, beside: number, into: Uint8Array): void
  time(bytes: Uint8Array, at: number): number
  beside(bytes: Uint8Array, at: number): number
}

/** Of a window: its start in 8 bytes, and a sequence in 4. */
export const WINDOW_SUFFIX: TimeSuffix = {
  length: 12,
  write: (start, sequence, into) => {
    writeInt64(into, 0, start)
    writeInt32(into, 8, sequence)
  },
  time: (bytes, at) => readInt64(bytes, at),
  beside: (bytes, at) => readInt32(bytes, at + 8),
}

/** Of a session: its end, then its start, 8 bytes each. */
export const SESSION_SUFFIX: TimeSuffix = {
  length: 16,
  write: (end, start, into) => {
    writeInt64(into, 0, end)
    writeInt64(into, 8, start)
  },
  time: (bytes, at) => readInt64(bytes, at),
  beside: (bytes, at) => readInt64(bytes, at + 8),
}

/** Where the bytes of a key are. */
export interface KeySpan {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}

/** An entry in an engine key: where its key is, and its times. */
export interface RowSpan {
  readonly at: number
  readonly length: number
  readonly time: number
  readonly beside: number
}

/** The layout of one window or session store. */
export class WindowLayout {
  readonly suffixBytes: number
  readonly #prefix: Uint8Array
  readonly #segmentMs: number
  readonly #kind: TimeSuffix
  readonly #suffix: Uint8Array
  #changelogKey: Uint8Array = new Uint8Array(256)

  constructor(prefix: Uint8Array, retentionMs: number, kind: TimeSuffix = WINDOW_SUFFIX) {
    this.#prefix = prefix
    this.#segmentMs = Math.max(Math.floor(retentionMs / 2), SMALLEST_SEGMENT_MS)
    this.#kind = kind
    this.suffixBytes = kind.length
    this.#suffix = new Uint8Array(kind.length)
  }

  /** The segment of a time. */
  segmentOf(time: number): number {
    return Math.floor(time / this.#segmentMs)
  }

  /** What follows the key in both layouts; valid until the next call. */
  suffixOf(time: number, beside: number): Uint8Array {
    this.#kind.write(time, beside, this.#suffix)
    return this.#suffix
  }

  /** The changelog key of an entry: the first `length + suffixBytes` bytes of a buffer that is used again. */
  changelogKey({ bytes, at, length }: KeySpan, time: number, beside: number): Uint8Array {
    if (length + this.suffixBytes > this.#changelogKey.length) this.#changelogKey = new Uint8Array(2 * (length + this.suffixBytes))
    const into = this.#changelogKey
    for (let i = 0; i < length; i++) into[i] = bytes[at + i]!
    into.set(this.suffixOf(time, beside), length)
    return into
  }

  /** The entry in a changelog key; undefined when it is too short for one. */
  readChangelogKey(bytes: Uint8Array, at: number, length: number): RowSpan | undefined {
    const keyLength = length - this.suffixBytes
    if (keyLength < 0) return undefined
    return { at, length: keyLength, time: this.#kind.time(bytes, at + keyLength), beside: this.#kind.beside(bytes, at + keyLength) }
  }

  /** Starts a row with the engine key of an entry. */
  rowKey(key: KeySpan, time: number, beside: number, into: RowsBuilder): void {
    into.startKey()
    into.addToKey(this.#prefix, 0, this.#prefix.length)
    into.addToKey(segmentBytes(this.segmentOf(time)), 0, SEGMENT_BYTES)
    into.addToKey(key.bytes, key.at, key.length)
    into.addToKey(this.suffixOf(time, beside), 0, this.suffixBytes)
  }

  /** The entry in an engine key. Throws `STATE_CORRUPT` when it is too short for one. */
  readRowKey(bytes: Uint8Array, at: number, length: number): RowSpan {
    const before = this.#prefix.length + SEGMENT_BYTES
    const found = this.readChangelogKey(bytes, at + before, length - before)
    if (found === undefined) throw new StateError('STATE_CORRUPT', 'a window store holds a row that is no window: it is damaged')
    return found
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
