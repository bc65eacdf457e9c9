/** Joins of two streams: two lists, and one of those that wait to come out alone. */
import * as fc from 'fast-check'
import { joinWindow, type JoinWindows } from '../../../src/index.ts'
import { agrees, left, out, right, type In, type Naive, type World } from './harness.ts'

type Side = 'left' | 'right'
type Stored = In & { readonly key: string; readonly value: string }

interface Settings {
  readonly kind: 'join' | 'leftJoin' | 'outerJoin'
  readonly before: number
  readonly after: number
  readonly grace: number
  readonly eager: boolean
  readonly parity: boolean
  readonly scanIntervalMs: number
}

const settings = (least: number): fc.Arbitrary<Settings> =>
  fc
    .record({
      kind: fc.constantFrom<Settings['kind']>('join', 'leftJoin', 'outerJoin'),
      before: fc.integer({ min: least, max: 9 }),
      after: fc.integer({ min: least, max: 9 }),
      grace: fc.nat(8),
      eager: fc.boolean(),
      parity: fc.boolean(),
      scanIntervalMs: fc.constantFrom(0, 1000),
    })
    .filter(({ before, after }) => before + after >= 0)

function windowOf({ before, after, grace, eager }: Settings): JoinWindows {
  const within = joinWindow(9).before(before).after(after).grace(grace)
  return eager ? within.eager() : within
}

const pair = (one: string | null, other: string | null, key: string | null): string => `${key}:${one}&${other}`

/** The records of one side that are kept: those that are less than the window and its grace behind the latest. */
function naiveSide({ before, after, grace }: Settings): {
  put: (record: In) => void
  near: (key: string, from: number, to: number) => Stored[]
} {
  let kept: Stored[] = []
  let latest = -1
  const isKept = ({ timestamp }: In): boolean => timestamp > latest - before - after - grace
  return {
    put: (record) => {
      const { key, value } = record
      if (key === null) return
      latest = Math.max(latest, record.timestamp)
      kept = [...kept, ...(value === null ? [] : [{ ...record, key, value }])].filter(isKept)
    },
    near: (key, from, to) =>
      kept
        .filter((each) => each.key === key && each.timestamp >= Math.max(0, from) && each.timestamp <= Math.max(0, to))
        .toSorted((a, b) => a.timestamp - b.timestamp),
  }
}

/** J1–J13; who waits to come out alone does so in order of time, side and key. */
function naiveJoin(world: World, setting: Settings): Naive {
  const { kind, before, after, grace, eager, parity, scanIntervalMs } = setting
  const sides = { left: naiveSide(setting), right: naiveSide(setting) }
  const isWaiting = kind !== 'join' && !eager
  let waiting: Stored[] = []
  let [streamTime, looked, nextLook] = [-1, Infinity, 0]
  const told = (record: In, one: In, other: In | null): void => {
    const [lefts, rights] = one.from === 'left' ? [one, other] : [other, one]
    const timestamp = Math.max(one.timestamp, other?.timestamp ?? 0)
    world.tell({ key: one.key, value: pair(lefts?.value ?? null, rights?.value ?? null, one.key), timestamp, mark: record.mark })
  }
  const wait = (from: string): number => (from === 'left' ? after : before) + grace
  const tellClosed = (record: In): void => {
    const ms = wait(record.from)
    const isIdle = looked === Infinity ? parity && ms <= 0 : looked + ms >= streamTime
    if (!isWaiting || record.timestamp !== streamTime || isIdle || world.now < nextLook) return
    nextLook = world.now + scanIntervalMs
    looked = Infinity
    const open = new Set<string>()
    for (const each of waiting) {
      looked = each.timestamp
      if (open.size === 2) break
      if (each.timestamp + wait(each.from) >= streamTime) open.add(each.from)
      else {
        told(record, each, null)
        waiting = waiting.filter((other) => other !== each)
      }
    }
  }
  return (record) => {
    const { from, key, value, timestamp } = record
    streamTime = Math.max(streamTime, timestamp)
    const mayMiss = kind === 'outerJoin' || (kind === 'leftJoin' && from === 'left')
    if (key === null && value !== null && mayMiss) return told(record, record, null)
    if (key === null) return world.drop('null_key')
    if (value === null) {
      sides[sideOf(from)].put(record)
      return world.drop('null_value')
    }
    tellClosed(record)
    const [back, ahead] = from === 'left' ? [before, after] : [after, before]
    const other: Side = from === 'left' ? 'right' : 'left'
    const found = sides[other].near(key, timestamp - back, timestamp + ahead)
    for (const each of found) {
      waiting = waiting.filter((one) => one.from !== other || one.key !== key || one.timestamp !== each.timestamp)
      told(record, record, each)
    }
    if (found.length === 0 && mayMiss) {
      if (!isWaiting || Math.max(0, timestamp + ahead) < streamTime) told(record, record, null)
      else {
        looked = Math.min(looked, timestamp)
        const order = (each: In): string => `${String(each.timestamp).padStart(9)}${each.from === 'left'}${each.key}`
        waiting = [...waiting, { ...record, key, value }].sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0))
      }
    }
    sides[sideOf(from)].put(record)
  }
}

