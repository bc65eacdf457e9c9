import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { CurrentRecord } from '../../src/model/record.ts'
import { RecordQueue } from '../../src/task/record-queue.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { built, copies, texts } from '../support/shop-topics.ts'

const source = built((builder) => builder.stream(texts).to(copies)).subtopologies[0]!.sources[0]!

function batch(baseOffset: number, values: readonly string[], skip = 0): Uint8Array {
  const writer = new BatchWriter()
  for (const [i, value] of values.entries()) {
    if (i === 1 && skip > 0) writer.skipTo(1 + skip)
    writer.append(utf8('k'), utf8(value), baseOffset + i, undefined)
  }
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1, baseOffset })
}

function queueAt(position: number): {
  queue: RecordQueue
  released: number[]
  add: (...batches: Uint8Array[]) => void
  take: () => string
} {
  const record = new CurrentRecord()
  const queue = new RecordQueue({ topic: 'texts', partition: 0 }, source, { record, now: () => 0, position })
  const released: number[] = []
  return {
    queue,
    released,
    add: (...batches) => {
      const bytes = Buffer.concat(batches)
      queue.add({ bytes, from: 0, to: bytes.length, release: () => void released.push(bytes.length) })
    },
    take: () => {
      queue.load()
      const text = `${record.offset} ${String(queue.readKey())}=${String(queue.readValue())}@${record.timestamp}`
      queue.advance()
      return text
    },
  }
}

test('reads chunks of several batches one record at a time, and gives each chunk back when it is used up', () => {
  const { queue, add, take, released } = queueAt(0)
  expect(queue.headTimestamp).toBe(Number.POSITIVE_INFINITY)
  add(batch(0, ['a', 'b']), batch(2, ['c']))
  add(batch(3, ['d']))
  expect([take(), take(), take()]).toEqual(['0 k=a@0', '1 k=b@1', '2 k=c@2'])
  expect([released.length, queue.position, queue.chunks]).toEqual([1, 3, 1])
  expect(take()).toBe('3 k=d@3')
  expect([released.length, queue.position, queue.rows]).toEqual([2, 4, undefined])
})

test('the time of the partition is that of the records that were taken: what is committed with a position tells of none behind it', () => {
  const { add, take, queue } = queueAt(0)
  add(batch(0, ['a', 'b', 'c']))
  expect(queue.partitionTime).toBe(-1)
  take()
  expect([queue.position, queue.headTimestamp, queue.partitionTime]).toEqual([1, 1, 0])
  take()
  take()
  expect([queue.position, queue.partitionTime]).toEqual([3, 2])
})

test('skips what lies below the position, and keeps the gaps that compaction left', () => {
  const { add, take, queue } = queueAt(1)
  add(batch(0, ['a', 'b', 'c'], 4))
  expect(take()).toBe('5 k=b@1')
  expect(take()).toBe('6 k=c@2')
  expect(queue.position).toBe(7)
})

test('a batch without records moves the position', () => {
  const { add, queue } = queueAt(0)
  const empty = new BatchWriter().seal({ producerId: 1, producerEpoch: 0, baseSequence: 0, baseOffset: 0, lastOffsetDelta: 4 })
  add(empty)
  expect([queue.position, queue.rows]).toEqual([5, undefined])
})

test('goes back where reading did, behind what waits', () => {
  const { queue, take } = queueAt(0)
  const give = (startOffset: number, ...batches: Uint8Array[]): void => {
    const bytes = Buffer.concat(batches)
    queue.add({ bytes, from: 0, to: bytes.length, startOffset, release: () => undefined })
  }
  give(0, batch(0, ['a', 'b', 'c']))
  give(3, batch(3, ['d']))
  // Another log from offset 1 on, in a batch that begins before it.
  give(1, batch(0, ['a', 'B', 'C']))
  expect([take(), take(), take(), take()]).toEqual(['0 k=a@0', '1 k=b@1', '2 k=c@2', '3 k=d@3'])
  expect([take(), take()]).toEqual(['1 k=B@1', '2 k=C@2'])
  expect(queue.position).toBe(3)
  give(2, batch(2, ['X']))
  expect(take()).toBe('2 k=X@2')
})

test('seek drops what waits', () => {
  const { add, queue, released } = queueAt(0)
  add(batch(0, ['a', 'b']))
  queue.seek(9)
  expect([queue.position, queue.chunks, released.length, queue.headTimestamp]).toEqual([9, 0, 1, Number.POSITIVE_INFINITY])
})
