import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { murmur2 } from '../../src/base/murmur2.ts'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { BatchReader, readHeader, RUN_RECORDS } from '../../src/wire/batch-reader.ts'
import { lz4Compress } from '../../src/wire/lz4.ts'
import { snappyCompress } from '../../src/wire/snappy.ts'
import { jvmAppendTime, jvmBatches, jvmEmpty, jvmMagic1, jvmMarkers, jvmRecords } from './jvm-batches.ts'
import { naiveBatch, stampCrc, zigzag, type NaiveRecord } from './naive-batch.ts'
import { failure, readAll, rows } from './reading.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const utf8 = (text: string | null): Uint8Array | null => (text === null ? null : new TextEncoder().encode(text))

beforeAll(registerZlibCodecs)

const expectedJvm = (baseOffset: number, timestamp?: number): NaiveRecord[] =>
  jvmRecords.map((record, i) => ({
    offset: baseOffset + i,
    timestamp: timestamp ?? record.timestamp,
    key: utf8(record.key),
    value: utf8(record.value),
    headers: record.headers.map(([name, value]) => [name, utf8(value)] as const),
  }))

const field = fc.option(fc.uint8Array({ maxLength: 200 }))
const anyRecord = fc.record({
  gap: fc.oneof(fc.constant(0), fc.nat(300)),
  timestamp: fc.oneof(fc.nat(10_000), fc.constantFrom(0, 2 ** 41, 2 ** 52)),
  key: field,
  value: field,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), field), { maxLength: 3 }),
})
/** Records with gaps between their offsets, as after compaction. */
const anyRecords = fc.array(anyRecord, { minLength: 1, maxLength: 40 }).map((list) => {
  let offset = 7
  return list.map(({ gap, ...record }): NaiveRecord => ({ ...record, offset: (offset += 1 + gap) }))
})
const record = (offset: number, more: Partial<NaiveRecord> = {}): NaiveRecord => ({
  offset,
  timestamp: 5,
  key: null,
  value: null,
  headers: [],
  ...more,
})

describe('readHeader', () => {
  it('reads what the JVM wrote', () => {
    const bytes = jvmBatches.lz4
    const header = readHeader(bytes, 0, bytes.length)!
    expect(header).toMatchObject({
      at: 0,
      length: bytes.length,
      baseOffset: 1000,
      nextOffset: 1016,
      leaderEpoch: -1,
      codec: 'lz4',
      attributes: 0x13,
    })
    expect(header).toMatchObject({
      transactional: true,
      control: false,
      logAppendTime: false,
      producerId: 77,
      producerEpoch: 3,
      baseSequence: 42,
    })
    expect(header).toMatchObject({ count: 16, lastOffsetDelta: 15, baseTimestamp: 1700000000500, maxTimestamp: 1700000012000 })
    expect(readHeader(jvmAppendTime, 0, jvmAppendTime.length)).toMatchObject({
      logAppendTime: true,
      maxTimestamp: 1800000000000,
      leaderEpoch: 9,
      producerId: -1,
    })
    expect(readHeader(jvmMarkers.abort, 0, jvmMarkers.abort.length)).toMatchObject({ control: true, nextOffset: 124 })
  })

  it('answers nothing for any part of a batch', () => {
    for (let end = 0; end < jvmEmpty.length; end++) expect(readHeader(jvmEmpty, 0, end)).toBeUndefined()
    expect(readHeader(jvmEmpty, 0, jvmEmpty.length)).toBeDefined()
  })

  it('refuses other formats and impossible lengths, and says where', () => {
    expect(failure(() => readHeader(jvmMagic1, 0, jvmMagic1.length))).toMatchObject({
      code: 'UNSUPPORTED_MAGIC',
      message: expect.stringContaining('@3'),
    })
    for (const magic of [0, 1, 3]) {
      const batch = naiveBatch([record(9)])
      batch[16] = magic
      expect(failure(() => readHeader(batch, 0, batch.length))?.code).toBe('UNSUPPORTED_MAGIC')
    }
    for (const length of [-1, 0, 48, -(2 ** 31)]) {
      const batch = naiveBatch([record(9)])
      new DataView(batch.buffer).setInt32(8, length)
      expect(failure(() => readHeader(batch, 0, batch.length))?.code).toBe('RECORD_CORRUPT')
    }
  })
})

