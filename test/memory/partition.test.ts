import { describe, expect, it } from 'vitest'
import { CODE } from '../../src/memory/codes.ts'
import { MemoryPartition } from '../../src/memory/partition.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { markerBatch } from '../../src/wire/control.ts'
import { batchOf, numbered, sequenced } from './world.ts'

function filled(...batches: Uint8Array[]): MemoryPartition {
  const partition = new MemoryPartition(1)
  for (const batch of batches) {
    const header = readHeader(batch, 0, batch.length)!
    partition.producers.appended(header, partition.log.append(batch, header), 0)
  }
  return partition
}

describe('MemoryPartition', () => {
  it('shows all of its log unless the high watermark is held', () => {
    const partition = filled(numbered(3))
    expect([partition.highWatermark, partition.lastStableOffset]).toEqual([3, 3])
    partition.holdHighWatermark(1)
    expect([partition.highWatermark, partition.lastStableOffset]).toEqual([1, 1])
    partition.holdHighWatermark(undefined)
    expect(partition.highWatermark).toBe(3)
  })

  it('counts its leaders and tells clients that are behind or ahead', () => {
    const partition = filled()
    partition.lead(2)
    expect([partition.leader, partition.leaderEpoch]).toEqual([2, 1])
    expect([-1, 0, 1, 2].map((epoch) => partition.epochError(epoch))).toEqual([
      CODE.NONE,
      CODE.FENCED_LEADER_EPOCH,
      CODE.NONE,
      CODE.UNKNOWN_LEADER_EPOCH,
    ])
  })

  it('writes in the epoch of its leader', () => {
    const partition = filled(numbered(1))
    partition.lead(1)
    const batch = numbered(1)
    partition.log.append(batch, readHeader(batch, 0, batch.length)!)
    expect([...partition.log.batches()].map(({ leaderEpoch }) => leaderEpoch)).toEqual([0, 1])
  })

  it('loses what a new leader doesn’t have, and the memory of it', () => {
    const partition = filled(sequenced(0), sequenced(1, 2), sequenced(3))
    partition.lead(2, 2)
    expect(partition.log.endOffset).toBe(1)
    expect(partition.log.epochs.endOf(0, 1)).toEqual({ leaderEpoch: 0, endOffset: 1 })
    const again = sequenced(1, 2)
    expect(partition.producers.check(readHeader(again, 0, again.length)!, 0)).toEqual({ errorCode: CODE.NONE })
  })

  it('is stable up to the first open transaction, also when what ended it was lost', () => {
    const producer = { producerId: 7, producerEpoch: 0 }
    const partition = filled(numbered(1))
    const append = (batch: Uint8Array): void => {
      const header = readHeader(batch, 0, batch.length)!
      partition.transactions.appended(batch, header, partition.log.append(batch, header))
    }
    append(numbered(2, { ...producer, baseSequence: 0, transactional: true }))
    append(numbered(1))
    append(markerBatch({ ...producer, verdict: 'abort', coordinatorEpoch: 0, timestamp: 0 }))
    expect([partition.endFor('read_committed'), partition.endFor('read_uncommitted')]).toEqual([5, 5])
    partition.lead(2, 4)
    expect([partition.endFor('read_committed'), partition.endFor('read_uncommitted')]).toEqual([1, 4])
    partition.deleteBefore(1)
    expect([partition.log.startOffset, partition.lastStableOffset]).toEqual([1, 1])
  })

  it('removes a tombstone in the second compaction that meets it', () => {
    const partition = filled(batchOf([['a', '1']]), batchOf([['a', null]]), batchOf([['b', '1']]))
    const offsets = (): number[] => [...partition.log.batches()].map(({ baseOffset }) => baseOffset)
    partition.compact()
    expect(offsets()).toEqual([1, 2])
    partition.compact()
    expect(offsets()).toEqual([2])
  })
})
