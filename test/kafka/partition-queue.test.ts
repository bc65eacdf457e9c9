import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { PartitionQueue } from '../../src/kafka/partition-queue.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'

const value = utf8('v')

function queueOf(batchSize = 1_000): { queue: PartitionQueue; sealedBytes: number[] } {
  const sealedBytes: number[] = []
  const queue = new PartitionQueue(
    { topic: 'orders', partition: 0 },
    { batchSize, codec: 'none', producer: () => ({ producerId: 7, producerEpoch: 1 }), sealed: (bytes) => sealedBytes.push(bytes) },
  )
  return { queue, sealedBytes }
}

function append(queue: PartitionQueue, records: number, owner = { count: 0 }): { count: number } {
  const writer = queue.writer(owner)
  for (let i = 0; i < records; i++) writer.append(null, value, i, undefined)
  return owner
}

test('each sealed batch goes on with the sequence where the one before ended', () => {
  const { queue, sealedBytes } = queueOf()
  for (const records of [3, 2, 4]) {
    append(queue, records)
    queue.seal()
  }
  queue.seal()
  const headers = queue.batches.map(({ bytes }) => readHeader(bytes, 0, bytes.length)!)
  expect(headers.map(({ baseSequence, count, producerId, producerEpoch }) => [baseSequence, count, producerId, producerEpoch])).toEqual([
    [0, 3, 7, 1],
    [3, 2, 7, 1],
    [5, 4, 7, 1],
  ])
  expect(sealedBytes).toEqual(queue.batches.map(({ bytes }) => bytes.length))
})

test('a batch that has reached its size is sealed by itself', () => {
  const { queue } = queueOf(100)
  append(queue, 20)
  expect(queue.batches.length).toBeGreaterThan(1)
  expect(queue.batches.reduce((sum, { count }) => sum + count, 0) + queue.open).toBe(20)
})

test('one batch is in flight until the first is acknowledged, then five', () => {
  const { queue } = queueOf()
  for (let i = 0; i < 8; i++) {
    append(queue, 1)
    queue.seal()
  }
  const sent = []
  for (let batch = queue.next(); batch !== undefined; batch = queue.next()) {
    batch.sent = true
    sent.push(batch)
  }
  expect(sent).toHaveLength(1)
  queue.acknowledge(sent[0]!)
  for (let batch = queue.next(); batch !== undefined; batch = queue.next()) {
    batch.sent = true
    sent.push(batch)
  }
  expect(sent).toHaveLength(6)
})

test('while a resend is due nothing is sent; then the same bytes go again from the front', () => {
  const { queue } = queueOf()
  for (let i = 0; i < 2; i++) {
    append(queue, 1)
    queue.seal()
  }
  const first = queue.next()!
  first.sent = true
  queue.rewinding = true
  expect(queue.next()).toBeUndefined()
  queue.rewind()
  expect(queue.next()).toBe(first)
})

test('each owner is counted for its own records, down when they are acknowledged', () => {
  const { queue } = queueOf()
  const ada = append(queue, 3)
  const kurt = append(queue, 2)
  queue.seal()
  expect([ada.count, kurt.count]).toEqual([3, 2])
  const [batch] = queue.batches
  queue.acknowledge(batch!)
  queue.acknowledge(batch!)
  expect([ada.count, kurt.count, queue.batches.length]).toEqual([0, 0, 0])
})