describe('BatchReader', () => {
  it('reads what the JVM wrote in every codec that is here', () => {
    const { zstd, ...always } = jvmBatches
    for (const batch of Object.values(always)) expect(readAll(batch)).toEqual(expectedJvm(1000))
    if ('zstdDecompressSync' in process.getBuiltinModule('node:zlib')) expect(readAll(zstd)).toEqual(expectedJvm(1000))
    else
      expect(failure(() => readAll(zstd))).toEqual({
        code: 'CODEC_UNAVAILABLE',
        message: expect.stringMatching(/^orders\[3\]@1000: .*zstd.*Node/),
      })
  })

  it('gives every record of a LogAppendTime batch the time of appending', () => {
    expect(readAll(jvmAppendTime)).toEqual(expectedJvm(5, 1800000000000).slice(0, 4))
  })

  it('reads any records in any codec as the naive reader has them', () => {
    const codecs = [
      { attributes: 0, records: (bytes: Uint8Array) => bytes },
      { attributes: 2, records: snappyCompress },
      { attributes: 3, records: lz4Compress },
    ]
    const reader = new BatchReader()
    fc.assert(
      fc.property(anyRecords, fc.constantFrom(...codecs), fc.nat(8), (records, codec, before) => {
        const batch = naiveBatch(records, { ...codec, baseOffset: records[0]!.offset - before })
        expect(readAll(batch, {}, reader)).toEqual(records)
      }),
      { numRuns },
    )
  })

  it('reads batch after batch out of a larger frame, and stops at a trailing part', () => {
    const first = [record(4), record(5)]
    const second = [record(9, { key: utf8('k') })]
    const frame = Buffer.concat([naiveBatch(first), naiveBatch(second), naiveBatch(first).subarray(0, 66)])
    expect(readAll(frame)).toEqual([...first, ...second])
  })
})

describe('a run of records', () => {
  it('hashes keys with murmur2, and a null key to 0', () => {
    const batch = naiveBatch([record(0, { key: utf8('foobar') }), record(1), record(2, { key: utf8('') })])
    const reader = new BatchReader()
    reader.open(batch, readHeader(batch, 0, batch.length)!)
    expect([...reader.next()!.keyHash.subarray(0, 3)]).toEqual([-790332482, 0, murmur2(new Uint8Array(0))])
  })

  it('hands out runs of at most 4,096 records in the same object', () => {
    const records = Array.from({ length: 10_000 }, (_, i) => record(i, { timestamp: 1000 - (i % 900), value: Uint8Array.of(i) }))
    const batch = naiveBatch(records)
    const reader = new BatchReader()
    reader.open(batch, readHeader(batch, 0, batch.length)!)
    const runs = []
    const all: NaiveRecord[] = []
    const seen = new Set<unknown>()
    for (let run = reader.next(); run !== undefined; run = reader.next()) {
      seen.add(run).add(run.keyAt)
      runs.push([run.count, run.baseOffset, run.offsetDelta])
      all.push(...rows(run))
    }
    expect(runs).toEqual([
      [RUN_RECORDS, 0, undefined],
      [RUN_RECORDS, RUN_RECORDS, undefined],
      [10_000 - 2 * RUN_RECORDS, 2 * RUN_RECORDS, undefined],
    ])
    expect(all).toEqual(records)
    expect(seen.size).toBe(2)
  })

  it('keeps offsets right over runs with gaps', () => {
    const records = Array.from({ length: 5000 }, (_, i) => record(i < 4500 ? i : i + 1))
    expect(readAll(naiveBatch(records)).map((read) => read.offset)).toEqual(records.map((read) => read.offset))
  })

  it('yields nothing for empty and control batches', () => {
    expect(readAll(jvmEmpty)).toEqual([])
    expect(readAll(jvmMarkers.commit)).toEqual([])
    expect(readHeader(jvmEmpty, 0, jvmEmpty.length)?.nextOffset).toBe(20)
  })

  it('ends with the batch: a reader that was not opened, or is done, yields nothing', () => {
    expect(new BatchReader().next()).toBeUndefined()
  })
})

