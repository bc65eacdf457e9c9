/**
 * Hot path. The steps without state: each is what to do with one record, given what comes next. Callbacks are value first; headers and the
 * timestamp travel in the context, so a step that doesn't touch them says nothing about them.
 */
import { each } from '../base/maybe-promise.ts'
import type { RecordContext } from '../model/record.ts'
import type { Naming, Operator } from '../topology/operator.ts'
import { isKept, itemsOf, pairOf, refusePromise, valueOf } from './result.ts'

/** A function of a record. */
export type RecordFunction<K, V, R> = (value: V, key: K, record: RecordContext) => R

const naming: Naming = { stores: 'none' }

/** Passes on the records that `keep` answers true for. */
export function filter<K, V>(keep: RecordFunction<K, V, boolean>): Operator<K, V, K, V> {
  return {
    role: 'KSTREAM-FILTER-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) => (isKept(keep(value, key, record), context) ? next(key, value, record) : undefined),
  }
}

/** Passes on the records that `drop` answers false for. */
export function filterNot<K, V>(drop: RecordFunction<K, V, boolean>): Operator<K, V, K, V> {
  return {
    ...filter(drop),
    start: (next, context) => (key, value, record) => (isKept(drop(value, key, record), context) ? undefined : next(key, value, record)),
  }
}

/** Gives each record the value that `f` answers. */
export function mapValues<K, V, VOut>(f: RecordFunction<K, V, VOut>): Operator<K, V, K, VOut> {
  return {
    role: 'KSTREAM-MAPVALUES-',
    traits: { changesValue: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) => next(key, valueOf(f(value, key, record), context, 'a value or null'), record),
  }
}

/** One record for each value that `f` answers, in order. */
export function flatMapValues<K, V, VOut>(f: RecordFunction<K, V, Iterable<VOut>>): Operator<K, V, K, VOut> {
  return {
    role: 'KSTREAM-FLATMAPVALUES-',
    traits: { changesValue: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) =>
      each(itemsOf(f(value, key, record), context, 'an iterable of values'), (item) =>
        next(key, valueOf(item, context, 'an iterable of values, none of them undefined'), record),
      ),
  }
}

/** Gives each record the key and value that `f` answers as a pair. */
export function map<K, V, KOut, VOut>(f: RecordFunction<K, V, readonly [KOut, VOut]>): Operator<K, V, KOut, VOut> {
  return {
    role: 'KSTREAM-MAP-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) => {
      const pair = pairOf(f(value, key, record), context, 'a pair [key, value]')
      return next(pair[0], pair[1], record)
    },
  }
}

/** One record for each pair that `f` answers, in order. */
export function flatMap<K, V, KOut, VOut>(f: RecordFunction<K, V, Iterable<readonly [KOut, VOut]>>): Operator<K, V, KOut, VOut> {
  return {
    role: 'KSTREAM-FLATMAP-',
    traits: { changesKey: true, changesValue: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) =>
      each(itemsOf(f(value, key, record), context, 'an iterable of pairs'), (pair) => {
        const checked = pairOf(pair, context, 'an iterable of pairs [key, value]')
        return next(checked[0], checked[1], record)
      }),
  }
}

/** Gives each record the key that `f` answers; null is allowed. */
export function selectKey<K, V, KOut>(f: RecordFunction<K, V, KOut>): Operator<K, V, KOut, V> {
  return {
    role: 'KSTREAM-KEY-SELECT-',
    traits: { changesKey: true, readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) => next(valueOf(f(value, key, record), context, 'a key or null'), value, record),
  }
}

/** Shows each record to `f` and passes it on. */
export function peek<K, V>(f: RecordFunction<K, V, void>): Operator<K, V, K, V> {
  return {
    role: 'KSTREAM-PEEK-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (next, context) => (key, value, record) => {
      refusePromise(f(value, key, record), context)
      return next(key, value, record)
    },
  }
}

/** Hands each record to `f`; the path ends. */
export function forEach<K, V>(f: RecordFunction<K, V, void>): Operator<K, V, never, never> {
  return {
    role: 'KSTREAM-FOREACH-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (_next, context) => (key, value, record) => refusePromise(f(value, key, record), context),
  }
}

/** Writes each record as a line for a person to read; the path ends. */
export function print<K, V>(text: RecordFunction<K, V, string>): Operator<K, V, never, never> {
  return {
    role: 'KSTREAM-PRINTER-',
    traits: { readsKey: true, readsValue: true },
    naming,
    stores: [],
    start: (_next, context) => (key, value, record) => context.print(valueOf(text(value, key, record), context, 'a text')),
  }
}

/** Passes everything on: where streams run together. */
export function merge<K, V>(): Operator<K, V, K, V> {
  return { role: 'KSTREAM-MERGE-', traits: {}, naming, stores: [], start: (next) => next }
}
