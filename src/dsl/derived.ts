/**
 * Derived aggregations: what is written by hand elsewhere, as folds that the handles hand to their one aggregate. A fold says how values become a state,
 * how the states of two sessions become one, and in which bytes a state is kept where the step's options don't say. Values are folded in order of
 * arrival, those of sessions that become one in order of the sessions; null values are dropped before. No state is changed in place, so results
 * may be kept. A function that answers NaN or an infinite number is an error of its record: in a state it would never go away again.
 */
import { ProcessingError, type Mistake } from '../base/errors.ts'
import type { AnySerde } from '../model/serde.ts'
import { serdes } from '../model/serdes.ts'
import type { Fold } from '../operators/fold.ts'
import type { KTable } from './ktable.ts'
import type { StepOptions } from './options.ts'

/** A derived aggregation. @internal */
export interface Derived<K, V, A> {
  readonly initial: () => A
  readonly add: (state: A, value: V, key: K) => A
  /** Makes one state of those of two sessions that become one. */
  readonly merge: (left: A, right: A, key: K) => A
  /** How states are kept where neither the options nor the store say. */
  readonly serde: AnySerde | undefined
  /** What is wrong with its arguments. */
  readonly mistakes: readonly Mistake[]
}

/** One whose values can be taken out again, so that tables have it too. @internal */
export interface Subtractable<K, V, A> extends Derived<K, V, A> {
  readonly subtract: (state: A, value: V, key: K) => A | null
}

/** What `average` keeps in its store. */
export interface AverageState {
  readonly sum: number
  readonly count: number
}

/** What can be put in order: numbers by size, texts by their UTF-16 code units. */
export type Rank = number | bigint | string

/** The sum, by plain addition: whole numbers are exact up to 2^53, fractions are rounded at each step. @internal */
export function sum<K, V>(f: (value: V, key: K) => number): Subtractable<K, V, number> {
  return {
    initial: () => 0,
    add: (total, value, key) => total + finite(f(value, key), 'sum'),
    subtract: (total, value, key) => total - added(f(value, key)),
    merge: (left, right) => left + right,
    serde: serdes.double,
    mistakes: functionMistakes(f, 'sum((order) => order.cents)'),
  }
}

/** Sum and count; none is left when the last value is taken out. @internal */
export function average<K, V>(f: (value: V, key: K) => number): Subtractable<K, V, AverageState> {
  return {
    initial: () => ({ sum: 0, count: 0 }),
    add: (state, value, key) => ({ sum: state.sum + finite(f(value, key), 'average'), count: state.count + 1 }),
    subtract: (state, value, key) => {
      const found = f(value, key)
      if (!Number.isFinite(found)) return state
      return state.count <= 1 ? null : { sum: state.sum - found, count: state.count - 1 }
    },
    merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
    serde: serdes.json<AverageState>(),
    mistakes: functionMistakes(f, 'average((order) => order.cents)'),
  }
}

/** The averages that a table of their states tells. @internal */
export function averages<K, D extends boolean>(states: KTable<K, AverageState, D>, { name, onError }: StepOptions): KTable<K, number, D> {
  return states.mapValues<number>((state) => state.sum / state.count, {
    value: serdes.double,
    ...(name === undefined ? {} : { name: `${name}-average` }),
    ...(onError === undefined ? {} : { onError }),
  })
}

/** The least of what a function answers; of equals the first. @internal */
export function min<K, V, M extends number | string>(f: (value: V, key: K) => M): Derived<K, V, M | null> {
  return extreme(f, 'min', isLess)
}

/** The greatest of what a function answers; of equals the first. @internal */
export function max<K, V, M extends number | string>(f: (value: V, key: K) => M): Derived<K, V, M | null> {
  return extreme(f, 'max', (found, greatest) => isLess(greatest, found))
}

function extreme<K, V, M extends number | string>(
  f: (value: V, key: K) => M,
  name: 'min' | 'max',
  isBetter: (found: M, best: M) => boolean,
): Derived<K, V, M | null> {
  const better = (best: M | null, found: M | null): M | null => (best === null || (found !== null && isBetter(found, best)) ? found : best)
  return {
    initial: () => null,
    add: (best, value, key) => better(best, comparable(f(value, key), name)),
    merge: better,
    serde: serdes.json<M>(),
    mistakes: functionMistakes(f, `${name}((order) => order.cents)`),
  }
}

/** The value that came first. @internal */
export function first<K, V>(value: AnySerde | undefined): Derived<K, V, V | null> {
  const earlier = (known: V | null, next: V | null): V | null => known ?? next
  return { initial: () => null, add: earlier, merge: earlier, serde: value, mistakes: [] }
}

/** The value that came last. @internal */
export function last<K, V>(value: AnySerde | undefined): Derived<K, V, V | null> {
  const later = (known: V | null, next: V | null): V | null => next ?? known
  return { initial: () => null, add: later, merge: later, serde: value, mistakes: [] }
}

