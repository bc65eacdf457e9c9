/**
 * Windows as lists of rows: what Kafka Streams' aggregations do with one record, without any index, slot or copy. Each keeps the rows of a store that
 * forgets what is `retention` behind the greatest time ever put (Kafka Streams' stores in memory).
 */
import { windowed, type In, type World } from './harness.ts'

/** A window of a key. */
export interface Row {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly value: string
  readonly timestamp: number
}

/** How values become one; null deletes. */
export interface Fold {
  readonly initial: string | undefined
  readonly add: (sum: string, value: string | null, key: string) => string | null
  readonly merge: (one: string, other: string, key: string) => string
}

/** Windows of some kind. */
export interface NaiveWindows {
  /** The rows that aren't forgotten. */
  readonly rows: () => readonly Row[]
  /** Takes a record; answers the greatest time seen, or undefined where Kafka Streams doesn't look for closed windows after it. */
  readonly take: (record: In) => number | undefined
}

/** Sizes in ms. */
export interface Sizes {
  readonly kind: 'hopping' | 'sliding' | 'session'
  readonly size: number
  readonly advance: number
  readonly grace: number
  readonly parity: boolean
}

/** What a fold makes of a value, from the initializer on or not. */
export function added({ initial, add }: Fold, sum: string | undefined, value: string | null, key: string): string | null {
  const before = sum ?? initial
  return before === undefined ? value : add(before, value, key)
}

/** The windows of a kind. Steps that share a store are late by their own times. */
export function naiveWindows(world: World, sizes: Sizes, fold: Fold, store: NaiveStore = naiveStore(sizes)): NaiveWindows {
  const { kind, size, grace } = sizes
  const isSliding = kind === 'sliding'
  const take = { hopping: naiveHopping, sliding: naiveSliding, session: naiveSession }[kind](world, sizes, fold, store)
  let observed = -1
  return {
    rows: store.rows,
    take: (record) => {
      const { key, value, timestamp } = record
      if (key === null) return world.drop('null_key')
      if (value === null && isSliding) return world.drop('null_value')
      observed = Math.max(observed, timestamp)
      if (isSliding && timestamp + size < observed - grace) return world.drop('late')
      take({ ...record, key }, observed)
      return isSliding && timestamp < size ? undefined : observed
    },
  }
}

/** Rows that are forgotten by their starts, sessions by their ends. */
export interface NaiveStore {
  readonly rows: () => readonly Row[]
  /** Without a value: deletes. */
  readonly put: (row: Omit<Row, 'value'> & { readonly value?: string }) => void
}

/** A store of windows with Kafka Streams' default retention; from `held` on nothing is forgotten. */
export function naiveStore({ kind, size, grace, parity }: Sizes, held: () => number = () => Infinity): NaiveStore {
  const retention = { hopping: size + grace, sliding: 2 * size + grace, session: size + grace + (parity ? 0 : 1) }[kind]
  const time = ({ start, end }: Pick<Row, 'start' | 'end'>): number => (kind === 'session' ? end : start)
  let all: readonly Row[] = []
  let latest = -1
  const rows = (): readonly Row[] => all.filter((row) => time(row) > latest - retention || time(row) >= held())
  return {
    rows,
    put: ({ value, ...row }) => {
      latest = Math.max(latest, time(row))
      all = all.filter(({ key, start, end }) => key !== row.key || start !== row.start || end !== row.end)
      if (value !== undefined) all = [...all, { ...row, value }]
      all = rows()
    },
  }
}

type Take = (record: In & { readonly key: string }, observed: number) => void
type Make = (world: World, sizes: Sizes, fold: Fold, store: NaiveStore) => Take

/** W1–W8: a record is folded into each window that holds its time and isn't closed. */
const naiveHopping: Make =
  ({ tell, drop }, { size, advance, grace, parity }, fold, { rows, put }) =>
  (record, observed) => {
    const { key, value, timestamp } = record
    const first = Math.max(0, Math.floor((timestamp - size) / advance) + 1) * advance
    for (let start = first; start <= timestamp; start += advance) {
      const end = start + size
      if (end <= observed - grace) {
        drop('late')
        continue
      }
      const before = rows().find((row) => row.key === key && row.start === start)
      const after = added(fold, before?.value, value, key)
      const row = { key, start, end, timestamp: Math.max(timestamp, before?.timestamp ?? 0) }
      put(after === null ? row : { ...row, value: after })
      // D4: Kafka Streams tells of what it started from.
      const old = before?.value ?? (parity ? fold.initial : null) ?? null
      tell({ ...record, key: windowed(key, start, end), value: after, timestamp: row.timestamp, old })
    }
  }

