/**
 * How a change crosses a topic on its way to a grouped table's aggregation: Kafka Streams' ChangedSerializer. The last byte says what stands
 * before it: 0 the old value, 1 the new one, 2 both (a zig-zag varint of the new one's length, the new one, the old one). 3, 4 and 5 are the
 * same with a byte before the last that says whether the change is the newest of its row; they are read, never written.
 */
import { concatBytes, readVarint, varintSize, writeVarint } from '../base/bytes.ts'
import type { Serde } from '../model/serde.ts'
import { undecodable, unencodable } from '../model/serde-error.ts'
import type { Change } from '../topology/operator.ts'

const OLD = 0
const NEW = 1
const BOTH = 2
/** Added to a form that says whether it is the newest. */
const DATED = 3

/** The serde of changes of such values. A change has a new value, an old one, or both: one with neither is refused. */
export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  return {
    borrows: inner.borrows ?? false,
    serialize: ({ value, old }, context) => {
      const next = value === null ? undefined : inner.serialize(value, context)
      const before = old === null || old === undefined ? undefined : inner.serialize(old, context)
      if (next === undefined) {
        if (before === undefined) throw unencodable('a change', null, 'give it a new value or an old one')
        return concatBytes(before, Uint8Array.of(OLD))
      }
      return before === undefined ? concatBytes(next, Uint8Array.of(NEW)) : concatBytes(lengthOf(next), next, before, Uint8Array.of(BOTH))
    },
    deserialize: (bytes, context) => {
      const { value, old, latest } = partsOf(bytes)
      return {
        value: value === undefined ? null : inner.deserialize(value, context),
        old: old === undefined ? null : inner.deserialize(old, context),
        latest,
      }
    },
  }
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(varintSize(length))
  writeVarint(bytes, 0, length)
  return bytes
}

interface ChangeBytes {
  readonly value: Uint8Array | undefined
  readonly old: Uint8Array | undefined
  readonly latest: boolean
}

function partsOf(bytes: Uint8Array): ChangeBytes {
  const form = bytes.at(-1) ?? -1
  const dated = form >= DATED
  const end = bytes.length - (dated ? 2 : 1)
  if (form < OLD || form > BOTH + DATED || end < 0) throw undecodable('a change', bytes, 'expected a last byte of 0 to 5')
  const flag = dated ? bytes[end] : 1
  if (flag !== 0 && flag !== 1) throw undecodable('a change', bytes, 'expected 0 or 1 before the last byte')
  const latest = flag === 1
  const all = bytes.subarray(0, end)
  switch (form % DATED) {
    case OLD:
      return { value: undefined, old: all, latest }
    case NEW:
      return { value: all, old: undefined, latest }
    default:
      return { ...bothOf(bytes, end), latest }
  }
}

function bothOf(bytes: Uint8Array, end: number): Pick<ChangeBytes, 'value' | 'old'> {
  const cursor = { bytes, at: 0, end }
  const length = cursorLength(cursor)
  const at = cursor.at + length
  if (length < 0 || at > end) throw undecodable('a change', bytes, `a new value of ${length} bytes is cut off`)
  return { value: bytes.subarray(cursor.at, at), old: bytes.subarray(at, end) }
}

function cursorLength(cursor: { readonly bytes: Uint8Array; at: number; readonly end: number }): number {
  try {
    return readVarint(cursor)
  } catch (error) {
    throw undecodable('a change', cursor.bytes, 'expected the length of the new value', error)
  }
}
