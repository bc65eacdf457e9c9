/** Joins of two streams in tests: both sides as one step, the side told by the record's topic, and what a join is when it is written as two loops. */
import * as fc from 'fast-check'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { JoinKind } from '../../src/operators/join/join-kind.ts'
import { joinRetention, joinSize, type JoinWindows } from '../../src/operators/join/join-windows.ts'
import { joinBuffer, joinLeft, joinRight, type StreamJoin } from '../../src/operators/join/stream-stream.ts'
import { waitingKey, waitingList } from '../../src/operators/join/unmatched-serdes.ts'
import type { WindowStoreSpec } from '../../src/state/store-spec.ts'
import { keyValueStore, windowStore } from '../../src/state/stores.ts'
import type { Operator } from '../../src/topology/operator.ts'

type Key = string | null
type Value = string | null
type Join = StreamJoin<Key, string, string, string>

/** A record on its way into a join. */
export interface Arrival {
  readonly side: 'left' | 'right'
  readonly key: Key
  readonly value: Value
  readonly timestamp: number
  readonly headers: Headers
}

/** Joins texts. */
export const pairText = (left: Value, right: Value, key: Key): string => `${key}:${left}&${right}`

/** A join of two streams of texts as one step. */
export function twoStreams(kind: JoinKind, windows: JoinWindows, text: Join['join'] = pairText): Operator<Key, Value, Key, string> {
  const side = (name: string): WindowStoreSpec<Key, string> =>
    windowStore<Key, string>(name, {
      key: serdes.string,
      value: serdes.string,
      sizeMs: joinSize(windows),
      retentionMs: joinRetention(windows),
      duplicates: true,
      format: 'headers',
    })
  const waits = kind.rightMayMiss && !windows.isEager
  const unmatched: Join['unmatched'] = waits
    ? keyValueStore('unmatched', { key: waitingKey<Key>(serdes.string), value: waitingList(serdes.string, serdes.string), format: 'plain' })
    : undefined
  const join: Join = { kind, windows, left: side('left'), right: side('right'), unmatched, join: text }
  const steps = [joinBuffer(join.left), joinBuffer(join.right)] as const
  return {
    role: 'KSTREAM-MERGE-',
    traits: {},
    stores: [join.left, join.right, ...(unmatched === undefined ? [] : [unmatched])],
    start: (next, context) => {
      const left = steps[0].start(joinLeft(join).start(next, context), context)
      const right = steps[1].start(joinRight(join).start(next, context), context)
      // The join drops null values itself; its types know none.
      return (key, value, record) => (record.topic === 'left' ? left : right)(key, value as string, record)
    },
  }
}

/** Arrivals with equal keys and times, nulls, and times that go back by `late` ms at most. */
export function arrivals(late: number): fc.Arbitrary<Arrival[]> {
  const one = fc.record({
    side: fc.constantFrom('left', 'right'),
    key: fc.option(fc.constantFrom('a', 'b', '', '__proto__'), { freq: 8 }),
    value: fc.option(fc.constantFrom('x', 'y'), { freq: 8 }),
    ahead: fc.nat(6),
    back: fc.nat(late),
    headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
  })
  return fc.array(one, { maxLength: 40 }).map((all) => {
    let latest = 0
    return all.map(({ ahead, back, value, ...rest }, index) => {
      latest = Math.max(latest, latest + ahead)
      return { ...rest, value: value === null ? null : `${value}${index}`, timestamp: Math.max(0, latest - back) }
    })
  })
}

/** A result: key, value, time. */
export type Result = readonly [Key, string, number]

/** From when to when a record's partners are; no bound is before 0. */
function reach({ side, timestamp }: Arrival, { beforeMs, afterMs }: JoinWindows): { readonly from: number; readonly to: number } {
  const [before, after] = side === 'left' ? [beforeMs, afterMs] : [afterMs, beforeMs]
  return { from: Math.max(0, timestamp - before), to: Math.max(0, timestamp + after) }
}

/** The pairs of a join in one partition, as two loops, in order: each record with those of the other side that came before it and are still kept. */
export function naivePairs(records: readonly Arrival[], windows: JoinWindows): Result[] {
  return records.flatMap((mine, index) => {
    if (mine.key === null || mine.value === null) return []
    const { from, to } = reach(mine, windows)
    const others = records.slice(0, index).filter((other) => other.side !== mine.side && other.key !== null)
    const latest = Math.max(-1, ...others.map(({ timestamp }) => timestamp))
    return others
      .filter((other) => other.key === mine.key && other.value !== null && other.timestamp > latest - joinRetention(windows))
      .filter(({ timestamp }) => timestamp >= from && timestamp <= to)
      .toSorted((a, b) => a.timestamp - b.timestamp)
      .map((other): Result => {
        const [left, right] = mine.side === 'left' ? [mine, other] : [other, mine]
        return [mine.key, pairText(left.value, right.value, mine.key), Math.max(left.timestamp, right.timestamp)]
      })
  })
}

/**
 * The records that come out alone, in one partition whose records are late by the grace at most: without a key at once; else if none of the other side
 * had come near, and either the window was over when it came, or none comes near later.
 */
export function naiveAlone(records: readonly Arrival[], kind: JoinKind, windows: JoinWindows): Result[] {
  return records.flatMap((mine, index): Result[] => {
    const { side, key, value, timestamp } = mine
    if (value === null || !(side === 'left' ? kind.rightMayMiss : kind.leftMayMiss)) return []
    const { from, to } = reach(mine, windows)
    const isNear = (other: Arrival): boolean =>
      other.side !== side && other.key === key && other.value !== null && other.timestamp >= from && other.timestamp <= to
    const latest = Math.max(...records.slice(0, index + 1).map((other) => other.timestamp))
    const isOver = windows.isEager || to < latest
    const met = records.slice(0, index).some(isNear) || (!isOver && records.slice(index).some(isNear))
    if (key !== null && met) return []
    return [[key, side === 'left' ? pairText(value, null, key) : pairText(null, value, key), timestamp]]
  })
}
