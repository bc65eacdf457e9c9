/**
 * The right side of a foreign-key join, at the owner of the foreign key: it keeps who asked for which key, answers a subscription with the value
 * that the key has, and each change of the value to everyone who asked for it, in order of their keys' bytes. An answer to a change has the change's
 * time alone, so results may go back in time, as Kafka Streams' do.
 */
import type { AnySerde, SerdeContext } from '../../model/serde.ts'
import type { RecordContext } from '../../model/record.ts'
import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import { visitRows } from '../../state/scan.ts'
import type { Entry, KeyValueStore, KeyValueStoreSpec } from '../../state/store-spec.ts'
import { stamped, type Change, type Operator, type TableReader } from '../../topology/operator.ts'
import type { LaterTopic } from './foreign-key-left.ts'
import {
  ANSWER,
  ANSWER_IF_PRESENT,
  DELETE,
  DELETE_SILENTLY,
  foreignKeyPrefix,
  subscriptionKey,
  suffixed,
  type Response,
  type Subscription,
} from './foreign-key-message.ts'

/** The subscriptions that an owner keeps. */
export interface Subscriptions<K> {
  readonly store: KeyValueStoreSpec<Uint8Array, Subscription<K>>
  readonly foreignKeySerde: AnySerde
  readonly keySerde: AnySerde
  readonly registration: LaterTopic
}

const ROLE = 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-'

/** Keeps a subscription, or takes it out, and hands it on. */
export function receiveSubscription<K, KO>({
  store,
  foreignKeySerde,
  keySerde,
  registration,
}: Subscriptions<K>): Operator<KO | null, Subscription<K>, KO | null, Subscription<K>> {
  return {
    role: ROLE,
    traits: {},
    naming: { stores: 'before', storeRole: 'KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-' },
    stores: [store],
    start: (next, context) => {
      const rows = context.store<KeyValueStore<Uint8Array, Subscription<K>>>(store)
      const bytesOf = (foreignKey: KO, key: K, { headers }: RecordContext): Uint8Array => {
        const of: SerdeContext = { topic: `${context.applicationId}-${registration.name}`, side: 'key', headers }
        return subscriptionKey(foreignKeySerde.serialize(foreignKey, suffixed(of, '-fk')), keySerde.serialize(key, suffixed(of, '-pk')))
      }
      return (foreignKey, subscription, record) => {
        const { instruction, key } = subscription
        if (foreignKey === null) {
          // Without a key there is nothing to keep, but a left join wants its answer.
          return instruction === ANSWER ? next(foreignKey, subscription, record) : context.dropped('null_key')
        }
        const isDelete = instruction === DELETE || instruction === DELETE_SILENTLY
        const { timestamp, headers } = record
        rows.put(bytesOf(foreignKey, key, record), isDelete ? null : subscription, { timestamp, headers })
        return next(foreignKey, subscription, record)
      }
    },
  }
}

/** Answers a subscription with the value that its foreign key has. */
export function answerSubscription<K, KO, R>(table: TableReader<KO, R>): Operator<KO | null, Subscription<K>, K, Response<R>> {
  return {
    role: ROLE,
    traits: { copartitioned: true, changesKey: true, changesValue: true },
    naming: { stores: 'none' },
    stores: table.stores,
    start: (next, context) => {
      const read = table.open(context)
      const forward = stamped(next)
      const answer = (row: Entry<R> | undefined, { hash, instruction, key, partition }: Subscription<K>, record: RecordContext) => {
        if (instruction === ANSWER_IF_PRESENT && row === undefined) return undefined
        const value = instruction === DELETE || row === undefined ? null : row.value
        const timestamp = row === undefined ? record.timestamp : Math.max(record.timestamp, row.timestamp)
        return forward(key, { hash, value, partition }, record, timestamp)
      }
      return (foreignKey, subscription, record) => {
        if (subscription.instruction === DELETE_SILENTLY) return undefined
        const row = foreignKey === null ? undefined : read(foreignKey)
        return row instanceof Promise ? row.then((found) => answer(found, subscription, record)) : answer(row, subscription, record)
      }
    },
  }
}

/** Answers a change of the right table to everyone who asked for its key. */
export function answerChange<K, KO, R>({
  store,
  foreignKeySerde,
  registration,
}: Subscriptions<K>): Operator<KO, Change<R>, K, Response<R>> {
  return {
    role: ROLE,
    traits: { changesKey: true, changesValue: true, wantsOldValue: true },
    naming: { stores: 'none' },
    stores: [store],
    start: (next, context) => {
      const slots = context.slots<Uint8Array, Subscription<K>>(store)
      return (foreignKey, { value, latest }, record) => {
        if (foreignKey === null) return context.dropped('null_key')
        if (!latest) return context.dropped('late')
        const of: SerdeContext = { topic: `${context.applicationId}-${registration.name}`, side: 'key', headers: record.headers }
        const prefix = foreignKeyPrefix(foreignKeySerde.serialize(foreignKey, suffixed(of, '-fk')))
        const tell = ([, { hash, key, partition }]: [Uint8Array, Subscription<K>]): MaybePromise<boolean> =>
          chain(next(key, { hash, value, partition }, record), goOn)
        return visitRows(slots.rows({ prefix }), tell)
      }
    },
  }
}

const goOn = (): boolean => true

/** A response goes to the partition that asked; to where the key belongs when that isn't known. */
export function responsePartition({ partition }: Response<unknown>): number | undefined {
  return partition
}
