/**
 * Hot path. Stream-stream join. Each side keeps its records for the window and its grace; a record first meets what the other side holds, then is
 * put into its own store, so no pair is made twice. Both sides are one function with its arguments swapped: it finds the other side's records of
 * the key that are near enough, in order of their times, and hands on each pair with the later time and the arriving record's headers. Where a record
 * may come out alone, one that met nothing waits (`unmatched`) until its window has closed, unless that is over already. No record is refused for
 * being late: what it could have met is retained or gone. Where the join's time goes on in silence, so does that of its stores.
 */
import type { RecordContext } from '../../model/record.ts'
import type { Matches, StoreSpec, WindowRows, WindowStoreSpec } from '../../state/store-spec.ts'
import { stamped, type Emit, type Naming, type Operator, type OperatorContext } from '../../topology/operator.ts'
import { valueOf } from '../result.ts'
import type { JoinKind } from './join-kind.ts'
import type { JoinWindows } from './join-windows.ts'
import type { Waiting } from './unmatched-serdes.ts'
import { openUnmatched, type UnmatchedRecords, type UnmatchedSpec } from './unmatched.ts'

/** A join of two streams. */
export interface StreamJoin<K, L, R, VOut> {
  readonly kind: JoinKind
  readonly windows: JoinWindows
  /** Where each side keeps its records: stores that keep duplicates. */
  readonly left: WindowStoreSpec<K, L>
  readonly right: WindowStoreSpec<K, R>
  /** Where records wait that met nothing; undefined where they don't. */
  readonly unmatched: UnmatchedSpec<K, L, R> | undefined
  readonly join: (left: L | null, right: R | null, key: K) => VOut
  /** After so many ms of silence the join's time goes on with the clock. */
  readonly idleMs?: number | undefined
}

/** Hands each record on, then keeps it for the other side. */
export function joinBuffer<K, V>(store: WindowStoreSpec<K, V>): Operator<K, V, K, V> {
  return {
    role: 'KSTREAM-WINDOWED-',
    traits: {},
    naming: { stores: 'later' },
    stores: [store],
    start: (next, context) => {
      const rows = context.windowRows<K, V>(store)
      const keep = (key: K, value: V, record: RecordContext): void => {
        // A null key is never looked up.
        if (key === null) return
        const { timestamp, headers } = record
        rows.append(key, value, { start: timestamp, timestamp, headers })
      }
      return (key, value, record) => {
        const waiting = next(key, value, record)
        return waiting === undefined ? keep(key, value, record) : waiting.then(() => keep(key, value, record))
      }
    },
  }
}

/** The left side of a join: its records meet the right store. */
export function joinLeft<K, L, R, VOut>(join: StreamJoin<K, L, R, VOut>): Operator<K, L, K, VOut> {
  const { kind, windows, left, right } = join
  const role = kind.leftMayMiss ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-'
  return sideOperator(join, {
    role,
    other: right,
    storesFrom: (index) => [[left, `${role}${index}-store`], ...sharedName(join, index)],
    side: {
      isLeft: true,
      otherMayMiss: kind.rightMayMiss,
      otherMayWait: kind.leftMayMiss,
      beforeMs: windows.beforeMs,
      afterMs: windows.afterMs,
      join: join.join,
      wait: (value) => ({ isLeft: true, value }),
    },
  })
}

/** The right side of a join: its records meet the left store. */
export function joinRight<K, L, R, VOut>(join: StreamJoin<K, L, R, VOut>): Operator<K, R, K, VOut> {
  const { kind, windows, left, right } = join
  const role = kind.rightMayMiss ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-'
  return sideOperator(join, {
    role,
    other: left,
    storesFrom: (index) => [[right, `${role}${index}-store`]],
    side: {
      isLeft: false,
      otherMayMiss: kind.leftMayMiss,
      otherMayWait: kind.rightMayMiss,
      beforeMs: windows.afterMs,
      afterMs: windows.beforeMs,
      join: (mine, other, key) => join.join(other, mine, key),
      wait: (value) => ({ isLeft: false, value }),
    },
  })
}

