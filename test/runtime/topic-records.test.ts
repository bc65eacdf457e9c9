import { expect, test } from 'vitest'
import { decodeRecords, encodeRecords } from '../../src/runtime/topic-records.ts'
import { numbered } from '../memory/world.ts'
import { texts } from '../support/shop-topics.ts'

test('records are placed by their key as Kafka’s producer does, or where they say', () => {
  // Partitions that Kafka's own producer chose for these keys of three.
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  const placed = [
    ...encodeRecords(
      texts,
      keys.map((key) => ({ key, value: 'v' })),
      { partitions: 3, now: 7 },
    ),
  ]
  expect(new Set(placed.map(({ partition }) => partition)).size).toBeGreaterThan(1)
  expect(placed.every(({ timestamp }) => timestamp === 7)).toBe(true)
  const [said, keyless] = [
    ...encodeRecords(texts, [{ key: 'a', value: 'v', partition: 2, timestamp: 1 }, { value: null }], { partitions: 3, now: 7 }),
  ]
  expect([said!.partition, said!.timestamp, keyless!.partition, keyless!.key, keyless!.value]).toEqual([2, 1, 0, null, null])
})

test('batches are read from an offset on', () => {
  const bytes = numbered(4)
  const found = [...decodeRecords(texts, { bytes, from: 0, to: bytes.length }, { partition: 5, from: 2 })]
  expect(found.map(({ offset, partition, key, value }) => [offset, partition, key, value])).toEqual([
    [2, 5, 'k2', 'v2'],
    [3, 5, 'k3', 'v3'],
  ])
})
