/**
 * The bytes of records that wait for their window to close, as Kafka Streams has them. Key: time (8 bytes), side (1: left, 0: right), key bytes
 * (TimestampedKeyAndJoinSideSerializer), so their order is that of time, right before left, key. Value: a list, each entry its side's byte and the value's bytes
 * (LeftOrRightValueSerializer in a list serde).
 */
import { readInt64, writeInt64 } from '../../base/bytes.ts'
import type { Serde } from '../../model/serde.ts'
import { undecodable } from '../../model/serde-error.ts'
import { list } from '../../model/serdes-compound.ts'

/** Where a record waits. */
export interface WaitingKey<K> {
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly isLeft: boolean
  readonly key: K
}

/** A record of one side. */
export type Waiting<L, R> = { readonly isLeft: true; readonly value: L } | { readonly isLeft: false; readonly value: R }

const SIDE = 9

/** The serde of keys. */
export function waitingKey<K>(inner: Serde<K>): Serde<WaitingKey<K>> {
  return {
    serialize: ({ timestamp, isLeft, key }, context) => {
      const keyBytes = inner.serialize(key, context)
      const bytes = new Uint8Array(SIDE + keyBytes.length)
      writeInt64(bytes, 0, timestamp)
      bytes[8] = isLeft ? 1 : 0
      bytes.set(keyBytes, SIDE)
      return bytes
    },
    deserialize: (bytes, context) => {
      if (bytes.length < SIDE) throw undecodable('a waiting record’s key', bytes, 'expected a time, a side and a key')
      return { timestamp: readInt64(bytes, 0), isLeft: bytes[8] === 1, key: inner.deserialize(bytes.subarray(SIDE), context) }
    },
    borrows: inner.borrows ?? false,
  }
}

/** The serde of lists of records of both sides. */
export function waitingList<L, R>(left: Serde<L>, right: Serde<R>): Serde<readonly Waiting<L, R>[]> {
  const lists = list<Waiting<L, R>>({
    serialize: (waiting, context) => {
      const valueBytes = waiting.isLeft ? left.serialize(waiting.value, context) : right.serialize(waiting.value, context)
      const bytes = new Uint8Array(1 + valueBytes.length)
      bytes[0] = waiting.isLeft ? 1 : 0
      bytes.set(valueBytes, 1)
      return bytes
    },
    deserialize: (bytes, context) => {
      if (bytes.length === 0) throw undecodable('a waiting record', bytes, 'expected a side and a value')
      const value = bytes.subarray(1)
      return bytes[0] === 1
        ? { isLeft: true, value: left.deserialize(value, context) }
        : { isLeft: false, value: right.deserialize(value, context) }
    },
  })
  return {
    serialize: (waiting, context) => lists.serialize([...waiting], context),
    deserialize: (bytes, context) => lists.deserialize(bytes, context).filter((waiting) => waiting !== null),
    borrows: (left.borrows ?? false) || (right.borrows ?? false),
  }
}
