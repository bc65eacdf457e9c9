import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes, readInt32, readInt64 } from '../../src/base/bytes.ts'
import { PartitionLog } from '../../src/memory/log.ts'
import { AT } from '../../src/wire/batch-layout.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { crc32c } from '../../src/base/crc32c.ts'
import { readAll } from '../wire/reading.ts'
import { batchOf, numbered, START } from './world.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const LARGE = 33_000

function append(log: PartitionLog, batch: Uint8Array, appendTime?: number): number {
  return log.append(batch, readHeader(batch, 0, batch.length)!, appendTime)
}

/** One record, of about so many bytes. */
const sized = (bytes: number, value = 'x'): Uint8Array => batchOf([['k', value.repeat(bytes)]])
const offsets = (bytes: Uint8Array): number[] => readAll(bytes).map(({ offset }) => offset)

describe('PartitionLog', () => {
  it('gives batches their offsets and changes nothing that the checksum covers', () => {
    const log = new PartitionLog()
    const first = numbered(3)
    const second = numbered(2)
    expect([append(log, first), append(log, second), log.endOffset]).toEqual([0, 3, 5])
    const bytes = log.read(3, 1000)
    expect(readInt64(bytes, AT.baseOffset)).toBe(3)
    expect(readInt32(bytes, AT.leaderEpoch)).toBe(0)
    expect(bytes.subarray(AT.magic)).toEqual(second.subarray(AT.magic))
  })

  it('keeps a large new batch as it is and copies a small one', () => {
    const log = new PartitionLog()
    const small = sized(10)
    const large = sized(LARGE)
    append(log, small)
    append(log, large)
    expect(log.read(0, 1).buffer).not.toBe(small.buffer)
    expect(readInt32(small, AT.leaderEpoch)).toBe(-1)
    expect(log.read(1, 1).buffer).toBe(large.buffer)
  })

  it('copies a large batch that a log has kept before, so that both have their own offsets', () => {
    const log = new PartitionLog()
    const large = sized(LARGE)
    append(log, large)
    append(log, large)
    expect(offsets(log.read(0, 1))).toEqual([0])
    expect(offsets(log.read(1, 1))).toEqual([1])
  })

  it('answers batches that stand side by side, and goes on in the next answer after a large one', () => {
    const log = new PartitionLog()
    for (const bytes of [10, 10, LARGE, 10, 10]) append(log, sized(bytes))
    const answers = []
    for (let at = 0; at < log.endOffset;) {
      const found = offsets(log.read(at, 1_000_000))
      answers.push(found)
      at = found.at(-1)! + 1
    }
    expect(answers).toEqual([[0, 1], [2], [3, 4]])
  })

  it('begins with the batch that holds the offset', () => {
    const log = new PartitionLog()
    append(log, numbered(3))
    append(log, numbered(3))
    expect(offsets(log.read(2, 1_000_000))).toEqual([0, 1, 2, 3, 4, 5])
    expect(offsets(log.read(4, 1_000_000))).toEqual([3, 4, 5])
    expect(log.read(6, 1_000_000)).toHaveLength(0)
  })

  it('answers at least one batch unless told not to, and never part of one unless told to', () => {
    const log = new PartitionLog()
    const { length } = numbered(3)
    for (let i = 0; i < 3; i++) append(log, numbered(3))
    expect(log.read(0, 1)).toHaveLength(length)
    expect(log.read(0, 1, { atLeastOne: false })).toHaveLength(0)
    expect(log.read(0, 2 * length + 1)).toHaveLength(2 * length)
    expect(log.read(0, 2 * length + 1, { cut: true })).toHaveLength(2 * length + 1)
    expect(log.read(0, 9 * length, { cut: true })).toHaveLength(3 * length)
  })

  it('hides batches that end behind a bound', () => {
    const log = new PartitionLog()
    for (let i = 0; i < 3; i++) append(log, numbered(3))
    expect(offsets(log.read(0, 1_000_000, { before: 6 }))).toHaveLength(6)
    expect(offsets(log.read(0, 1_000_000, { before: 5 }))).toHaveLength(3)
    expect(log.read(6, 1_000_000, { before: 6 })).toHaveLength(0)
  })

  it('stamps the time of appending and the checksum with it', () => {
    const log = new PartitionLog()
    append(log, numbered(2), START + 5)
    const bytes = log.read(0, 1000)
    const header = readHeader(bytes, 0, bytes.length)!
    expect(header).toMatchObject({ logAppendTime: true, maxTimestamp: START + 5, crc: crc32c(bytes, AT.attributes) })
    expect(readAll(bytes).map(({ timestamp }) => timestamp)).toEqual([START + 5, START + 5])
  })

  it('moves its start up, never down, and not behind its end', () => {
    const log = new PartitionLog()
    for (let i = 0; i < 4; i++) append(log, numbered(2))
    log.truncateTo(3)
    log.truncateTo(1)
    expect([log.startOffset, log.endOffset]).toEqual([3, 8])
    expect(offsets(log.read(3, 1_000_000))[0]).toBe(2)
    log.truncateTo(100)
    expect([log.startOffset, log.endOffset, log.bytesBetween(8, 8)]).toEqual([8, 8, 0])
    expect(append(log, numbered(1))).toBe(8)
  })

  it('leaves views as they are when their batches are lost and others take their place', () => {
    const log = new PartitionLog()
    append(log, batchOf([['k', 'before']]))
    append(log, batchOf([['k', 'lost']]))
    const view = log.read(1, 1000)
    const before = view.slice()
    log.loseFrom(1)
    expect(log.endOffset).toBe(1)
    append(log, batchOf([['k', 'other']]))
    expect(view).toEqual(before)
    expect(new TextDecoder().decode(readAll(log.read(1, 1000))[0]!.value ?? undefined)).toBe('other')
  })

  it('finds the batches that may hold a time', () => {
    const log = new PartitionLog()
    for (const time of [10, 30, 20]) append(log, batchOf([['k', 'v', time]]))
    expect([...log.batchesSince(20)].flatMap(offsets)).toEqual([1, 2])
    expect([...log.batchesSince(31)]).toEqual([])
    log.truncateTo(2)
    expect([...log.batchesSince(0)].flatMap(offsets)).toEqual([2])
  })

  it('answers at every offset what a list of batches would, whatever was appended, truncated and lost', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('append' as const),
          bytes: fc.oneof(fc.nat(300), fc.constant(LARGE)),
          count: fc.integer({ min: 1, max: 4 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(2000), (steps, maxBytes) => {
        const log = new PartitionLog()
        let model: { readonly base: number; readonly next: number; readonly bytes: Uint8Array }[] = []
        let start = 0
        let end = 0
        for (const one of steps) {
          if (one.kind === 'append') {
            const batch = batchOf(Array.from({ length: one.count }, (_, i) => ['k', `${end + i}`.padEnd(one.bytes, '.')] as const))
            model.push({ base: end, next: end + one.count, bytes: batch.slice(AT.magic) })
            expect(append(log, batch)).toBe(end)
            end += one.count
          } else if (one.kind === 'truncate') {
            start = Math.max(start, Math.floor(one.part * end))
            log.truncateTo(start)
          } else {
            const from = start + Math.ceil(one.part * (end - start))
            log.loseFrom(from)
            end = Math.min(end, from, ...model.filter(({ next }) => next > from).map(({ base }) => base))
            model = model.filter(({ next }) => next <= end)
            start = Math.min(start, end)
          }
        }
        expect([log.startOffset, log.endOffset]).toEqual([start, end])
        for (let offset = start; offset < end; offset++) {
          const suffix = model.filter(({ next }) => next > offset)
          const bytes = log.read(offset, maxBytes)
          let answered = 0
          for (
            let at = 0, header = readHeader(bytes, 0, bytes.length);
            header !== undefined;
            header = readHeader(bytes, at, bytes.length)
          ) {
            const expected = suffix[answered++]!
            expect(header.baseOffset).toBe(expected.base)
            expect(equalBytes(bytes.subarray(at + AT.magic, at + header.length), expected.bytes)).toBe(true)
            at += header.length
          }
          expect(answered).toBeGreaterThan(0)
          expect(answered === 1 || bytes.length <= maxBytes).toBe(true)
          expect(log.bytesBetween(offset, end)).toBe(suffix.reduce((sum, batch) => sum + batch.bytes.length + AT.magic, 0))
        }
      }),
      { numRuns },
    )
  })
})
