import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { crc32c } from '../../src/base/crc32c.ts'
import { utf8 } from '../../src/base/text.ts'
import { halved, restamped, sequenceAfter } from '../../src/kafka/reseal.ts'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { AT } from '../../src/wire/batch-layout.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import type { Codec } from '../../src/wire/compression.ts'
import { naiveHeaders, type NaiveRecord } from '../wire/naive-batch.ts'
import { readAll } from '../wire/reading.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)

beforeAll(registerZlibCodecs)

const bytes = fc.option(fc.string({ maxLength: 30 }).map(utf8))
const record = fc.record({
  key: bytes,
  value: bytes,
  timestamp: fc.integer({ min: 0, max: 2 ** 41 }),
  headers: fc.option(fc.array(fc.tuple(fc.string(), bytes), { minLength: 1, maxLength: 3 })),
})
const records = fc.array(record, { minLength: 2, maxLength: 40 })
const codec = fc.constantFrom<Codec>('none', 'gzip', 'snappy', 'lz4')

function sealed(list: readonly (typeof record extends fc.Arbitrary<infer R> ? R : never)[], baseSequence: number, kind: Codec): Uint8Array {
  const writer = new BatchWriter()
  for (const { key, value, timestamp, headers } of list)
    writer.append(key, value, timestamp, headers === null ? undefined : naiveHeaders(headers))
  return writer.seal({ producerId: 7, producerEpoch: 2, baseSequence, codec: kind })
}

const contents = (batch: Uint8Array): Omit<NaiveRecord, 'offset'>[] =>
  readAll(batch).map(({ key, value, timestamp, headers }) => ({ key, value, timestamp, headers }))

test('the halves of a batch hold its records in order, and share its sequences, over the wrap too', () => {
  fc.assert(
    fc.property(records, codec, fc.integer({ min: 2 ** 31 - 30, max: 2 ** 31 - 1 }), (list, kind, baseSequence) => {
      const batch = sealed(list, baseSequence, kind)
      const halves = halved(batch)
      const headers = halves.map((half) => readHeader(half, 0, half.length)!)
      expect(halves.flatMap((half) => contents(half))).toEqual(contents(batch))
      expect(headers.map(({ count }) => count)).toEqual([list.length >> 1, list.length - (list.length >> 1)])
      expect(headers.map((header) => header.baseSequence)).toEqual([baseSequence, (baseSequence + (list.length >> 1)) % 2 ** 31])
      for (const header of headers) expect(header).toMatchObject({ producerId: 7, producerEpoch: 2, codec: kind })
    }),
    { numRuns: RUNS },
  )
})

test('a batch under another epoch has the same records and a checksum of its own, and the old bytes stay', () => {
  fc.assert(
    fc.property(records, codec, (list, kind) => {
      const batch = sealed(list, 9, kind)
      const before = Uint8Array.from(batch)
      const again = restamped(batch, { producerId: 8, producerEpoch: 3 }, 0)
      expect(readHeader(again, 0, again.length)).toMatchObject({
        producerId: 8,
        producerEpoch: 3,
        baseSequence: 0,
        crc: crc32c(again, AT.attributes) >>> 0,
      })
      expect(contents(again)).toEqual(contents(batch))
      expect(batch).toEqual(before)
    }),
    { numRuns: RUNS },
  )
})

test('sequences wrap at 2^31', () => {
  expect([sequenceAfter(0, 3), sequenceAfter(2 ** 31 - 2, 1), sequenceAfter(2 ** 31 - 2, 5)]).toEqual([3, 2 ** 31 - 1, 3])
})
