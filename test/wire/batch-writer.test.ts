import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { BatchReader, readHeader } from '../../src/wire/batch-reader.ts'
import { BatchWriter, type SealOptions } from '../../src/wire/batch-writer.ts'
import type { WriteFace } from '../../src/wire/partition-writer.ts'
import { jvmBatches, jvmRecords } from './jvm-batches.ts'
import { naiveBatch, naiveHeaders, naiveRecords, type NaiveRecord } from './naive-batch.ts'
import { failure, readAll } from './reading.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const utf8 = (text: string | null): Uint8Array | null => (text === null ? null : new TextEncoder().encode(text))
const plain: SealOptions = { producerId: -1, producerEpoch: -1, baseSequence: -1 }

const long = fc.constant(new Uint8Array(17_000).fill(9))
const field = fc.option(
  fc.oneof(
    { weight: 20, arbitrary: fc.uint8Array({ maxLength: 40 }) },
    { weight: 10, arbitrary: fc.uint8Array({ minLength: 50, maxLength: 200 }) },
    { weight: 1, arbitrary: long },
  ),
)
const anyRecord = fc.record({
  timestamp: fc.oneof(fc.nat(10_000), fc.constantFrom(0, 2 ** 41, 2 ** 52)),
  key: field,
  value: field,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), field), { maxLength: 3 }),
})
const anyRecords = fc
  .array(anyRecord, { minLength: 1, maxLength: 30 })
  .map((list) => list.map((record, offset): NaiveRecord => ({ ...record, offset })))

const block = (record: NaiveRecord): Uint8Array | undefined => (record.headers.length === 0 ? undefined : naiveHeaders(record.headers))

/** The ways to append a record; each must give the same bytes. */
const faces: Record<string, (writer: BatchWriter, record: NaiveRecord) => void> = {
  append: (writer, record) => writer.append(record.key, record.value, record.timestamp, block(record)),
  staged: (writer, record) => {
    const around = (bytes: Uint8Array | null): Uint8Array => Uint8Array.from([1, 2, 3, ...(bytes ?? []), 4, 5])
    writer.begin(record.timestamp)
    writer.key(around(record.key), 3, record.key?.length ?? -1)
    writer.value(around(record.value), 3, record.value?.length ?? -1)
    writer.end(block(record))
  },
  row: (writer, record) => {
    const bytes = Uint8Array.from([7, ...(record.key ?? []), ...(record.value ?? [])])
    const at = (position: number): Int32Array => Int32Array.of(0, position)
    const rows = {
      bytes,
      count: 2,
      keyAt: at(1),
      keyLength: at(record.key?.length ?? -1),
      valueAt: at(1 + (record.key?.length ?? 0)),
      valueLength: at(record.value?.length ?? -1),
    }
    writer.appendRow(rows, 1, record.timestamp, block(record))
  },
  written: (writer, record) => {
    writer.begin(record.timestamp)
    writer.key(record.key ?? new Uint8Array(0), 0, record.key?.length ?? -1)
    if (record.value === null) writer.value(new Uint8Array(0), 0, -1)
    else writer.written(direct, record.value)
    writer.end(block(record))
  },
  serialized: (writer, record) => {
    writer.begin(record.timestamp)
    writer.key(record.key ?? new Uint8Array(0), 0, record.key?.length ?? -1)
    if (record.value === null) writer.value(new Uint8Array(0), 0, -1)
    else writer.written({ serialize: (value: Uint8Array) => value }, record.value)
    writer.end(block(record))
  },
}

const direct: WriteFace<Uint8Array> = {
  serialize: () => {
    throw new Error('write is there')
  },
  write: (value, into, at) => {
    if (value.length > into.length - at) return -1
    into.set(value, at)
    return value.length
  },
}

it('writes the JVM’s own batch, byte for byte', () => {
  const writer = new BatchWriter()
  for (const { key, value, timestamp, headers } of jvmRecords) {
    const encoded = headers.length === 0 ? undefined : naiveHeaders(headers.map(([name, bytes]) => [name, utf8(bytes)] as const))
    writer.append(utf8(key), utf8(value), timestamp, encoded)
  }
  const batch = writer.seal({ producerId: 77, producerEpoch: 3, baseSequence: 42, transactional: true, baseOffset: 1000 })
  expect(Buffer.from(batch).toString('hex')).toBe(Buffer.from(jvmBatches.none).toString('hex'))
})

for (const [name, append] of Object.entries(faces)) {
  it(`writes by ${name} what the naive writer does, whatever the buffer's first size`, () => {
    fc.assert(
      fc.property(anyRecords, fc.constantFrom(1, 300, 5000, 100_000), (records, initialBytes) => {
        const writer = new BatchWriter({ initialBytes })
        records.forEach((record) => append(writer, record))
        expect(writer.count).toBe(records.length)
        const size = writer.byteLength
        const batch = writer.seal({ producerId: 2 ** 40, producerEpoch: 7, baseSequence: 2 ** 31 - 1 })
        const naive = naiveBatch(records, { producerId: 2 ** 40, producerEpoch: 7, baseSequence: 2 ** 31 - 1 })
        expect(Buffer.compare(batch, naive)).toBe(0)
        expect(size).toBe(batch.length)
      }),
      { numRuns },
    )
  })
}

it('finds room for a longer length in a buffer that is just full', () => {
  for (let length = 120; length < 200; length++) {
    const record: NaiveRecord = { offset: 0, timestamp: 5, key: null, value: new Uint8Array(length).fill(length), headers: [] }
    for (const append of Object.values(faces)) {
      const writer = new BatchWriter({ initialBytes: 256 })
      append(writer, record)
      expect(Buffer.compare(writer.seal(plain), naiveBatch([record]))).toBe(0)
    }
  }
})

