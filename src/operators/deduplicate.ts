/**
 * Lets the first record of each key and id pass, and no other within so many milliseconds of its time, either way. What counts is what has passed: one that
 * is dropped keeps nobody out, so of a steady stream of duplicates one passes again whenever the last that did is far enough away. What passed is kept
 * in a window store under key and id at the time of the record, for as long as a record that isn't late may need it. A record is late when the step's
 * stream time (kept with the committed positions, so that a restart knows it) has passed its own by more than that and the grace: whether it passed
 * before is not known any more, so it is dropped and counted, as by a window that has closed.
 *
 * With a record's time its place in the source is kept. A record that finds itself in the store is one that is processed again after a crash, and passes
 * again: what it caused the first time may not have been acknowledged. What has passed since the start is no such record: of several that one source
 * record becomes, only the first passes.
 */
import { concatBytes, readInt32, writeInt32 } from '../base/bytes.ts'
import { chain } from '../base/maybe-promise.ts'
import type { RecordContext } from '../model/record.ts'
import type { Serde } from '../model/serde.ts'
import { undecodable } from '../model/serde-error.ts'
import type { StoreOptions, WindowStoreSpec } from '../state/store-spec.ts'
import type { Operator } from '../topology/operator.ts'
import { valueOf } from './result.ts'
import type { RecordFunction } from './stateless.ts'

/** What is the same when it comes again. */
export interface Identity<K, I> {
  readonly key: K
  readonly id: I
}

/** What passes once. */
export interface Deduplicate<K, V, I> {
  /** Null: the record has no id, and passes. */
  readonly idOf: RecordFunction<K, V, I | null>
  /** How near two records must be to be the same, in ms. */
  readonly withinMs: number
  readonly graceMs: number
  /** Values are places in the source, as `offset@topic`. */
  readonly store: WindowStoreSpec<Identity<K, I>, string>
}

/** Passes on the first record of each key and id. */
export function deduplicate<K, V, I>({ idOf, withinMs, graceMs, store }: Deduplicate<K, V, I>): Operator<K, V, K, V> {
  return {
    role: 'KSTREAM-DEDUPLICATE-',
    traits: { readsByKey: true, readsKey: true, readsValue: true },
    naming: { stores: 'before', storeRole: 'KSTREAM-DEDUPLICATE-STATE-STORE-', repartition: 'after' },
    stores: [store],
    start: (next, context) => {
      const slots = context.windowSlots(store)
      const { name } = context.storeSerdes(store)
      const { times } = context
      const found: number[] = []
      // Rows that were written since the start; their numbers are used again, so there are never more than rows at once.
      const own = new Set<number>()
      const isAgain = (slot: number, record: RecordContext): boolean =>
        // What a punctuation makes has no place.
        record.topic !== '' && !own.has(slot) && slots.value(slot) === placeOf(record)
      const pass = (slot: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
        slots.set(slot, placeOf(record), record.timestamp, undefined)
        own.add(slot)
        return next(key, value, record)
      }
      const decide = (identity: Identity<K, I>, count: number, value: V, record: RecordContext): void | Promise<void> => {
        const { key } = identity
        // Nothing else is near what has passed: where a record finds itself, it finds nothing else.
        if (count > 0 && !isAgain(found[0]!, record)) return undefined
        return chain(slots.find(identity, record.timestamp), (slot) => pass(slot, key, value, record))
      }
      return (key, value, record) => {
        if (key === null) return context.dropped('null_key')
        const { timestamp } = record
        const observed = times.get(name) ?? -1
        if (timestamp > observed) times.set(name, timestamp)
        const id = valueOf(idOf(value, key, record), context, 'an id, or null where there is none')
        if (id === null) return next(key, value, record)
        if (timestamp + withinMs + graceMs < observed) return context.dropped('late')
        const identity = { key, id }
        const near = { from: timestamp - withinMs, to: timestamp + withinMs }
        return chain(slots.live(identity, near, found), (count) => decide(identity, count, value, record))
      }
    },
  }
}

/** Where a record stands in its source. The partition is the task's. */
function placeOf({ topic, offset }: RecordContext): string {
  return `${offset}@${topic}`
}

/** The store of what has passed: as long as a record that isn't late may need it. */
export function deduplicationStore<K, I>(
  serdes: { readonly key: Serde<K>; readonly id: Serde<I>; readonly value: Serde<string> },
  { withinMs, graceMs, ...options }: Pick<Deduplicate<K, never, I>, 'withinMs' | 'graceMs'> & StoreOptions & { readonly name?: string },
): WindowStoreSpec<Identity<K, I>, string> {
  const key = identitySerde(serdes.key, serdes.id)
  // A row is gone when stream time has passed its own by the retention.
  const retentionMs = 2 * withinMs + graceMs + 1
  return Object.freeze({ kind: 'window', key, value: serdes.value, sizeMs: withinMs, retentionMs, format: 'plain', ...options })
}

const LENGTH_BYTES = 4

/** Key and id as bytes: 4 bytes of the key's length, the key, the id. */
export function identitySerde<K, I>(key: Serde<K>, id: Serde<I>): Serde<Identity<K, I>> {
  return {
    serialize: (identity, context) => {
      const keyBytes = key.serialize(identity.key, context)
      const length = new Uint8Array(LENGTH_BYTES)
      writeInt32(length, 0, keyBytes.length)
      return concatBytes(length, keyBytes, id.serialize(identity.id, context))
    },
    deserialize: (bytes, context) => {
      const length = bytes.length < LENGTH_BYTES ? -1 : readInt32(bytes, 0)
      const end = LENGTH_BYTES + length
      if (length < 0 || end > bytes.length) throw undecodable('a key and an id', bytes, 'expected 4 bytes of length, a key and an id')
      return {
        key: key.deserialize(bytes.subarray(LENGTH_BYTES, end), context),
        id: id.deserialize(bytes.subarray(end), context),
      }
    },
    borrows: (key.borrows ?? false) || (id.borrows ?? false),
  }
}
