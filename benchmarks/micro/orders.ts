/** The record of the micro benchmarks: a key of 14 bytes and a JSON value of 88, 113 bytes in a batch of 2,400 with their varints. */
import { BatchWriter } from '../../src/wire/batch-writer.ts'

/** How many records a batch has: 256 KiB, what a producer seals. */
export const RECORDS = 2400

/** The first record's time, in milliseconds. */
export const START = 1_700_000_000_000

const encoder = new TextEncoder()

/** Keys, some more than once. */
export const keys: readonly Uint8Array[] = Array.from({ length: RECORDS }, (_, i) =>
  encoder.encode(`customer-${String((i * 7919) % 100_000).padStart(5, '0')}`),
)

/** JSON objects of five fields, padded to 88 bytes. */
export const values: readonly Uint8Array[] = Array.from({ length: RECORDS }, (_, i) =>
  encoder.encode(JSON.stringify({ id: i, type: 'view', price: i * 1.5, user: `u${i}`, page: `/products/${i % 700}` }).padEnd(88, ' ')),
)

/** All of them in one batch. */
export function orderBatch(): Uint8Array {
  const writer = new BatchWriter()
  for (let i = 0; i < RECORDS; i++) writer.append(keys[i]!, values[i]!, START + i, undefined)
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
}
