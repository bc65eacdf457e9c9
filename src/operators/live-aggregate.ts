/**
 * What sliding windows and sessions do with a record besides folding it: they look at the key's windows around it. A sliding window may begin as a copy
 * of another one. Sessions within the gap become one: out of the initializer, each of them in order, and the record last; those it takes in are deleted
 * first, and told of, also where the new one has the bounds of an old one (Kafka Streams' rule). Where user code could change an aggregate that somebody
 * else still needs, it gets a copy, made by the store's own serde.
 */
import { assert } from '../base/errors.ts'
import { chain, type MaybePromise } from '../base/maybe-promise.ts'
import type { RecordContext } from '../model/record.ts'
import type { Emit } from '../topology/operator.ts'
import { copyOf } from './copy.ts'
import { folding } from './fold.ts'
import { newLiveWindows, newPlacements, OWN, type LiveWindows, type Placements } from './placements.ts'
import { valueOf } from './result.ts'
import { place, type SessionWindows, type SlidingWindows } from './window-placement.ts'
import type { WindowTools } from './window-tools.ts'

/** The windows of a key around a time, read from the store. */
interface Looking<K> {
  readonly slots: number[]
  readonly live: LiveWindows
  readonly read: (key: K, from: number, to: number) => MaybePromise<void>
}

function looking<K, V, A>({ slots }: WindowTools<K, V, A>): Looking<K> {
  const found: number[] = []
  const live = newLiveWindows()
  return {
    slots: found,
    live,
    read: (key, from, to) =>
      chain(slots.live(key, { from, to }, found), (count) => {
        live.count = count
        for (let i = 0; i < count; i++) {
          live.starts[i] = slots.start(found[i]!)
          live.ends[i] = slots.end(found[i]!)
          live.latest[i] = slots.timestamp(found[i]!)
        }
      }),
  }
}

/** Sessions. */
export function sessions<K, V, A>(tools: WindowTools<K, V, A>, windows: SessionWindows): Emit<K, V> {
  const { context, slots, change, isClosed, tell } = tools
  const { slots: found, live, read } = looking(tools)
  const merged = merging(tools)
  const placements = newPlacements()
  const tellRemoved = (key: K, record: RecordContext, from: number): void | Promise<void> => {
    for (let i = from; i < live.count; i++) {
      const slot = found[i]!
      change.old = context.sendsOldValues ? (slots.value(slot) ?? null) : null
      change.value = null
      slots.set(slot, null, record.timestamp, undefined)
      const waiting = tell(slot, key, record, live.ends[i]!)
      if (waiting !== undefined) return waiting.then(() => tellRemoved(key, record, i + 1))
    }
    return undefined
  }
  const update = (key: K, value: V, record: RecordContext): void | Promise<void> => {
    const start = placements.starts[0]!
    const end = placements.ends[0]!
    if (isClosed(end)) return context.dropped('late')
    const before = merged.sessions(key, found, live.count)
    const put = (): void | Promise<void> =>
      chain(slots.find(key, start, end), (slot) => {
        const after = merged.added(before, value, key)
        slots.set(slot, after, end, undefined)
        change.value = after
        change.old = null
        return tell(slot, key, record, end)
      })
    const isPoint = start === record.timestamp && end === record.timestamp
    const waiting = isPoint ? undefined : tellRemoved(key, record, 0)
    return waiting === undefined ? put() : waiting.then(put)
  }
  return (key, value, record) => {
    const { timestamp } = record
    return chain(read(key, timestamp - windows.gapMs, timestamp + windows.gapMs), () => {
      place(windows, timestamp, live, placements)
      return update(key, value, record)
    })
  }
}

/** How sessions become one aggregate. */
interface Merging<K, V, A> {
  /** The initializer and all live sessions as one; undefined: there is nothing yet. */
  sessions(key: K, found: readonly number[], count: number): A | undefined
  added(before: A | undefined, value: V, key: K): A | null
}

