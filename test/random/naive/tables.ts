/**
 * Tables, naively: rows in a map. A table tells old values only when somebody below asked, as in Kafka Streams, where that is visible: in the tombstones
 * of filters, and in what groups take off. Asking is what `sendOldValues` of its KTables does; with `force` a table without rows of its own gets some.
 */
import type { Text } from '../words.ts'
import { Flow, type Change, type Item, type Window } from './world.ts'

/** A row. */
export interface Row {
  readonly value: string
  readonly time: number
}

/** A table as others see it. */
export interface Table {
  readonly changes: Flow<Change>
  get(key: string): Row | undefined
  /** Asks for old values; false: there are none to be had. */
  askOld(force: boolean): boolean
  /** Somebody reads it by key: a table of a topic gets rows. */
  open(): void
}

type Rows = Map<string, Row>

const put = (rows: Rows, key: string, value: Text, time: number): void => {
  if (value === null) rows.delete(key)
  else rows.set(key, { value, time })
}

/** The newest value of each key of what comes. */
export function tableOf(input: Flow<Item>, { stored }: { readonly stored: boolean }): Table {
  const rows: Rows = new Map()
  const changes = new Flow<Change>(input)
  let keeps = stored
  let tellsOld = false
  input.listen(({ key, value, time, headers }) => {
    if (key === null) return
    const old = tellsOld ? (rows.get(key)?.value ?? null) : null
    if (keeps) put(rows, key, value, time)
    changes.push({ key, value, old, time, headers })
  })
  return {
    changes,
    get: (key) => rows.get(key),
    open: () => void (keeps = true),
    askOld: (force) => {
      if (!force && !keeps) return tellsOld
      keeps = true
      tellsOld = true
      return true
    },
  }
}

/** Rows made by a fold: `fold` says a row's next value. */
export function foldedTable<T extends { readonly key: Text; readonly time: number; readonly headers: string }>(
  inputs: readonly {
    readonly flow: Flow<T>
    readonly takes: (thing: T) => boolean
    readonly fold: (row: Row | undefined, thing: T) => { readonly value: Text; readonly time: number }
  }[],
  /** What an absent row is told as. */
  absent: Text,
): Table {
  const rows: Rows = new Map()
  const changes = new Flow<Change>(...inputs.map(({ flow }) => flow))
  let tellsOld = false
  for (const { flow, takes, fold } of inputs)
    flow.listen((thing) => {
      const { key, headers } = thing
      if (key === null || !takes(thing)) return
      const before = rows.get(key)
      const { value, time } = fold(before, thing)
      put(rows, key, value, time)
      changes.push({ key, value, old: tellsOld ? (before?.value ?? absent) : null, time, headers })
    })
  return { changes, get: (key) => rows.get(key), open: () => undefined, askOld: () => (tellsOld = true) }
}

/** How a view is made of the table below it. */
export interface View {
  readonly stored: boolean
  /** True: a filter, which tells of no change from nothing to nothing where it can see that it is one. */
  readonly skipsEmpty: boolean
  readonly row: (value: string, key: string) => Text
}

/** A view of a table, with rows of its own or reading through. */
export function viewOf(table: Table, { stored, skipsEmpty, row }: View): Table {
  const rows: Rows = new Map()
  const changes = new Flow<Change>(table.changes)
  // A filter takes old values where there are any.
  let tellsOld = skipsEmpty ? table.askOld(false) : false
  const compute = (value: Text, key: string): Text => (value === null ? null : row(value, key))
  table.changes.listen((change) => {
    const { key, value, time } = change
    const made = compute(value, key)
    const old = !tellsOld ? null : stored ? (rows.get(key)?.value ?? null) : compute(change.old, key)
    if (skipsEmpty && tellsOld && made === null && old === null) return
    if (stored) put(rows, key, made, time)
    changes.push({ ...change, value: made, old })
  })
  const through = (key: string): Row | undefined => {
    const found = table.get(key)
    const value = found === undefined ? null : row(found.value, key)
    return value === null ? undefined : { value, time: found!.time }
  }
  return {
    changes,
    get: (key) => (stored ? rows.get(key) : through(key)),
    open: () => (stored ? undefined : table.open()),
    askOld: (force) => (tellsOld = stored || table.askOld(force) || tellsOld),
  }
}

/** A join of two tables by key. */
export interface TableJoin {
  readonly leftMayMiss: boolean
  readonly rightMayMiss: boolean
  readonly stored: boolean
  readonly join: (left: Text, right: Text) => string
}

/** Joins two tables: a change of either side meets the other side's row. */
export function joinedTable(left: Table, right: Table, how: TableJoin): Table {
  const { leftMayMiss, rightMayMiss, stored, join } = how
  const rows: Rows = new Map()
  const changes = new Flow<Change>(left.changes, right.changes)
  let tellsOld = false
  const result = (mine: Text, other: Text): Text =>
    (mine === null && !leftMayMiss) || (other === null && !rightMayMiss) || (mine === null && other === null) ? null : join(mine, other)
  const meet = (change: Change, other: Row | undefined, isLeft: boolean): void => {
    const otherMayMiss = isLeft ? rightMayMiss : leftMayMiss
    if (other === undefined && (!otherMayMiss || (change.value === null && change.old === null))) return
    const both = (mine: Text): Text => (isLeft ? result(mine, other?.value ?? null) : result(other?.value ?? null, mine))
    const time = Math.max(change.time, other?.time ?? -1)
    const value = both(change.value)
    const old = tellsOld ? both(change.old) : null
    if (stored) put(rows, change.key, value, time)
    changes.push({ ...change, value, old, time })
  }
  if (rightMayMiss) left.askOld(true)
  if (leftMayMiss) right.askOld(true)
  left.open()
  right.open()
  left.changes.listen((change) => meet(change, right.get(change.key), true))
  right.changes.listen((change) => meet(change, left.get(change.key), false))
  const through = (key: string): Row | undefined => {
    const [mine, other] = [left.get(key), right.get(key)]
    const value = result(mine?.value ?? null, other?.value ?? null)
    return value === null ? undefined : { value, time: Math.max(mine?.time ?? -1, other?.time ?? -1) }
  }
  return {
    changes,
    get: (key) => (stored ? rows.get(key) : through(key)),
    open: () => undefined,
    askOld: () => {
      left.askOld(true)
      right.askOld(true)
      return (tellsOld = true)
    },
  }
}

