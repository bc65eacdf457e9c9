/** Joins of streams, and joins by a foreign key, naively: what waits is in lists, and all of it is looked at. */
import type { Text } from '../words.ts'
import type { Row, Table } from './tables.ts'
import { byBytes, Flow, type Change, type Item, type World } from './world.ts'

/** A join of two streams. */
export interface StreamJoin {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
  readonly leftMayMiss: boolean
  readonly rightMayMiss: boolean
  /** True: what meets nothing is told at once. */
  readonly eager: boolean
  readonly join: (left: Text, right: Text) => string
}

interface Waiting {
  readonly item: Item
  readonly isLeft: boolean
}

/** The pairs of two streams' records that are near enough in time, and those that meet nothing. */
export function joinedStreams(left: Flow<Item>, right: Flow<Item>, how: StreamJoin): Flow<Item> {
  const { beforeMs, afterMs, graceMs, leftMayMiss, rightMayMiss, eager } = how
  const out = new Flow<Item>(left, right)
  const someMiss = leftMayMiss || rightMayMiss
  if (someMiss) out.keepNullKeys()
  const retention = beforeMs + afterMs + graceMs
  const kept: Record<'left' | 'right', { items: Item[]; newest: number }> = {
    left: { items: [], newest: -1 },
    right: { items: [], newest: -1 },
  }
  let waiting: Waiting[] = []
  let now = -1
  /** No one that waits is older, as far as is known. */
  let oldest = Number.POSITIVE_INFINITY
  const pair = (mine: Text, other: Text, isLeft: boolean): string => (isLeft ? how.join(mine, other) : how.join(other, mine))

  const tellClosed = (trigger: Item, isLeft: boolean): void => {
    if (oldest + (isLeft ? afterMs : beforeMs) + graceMs >= now) return
    oldest = Number.POSITIVE_INFINITY
    const open = { left: false, right: false }
    for (const one of waiting.toSorted(inOrder)) {
      oldest = one.item.time
      if (open.left && open.right) break
      if (one.item.time + (one.isLeft ? afterMs : beforeMs) + graceMs >= now) {
        open[one.isLeft ? 'left' : 'right'] = true
        continue
      }
      out.push({ ...trigger, key: one.item.key, time: one.item.time, value: pair(one.item.value, null, one.isLeft) })
      waiting = waiting.filter((other) => other !== one)
    }
  }

  const meet = (item: Item, isLeft: boolean): void => {
    const { key, value, time } = item
    const mayMissOther = isLeft ? rightMayMiss : leftMayMiss
    now = Math.max(now, time)
    if (mayMissOther && key === null && value !== null) return out.push({ ...item, value: pair(value, null, isLeft) })
    if (key === null || value === null) return
    if (someMiss && !eager && time === now) tellClosed(item, isLeft)
    const [earlier, later] = isLeft ? [beforeMs, afterMs] : [afterMs, beforeMs]
    const { items, newest } = kept[isLeft ? 'right' : 'left']
    const found = items
      .filter((other) => other.key === key && other.time >= time - earlier && other.time <= time + later && other.time > newest - retention)
      .toSorted((a, b) => a.time - b.time)
    for (const other of found) {
      waiting = waiting.filter((one) => one.isLeft === isLeft || one.item.key !== key || one.item.time !== other.time)
      out.push({ ...item, time: Math.max(time, other.time), value: pair(value, other.value, isLeft) })
    }
    if (!mayMissOther || found.length > 0) return
    if (eager || Math.max(0, time + later) < now) return out.push({ ...item, value: pair(value, null, isLeft) })
    oldest = Math.min(oldest, time)
    waiting.push({ item, isLeft })
  }

  const keep = (item: Item, side: { items: Item[]; newest: number }): void => {
    if (item.key === null) return
    side.newest = Math.max(side.newest, item.time)
    if (item.value !== null && item.time > side.newest - retention) side.items.push(item)
  }
  left.listen((item) => {
    meet(item, true)
    keep(item, kept.left)
  })
  right.listen((item) => {
    meet(item, false)
    keep(item, kept.right)
  })
  return out
}

/** By time; the right side's first; by key. */
const inOrder = (a: Waiting, b: Waiting): number =>
  a.item.time - b.item.time || Number(a.isLeft) - Number(b.isLeft) || byBytes(a.item.key!, b.item.key!)