function merging<K, V, A>({ options, context, slots }: WindowTools<K, V, A>): Merging<K, V, A> {
  const { initial, add, merge, store } = options
  assert(merge !== undefined, 'an aggregation of sessions has no merge')
  const serde = context.storeSerdes(store).value
  return {
    sessions: (key, found, count) => {
      let before = initial === undefined ? undefined : valueOf(initial(), context, 'the aggregate to start from')
      for (let i = 0; i < count; i++) {
        const value = slots.value(found[i]!)!
        const own = context.sendsOldValues ? copyOf(value, serde) : value
        before = before === undefined ? own : valueOf(merge(before, own, key), context, 'the aggregate of both sessions')
      }
      return before
    },
    added: (before, value, key) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because without an initializer values and aggregates are of one type: `reduce`
      if (before === undefined || (initial === undefined && before === null)) return copyOf(value as unknown as A, serde)
      return valueOf(add(before, value, key), context, 'the next aggregate or null')
    },
  }
}

/** Sliding windows. */
export function slidings<K, V, A>(tools: WindowTools<K, V, A>, windows: SlidingWindows): Emit<K, V> {
  const { context, slots, change, isClosed, tell } = tools
  const { differenceMs } = windows
  const { slots: found, live, read } = looking(tools)
  const fold = folding<K, V, A>(tools.fold, { slots, change }, context)
  const placements = newPlacements()
  const { take, begin } = beginning(tools)
  const one = (at: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
    const end = placements.ends[at]!
    const from = placements.from[at]!
    if (placements.adds[at]! && isClosed(end)) return context.dropped('late')
    return chain(slots.find(key, placements.starts[at]!, end), (slot) =>
      tell(slot, key, record, from === OWN ? fold(slot, key, value, record) : begin(slot, at, key, value)),
    )
  }
  const rest = (at: number, key: K, value: V, record: RecordContext): void | Promise<void> => {
    for (let i = at; i < placements.count; i++) {
      const waiting = one(i, key, value, record)
      if (waiting !== undefined) return waiting.then(() => rest(i + 1, key, value, record))
    }
    return undefined
  }
  return (key, value, record) => {
    const { timestamp } = record
    if (isClosed(timestamp + differenceMs)) return context.dropped('late')
    const from = timestamp < differenceMs ? 0 : Math.max(0, timestamp - 2 * differenceMs)
    return chain(read(key, from, timestamp + 1), () => {
      place(windows, timestamp, live, placements)
      take(placements, found, timestamp)
      return rest(0, key, value, record)
    })
  }
}

/** How a window begins as a copy of another one. */
interface Beginning<K, V> {
  /** Copies what the windows of an event begin from, before the event changes it. */
  readonly take: (placements: Placements, found: readonly number[], timestamp: number) => void
  /** Writes the slot of a window that begins as a copy; answers its time. */
  readonly begin: (slot: number, at: number, key: K, value: V) => number
}

function beginning<K, V, A>({ options, context, slots, change }: WindowTools<K, V, A>): Beginning<K, V> {
  const { initial, add, store } = options
  const serde = context.storeSerdes(store).value
  const wanted = context.sendsOldValues
  const bases: (A | undefined)[] = []
  const times: number[] = []
  const adds: boolean[] = []
  return {
    take: (placements, found, timestamp) => {
      for (let i = 0; i < placements.count; i++) {
        const from = placements.from[i]!
        adds[i] = placements.adds[i]!
        times[i] = placements.adds[i]! ? timestamp : slots.timestamp(found[from]!)
        bases[i] = from < 0 ? undefined : copyOf(slots.value(found[from]!)!, serde)
      }
    },
    begin: (slot, at, key, value) => {
      const base = bases[at] ?? (initial === undefined ? undefined : valueOf(initial(), context, 'the aggregate to start from'))
      // Kafka Streams tells of what it started from, although nobody below has heard of that.
      const old = context.parity && adds[at]! ? base : slots.value(slot)
      change.old = wanted ? copyOf(old ?? null, serde) : null
      change.value = adds[at]! ? added(base, value, key) : (base ?? null)
      slots.set(slot, change.value, times[at]!, undefined)
      return times[at]!
    },
  }

  function added(base: A | undefined, value: V, key: K): A | null {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sound because without an initializer values and aggregates are of one type: `reduce`
    return base === undefined ? copyOf(value as unknown as A, serde) : valueOf(add(base, value, key), context, 'the next aggregate or null')
  }
}
