/**
 * Windowed aggregates, naively: all windows of all keys in one list. What Kafka Streams' in-memory stores forget of them is modelled too (`parity`),
 * because it can be seen: a window that is forgotten before it is told of is never told of.
 */
import { united, windowText, type Text } from '../words.ts'
import type { Table } from './tables.ts'
import { byBytes, Flow, type Change, type Item, type Window } from './world.ts'

/** How windows are made and told of. */
export interface Windows {
  readonly graceMs: number
  /** How long Kafka Streams keeps them. */
  readonly retentionMs: number
  /** True: told of once, when they have closed. */
  readonly atClose: boolean
  readonly parity: boolean
  readonly add: (sum: string, value: Text) => Text
}

const FIRST = '0'

interface Live {
  readonly window: Window
  readonly value: string
  readonly time: number
}

/** What windowed tables share: their windows, whether old values are wanted, and how a window is told of. */
class WindowTable implements Table {
  readonly changes: Flow<Change>
  readonly rows: Map<string, Live> = new Map()
  readonly #absent: Text
  tellsOld = false

  constructor(input: Flow<Item>, absent: Text) {
    this.changes = new Flow<Change>(input)
    this.#absent = absent
  }

  get(key: string): Live | undefined {
    return this.rows.get(key)
  }

  open(): void {}

  askOld(): boolean {
    this.tellsOld = true
    return true
  }

  set(window: Window, value: Text, time: number): void {
    const key = windowText(window.key, window)
    if (value === null) this.rows.delete(key)
    else this.rows.set(key, { window, value, time })
  }

