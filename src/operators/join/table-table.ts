/**
 * Table-table join by key: a change of either side meets the row that the other side has at that moment, so the result is at all times what the
 * two tables joined would be. A type of join says which side may miss; the two sides are one function called with its arguments swapped. A side
 * that misses where it must not makes the pair null, a delete. Nothing is told where there was and is no pair: never without the other side where
 * that is needed, nor of a row that neither had nor has a value. The result's time is the greater of the two.
 */
import { chain, type MaybePromise } from '../../base/maybe-promise.ts'
import type { RecordContext } from '../../model/record.ts'
import type { Entry, KeyValueStore, TableStoreSpec } from '../../state/store-spec.ts'
import { stamped, type Change, type Operator, type OperatorContext, type TableReader } from '../../topology/operator.ts'
import { emitOf, emitOnFlush, newChange, type EmitWhen, UNHEADED } from '../change.ts'
import { valueOf } from '../result.ts'
import { keepVersion, refuseOnCommit } from '../versioned-table.ts'

/** Which side of a pair may be missing: neither (inner), the right one (left), both (outer). */
export interface JoinType {
  readonly leftMayMiss: boolean
  readonly rightMayMiss: boolean
}

/** What a pair is; a side is null where it misses. */
export type TableJoiner<K, L, R, VOut> = (left: L | null, right: R | null, key: K) => VOut | null

/** A join. */
export interface TableTableJoinOptions<K, L, R, VOut> extends JoinType {
  readonly left: TableReader<K, L>
  readonly right: TableReader<K, R>
  readonly join: TableJoiner<K, L, R, VOut>
}

/** The step below the left table. */
export function joinThis<K, L, R, VOut>(options: TableTableJoinOptions<K, L, R, VOut>): Operator<K, Change<L>, K, Change<VOut>> {
  const { right, leftMayMiss, rightMayMiss, join } = options
  return side({ role: 'KTABLE-JOINTHIS-', other: right, ownMayMiss: leftMayMiss, otherMayMiss: rightMayMiss, join })
}

/** The step below the right table. */
export function joinOther<K, L, R, VOut>(options: TableTableJoinOptions<K, L, R, VOut>): Operator<K, Change<R>, K, Change<VOut>> {
  const { left, leftMayMiss, rightMayMiss, join } = options
  return side<K, R, L, VOut>({
    role: 'KTABLE-JOINOTHER-',
    other: left,
    ownMayMiss: rightMayMiss,
    otherMayMiss: leftMayMiss,
    join: (own, other, key) => join(other, own, key),
  })
}

interface Side<K, Own, Other, VOut> {
  readonly role: string
  readonly other: TableReader<K, Other>
  readonly ownMayMiss: boolean
  readonly otherMayMiss: boolean
  readonly join: TableJoiner<K, Own, Other, VOut>
}

function side<K, Own, Other, VOut>(options: Side<K, Own, Other, VOut>): Operator<K, Change<Own>, K, Change<VOut>> {
  const { role, other, ownMayMiss, otherMayMiss, join } = options
  return {
    role,
    // An old value tells whether there was a pair without the other side. A wish from below is a demand above: there always is a store to read.
    traits: {
      copartitioned: true,
      changesValue: true,
      readsKey: true,
      readsValue: true,
      demandsOldValue: true,
      wantsOldValue: otherMayMiss,
    },
    naming: { stores: 'none' },
    stores: other.stores,
    start: (next, context) => {
      const read = other.open(context)
      const pair = pairing(ownMayMiss, otherMayMiss, join, context)
      const forward = stamped(next)
      const change = newChange<VOut>()
      const { sendsOldValues } = context
      const meet = (row: Entry<Other> | undefined, key: K, own: Change<Own>, record: RecordContext): void | Promise<void> => {
        const { value, old = null } = own
        if (row === undefined && (!otherMayMiss || (value === null && old === null))) return undefined
        const found = row === undefined ? null : row.value
        change.value = pair(value, found, key)
        change.old = sendsOldValues ? pair(old, found, key) : null
        return forward(key, change, record, row === undefined ? record.timestamp : Math.max(record.timestamp, row.timestamp))
      }
      return (key, own, record) => {
        if (key === null) return context.dropped('null_key')
        if (!own.latest) return context.dropped('late')
        const row = read(key)
        if (!(row instanceof Promise)) return meet(row, key, own, record)
        // The sender overwrites its change meanwhile.
        const kept = { ...own }
        return row.then((found) => meet(found, key, kept, record))
      }
    },
  }
}

/** The pair of two sides; null where a side misses that must not, or both do: the joiner never sees that. */
function pairing<K, Own, Other, VOut>(
  ownMayMiss: boolean,
  otherMayMiss: boolean,
  join: TableJoiner<K, Own, Other, VOut>,
  context: OperatorContext,
): TableJoiner<K, Own, Other, VOut> {
  return (own, other, key) => {
    if (own === null && (other === null || !ownMayMiss)) return null
    if (other === null && !otherMayMiss) return null
    return valueOf(join(own, other, key), context, 'a value or null')
  }
}

/** The step that both sides come out of: the table of the result, with a store if it is given one. */
export function joinMerge<K, V>(store: TableStoreSpec<K, V> | undefined, when: EmitWhen | undefined): Operator<K, Change<V>, K, Change<V>> {
  if (store !== undefined) refuseOnCommit(store, when)
  return {
    role: 'KTABLE-MERGE-',
    traits: { demandsOldValue: true },
    naming: { stores: 'none' },
    stores: store === undefined ? [] : [store],
    start: (next, context) => {
      if (store === undefined) return next
      if (store.kind === 'versioned') return keepVersion(next, context, store)
      if (emitOf(when, store, context) === 'every-update') {
        const rows = context.store<KeyValueStore<K, V>>(store)
        return (key, change, record) => {
          rows.put(key, change.value, UNHEADED)
          return next(key, change, record)
        }
      }
      const slots = context.slots<K, V>(store)
      const noted = emitOnFlush(slots, next, context)
      const write = (slot: number, value: V | null, record: RecordContext): void | Promise<void> => {
        slots.set(slot, value, record.timestamp, undefined)
        return noted(slot, value, record)
      }
      return (key, { value }, record) => {
        const slot = slots.find(key)
        return typeof slot === 'number' ? write(slot, value, record) : slot.then((found) => write(found, value, record))
      }
    },
  }
}

/** Reads the result without a store of its own, through both tables. */
export function joinReader<K, L, R, VOut>(options: TableTableJoinOptions<K, L, R, VOut>): TableReader<K, VOut> {
  const { left, right, leftMayMiss, rightMayMiss, join } = options
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    open: (context) => {
      const readLeft = left.open(context)
      const readRight = right.open(context)
      const pair = pairing(leftMayMiss, rightMayMiss, join, context)
      return (key) =>
        bothRows(
          readLeft(key),
          () => readRight(key),
          (one, two) => joined(one, two, pair(one?.value ?? null, two?.value ?? null, key)),
        )
    },
  }
}

function bothRows<L, R, T>(left: MaybePromise<L>, right: () => MaybePromise<R>, f: (left: L, right: R) => T): MaybePromise<T> {
  return chain(left, (one) => chain(right(), (two) => f(one, two)))
}

function joined<V>(left: Entry<unknown> | undefined, right: Entry<unknown> | undefined, value: V | null): Entry<V> | undefined {
  const newer = left !== undefined && (right === undefined || left.timestamp > right.timestamp) ? left : right
  return value === null || newer === undefined ? undefined : { ...newer, value }
}