describe('BatchReader refuses', () => {
  const tampered = (change: (batch: Uint8Array) => void): Uint8Array => {
    const batch = naiveBatch([record(20, { key: utf8('key'), value: utf8('value') }), record(21)])
    change(batch)
    return batch
  }

  it('a wrong checksum, unless told not to look', () => {
    const batch = tampered((bytes) => (bytes[bytes.length - 10]! ^= 1))
    expect(failure(() => readAll(batch))).toEqual({ code: 'RECORD_CORRUPT', message: expect.stringMatching(/^orders\[3\]@20: .*checksum/) })
    expect(readAll(batch, { checkCrc: false })).toHaveLength(2)
    expect(failure(() => readAll(tampered((bytes) => (bytes[24]! ^= 1))))?.code).toBe('RECORD_CORRUPT')
  })

  it('codecs that nobody knows', () => {
    for (const attributes of [5, 6, 7]) {
      const batch = naiveBatch([record(1)], { attributes })
      expect(failure(() => readAll(batch))).toMatchObject({
        code: 'CODEC_UNAVAILABLE',
        message: expect.stringContaining(`codec ${attributes}`),
      })
    }
  })

  it('more output than its cap', () => {
    const bomb = { records: () => lz4Compress(new Uint8Array(3_000_000)), attributes: 3 }
    const batch = naiveBatch([record(1)], bomb)
    expect(batch.length).toBeLessThan(20_000)
    expect(failure(() => readAll(batch, { maxBatchBytes: 1_000_000 }))).toEqual({
      code: 'BATCH_TOO_LARGE',
      message: expect.stringMatching(/^orders\[3\]@1: /),
    })
  })

  it('compressed blocks that are none', () => {
    for (const attributes of [1, 2, 3]) expect(failure(() => readAll(naiveBatch([record(1)], { attributes })))?.code).toBe('RECORD_CORRUPT')
  })
})

describe('BatchReader refuses a record with', () => {
  const body = (...fields: number[]): Uint8Array => Uint8Array.from([...zigzag(fields.length), ...fields])
  const broken: Record<string, Uint8Array> = {
    'a record longer than the batch': Uint8Array.from([...zigzag(100), 0, 0, 0, 1, 1, 0]),
    'a record of negative length': Uint8Array.from([...zigzag(-2), 0, 0, 0, 1, 1, 0]),
    'a record of length 0': Uint8Array.from([0, 0, 0, 0, 0, 0, 0]),
    'a key longer than the record': body(0, 0, 0, ...zigzag(50), 1, 0),
    'a key of length −2': body(0, 0, 0, ...zigzag(-2), 1, 0),
    'a value longer than the record': body(0, 0, 0, 1, ...zigzag(2), 0),
    'a value of length −2': body(0, 0, 0, 1, ...zigzag(-2), 0),
    'no header count': Uint8Array.from([...zigzag(5), 0, 0, 0, 1, 1, 0]),
    'bytes behind the headers': body(0, 0, 0, 1, 1, 0, 0),
    'bytes behind the last record': Uint8Array.from([...body(0, 0, 0, 1, 1, 0), 0]),
    'a varint of six bytes': body(0, 0, 0, 0x82, 0x80, 0x80, 0x80, 0x80, 0, 1, 0),
    'a timestamp of eleven bytes': body(0, ...Array.from({ length: 10 }, () => 0x80), 0, 0, 1, 1, 0),
    'a negative offset': body(0, 0, ...zigzag(-1), 1, 1, 0),
    'an offset behind the last one': body(0, 0, ...zigzag(1), 1, 1, 0),
  }
  for (const [what, records] of Object.entries(broken)) {
    it(what, () => {
      const batch = naiveBatch([record(30)], { count: 1, records: () => records })
      expect(failure(() => readAll(batch))).toEqual({ code: 'RECORD_CORRUPT', message: expect.stringMatching(/^orders\[3\]@30: /) })
    })
  }

  it('an offset below the one before', () => {
    const falling = Uint8Array.from([...body(0, 0, ...zigzag(3), 1, 1, 0), ...body(0, 0, ...zigzag(2), 1, 1, 0)])
    expect(failure(() => readAll(naiveBatch([], { count: 2, lastOffsetDelta: 5, records: () => falling })))?.code).toBe('RECORD_CORRUPT')
  })
})