/** The values in order of arrival, the first or the last so many of them. @internal */
export function collect<K, V>(
  { limit, keep = 'first' }: { readonly limit: number; readonly keep?: 'first' | 'last' },
  value: AnySerde | undefined,
): Derived<K, V, readonly V[]> {
  const cut = (values: readonly V[]): readonly V[] => (keep === 'first' ? values.slice(0, limit) : values.slice(-limit))
  return {
    initial: () => [],
    add: (values, next) => (keep === 'first' && values.length >= limit ? values : cut([...values, next])),
    merge: (left, right) => cut([...left, ...right]),
    serde: listSerde(value),
    mistakes: limitMistakes(limit, 'collect({ limit: 10 })'),
  }
}

/** The `k` values of the greatest rank, the greatest first; of equals the one that came first. @internal */
export function topK<K, V>(k: number, by: (value: V, key: K) => Rank, value: AnySerde | undefined): Derived<K, V, readonly V[]> {
  const add = (values: readonly V[], next: V, key: K): readonly V[] => {
    const rank = comparable(by(next, key), 'topK')
    let at = values.length
    while (at > 0 && isLess(by(values[at - 1]!, key), rank)) at--
    return at >= k ? values : values.toSpliced(at, 0, next).slice(0, k)
  }
  return {
    initial: () => [],
    add,
    merge: (left, right, key) => right.reduce((values, next) => add(values, next, key), left),
    serde: listSerde(value),
    mistakes: [...limitMistakes(k, 'topK(3, (order) => order.cents)'), ...functionMistakes(by, 'topK(3, (order) => order.cents)')],
  }
}

/** The different answers of a function, in order of their first arrival; what comes when `limit` are known is passed over. @internal */
export function distinct<K, V, D extends string | number | boolean>(
  f: (value: V, key: K) => D,
  { limit = 1_000 }: { readonly limit?: number },
): Derived<K, V, readonly D[]> {
  const add = (known: readonly D[], found: D): readonly D[] => (known.length >= limit || known.includes(found) ? known : [...known, found])
  return {
    initial: () => [],
    add: (known, value, key) => {
      const found = f(value, key)
      if (typeof found !== 'boolean') comparable(found, 'distinct')
      return add(known, found)
    },
    merge: (left, right) => right.reduce(add, left),
    serde: serdes.json<readonly D[]>(),
    mistakes: [...functionMistakes(f, 'distinct((order) => order.product)'), ...limitMistakes(limit, 'distinct(f, { limit: 1_000 })')],
  }
}

/** The fold of a derived aggregation. Sound because its step drops null values. @internal */
export function foldOf<K, V, A>(derived: Derived<K, Exclude<V, null>, A>): Fold<K, V, A> & Pick<Derived<K, never, A>, 'merge'> {
  const { initial, add, merge } = derived
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return { initial, add: (state, value, key) => add(state, value as Exclude<V, null>, key), merge }
}

/** Lists of values as Kafka's ListSerializer writes them; JSON where nobody knows how one value is written. */
function listSerde(value: AnySerde | undefined): AnySerde {
  return value === undefined ? serdes.json() : serdes.list(value)
}

function isLess(left: Rank, right: Rank): boolean {
  if (typeof left === 'string' || typeof right === 'string') return String(left) < String(right)
  return left < right
}

/** What a value added when it was: nothing, where it was refused. */
function added(found: number): number {
  return Number.isFinite(found) ? found : 0
}

function finite(found: number, name: string): number {
  if (Number.isFinite(found)) return found
  throw refused(found, name, 'a finite number')
}

function comparable<R extends Rank>(found: R, name: string): R {
  if (typeof found === 'string' || typeof found === 'bigint' || Number.isFinite(found)) return found
  throw refused(found, name, 'a finite number or a text')
}

function refused(found: unknown, name: string, what: string): ProcessingError {
  const shown = typeof found === 'number' ? String(found) : found === null ? 'null' : `a value of type ${typeof found}`
  return new ProcessingError(
    'PROCESSOR_RESULT',
    `the function of ${name}(…) must answer ${what}; it answered ${shown}: filter such records out before they are grouped`,
  )
}

function functionMistakes(f: unknown, example: string): Mistake[] {
  if (typeof f === 'function') return []
  return [{ code: 'ARGUMENT_INVALID', message: `${example.split('(')[0]!}(…) needs a function of a value, as ${example}` }]
}

function limitMistakes(limit: number, example: string): Mistake[] {
  if (Number.isSafeInteger(limit) && limit >= 1) return []
  const message = `${example.split('(')[0]!}(…) keeps ${String(limit)} values: give a whole number, at least 1, as ${example}`
  return [{ code: 'ARGUMENT_INVALID', message }]
}
