import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { compact as compacted } from '../../src/memory/compact.ts'
import { PartitionLog } from '../../src/memory/log.ts'
import { decodeRecords } from '../../src/memory/records.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { markerBatch } from '../../src/wire/control.ts'
import { batchOf, shown, START, type TextRecord } from './world.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)

beforeAll(registerZlibCodecs)

/** A pass over a log whose transactions are all committed. */
function compact(log: PartitionLog, cleanedTo: number): number {
  return compacted(log, { cleanedTo, before: log.endOffset, isAborted: () => false })
}

function logOf(...batches: readonly Uint8Array[]): PartitionLog {
  const log = new PartitionLog()
  for (const batch of batches) log.append(batch, readHeader(batch, 0, batch.length)!)
  return log
}

const records = (log: PartitionLog): string[] => shown(decodeRecords(log, log.startOffset))
const headers = (log: PartitionLog): ReturnType<typeof readHeader>[] =>
  [...log.batches()].map(({ bytes }) => readHeader(bytes, 0, bytes.length))

describe('compact', () => {
  it('leaves the newest record of each key in its place', () => {
    const log = logOf(
      batchOf([
        ['a', '1'],
        ['b', '1'],
        ['c', '1'],
      ]),
      batchOf([
        ['b', '2'],
        ['d', '1'],
      ]),
      batchOf([['a', '2']]),
    )
    expect(compact(log, 0)).toBe(6)
    expect(records(log)).toEqual(['2 c=1', '3 b=2', '4 d=1', '5 a=2'])
    expect(headers(log)).toMatchObject([
      { baseOffset: 0, lastOffsetDelta: 2, count: 1, nextOffset: 3 },
      { baseOffset: 3, count: 2 },
      { baseOffset: 5, count: 1 },
    ])
    expect(log.endOffset).toBe(6)
  })

  it('drops a batch that loses everything, unless it is its producer’s last', () => {
    const from = (producerId: number, baseSequence: number, list: readonly TextRecord[]): Uint8Array =>
      batchOf(list, { producerId, producerEpoch: 3, baseSequence })
    const log = logOf(from(1, 0, [['a', '1']]), from(1, 1, [['a', '2']]), from(2, 0, [['a', '3']]), from(2, 1, [['b', '1']]))
    compact(log, 0)
    expect(records(log)).toEqual(['2 a=3', '3 b=1'])
    expect(headers(log)).toMatchObject([
      { baseOffset: 1, count: 0, producerId: 1, producerEpoch: 3, baseSequence: 1, nextOffset: 2 },
      { baseOffset: 2 },
      { baseOffset: 3 },
    ])
  })

  it('keeps the last batch of the log even when nothing of it is left, so that readers get to the end', () => {
    const log = logOf(batchOf([['a', null]]))
    compact(log, compact(log, 0))
    expect(headers(log)).toMatchObject([{ baseOffset: 0, count: 0, nextOffset: 1 }])
    expect(records(log)).toEqual([])
    expect(log.read(0, 1000)).not.toHaveLength(0)
  })

  it('keeps tombstones in the first pass that meets them and removes them in the next', () => {
    const log = logOf(
      batchOf([
        ['a', '1'],
        ['b', '1'],
      ]),
      batchOf([['a', null]]),
      batchOf([['c', '1']]),
    )
    const first = compact(log, 0)
    expect(records(log)).toEqual(['1 b=1', '2 a=null', '3 c=1'])
    const late = batchOf([['b', null]])
    log.append(late, readHeader(late, 0, late.length)!)
    compact(log, first)
    expect(records(log)).toEqual(['3 c=1', '4 b=null'])
  })

  it('drops records without a key', () => {
    const log = logOf(
      batchOf([
        [null, '1'],
        ['', '2'],
      ]),
      batchOf([['a', '1']]),
    )
    compact(log, 0)
    expect(records(log)).toEqual(['1 =2', '2 a=1'])
  })

  it.each(['none', 'gzip', 'snappy', 'lz4'] as const)('keeps times, the codec %s and the bytes of whole batches', (codec) => {
    const log = logOf(
      batchOf(
        [
          ['a', '1', START + 9],
          ['b', '1', START],
        ],
        { codec },
      ),
      batchOf([['a', '2', START + 1]], { codec }),
    )
    const whole = [...log.batches()][1]!.bytes
    compact(log, 0)
    expect(headers(log).map((header) => header?.codec)).toEqual([codec, codec])
    expect(decodeRecords(log, 0).map(({ timestamp }) => timestamp - START)).toEqual([0, 1])
    expect([...log.batches()][1]!.bytes).toEqual(whole)
  })

  it('keeps the time of appending', () => {
    const log = new PartitionLog()
    for (const batch of [
      batchOf([
        ['a', '1'],
        ['b', '1'],
      ]),
      batchOf([['a', '2']]),
    ])
      log.append(batch, readHeader(batch, 0, batch.length)!, START + 77)
    compact(log, 0)
    expect(decodeRecords(log, 0).map(({ offset, timestamp }) => [offset, timestamp - START])).toEqual([
      [1, 77],
      [2, 77],
    ])
    expect(headers(log)[0]).toMatchObject({ logAppendTime: true })
  })

  it('removes what was aborted, which stands for no key, and leaves alone what isn’t decided', () => {
    const written = (value: string, producerId: number, baseSequence: number): Uint8Array =>
      batchOf([['a', value]], { producerId, baseSequence, producerEpoch: 0, transactional: true })
    const abort = markerBatch({ verdict: 'abort', coordinatorEpoch: 0, producerId: 2, producerEpoch: 0, timestamp: START })
    const log = logOf(written('1', 1, 0), written('2', 1, 1), written('3', 2, 0), abort, written('4', 2, 1), written('5', 2, 2))
    expect(compacted(log, { cleanedTo: 0, before: 4, isAborted: (id, offset) => id === 2 && offset < 4 })).toBe(4)
    expect([...log.batches()].map(({ baseOffset }) => baseOffset)).toEqual([1, 3, 4, 5])
    expect(shown(decodeRecords(log, 0))).toEqual(['1 a=2', '4 a=4', '5 a=5'])
  })

  it('leaves markers of transactions alone', () => {
    const marker = markerBatch({ verdict: 'commit', coordinatorEpoch: 0, producerId: 1, producerEpoch: 0, timestamp: START })
    const log = logOf(batchOf([['a', '1']]), marker, batchOf([['a', '2']]))
    compact(log, 0)
    expect(headers(log)).toMatchObject([{ control: true, baseOffset: 1 }, { baseOffset: 2 }])
  })

  it('leaves what a naive map would, at its offsets, and a reader gets from any offset to the end', () => {
    const record = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.constantFrom('1', '2'), { nil: null }))
    fc.assert(
      fc.property(
        fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
        fc.nat(12),
        (batches, passAt) => {
          const log = new PartitionLog()
          let cleanedTo = 0
          const all: { offset: number; key: string; value: string | null }[] = []
          for (const [i, list] of batches.entries()) {
            if (i === passAt) cleanedTo = compact(log, cleanedTo)
            for (const [key, value] of list) all.push({ offset: all.length, key, value })
            const batch = batchOf(list)
            log.append(batch, readHeader(batch, 0, batch.length)!)
          }
          compact(log, cleanedTo)
          const newest = new Map(all.map((one) => [one.key, one]))
          const expected = all.filter((one) => newest.get(one.key) === one && (one.value !== null || one.offset >= cleanedTo))
          expect(records(log)).toEqual(expected.map(({ offset, key, value }) => `${offset} ${key}=${value}`))
          for (let from = 0; from < all.length; from++) {
            let at = from
            for (let reads = 0; at < all.length && reads <= all.length; reads++) {
              const bytes = log.read(at, 1)
              const header = readHeader(bytes, 0, bytes.length)!
              expect(header.nextOffset).toBeGreaterThan(at)
              at = header.nextOffset
            }
            expect(at).toBe(all.length)
          }
        },
      ),
      { numRuns },
    )
  })
})