it('gives in every codec what the reader reads', () => {
  fc.assert(
    fc.property(anyRecords, fc.constantFrom('none', 'snappy', 'lz4'), (records, codec) => {
      const writer = new BatchWriter()
      records.forEach((record) => faces['append']!(writer, record))
      const batch = writer.seal({ ...plain, codec })
      expect(readHeader(batch, 0, batch.length)!.codec).toBe(codec)
      expect(Buffer.compare(naiveBatch(readAll(batch)), naiveBatch(records))).toBe(0)
    }),
    { numRuns },
  )
})

it('keeps sealed batches untouched by what is appended later', () => {
  const writer = new BatchWriter({ initialBytes: 256 })
  const sealed = Array.from({ length: 20 }, (_, size) => {
    for (let i = 0; i <= size; i++) writer.append(null, new Uint8Array(10 * size).fill(size), i, undefined)
    const batch = writer.seal(plain)
    writer.reset()
    return { batch, copy: batch.slice() }
  })
  for (const { batch, copy } of sealed) expect(batch).toEqual(copy)
  expect(readAll(sealed[19]!.batch)).toHaveLength(20)
})

it('keeps little memory alive for a small batch', () => {
  const writer = new BatchWriter({ initialBytes: 1_000_000 })
  writer.append(null, utf8('little'), 1, undefined)
  expect(writer.seal(plain).buffer.byteLength).toBeLessThan(1000)
})

it('says what is in it: complete records only', () => {
  const writer = new BatchWriter()
  expect([writer.count, writer.byteLength]).toEqual([0, 0])
  writer.append(null, utf8('v'), 1, undefined)
  const size = writer.byteLength
  writer.begin(2)
  writer.key(new Uint8Array(100), 0, 100)
  expect([writer.count, writer.byteLength]).toEqual([1, size])
})

it('forgets a record that a serde broke off', () => {
  const writer = new BatchWriter()
  const broken: WriteFace<string> = {
    serialize: () => new Uint8Array(0),
    write: (_, into, at) => {
      into.fill(255, at, at + 10)
      throw new RangeError('no')
    },
  }
  const attempt = (): void => {
    writer.begin(99)
    writer.key(utf8('lost')!, 0, 4)
    writer.written(broken, 'x')
  }
  expect(attempt).toThrow('no')
  writer.append(utf8('a'), null, 1, undefined)
  expect(attempt).toThrow('no')
  const batch = writer.seal(plain)
  expect(batch).toEqual(naiveBatch([{ offset: 0, timestamp: 1, key: utf8('a'), value: null, headers: [] }]))
})

it('refuses to grow past its limit, and keeps what it has', () => {
  const writer = new BatchWriter({ maxBytes: 2000 })
  writer.append(null, new Uint8Array(1000), 1, undefined)
  expect(failure(() => writer.append(null, new Uint8Array(1000), 2, undefined))?.code).toBe('BATCH_TOO_LARGE')
  expect(
    failure(() => faces['written']!(writer, { offset: 1, timestamp: 2, key: null, value: new Uint8Array(5000), headers: [] }))?.code,
  ).toBe('BATCH_TOO_LARGE')
  writer.append(null, new Uint8Array(500), 3, undefined)
  expect(naiveRecords(writer.seal(plain)).map((record) => record.timestamp)).toEqual([1, 3])
})

it('leaves gaps and keeps the last offset, as compaction does', () => {
  const writer = new BatchWriter()
  writer.skipTo(3)
  writer.append(null, utf8('x'), 10, undefined)
  writer.skipTo(200)
  writer.append(null, utf8('y'), 9, undefined)
  const batch = writer.seal({ ...plain, baseOffset: 50, lastOffsetDelta: 300, leaderEpoch: 4 })
  expect(readAll(batch).map((record) => [record.offset, record.timestamp])).toEqual([
    [53, 10],
    [250, 9],
  ])
  expect(readHeader(batch, 0, batch.length)).toMatchObject({ nextOffset: 351, leaderEpoch: 4, maxTimestamp: 10 })
  expect(() => writer.skipTo(100)).toThrow('offset deltas rise')
})

it('seals a batch without records', () => {
  const batch = new BatchWriter().seal({ producerId: 1, producerEpoch: 0, baseSequence: 5, lastOffsetDelta: 9, codec: 'lz4' })
  const header = readHeader(batch, 0, batch.length)!
  expect(header).toMatchObject({ count: 0, nextOffset: 10, codec: 'none', maxTimestamp: -1, length: 61 })
  const reader = new BatchReader()
  reader.open(batch, header)
  expect(reader.next()).toBeUndefined()
})

it('takes nothing between seal and reset', () => {
  const writer = new BatchWriter()
  writer.append(null, null, 1, undefined)
  writer.seal(plain)
  expect(writer.count).toBe(1)
  expect(() => writer.begin(1)).toThrow('sealed')
  expect(() => writer.seal(plain)).toThrow('sealed once')
  writer.reset()
  writer.append(null, null, 5, undefined)
  expect(readHeader(writer.seal(plain), 0, 100)).toMatchObject({ count: 1, baseTimestamp: 5, maxTimestamp: 5 })
})

it('takes the largest timestamp, also when all are negative', () => {
  const writer = new BatchWriter()
  for (const timestamp of [-5, -9, -7]) writer.append(null, null, timestamp, undefined)
  const batch = writer.seal(plain)
  expect(readHeader(batch, 0, batch.length)).toMatchObject({ baseTimestamp: -5, maxTimestamp: -5 })
})
