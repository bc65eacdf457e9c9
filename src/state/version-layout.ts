/**
 * Where the bytes of a version are. Engine key: the store's prefix, the key, the complement of the version's time (8 bytes), so a key's newest version comes
 * first. Engine value: one byte (1: a delete, 2: bounded), then the value. Rows of longer keys may lie between those of a key: its own have its length.
 */
import { concatBytes, readInt64, writeInt64 } from '../base/bytes.ts'
import { StateError } from '../base/errors.ts'
import type { PackedRows } from '../base/packed-rows.ts'
import type { KeyRange } from './engine.ts'
import type { RowsBuilder } from './rows-builder.ts'
import type { Version } from './version-list.ts'
import type { KeySpan } from './window-layout.ts'

const TIME_BYTES = 8
const DELETED = 1
const BOUNDED = 2
const NOTHING = new Uint8Array(0)
/** The complements of all times, which are not negative: their first bit is set. */
const FIRST = new Uint8Array([0x80])
const BEHIND_LAST = new Uint8Array(TIME_BYTES + 1).fill(0xff, 0, TIME_BYTES)

/** The layout of one versioned store. */
export class VersionLayout {
  readonly #prefix: Uint8Array
  readonly #time: Uint8Array = new Uint8Array(TIME_BYTES)

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix
  }

  /** Writes the row of a key's version at that time; undefined: it is deleted from the engine. */
  write(key: KeySpan, from: number, version: Version | undefined, into: RowsBuilder): void {
    into.startKey()
    into.addToKey(this.#prefix, 0, this.#prefix.length)
    into.addToKey(key.bytes, key.at, key.length)
    writeInt64(this.#time, 0, -1 - from)
    into.addToKey(this.#time, 0, TIME_BYTES)
    if (version === undefined) return into.value(NOTHING, 0, -1)
    const { bytes, bounded } = version
    const head = new Uint8Array([(bytes === null ? DELETED : 0) | (bounded ? BOUNDED : 0)])
    into.prefixedValue(head, bytes ?? NOTHING, 0, bytes?.length ?? 0)
  }

  /** Where the rows of a key are, with those of longer keys among them. */
  range(key: Uint8Array): KeyRange {
    return { from: concatBytes(this.#prefix, key, FIRST), to: concatBytes(this.#prefix, key, BEHIND_LAST) }
  }

  /** The versions of a key that are on a page, in order of the page: newest first. Throws `STATE_CORRUPT`. */
  read(page: PackedRows, key: Uint8Array): Version[] {
    const length = this.#prefix.length + key.length + TIME_BYTES
    const found: Version[] = []
    for (let i = 0; i < page.count; i++) if (page.keyLength[i] === length) found.push(readVersion(page, i))
    return found
  }
}

function readVersion(page: PackedRows, row: number): Version {
  const from = -1 - readInt64(page.bytes, page.keyAt[row]! + page.keyLength[row]! - TIME_BYTES)
  const at = page.valueAt[row]!
  const length = page.valueLength[row]!
  if (length < 1) throw new StateError('STATE_CORRUPT', 'a versioned store holds a row that is no version: it is damaged')
  const head = page.bytes[at]!
  const bytes = (head & DELETED) === 0 ? page.bytes.slice(at + 1, at + length) : null
  return { from, bytes, bounded: (head & BOUNDED) !== 0 }
}
