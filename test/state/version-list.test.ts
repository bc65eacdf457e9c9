import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { expireVersions, putVersion, versionAt, versionSegmentMs, type Version } from '../../src/state/version-list.ts'
import { NaiveVersions } from '../support/naive-versions.ts'

const puts = fc.array(fc.tuple(fc.nat(12), fc.option(fc.constantFrom('v', 'w', ''), { freq: 2 })), { maxLength: 25 })

test('a list answers what Kafka Streams’ spans answer, and reports every version that changed', () =>
  fc.assert(
    fc.property(puts, (run) => {
      const list: Version[] = []
      const naive = new NaiveVersions()
      for (const [from, value] of run) {
        const before = new Map(list.map((version) => [version.from, JSON.stringify(version)]))
        const changed = new Set<number>()
        expect(putVersion(list, from, value === null ? null : utf8(value), (time) => changed.add(time))).toBe(naive.put(from, value))
        const after = new Map(list.map((version) => [version.from, JSON.stringify(version)]))
        const differ = [...new Set([...before.keys(), ...after.keys()])].filter((time) => before.get(time) !== after.get(time))
        expect(differ.filter((time) => !changed.has(time))).toEqual([])
      }
      for (let time = 0; time <= 13; time++) {
        const found = list[versionAt(list, time)]
        const value = found?.bytes === null || found === undefined ? undefined : String.fromCharCode(...found.bytes)
        expect(value).toBe(naive.at(time)?.value)
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
  ))

describe('a newest value that is deleted at its own time', () => {
  const after = (...run: readonly (readonly [number, string | null])[]): number => {
    const list: Version[] = []
    return run.map(([from, value]) => putVersion(list, from, value === null ? null : utf8(value), () => undefined)).at(-1)!
  }

  test('leaves no trace where nothing is written down as ending there', () => {
    expect(after([9, 'v'], [9, null], [7, 'w'])).toBe(Infinity)
    expect(after([5, null], [9, 'v'], [9, null], [7, 'w'])).toBe(Infinity)
  })

  test('stays a delete where something is', () => {
    expect(after([5, 'u'], [9, 'v'], [9, null], [7, 'w'])).toBe(9)
    expect(after([9, 'v'], [5, null], [9, null], [7, 'w'])).toBe(9)
    expect(after([9, null], [9, 'v'], [9, null], [7, 'w'])).toBe(9)
    expect(after([5, null], [9, 'v'], [5, null], [9, null], [7, 'w'])).toBe(9)
  })
})

test('versions go from the oldest when their end is over, a delete that nothing follows at its own time, a newest value never', () => {
  const list: Version[] = [1, 5, 9].map((from) => ({ from, bytes: new Uint8Array(1), bounded: true }))
  const gone: number[] = []
  expireVersions(
    list,
    (end) => end <= 5,
    (from) => gone.push(from),
  )
  expect([gone, list.map(({ from }) => from)]).toEqual([[1], [5, 9]])
  expireVersions(
    list,
    () => true,
    (from) => gone.push(from),
  )
  expireVersions(
    list,
    (end) => end < Infinity,
    (from) => gone.push(from),
  )
  const deleted: Version[] = [{ from: 3, bytes: null, bounded: true }]
  expireVersions(
    deleted,
    (end) => end < 4,
    (from) => gone.push(from),
  )
  expect(deleted).toEqual([])
})

test('segments are as long as Kafka Streams’', () => {
  expect([0, 30, 9_000, 60_000, 60_001, 300_000, 300_001, 3_600_000, 3_600_001, 86_400_000].map((ms) => versionSegmentMs(ms))).toEqual([
    2_000, 2_000, 3_000, 20_000, 20_000, 60_000, 60_000, 300_000, 300_000, 3_600_000,
  ])
})