/** A join as one of its sides sees it. */
interface Side<K, Mine, Other, W, VOut> {
  readonly isLeft: boolean
  /** This side's records come out alone. */
  readonly otherMayMiss: boolean
  /** The other side's do, so what it holds may be waiting. */
  readonly otherMayWait: boolean
  readonly beforeMs: number
  readonly afterMs: number
  readonly join: (mine: Mine | null, other: Other | null, key: K) => VOut
  /** This side's record as it waits. */
  readonly wait: (mine: Mine) => W
}

interface SideParts<K, Mine, Other, W, VOut> {
  readonly role: string
  readonly other: WindowStoreSpec<K, Other>
  readonly storesFrom: NonNullable<Naming['storesFrom']>
  readonly side: Side<K, Mine, Other, W, VOut>
}

function sideOperator<K, L, R, Mine, Other, VOut>(
  join: StreamJoin<K, L, R, VOut>,
  { role, other, storesFrom, side }: SideParts<K, Mine, Other, Waiting<L, R>, VOut>,
): Operator<K, Mine, K, VOut> {
  const { unmatched, kind } = join
  return {
    role,
    traits: {
      copartitioned: true,
      changesValue: true,
      readsKey: true,
      readsValue: true,
      keepsNullKeys: kind.leftMayMiss || kind.rightMayMiss,
    },
    naming: { stores: 'later', storesFrom },
    stores: unmatched === undefined ? [other] : [other, unmatched],
    start: (next, context) => {
      const waiting = openUnmatched(join, side.isLeft, { next, context })
      const rows = context.windowRows<K, Other>(other)
      if (join.idleMs !== undefined) waiting.goOnInSilence(join.idleMs, (time) => rows.observe(time))
      return meeting(side, { rows, waiting, next, context })
    },
  }
}

function sharedName<K, L, R, VOut>({ unmatched }: StreamJoin<K, L, R, VOut>, index: string): (readonly [StoreSpec, string])[] {
  return unmatched === undefined ? [] : [[unmatched, `KSTREAM-OUTERSHARED-${index}-store`]]
}

interface SideContext<K, Other, W, VOut> {
  readonly rows: WindowRows<K, Other>
  readonly waiting: UnmatchedRecords<K, W>
  readonly next: Emit<K, VOut>
  readonly context: OperatorContext
}

/** What becomes of one side's records. */
function meeting<K, Mine, Other, W, VOut>(
  { otherMayMiss, otherMayWait, beforeMs, afterMs, join, wait }: Side<K, Mine, Other, W, VOut>,
  { rows, waiting, next, context }: SideContext<K, Other, W, VOut>,
): Emit<K, Mine> {
  const forward = stamped(next)
  // One record of a task at a time: these stay this record's own while something waits.
  const found: Matches<Other> = { count: 0, starts: [], values: [] }
  let at = 0
  const joined = (mine: Mine, other: Other | null, key: K): VOut => valueOf(join(mine, other, key), context, 'a value or null')
  const pair = (key: K, value: Mine, record: RecordContext): void | Promise<void> =>
    forward(key, joined(value, found.values[at]!, key), record, Math.max(record.timestamp, found.starts[at]!))
  const pairs = (key: K, value: Mine, record: RecordContext): void | Promise<void> => {
    while (at < found.count) {
      const settled = otherMayWait ? waiting.met(key, found.starts[at]!) : undefined
      const handed = settled === undefined ? pair(key, value, record) : settled.then(() => pair(key, value, record))
      if (handed !== undefined)
        return handed.then(() => {
          at++
          return pairs(key, value, record)
        })
      at++
    }
    return undefined
  }
  const meet = (key: K, value: Mine, record: RecordContext): void | Promise<void> => {
    const latest = Math.max(0, record.timestamp + afterMs)
    rows.matches(key, Math.max(0, record.timestamp - beforeMs), latest, found)
    at = 0
    if (found.count > 0 || !otherMayMiss) return pairs(key, value, record)
    if (waiting.isOver(latest)) return next(key, joined(value, null, key), record)
    return waiting.add(key, wait(value), record.timestamp)
  }
  return (key, value, record) => {
    waiting.observe(record.timestamp)
    if (value === null) return context.dropped(key === null ? 'null_key' : 'null_value')
    if (key === null) return otherMayMiss ? next(key, joined(value, null, key), record) : context.dropped('null_key')
    const told = waiting.tellClosed(record)
    return told === undefined ? meet(key, value, record) : told.then(() => meet(key, value, record))
  }
}