  /** `old` is undefined where the row was absent. */
  tell(window: Window, value: Text, old: Text | undefined, { time, headers }: { readonly time: number; readonly headers: string }): void {
    this.changes.push({
      key: windowText(window.key, window),
      value,
      old: this.tellsOld ? (old ?? this.#absent) : null,
      time,
      headers,
      window,
    })
  }

  /** Tells of windows that have closed. */
  tellClosed(closed: readonly Live[], headers: string): void {
    for (const { window, value, time } of closed)
      this.changes.push({ key: windowText(window.key, window), value, old: null, time, headers, window })
  }
}

/** Windows whose place in time doesn't depend on records: tumbling, hopping and unlimited ones. Their ends are not inside. */
export function timeWindows(input: Flow<Item>, how: Windows, place: (time: number) => readonly Omit<Window, 'key'>[]): Table {
  const { graceMs, retentionMs, atClose, parity, add } = how
  const table = new WindowTable(input, parity ? FIRST : null)
  let now = -1
  let newestStart = -1
  let told = -1
  const isKept = ({ window }: Live): boolean => !parity || window.start > newestStart - retentionMs
  input.listen(({ key, value, time, headers }) => {
    if (key === null) return
    now = Math.max(now, time)
    const close = now - graceMs
    for (const { start, end } of place(time)) {
      if (end <= close) continue
      const window = { key, start, end }
      const before = table.get(windowText(key, window))
      const next = add(before?.value ?? FIRST, value)
      const changed = Math.max(time, before?.time ?? -1)
      newestStart = Math.max(newestStart, start)
      table.set(window, next, changed)
      if (!atClose) table.tell(window, next, before?.value, { time: changed, headers })
    }
    if (!atClose || told >= close) return
    const closed = [...table.rows.values()].filter((live) => live.window.end <= close && live.window.end > told && isKept(live))
    table.tellClosed(closed.toSorted(byStart), headers)
    told = close
  })
  return table
}

const byStart = (a: Live, b: Live): number => a.window.start - b.window.start || byBytes(a.window.key, b.window.key)
const byEnd = (a: Live, b: Live): number => a.window.end - b.window.end || byBytes(a.window.key, b.window.key)

/** Sessions: what is at most a gap apart is one. */
export function sessionWindows(input: Flow<Item>, gapMs: number, how: Windows): Table {
  const { graceMs, retentionMs, atClose, parity, add } = how
  const table = new WindowTable(input, null)
  let now = -1
  let newestEnd = -1
  let told = -1
  const isKept = ({ window }: Live): boolean => window.end > (parity ? newestEnd - retentionMs : now - retentionMs - 1)
  input.listen(({ key, value, time, headers }) => {
    if (key === null) return
    now = Math.max(now, time)
    const close = now - graceMs - gapMs
    const near = [...table.rows.values()]
      .filter((live) => live.window.key === key && live.window.end >= time - gapMs && live.window.start <= time + gapMs && isKept(live))
      .toSorted(byEnd)
    const window = {
      key,
      start: Math.min(time, ...near.map((live) => live.window.start)),
      end: Math.max(time, ...near.map((live) => live.window.end)),
    }
    if (window.end >= close) {
      const isAlone = window.start === time && window.end === time
      for (const old of isAlone ? [] : near) {
        table.set(old.window, null, 0)
        if (!atClose) table.tell(old.window, null, old.value, { time: old.window.end, headers: '' })
      }
      const next = add(
        near.reduce((sum, old) => united(sum, old.value), FIRST),
        value,
      )
      newestEnd = Math.max(newestEnd, window.end)
      table.set(window, next, window.end)
      if (!atClose) table.tell(window, next, undefined, { time: window.end, headers: '' })
    }
    if (!atClose || told >= close) return
    const closed = [...table.rows.values()].filter((live) => live.window.end < close && live.window.end >= told && isOpenFor(live))
    table.tellClosed(closed.toSorted(byEnd), headers)
    told = close
  })
  const isOpenFor = (live: Live): boolean => !parity || isKept(live)
  return table
}

/** Sliding windows: one ends at each record's time and one begins behind it, as far as they hold records; both ends are inside. */
export function slidingWindows(input: Flow<Item>, differenceMs: number, how: Windows): Table {
  const { graceMs, retentionMs, atClose, parity, add } = how
  const table = new WindowTable(input, null)
  let now = -1
  let newestStart = -1
  let told = -1
  const isKept = ({ window }: Live): boolean => window.start > newestStart - retentionMs
  input.listen(({ key, value, time, headers }) => {
    if (key === null || value === null) return
    now = Math.max(now, time)
    const close = now - graceMs
    if (time + differenceMs < close) return
    const around = [...table.rows.values()]
      .filter(
        (live) => live.window.key === key && live.window.start >= time - 2 * differenceMs && live.window.start <= time + 1 && isKept(live),
      )
      .toSorted(byStart)
    const write = (start: number, next: Text, changed: number, old: Text): void => {
      const window = { key, start, end: start + differenceMs }
      newestStart = Math.max(newestStart, start)
      table.set(window, next, changed)
      if (!atClose) table.tell(window, next, old, { time: changed, headers })
    }
    const rowAt = (start: number): Text => table.get(windowText(key, { start, end: start + differenceMs }))?.value ?? null
    const make = (start: number, base: string): void => {
      if (start + differenceMs >= close) write(start, add(base, value), time, parity ? base : rowAt(start))
    }
    const event: Slide = {
      time,
      differenceMs,
      around,
      update: ({ window, value: base, time: latest }) => {
        if (window.end >= close) write(window.start, add(base, value), Math.max(time, latest), base)
      },
      make,
      copy: (start, from) => write(start, from.value, from.time, parity ? null : rowAt(start)),
    }
    if (time < differenceMs) return slideEarly(event)
    slideLater(event)
    if (!atClose || told >= close) return
    const closed = [...table.rows.values()].filter(
      (live) => live.window.end < close && live.window.end >= told && (!parity || isKept(live)),
    )
    table.tellClosed(closed.toSorted(byStart), headers)
    told = close
  })
  return table
}

interface Slide {
  readonly time: number
  readonly differenceMs: number
  /** The key's windows from twice the difference before to just behind it, by start. */
  readonly around: readonly Live[]
  readonly update: (live: Live) => void
  /** Makes a window that starts from an aggregate and has this record. */
  readonly make: (start: number, base: string) => void
  /** Makes a window of another's aggregate, without this record. */
  readonly copy: (start: number, from: Live) => void
}

/** Which windows a record changes and makes, in Kafka Streams' order: those over it, newest first; the one behind the record before; its own two. */
function slideLater({ time, differenceMs, around, update, make, copy }: Slide): void {
  const starts = new Set<number>()
  let [left, right]: [Live | undefined, Live | undefined] = [undefined, undefined]
  let before: number | undefined
  for (const live of around.toReversed()) {
    const { start, end } = live.window
    starts.add(start)
    if (start > time) continue
    if (end < time) {
      left = live
      before = live.time
      break
    }
    if (end > time) right ??= live
    update(live)
    if (end > time) continue
    if (live.time >= time) return
    before = live.time
  }
  if (before !== undefined && !starts.has(before + 1) && before + 1 + differenceMs >= time) make(before + 1, FIRST)
  if (!starts.has(time - differenceMs))
    make(time - differenceMs, before !== undefined && time - differenceMs <= before ? left!.value : FIRST)
  if (!starts.has(time + 1) && right !== undefined && right.time > time) copy(time + 1, right)
}

/** Records before the difference all are in the first window: none starts before 0. */
function slideEarly({ time, around, update, make, copy }: Slide): void {
  const starts = new Set(around.map(({ window }) => window.start))
  const first = around.find(({ window }) => window.start === 0)
  let right: Live | undefined
  for (const live of around) {
    if (live === first || live.window.start > time) continue
    right = live
    update(live)
  }
  const behind = right ?? (first !== undefined && first.time > time ? first : undefined)
  if (!starts.has(time + 1) && behind !== undefined && behind.time > time) copy(time + 1, behind)
  if (first !== undefined && first.time < time && !starts.has(first.time + 1)) make(first.time + 1, FIRST)
  if (first === undefined) make(0, FIRST)
  else update(first)
}
