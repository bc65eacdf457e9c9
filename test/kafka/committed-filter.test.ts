import * as fc from 'fast-check'
import { AT } from '../../src/wire/batch-layout.ts'
import { describe, expect, it } from 'vitest'
import { CommittedFilter, wholeBatches } from '../../src/kafka/committed-filter.ts'
import type { FetchedPartition } from '../../src/wire/api/fetch.ts'
import { stampOffset } from '../../src/wire/batch-stamp.ts'
import { markerBatch, type Verdict } from '../../src/wire/control.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { readAll } from '../wire/reading.ts'
import { numbered, START } from '../memory/world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

/** One batch of one record, or a marker; producer 0 has no transactions. */
type Step = readonly [producerId: number, step: 'write' | Verdict]

function bytesOf([producerId, step]: Step, offset: number): Uint8Array {
  const producer = { producerId, producerEpoch: 0 }
  const bytes =
    step === 'write'
      ? numbered(1, { ...producer, baseSequence: 0, transactional: producerId > 0 })
      : markerBatch({ ...producer, verdict: step, coordinatorEpoch: 0, timestamp: START })
  stampOffset(bytes, offset, 0)
  return bytes
}

/** What a broker answers for batches `[from, to)` of a log in which all is decided: aborted transactions that overlap them, in order of completion. */
function answer(steps: readonly Step[], from: number, to: number): FetchedPartition {
  const aborted = steps.flatMap(([producerId, step], at) => {
    if (step !== 'abort' || at < from) return []
    const before = steps.slice(0, at).findLastIndex(([id, kind]) => id === producerId && kind !== 'write')
    const firstOffset = steps.findIndex(([id, kind], i) => i > before && id === producerId && kind === 'write')
    return firstOffset >= 0 && firstOffset < at && firstOffset < to ? [{ producerId, firstOffset }] : []
  })
  const records = concatBytes(...steps.slice(from, to).map((step, i) => bytesOf(step, from + i)))
  const ends = { highWatermark: steps.length, lastStableOffset: steps.length, logStartOffset: 0 }
  return { partition: 0, errorCode: 0, ...ends, aborted, records }
}

/** Offsets of the records that stay, read in answers that end at these offsets. */
function read(steps: readonly Step[], from: number, ends: readonly number[]): number[] {
  const filter = new CommittedFilter()
  const found: number[] = []
  let at = from
  for (const end of [...ends, steps.length]
    .map((each) => Math.min(each, steps.length))
    .filter((each) => each > from)
    .toSorted((a, b) => a - b)) {
    const part = answer(steps, at, end)
    const { runs, length, nextOffset } = wholeBatches(part, filter)
    for (const run of runs) found.push(...readAll(part.records.subarray(run.from, run.to)).map(({ offset }) => offset))
    expect(length).toBe(part.records.length)
    if (end > at) expect(nextOffset).toBe(end)
    at = end
  }
  return found
}

/** The offsets of a log that are written by nobody whose next marker is an abort. */
function committed(steps: readonly Step[]): number[] {
  return steps.flatMap(([producerId, step], at) => {
    const end = steps.slice(at).find(([id, kind]) => id === producerId && kind !== 'write')
    return step === 'write' && end?.[1] !== 'abort' ? [at] : []
  })
}

const FOUR: readonly Step[] = [
  [1, 'write'],
  [1, 'abort'],
  [1, 'write'],
  [1, 'commit'],
]

describe('wholeBatches', () => {
  it('answers all of them as one run where nothing is left out, and not the part of a batch behind them', () => {
    const { records, ...rest } = answer(FOUR, 0, 4)
    expect(wholeBatches({ ...rest, records })).toEqual({
      runs: [{ from: 0, to: records.length, baseOffset: 0 }],
      length: records.length,
      isReadable: true,
      nextOffset: 4,
      leaderEpoch: 0,
    })
    const last = bytesOf(FOUR[3]!, 3).length
    const cut = wholeBatches({ ...rest, records: records.subarray(0, -1) })
    expect(cut).toMatchObject({ length: records.length - last, nextOffset: 3 })
  })

  it('answers bytes that can be no batch behind those before them, for their reader to report', () => {
    const { records, ...rest } = answer(FOUR, 0, 4)
    const spoilt = records.slice()
    const last = records.length - bytesOf(FOUR[3]!, 3).length
    spoilt[last + AT.magic] = 1
    expect(wholeBatches({ ...rest, records: spoilt })).toEqual({
      runs: [{ from: 0, to: records.length, baseOffset: 0 }],
      length: records.length,
      nextOffset: 3,
      leaderEpoch: 0,
      isReadable: false,
    })
  })

  it('answers nothing for nothing', () => {
    expect(wholeBatches(answer(FOUR, 4, 4))).toEqual({ runs: [], length: 0, nextOffset: -1, leaderEpoch: -1, isReadable: true })
  })

  it('leaves a run before and behind what it drops', () => {
    const steps: readonly Step[] = [
      [0, 'write'],
      [1, 'write'],
      [0, 'write'],
      [1, 'abort'],
    ]
    const part = answer(steps, 0, 4)
    const { runs } = wholeBatches(part, new CommittedFilter())
    expect(runs.map(({ baseOffset }) => baseOffset)).toEqual([0, 2])
    expect(runs[1]!.to).toBe(part.records.length)
  })
})

describe('CommittedFilter', () => {
  it('takes up a producer again behind its abort', () => {
    expect(read(FOUR, 0, [])).toEqual([2])
  })

  it('remembers an open abort in the next answers', () => {
    const filter = new CommittedFilter()
    expect(wholeBatches(answer(FOUR, 0, 1), filter).runs).toEqual([])
    const { records, ...rest } = answer([...FOUR.slice(0, 1), ...FOUR], 1, 5)
    // Not even listed again.
    const { runs } = wholeBatches({ ...rest, aborted: [], records }, filter)
    expect(readAll(records.subarray(runs[0]!.from, runs[0]!.to)).map(({ offset }) => offset)).toEqual([3])
  })

  it('begins anew elsewhere', () => {
    const filter = new CommittedFilter()
    wholeBatches(answer(FOUR, 0, 1), filter)
    filter.reset()
    expect(wholeBatches(answer(FOUR, 2, 4), filter).runs).toHaveLength(1)
  })

  it('leaves exactly what was committed, from every offset on, however the log is cut into answers', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom<Step[1]>('write', 'write', 'abort', 'commit'))
    const log = fc.array(step, { maxLength: 20 }).map((steps): readonly Step[] => {
      const ended = steps.map(([id, kind]): Step => [id, id === 0 ? 'write' : kind])
      // Below the last stable offset all is decided.
      return [...ended, [1, 'commit'], [2, 'abort'], [3, 'commit']]
    })
    fc.assert(
      fc.property(log, fc.array(fc.nat(22)), (steps, ends) => {
        for (let from = 0; from <= steps.length; from++)
          expect(read(steps, from, ends)).toEqual(committed(steps).filter((offset) => offset >= from))
      }),
      { numRuns: RUNS },
    )
  })
})
