/**
 * Steps whose function answers a promise. The record is deferred until it settles, while the task goes on with others: as many as are allowed are under
 * way at once, and what they answer goes on in the order that was asked for. A function that answers at once (a cache in front of a service) lets its
 * record go on at once, unless an earlier one that it may not overtake waits.
 *
 * Order is that of what comes out. Nothing comes out of `forEachAsync`, so there it is that of the calls: one begins when those that it may not overtake
 * are done.
 */
import { toHex } from '../base/bytes.ts'
import type { RecordContext } from '../model/record.ts'
import type { AnySerde } from '../model/serde.ts'
import type { Naming, Operator, OperatorContext } from '../topology/operator.ts'
import { Calls, type CallOptions } from './calls.ts'
import { isKept, pairOf, valueOf } from './result.ts'

/** Which records may overtake which: none of the same key, none at all, or all. */
export type AsyncOrder = 'key' | 'input' | 'none'

/** How a step waits for its function. */
export interface AsyncCalls extends CallOptions {
  readonly order: AsyncOrder
  /** How many records may wait in one task before it takes no further ones. */
  readonly maxParked: number
  /** The serde of the keys that come in, where it is known. */
  readonly key: AnySerde | undefined
}

/** A function of a record, value first, that answers a promise, or a value where it needs none. The context is the record's for good. */
export type AsyncFunction<K, V, R> = (value: V, key: K, record: RecordContext) => R | PromiseLike<R>

const naming: Naming = { stores: 'none' }

/** Gives each record the value that `f` promises. */
export function mapValuesAsync<K, V, VOut>(f: AsyncFunction<K, V, VOut>, calls: AsyncCalls): Operator<K, V, K, VOut> {
  return {
    role: 'KSTREAM-MAPVALUES-ASYNC-',
    traits: { changesValue: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) =>
      waiting(f, calls, context, (value, key) => next(key, valueOf(value, context, 'a promise of a value or null'), context.record)),
  }
}

/** Gives each record the key and value that `f` promises as a pair. */
export function mapAsync<K, V, KOut, VOut>(f: AsyncFunction<K, V, readonly [KOut, VOut]>, calls: AsyncCalls): Operator<K, V, KOut, VOut> {
  return {
    role: 'KSTREAM-MAP-ASYNC-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) =>
      waiting(f, calls, context, (answer) => {
        const [key, value] = pairOf(answer, context, 'a promise of a pair [key, value]')
        return next(key, value, context.record)
      }),
  }
}

/** Passes on the records that `keep` promises true for. */
export function filterAsync<K, V>(keep: AsyncFunction<K, V, boolean>, calls: AsyncCalls): Operator<K, V, K, V> {
  return {
    role: 'KSTREAM-FILTER-ASYNC-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) =>
      waiting(keep, calls, context, (kept, key, value) => (isKept(kept, context) ? next(key, value, context.record) : undefined)),
  }
}

/** Hands each record to `f`; the path ends. */
export function forEachAsync<K, V>(f: AsyncFunction<K, V, unknown>, calls: AsyncCalls): Operator<K, V, never, never> {
  return {
    role: 'KSTREAM-FOREACH-ASYNC-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (_next, context) => {
      const made = new Calls(calls, context)
      const laneOf = lanes<K>(calls, context)
      return (key, value, record) => {
        const call = callOf(f, key, value, record)
        const lane = laneOf(key)
        const again = async (): Promise<unknown> => made.make(call)
        if (lane === undefined) return context.defer(made.make(call), nothing, { most: calls.maxParked, again })
        let begin = (): void => undefined
        const result = new Promise((resolve) => {
          begin = () => resolve(made.make(call))
        })
        return context.defer(result, nothing, { most: calls.maxParked, lane, again, begin })
      }
    },
  }
}

const nothing = (): undefined => undefined

/** What to do with a record: call, and go on with the answer. */
function waiting<K, V, R>(
  f: AsyncFunction<K, V, R>,
  calls: AsyncCalls,
  context: OperatorContext,
  goOn: (answer: R, key: K, value: V) => void | Promise<void>,
): (key: K, value: V, record: RecordContext) => void | Promise<void> {
  const made = new Calls(calls, context)
  const laneOf = lanes<K>(calls, context)
  return (key, value, record) => {
    const [ownKey, ownValue] = [owned(key), owned(value)]
    const call = callOf(f, ownKey, ownValue, record)
    const lane = laneOf(key)
    return context.defer(made.make(call), (answer) => goOn(answer, ownKey, ownValue), {
      most: calls.maxParked,
      lane,
      again: async () => made.make(call),
    })
  }
}

/** The call for a record, with a context that stays the record's while others are in hand. */
function callOf<K, V, R>(f: AsyncFunction<K, V, R>, key: K, value: V, record: RecordContext): () => R | PromiseLike<R> {
  const metadata = record.snapshot()
  const own: RecordContext = Object.freeze({ ...metadata, snapshot: () => metadata })
  return () => f(value, key, own)
}

/** Bytes point into the batch that they were fetched with, which is let go long before. */
function owned<T>(value: T): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because a copy of an array of bytes is one
  return value instanceof Uint8Array ? (value.slice() as T & Uint8Array) : value
}

/** Which lane a record is in: keys are equal when their bytes are. Keys whose bytes nobody knows are all in one, so that none overtakes its own. */
function lanes<K>({ order, key: serde }: AsyncCalls, context: OperatorContext): (key: K) => unknown {
  if (order === 'none') return () => undefined
  if (order === 'input') return () => ALL
  return (key) => {
    if (key === null || key === undefined) return NO_KEY
    if (key instanceof Uint8Array) return toHex(key)
    if (serde !== undefined) return toHex(serde.serialize(key, { topic: context.node, side: 'key', headers: context.record.headers }))
    return typeof key === 'string' ? key : ALL
  }
}

const ALL: unique symbol = Symbol('all records')
const NO_KEY: unique symbol = Symbol('records without a key')