type Instruction = 'leave' | 'leave and answer' | 'answer' | 'answer if there'

interface Subscription {
  readonly key: Text
  readonly primary: string
  /** The left row that asks. */
  readonly row: Text
  readonly instruction: Instruction
  readonly time: number
  readonly headers: string
}

interface Answer {
  readonly key: string
  readonly row: Text
  readonly foreign: Text
  readonly time: number
  readonly headers: string
}

/** A join of tables by a foreign key. */
export interface ForeignJoin {
  readonly name: string
  readonly isLeft: boolean
  readonly key: (row: string) => Text
  readonly join: (left: Text, right: Text) => string
}

/** Rows with the other table's row of the key that they name; answers what comes of it, yet to be made a table. */
export function foreignJoin(left: Table, right: Table, how: ForeignJoin, world: World): Flow<Item> {
  const registrations = `app-${how.name}-subscription-registration-topic`
  const responses = `app-${how.name}-subscription-response-topic`
  right.askOld(true)
  left.askOld(true)
  left.open()
  right.open()
  left.changes.listen((change) => {
    for (const [key, instruction] of subscriptions(change, how))
      world.send<Subscription>(registrations, { ...change, key, primary: change.key, row: change.value, instruction })
  })
  const subscribed = new Map<string, Map<string, Text>>()
  const answer = (to: Answer): void => world.send<Answer>(responses, to)
  world.read<Subscription>(registrations, ({ key, primary, row, instruction, time, headers }) => {
    if (key === null && instruction !== 'answer') return
    if (key !== null) {
      const rows = subscribed.get(key) ?? new Map<string, Text>()
      subscribed.set(key, rows)
      if (instruction === 'leave' || instruction === 'leave and answer') rows.delete(primary)
      else rows.set(primary, row)
    }
    const found: Row | undefined = key === null ? undefined : right.get(key)
    const reply = { key: primary, row, time: Math.max(time, found?.time ?? -1), headers }
    if (instruction === 'leave and answer') answer({ ...reply, foreign: null })
    else if (instruction === 'answer' || (instruction === 'answer if there' && found !== undefined))
      answer({ ...reply, foreign: found?.value ?? null })
  })
  right.changes.listen(({ key, value, time, headers }) => {
    const rows = [...(subscribed.get(key) ?? [])].toSorted(([a], [b]) => byBytes(a, b))
    for (const [primary, row] of rows) answer({ key: primary, row, foreign: value, time, headers })
  })
  const out = new Flow<Item>(left.changes, right.changes)
  world.read<Answer>(responses, ({ key, row, foreign, time, headers }) => {
    const current = left.get(key)?.value ?? null
    if (current !== row) return
    const value = foreign === null && (!how.isLeft || current === null) ? null : how.join(current, foreign)
    out.push({ key, value, time, headers })
  })
  return out
}

/** What a change of the left table says to the owners of foreign keys. */
function subscriptions({ value, old }: Change, { isLeft, key }: ForeignJoin): readonly (readonly [Text, Instruction])[] {
  const [before, after] = [old === null ? null : key(old), value === null ? null : key(value)]
  if (isLeft) {
    if (old === null && value === null) return []
    return [...(before !== null && before !== after ? [[before, 'leave'] as const] : []), [after, 'answer'] as const]
  }
  if (after === null) return before === null ? [] : [[before, 'leave and answer']]
  if (before !== null && before !== after) {
    return [
      [before, 'leave'],
      [after, 'answer'],
    ]
  }
  return [[after, 'answer if there']]
}

/** Each record with the row of the key that it names. */
export function lookedUp(
  input: Flow<Item>,
  {
    get,
    isLeft,
    key,
    join,
  }: {
    readonly get: Table['get']
    readonly isLeft: boolean
    readonly key: (item: Item) => Text
    readonly join: (left: Text, right: Text) => string
  },
): Flow<Item> {
  const out = new Flow<Item>(input)
  if (isLeft) out.keepNullKeys()
  input.listen((item) => {
    const named = item.value === null ? null : key(item)
    if (item.value === null || (named === null && !isLeft)) return
    const row = named === null ? undefined : get(named)
    if (row !== undefined || isLeft) out.push({ ...item, value: join(item.value, row?.value ?? null) })
  })
  return out
}
