/**
 * The left side of a foreign-key join. A change of a row tells the owner of its foreign key: it leaves the key that it had, and asks for the value
 * of the one that it has. What comes back is joined with the row, unless the row has changed meanwhile: then the answer to its newer question is
 * still to come. Where nobody can know whether there was a result, null is told, so a delete may come for what never was. Rules: semantics §2.7.
 */
import { equalBytes } from '../../base/bytes.ts'
import { each } from '../../base/maybe-promise.ts'
import { murmur3 } from '../../base/murmur3.ts'
import type { RecordContext } from '../../model/record.ts'
import type { AnySerde, SerdeContext } from '../../model/serde.ts'
import { partitionOfTask } from '../../model/task-id.ts'
import type { Entry } from '../../state/store-spec.ts'
import type { Change, Operator, TableReader } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'
import {
  ANSWER,
  ANSWER_IF_PRESENT,
  DELETE,
  DELETE_SILENTLY,
  suffixed,
  type Instruction,
  type Response,
  type Subscription,
} from './foreign-key-message.ts'

/** A topic whose name is known when `build()` has named it. */
export interface LaterTopic {
  /** Without the application id. */
  name: string
}

/** A left side. */
export interface ForeignKeySide<K, V, KO> {
  /** The key of the right table's row that belongs to this one; null: there is none. */
  readonly foreignKey: (value: V, key: K) => KO | null
  /** True: a row without a partner is in the result. */
  readonly left: boolean
  /** Serde of foreign keys: two are one when their bytes are equal. */
  readonly foreignKeySerde: AnySerde
  /** Serde of the rows' values, for their hash. */
  readonly valueSerde: AnySerde
  /** Where subscriptions go. */
  readonly registration: LaterTopic
}

/** One message to one owner. */
interface Message<KO> {
  readonly to: KO | null
  readonly instruction: Instruction
}

/** Sends subscriptions for the changes of a table. */
export function subscribe<K, V, KO>(side: ForeignKeySide<K, V, KO>): Operator<K, Change<V>, KO | null, Subscription<K>> {
  return {
    role: 'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true, wantsOldValue: true },
    naming: { stores: 'none' },
    stores: [],
    start: (next, context) => {
      const { foreignKey, left, foreignKeySerde } = side
      const partition = partitionOfTask(context.taskId)
      const extract = (value: V | null | undefined, key: K): KO | null =>
        value === null || value === undefined ? null : valueOf(foreignKey(value, key), context, 'a key or null')
      const isSame = (one: KO, other: KO, record: RecordContext): boolean => {
        const of = suffixed(contextOf(side.registration, context.applicationId, record), '-fk')
        return equalBytes(foreignKeySerde.serialize(one, of), foreignKeySerde.serialize(other, of))
      }
      return (key, { value, old = null, latest }, record) => {
        if (!latest) return context.dropped('late')
        if (value === null && old === null) return undefined
        const had = extract(old, key)
        const has = extract(value, key)
        const changed = had !== null && (has === null || !isSame(had, has, record))
        if (!left && value !== null && has === null) context.dropped('null_key')
        const messages = left ? leftMessages(had, has, changed) : innerMessages(had, has, changed)
        const hash = value === null ? null : hashOf(value, side, context.applicationId, record)
        return each(messages, ({ to, instruction }) => next(to, { hash, instruction, key, partition }, record))
      }
    },
  }
}

/** F3: a row that is new or keeps its key can only have a result if there is a value. */
function innerMessages<KO>(had: KO | null, has: KO | null, changed: boolean): readonly Message<KO>[] {
  if (has === null) return had === null ? [] : [{ to: had, instruction: DELETE }]
  if (!changed) return [{ to: has, instruction: ANSWER_IF_PRESENT }]
  return [
    { to: had, instruction: DELETE_SILENTLY },
    { to: has, instruction: ANSWER },
  ]
}

/** F4: there always is an answer, to a row without a key and to a delete too. */
function leftMessages<KO>(had: KO | null, has: KO | null, changed: boolean): readonly Message<KO>[] {
  const asks: Message<KO> = { to: has, instruction: ANSWER }
  return changed ? [{ to: had, instruction: DELETE_SILENTLY }, asks] : [asks]
}

/** What a response becomes. */
export interface Resolution<K, L, R, VOut> {
  readonly table: TableReader<K, L>
  readonly left: boolean
  readonly join: (left: L, right: R | null, key: K) => VOut | null
  readonly valueSerde: AnySerde
  readonly registration: LaterTopic
}

/** Joins a response with the row that asked, if it is still the same. */
export function resolveResponse<K, L, R, VOut>(options: Resolution<K, L, R, VOut>): Operator<K, Response<R>, K, VOut | null> {
  const { table, left, join } = options
  return {
    role: 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-',
    traits: { copartitioned: true, changesValue: true, readsKey: true, readsValue: true },
    naming: { stores: 'none' },
    stores: table.stores,
    start: (next, context) => {
      const read = table.open(context)
      const resolve = (row: Entry<L> | undefined, key: K, response: Response<R>, record: RecordContext): void | Promise<void> => {
        const hash = row === undefined ? null : hashOf(row.value, options, context.applicationId, record)
        if (!isHash(hash, response.hash)) return context.dropped('skipped')
        const isPair = row !== undefined && (response.value !== null || left)
        return next(key, isPair ? valueOf(join(row.value, response.value, key), context, 'a value or null') : null, record)
      }
      return (key, response, record) => {
        const row = read(key)
        return row instanceof Promise ? row.then((found) => resolve(found, key, response, record)) : resolve(row, key, response, record)
      }
    },
  }
}

function isHash(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : equalBytes(one, other)
}

function hashOf(
  value: unknown,
  { valueSerde, registration }: { readonly valueSerde: AnySerde; readonly registration: LaterTopic },
  applicationId: string,
  record: RecordContext,
): Uint8Array {
  return murmur3(valueSerde.serialize(value, suffixed(contextOf(registration, applicationId, record), '-vh')))
}

function contextOf({ name }: LaterTopic, applicationId: string, { headers }: RecordContext): SerdeContext {
  return { topic: `${applicationId}-${name}`, side: 'value', headers }
}