/** What is sent to the groups of a table's rows. */
export interface Regrouped {
  readonly key: string
  readonly value: Text
  readonly old: Text
  readonly time: number
  readonly headers: string
}

/** Takes each change's old value to its old group and the new one to its new group; one message where these are one. */
export function regroup(
  table: Table,
  group: (change: { key: string; value: string }) => readonly [Text, Text],
  send: (to: Regrouped) => void,
): void {
  table.askOld(true)
  table.changes.listen(({ key, value, old, time, headers }) => {
    const place = (of: Text): readonly [string, string] | undefined => {
      if (of === null) return undefined
      const [to, part] = group({ key, value: of })
      return to === null || part === null ? undefined : [to, part]
    }
    const [from, into] = [place(old), place(value)]
    if (from !== undefined && into !== undefined && from[0] === into[0])
      return send({ key: into[0], value: into[1], old: from[1], time, headers })
    if (from !== undefined) send({ key: from[0], value: null, old: from[1], time, headers })
    if (into !== undefined) send({ key: into[0], value: into[1], old: null, time, headers })
  })
}

/** How a group's aggregate changes. */
export interface GroupFold {
  /** Undefined: the first value is the aggregate. */
  readonly initial: string | undefined
  readonly add: (sum: string, value: string) => Text
  readonly take: (sum: string, value: string) => Text
}

/** The aggregate of each group: takes the old value off, then adds the new one. */
export function groupedTable(flow: Flow<Regrouped>, { initial, add, take }: GroupFold): Table {
  const fold = (before: Row | undefined, { value, old, time }: Regrouped): { value: Text; time: number } => {
    const sum = before?.value ?? null
    const takes = old !== null && sum !== null
    const rest = takes ? take(sum, old) : sum
    const adds = value !== null && (initial !== undefined || rest !== null)
    const next = value === null ? rest : rest === null ? (initial === undefined ? value : add(initial, value)) : add(rest, value)
    return { value: next, time: before !== undefined && (takes || adds) ? Math.max(time, before.time) : time }
  }
  return foldedTable([{ flow, takes: () => true, fold }], null)
}

/** The changes as a stream. */
export function streamOf(table: Table): Flow<Item> {
  const flow = new Flow<Item>(table.changes)
  table.changes.listen(({ key, value, time, headers }) => flow.push({ key, value, time, headers }))
  return flow
}

interface Held {
  readonly due: number
  readonly change: Change
}

/** How long changes are held back. */
export interface Hold {
  readonly waitMs: number
  /** When the wait begins. */
  readonly from: (change: Change) => number
  /** True: results that are null in the end are dropped. */
  readonly dropsNull: boolean
  readonly maxRecords: number
  /** True: what is due at the very time still waits. */
  readonly inclusive: boolean
}

/** Holds changes back and lets the last one of each key through. */
export function suppressed(table: Table, { waitMs, from, dropsNull, maxRecords, inclusive }: Hold): Table {
  const held = new Map<string, Held>()
  /** What a reader sees of a row that waits: what was there before. */
  const prior = new Map<string, Row | undefined>()
  const changes = new Flow<Change>(table.changes)
  let now = -1
  table.askOld(true)
  const order = (a: Held, b: Held): number => a.due - b.due || byKey(a.change, b.change)
  const release = (one: Held): void => {
    held.delete(one.change.key)
    prior.delete(one.change.key)
    if (one.change.value !== null || !dropsNull) changes.push(one.change)
  }
  table.changes.listen((change) => {
    now = Math.max(now, change.time)
    if (!held.has(change.key)) prior.set(change.key, change.old === null ? undefined : { value: change.old, time: -1 })
    held.set(change.key, { due: held.get(change.key)?.due ?? from(change), change })
    const isDue = ({ due }: Held): boolean => (inclusive ? due < now - waitMs : due <= now - waitMs)
    for (const one of [...held.values()].toSorted(order)) if (isDue(one)) release(one)
    const over = maxRecords === 0 ? 0 : Math.max(0, held.size - maxRecords)
    for (const one of [...held.values()].toSorted(order).slice(0, over)) release(one)
  })
  return {
    changes,
    get: (key) => (prior.has(key) ? prior.get(key) : table.get(key)),
    open: () => table.open(),
    askOld: (force) => table.askOld(force),
  }
}

/** By the bytes of keys: a window's are its key's and its start. */
export function byKey(
  a: { readonly key: string; readonly window?: Window },
  b: { readonly key: string; readonly window?: Window },
): number {
  const [one, other] = [a.window?.key ?? a.key, b.window?.key ?? b.key]
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) || (a.window?.start ?? 0) - (b.window?.start ?? 0)
}
