import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PartitionTransactions } from '../../src/memory/transactions.ts'
import { readHeader, type BatchHeader } from '../../src/wire/batch-reader.ts'
import { markerBatch, type Verdict } from '../../src/wire/control.ts'
import { numbered, START } from './world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

type Step = readonly [producerId: number, step: 'write' | Verdict]

function bytesOf([producerId, step]: Step): Uint8Array {
  const producer = { producerId, producerEpoch: 0 }
  if (step === 'write') return numbered(1, { ...producer, baseSequence: 0, transactional: true })
  return markerBatch({ ...producer, verdict: step, coordinatorEpoch: 0, timestamp: START })
}

function batches(steps: readonly Step[]): { bytes: Uint8Array; header: BatchHeader }[] {
  return steps.map((step, offset) => {
    const bytes = bytesOf(step)
    return { bytes, header: { ...readHeader(bytes, 0, bytes.length)!, baseOffset: offset } }
  })
}

function after(...steps: readonly Step[]): PartitionTransactions {
  const transactions = new PartitionTransactions()
  for (const { bytes, header } of batches(steps)) transactions.appended(bytes, header, header.baseOffset)
  return transactions
}

describe('PartitionTransactions', () => {
  it('holds the stable offset at the first open transaction', () => {
    expect(after().lastStableOffset(5)).toBe(5)
    expect(after([1, 'write'], [2, 'write'], [1, 'write']).lastStableOffset(3)).toBe(0)
    expect(after([1, 'write'], [2, 'write'], [1, 'commit']).lastStableOffset(3)).toBe(1)
    expect(after([1, 'write'], [2, 'write'], [1, 'commit'], [2, 'abort']).lastStableOffset(4)).toBe(4)
  })

  it('holds it too while the marker isn’t to be seen', () => {
    const transactions = after([1, 'write'], [1, 'commit'])
    expect([transactions.lastStableOffset(1), transactions.lastStableOffset(2)]).toEqual([0, 2])
  })

  it('lists aborted transactions as they were completed, where they have records', () => {
    const transactions = after(
      [1, 'write'],
      [2, 'write'],
      [3, 'write'],
      [2, 'abort'],
      [3, 'commit'],
      [1, 'abort'],
      [1, 'write'],
      [1, 'abort'],
    )
    const [first, second, third] = [
      { producerId: 1, firstOffset: 0 },
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 6 },
    ]
    expect(transactions.abortedIn(0, 8)).toEqual([second, first, third])
    expect(transactions.abortedIn(0, 1)).toEqual([first])
    expect(transactions.abortedIn(4, 6)).toEqual([first])
    expect(transactions.abortedIn(6, 8)).toEqual([third])
  })

  it('forgets what the start of the log has passed', () => {
    const transactions = after([1, 'write'], [1, 'abort'], [2, 'write'], [2, 'abort'])
    transactions.startAt(2)
    expect(transactions.abortedIn(0, 4)).toEqual([{ producerId: 2, firstOffset: 2 }])
  })

  it('makes nothing of a marker that ends nothing, and of batches outside transactions', () => {
    const transactions = after([1, 'abort'])
    const plain = numbered(1, { producerId: 1, producerEpoch: 0, baseSequence: 0 })
    transactions.appended(plain, readHeader(plain, 0, plain.length)!, 1)
    expect([transactions.abortedIn(0, 2), transactions.lastStableOffset(2)]).toEqual([[], 2])
  })

  it('tells of every batch whether it was aborted as a look ahead for its marker does, also when the log was lost from somewhere on', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom<Step[1]>('write', 'write', 'abort', 'commit'))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.nat(20), (steps, lost) => {
        const left = steps.slice(0, lost)
        const transactions = after(...steps)
        transactions.rebuild(batches(left))
        const endOf = (at: number): string | undefined => left.slice(at).find(([id, kind]) => id === left[at]![0] && kind !== 'write')?.[1]
        const open = left.findIndex(([, kind], at) => kind === 'write' && endOf(at) === undefined)
        expect(transactions.lastStableOffset(left.length)).toBe(open < 0 ? left.length : open)
        for (const [at, [producerId, kind]] of left.entries())
          if (kind === 'write') expect(transactions.isAborted(producerId, at)).toBe(endOf(at) === 'abort')
      }),
      { numRuns: RUNS },
    )
  })
})