const sideOf = (from: string): Side => (from === 'left' ? 'left' : 'right')

agrees('J1–J13: a join of streams is each record with those of the other that are near and kept, and those that meet none', {
  settings: settings(-3),
  parity: ({ parity }) => parity,
  scanIntervalMs: ({ scanIntervalMs }) => scanIntervalMs,
  from: ['left', 'right'],
  late: 25,
  steps: (builder, setting) => {
    const [one, other] = [builder.stream(left), builder.stream(right)]
    const options = { within: windowOf(setting) }
    const joined = {
      join: () => one.join(other, pair, options),
      leftJoin: () => one.leftJoin(other, pair, options),
      outerJoin: () => one.outerJoin(other, pair, options),
    }[setting.kind]()
    joined.to(out)
    return [out]
  },
  naive: naiveJoin,
})

agrees('J14: a stream joined with itself meets its records on both sides, each record itself as well, if it is kept', {
  settings: fc.record({ setting: settings(0), optimize: fc.boolean() }),
  parity: ({ setting }) => setting.parity,
  optimize: ({ optimize }) => optimize,
  late: 25,
  steps: (builder, { setting }) => {
    const stream = builder.stream(left)
    stream.join(stream, pair, { within: windowOf({ ...setting, eager: false }) }).to(out)
    return [out]
  },
  naive: ({ tell, drop }, { setting, optimize }) => {
    const { before, after, grace, parity } = setting
    const kept = naiveSide(setting)
    let observed = -1
    return (record) => {
      const { key, value, timestamp } = record
      // Over one store nobody looks at the time of a record without a value, and Kafka Streams is a millisecond off.
      if (key !== null && (value !== null || !optimize)) observed = Math.max(observed, timestamp)
      if (key === null || value === null) {
        kept.put(record)
        for (let times = optimize ? 1 : 2; times > 0; times--) drop(key === null ? 'null_key' : 'null_value')
        return
      }
      const told = (one: In, other: In): void =>
        tell({ ...record, value: pair(one.value, other.value, key), timestamp: Math.max(one.timestamp, other.timestamp) })
      for (const other of kept.near(key, timestamp - before, timestamp + after)) told(record, other)
      if (!optimize) kept.put(record)
      const others = kept.near(key, timestamp - after, timestamp + before)
      const isKept = timestamp > observed - before - after - grace + (parity && optimize ? 1 : 0)
      for (const other of others.filter((each) => each.timestamp <= timestamp)) told(other, record)
      if (isKept && optimize) told(record, record)
      for (const other of others.filter((each) => each.timestamp > timestamp)) told(other, record)
      if (optimize) kept.put(record)
    }
  },
})
