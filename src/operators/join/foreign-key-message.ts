/**
 * What the two sides of a foreign-key join tell each other, as bytes equal to Kafka Streams'. A subscription goes from a row of the left table to
 * the owner of the foreign key: a version byte (its top bit says that there is no hash), an instruction, 16 bytes of hash, the row's key, 4 bytes of
 * the row's partition. A response comes back: a version byte likewise, the hash, and the right table's value; none where it is null. The hash is
 * that of the row's value, so a response to what the row no longer is can be told apart. Subscriptions are kept under 4 bytes of length, the foreign
 * key and the row's key: those of one foreign key stand together.
 */
import { concatBytes, readInt32, writeInt32 } from '../../base/bytes.ts'
import type { Serde, SerdeContext } from '../../model/serde.ts'
import { undecodable } from '../../model/serde-error.ts'

/** Take it out, and answer nothing. */
export const DELETE_SILENTLY = 0
/** Take it out, and answer null. */
export const DELETE = 1
/** Answer the value, or null. */
export const ANSWER = 2
/** Answer the value if there is one. */
export const ANSWER_IF_PRESENT = 3

/** What the owner of a foreign key is asked to do. */
export type Instruction = typeof DELETE_SILENTLY | typeof DELETE | typeof ANSWER | typeof ANSWER_IF_PRESENT

/** A row of the left table asks for the value of its foreign key, now and whenever it changes. */
export interface Subscription<K> {
  /** Of the row's value; null for a row that is deleted. */
  readonly hash: Uint8Array | null
  readonly instruction: Instruction
  /** The row's key. */
  readonly key: K
  /** Where the row is; undefined in messages of versions before 3.4. */
  readonly partition: number | undefined
}

/** The value of a row's foreign key. */
export interface Response<V> {
  /** Of the row's value when it asked. */
  readonly hash: Uint8Array | null
  readonly value: V | null
  /** Where the row is: not part of the message. */
  readonly partition: number | undefined
}

const SUBSCRIPTION_VERSION = 1
const RESPONSE_VERSION = 0
const NO_HASH = 0x80
const HASH_BYTES = 16
const PARTITION_BYTES = 4

/** The serde of subscriptions of rows with such keys. */
export function subscriptionSerde<K>(key: Serde<K>): Serde<Subscription<K>> {
  return {
    borrows: key.borrows ?? false,
    serialize: (subscription, context) => {
      const { hash, instruction, partition = 0 } = subscription
      const place = new Uint8Array(PARTITION_BYTES)
      writeInt32(place, 0, partition)
      const row = key.serialize(subscription.key, suffixed(context, '-pk'))
      return concatBytes(head(SUBSCRIPTION_VERSION, hash, instruction), hash ?? NOTHING, row, place)
    },
    deserialize: (bytes, context) => {
      const { version, hash, at } = readHead(bytes, 2)
      const instruction = bytes[1]
      const isPlaced = version > 0
      const end = bytes.length - (isPlaced ? PARTITION_BYTES : 0)
      if (version > SUBSCRIPTION_VERSION) throw undecodable('a subscription', bytes, `expected version 0 or 1, not ${version}`)
      if (!isInstruction(instruction) || end < at)
        throw undecodable('a subscription', bytes, 'expected an instruction of 0 to 3, a hash and a key')
      const row = key.deserialize(bytes.subarray(at, end), suffixed(context, '-pk'))
      return { hash, instruction, key: row, partition: isPlaced ? readInt32(bytes, end) : undefined }
    },
  }
}

/** The serde of responses with such values. A value of no bytes is read as null, as Kafka Streams does. */
export function responseSerde<V>(value: Serde<V>): Serde<Response<V>> {
  return {
    borrows: value.borrows ?? false,
    serialize: (response, context) =>
      concatBytes(
        head(RESPONSE_VERSION, response.hash),
        response.hash ?? NOTHING,
        response.value === null ? NOTHING : value.serialize(response.value, context),
      ),
    deserialize: (bytes, context) => {
      const { version, hash, at } = readHead(bytes, 1)
      if (version > RESPONSE_VERSION) throw undecodable('a response', bytes, `expected version 0, not ${version}`)
      if (bytes.length < at) throw undecodable('a response', bytes, 'the hash is cut off')
      const found = bytes.length === at ? null : value.deserialize(bytes.subarray(at), context)
      return { hash, value: found, partition: undefined }
    },
  }
}

/** Under which bytes the subscriptions of a foreign key begin. */
export function foreignKeyPrefix(foreignKey: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  writeInt32(length, 0, foreignKey.length)
  return concatBytes(length, foreignKey)
}

/** Under which bytes the subscription of a row is kept. */
export function subscriptionKey(foreignKey: Uint8Array, key: Uint8Array): Uint8Array {
  return concatBytes(foreignKeyPrefix(foreignKey), key)
}

/** Kafka Streams gives the parts of messages names of their own: a registry would know them under these. */
export function suffixed(context: SerdeContext | undefined, suffix: '-pk' | '-fk' | '-vh'): SerdeContext | undefined {
  return context === undefined ? undefined : { ...context, topic: `${context.topic}${suffix}` }
}

const NOTHING = new Uint8Array(0)

function head(version: number, hash: Uint8Array | null, ...more: readonly number[]): Uint8Array {
  return Uint8Array.of(hash === null ? version | NO_HASH : version, ...more)
}

function readHead(bytes: Uint8Array, length: number): { readonly version: number; readonly hash: Uint8Array | null; readonly at: number } {
  const first = bytes[0] ?? NO_HASH
  const hasHash = (first & NO_HASH) === 0
  const at = length + (hasHash ? HASH_BYTES : 0)
  return { version: first & ~NO_HASH, hash: hasHash ? bytes.slice(length, at) : null, at }
}

function isInstruction(byte: number | undefined): byte is Instruction {
  return byte !== undefined && byte <= ANSWER_IF_PRESENT
}