describe('BatchReader', () => {
  it('refuses counts that the bytes cannot hold', () => {
    for (const count of [-1, 2, 2 ** 31 - 1])
      expect(failure(() => readAll(naiveBatch([record(1)], { count })))?.code).toBe('RECORD_CORRUPT')
  })

  it('goes on with the next batch after a broken one', () => {
    const reader = new BatchReader()
    const batch = naiveBatch([record(1)], { count: 1, records: () => Uint8Array.of(14, 0, 0, 0, 3, 1, 0, 0) })
    reader.open(batch, readHeader(batch, 0, batch.length)!)
    expect(failure(() => reader.next())?.code).toBe('RECORD_CORRUPT')
    expect(reader.next()).toBeUndefined()
    expect(readAll(jvmBatches.none, {}, reader)).toEqual(expectedJvm(1000))
  })
})

describe('whatever the bytes are', () => {
  /** Reads with right checksums; the only outcomes are rows inside the bytes and an error with a code. */
  const read = (batch: Uint8Array): void => {
    const reader = new BatchReader({ maxBatchBytes: 100_000 })
    const outcome = failure(() => {
      const header = readHeader(batch, 0, batch.length)
      if (header === undefined) return
      reader.open(stampCrc(batch), { ...header, crc: readHeader(batch, 0, batch.length)!.crc })
      for (let run = reader.next(); run !== undefined; run = reader.next()) {
        for (let row = 0; row < run.count; row++) {
          expect(run.keyAt[row]! + run.keyLength[row]!).toBeLessThanOrEqual(run.bytes.length)
          expect(run.valueAt[row]! + run.valueLength[row]!).toBeLessThanOrEqual(run.bytes.length)
          expect(Math.min(run.keyLength[row]!, run.valueLength[row]!)).toBeGreaterThanOrEqual(-1)
        }
      }
    })
    if (outcome !== undefined)
      expect(['RECORD_CORRUPT', 'BATCH_TOO_LARGE', 'CODEC_UNAVAILABLE', 'UNSUPPORTED_MAGIC']).toContain(outcome.code)
  }

  it('10,000 random blobs end in rows or a code, with little memory', () => {
    let seed = 1
    const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 10_000; i++) {
      const batch = new Uint8Array(17 + Math.floor(random() * 120)).map(() => random() * 256)
      new DataView(batch.buffer).setInt32(8, batch.length - 12)
      batch[16] = random() < 0.95 ? 2 : random() * 256
      if (batch.length > 61) {
        batch[22] = random() * 8
        new DataView(batch.buffer).setInt32(57, random() * 12)
        new DataView(batch.buffer).setInt32(23, random() * 1000)
      }
      read(batch)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200_000_000)
  })

  it('real batches with a few bytes changed do the same', () => {
    const change = fc.tuple(fc.integer({ min: 17, max: 900 }), fc.nat(255))
    fc.assert(
      fc.property(
        fc.constantFrom(jvmBatches.none, jvmBatches.gzip, jvmBatches.snappy, jvmBatches.lz4),
        fc.array(change, { minLength: 1, maxLength: 5 }),
        (real, changes) => {
          const batch = real.slice()
          for (const [at, byte] of changes) batch[at % batch.length] = byte
          read(batch)
        },
      ),
      { numRuns: 10 * numRuns },
    )
  })
})