/** W9–W11: Kafka Streams' `processReverse` and `processEarly`, which see the rows as they were before the record. */
const naiveSliding: Make =
  ({ tell, drop }, { size, grace, parity }, fold, { rows, put }) =>
  (record, observed) => {
    const { key, value, timestamp: now } = record
    const set = (start: number, { after, timestamp, from }: { after: string | null; timestamp: number; from?: string | null }): void => {
      const row = { key, start, end: start + size, timestamp }
      const was = rows().find((each) => each.key === key && each.start === start)?.value ?? null
      const old = parity && from !== undefined ? from : was
      put(after === null ? row : { ...row, value: after })
      tell({ ...record, key: windowed(key, start, start + size), value: after, timestamp, old })
    }
    const update = (start: number, before: Pick<Row, 'value' | 'timestamp'> | undefined): void => {
      if (start + size < observed - grace) drop('late')
      else {
        const from = before?.value ?? fold.initial ?? null
        set(start, { after: added(fold, before?.value, value, key), timestamp: Math.max(now, before?.timestamp ?? 0), from })
      }
    }
    const isEarly = now < size
    const near = rows().filter((row) => row.key === key && row.start <= now + 1 && row.start >= (isEarly ? 0 : now - 2 * size))
    near.sort((a, b) => (isEarly ? a.start - b.start : b.start - a.start))
    const has = (start: number): boolean => near.some((row) => row.start === start)
    const right = (row: Row | undefined): void => {
      if (row !== undefined && row.timestamp > now && !has(now + 1)) set(now + 1, { after: row.value, timestamp: row.timestamp })
    }
    const over = near.filter(({ start, end }) => start <= now && end >= now && !(isEarly && start === 0))
    for (const row of over) update(row.start, row)
    const first = isEarly ? near.find(({ start }) => start === 0) : over.find(({ end }) => end === now)
    if (!isEarly && first !== undefined && first.timestamp >= now) return
    const whole = isEarly ? undefined : near.find(({ end }) => end < now)
    const previous = whole?.timestamp ?? (first !== undefined && first.timestamp < now ? first.timestamp : undefined)
    const rightOfPrevious = (): void => {
      if (previous !== undefined && !has(previous + 1) && (isEarly || previous + 1 + size >= now)) update(previous + 1, undefined)
    }
    if (isEarly) {
      right(over.at(-1) ?? first)
      rightOfPrevious()
      update(0, first)
    } else {
      rightOfPrevious()
      const isFull = whole !== undefined && whole.timestamp >= now - size
      if (first === undefined) update(now - size, isFull ? { value: whole.value, timestamp: now } : undefined)
      right(over.find(({ end }) => end > now))
    }
  }

/** W12–W16: all sessions within the gap become one with the record; those that it takes in are told of first. */
const naiveSession: Make =
  ({ tell, drop }, { size: gap, grace }, fold, { rows, put }) =>
  (record, observed) => {
    const { key, value, timestamp } = record
    const near = rows().filter((row) => row.key === key && row.end >= timestamp - gap && row.start <= timestamp + gap)
    const sessions = near.toSorted((a, b) => a.end - b.end)
    const start = Math.min(timestamp, ...near.map((row) => row.start))
    const end = Math.max(timestamp, ...near.map((row) => row.end))
    if (end < observed - grace - gap) return drop('late')
    let merged = fold.initial
    for (const row of sessions) merged = merged === undefined ? row.value : fold.merge(merged, row.value, key)
    for (const row of start === end ? [] : sessions) {
      put({ key, start: row.start, end: row.end, timestamp: row.end })
      tell({ key: windowed(key, row.start, row.end), value: null, timestamp: row.end, mark: null, old: row.value })
    }
    const after = added(fold, merged, value, key)
    put({ key, start, end, timestamp: end, ...(after === null ? {} : { value: after }) })
    return tell({ key: windowed(key, start, end), value: after, timestamp: end, mark: null, old: null })
  }
