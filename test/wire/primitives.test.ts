import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/bytes.ts'
import { Reader, Writer } from '../../src/wire/primitives.ts'
import { failure } from './reading.ts'

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 100)
const int = (bits: number): fc.Arbitrary<number> => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ minLength: 120, maxLength: 300 }))
const blob = fc.uint8Array({ maxLength: 300 })

/** One field: how it is written, how it is read, and what must come back. */
interface Field {
  readonly value: unknown
  write(writer: Writer): unknown
  read(reader: Reader): unknown
}

const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.boolean().map((value) => ({ value, write: (w: Writer) => w.bool(value), read: (r: Reader) => r.bool() })),
  int(8).map((value) => ({ value, write: (w: Writer) => w.int8(value), read: (r: Reader) => r.int8() })),
  int(16).map((value) => ({ value, write: (w: Writer) => w.int16(value), read: (r: Reader) => r.int16() })),
  fc.nat(65535).map((value) => ({ value, write: (w: Writer) => w.int16(value), read: (r: Reader) => r.uint16() })),
  int(32).map((value) => ({ value, write: (w: Writer) => w.int32(value), read: (r: Reader) => r.int32() })),
  fc.maxSafeInteger().map((value) => ({ value, write: (w: Writer) => w.int64(value), read: (r: Reader) => r.int64() })),
  fc.double().map((value) => ({ value, write: (w: Writer) => w.float64(value), read: (r: Reader) => r.float64() })),
  fc.nat().map((value) => ({ value, write: (w: Writer) => w.uvarint(value), read: (r: Reader) => r.uvarint() })),
  int(32).map((value) => ({ value, write: (w: Writer) => w.varint(value), read: (r: Reader) => r.varint() })),
  fc.uuid().map((value) => ({ value, write: (w: Writer) => w.uuid(value), read: (r: Reader) => r.uuid() })),
  text.map((value) => ({ value, write: (w: Writer) => w.string(value), read: (r: Reader) => r.string() })),
  fc.option(text).map((value) => ({ value, write: (w: Writer) => w.string(value), read: (r: Reader) => r.nullableString() })),
  fc.option(text).map((value) => ({ value, write: (w: Writer) => w.shortString(value), read: (r: Reader) => r.shortString() })),
  blob.map((value) => ({ value, write: (w: Writer) => w.bytes(value), read: (r: Reader) => r.bytes() })),
  blob.map((value) => ({ value, write: (w: Writer) => w.records(value), read: (r: Reader) => r.nullableBytes() })),
  fc.option(blob).map((value) => ({ value, write: (w: Writer) => w.bytes(value), read: (r: Reader) => r.nullableBytes() })),
  fc.option(blob).map((value) => ({ value, write: (w: Writer) => w.longBytes(value), read: (r: Reader) => r.longBytes() })),
  fc.option(fc.array(int(32))).map((value) => ({
    value,
    write: (w: Writer) => w.array(value, (item, writer) => writer.int32(item)),
    read: (r: Reader) => r.nullableArray((reader) => reader.int32()),
  })),
  fc.option(fc.array(text, { maxLength: 4 })).map((value) => ({
    value,
    write: (w: Writer) => w.longArray(value, (item, writer) => writer.string(item).tags()),
    read: (r: Reader) =>
      r.longArray((reader) => {
        const item = reader.string()
        reader.tags()
        return item
      }),
  })),
)

const written = (fields: readonly Field[], initialBytes?: number): Uint8Array => {
  const writer = new Writer(initialBytes)
  for (const field of fields) field.write(writer)
  return concatBytes(...writer.finish())
}

describe('what is written', () => {
  it('is read again, field by field, whatever the first size', () => {
    fc.assert(
      fc.property(
        fc.array(anyField, { maxLength: 20 }),
        fc.constantFrom(0, 1, 64, 4096),
        fc.uint8Array({ maxLength: 5 }),
        (fields, initialBytes, before) => {
          const bytes = written(fields, initialBytes)
          const frame = concatBytes(before, bytes, before)
          const reader = new Reader(frame, before.length, before.length + bytes.length)
          expect(fields.map((field) => field.read(reader))).toEqual(fields.map((field) => field.value))
          expect([reader.left, reader.at]).toEqual([0, before.length + bytes.length])
        },
      ),
      { numRuns },
    )
  })

  it('is Kafka’s layout', () => {
    const writer = new Writer()
      .int16(1)
      .string('ab')
      .string(null)
      .bytes(null)
      .array(null, () => undefined)
      .array([], () => undefined)
      .tags()
    expect([...concatBytes(...writer.finish())]).toEqual([0, 1, 3, 97, 98, 0, 0, 0, 1, 0])
    const short = new Writer()
      .shortString('é')
      .shortString(null)
      .longBytes(Uint8Array.of(7))
      .varint(-1)
      .uuid('00010203-0405-0607-0809-0a0b0c0d0e0f')
    expect([...concatBytes(...short.finish())]).toEqual([
      0, 2, 0xc3, 0xa9, 255, 255, 0, 0, 0, 1, 7, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    ])
  })

  it('holds record batches themselves, not copies, and goes on behind them', () => {
    const batch = Uint8Array.of(1, 2, 3)
    const writer = new Writer(8)
    const pieces = writer.int8(9).records(batch).int8(8).finish()
    expect(pieces[1]).toBe(batch)
    expect(pieces.map((piece) => [...piece])).toEqual([[9, 4], [1, 2, 3], [8]])
    writer.int32(5)
    expect([...concatBytes(...writer.finish())]).toEqual([0, 0, 0, 5])
    expect(pieces.map((piece) => [...piece])).toEqual([[9, 4], [1, 2, 3], [8]])
  })
})

describe('Reader', () => {
  it('gives bytes as views of the frame', () => {
    const frame = Uint8Array.of(3, 1, 2)
    const view = new Reader(frame).bytes()
    frame[1] = 99
    expect([...view]).toEqual([99, 2])
  })

  it('hands tagged fields out one by one and skips what nobody reads', () => {
    const frame = Uint8Array.of(3, 0, 4, 0, 0, 0, 5, 7, 2, 8, 8, 9, 1, 1, 42)
    const seen: [number, number][] = []
    const reader = new Reader(frame)
    reader.taggedFields((tag, field) => seen.push([tag, tag === 0 ? field.int32() : field.int8()]))
    expect(seen).toEqual([
      [0, 5],
      [7, 8],
      [9, 1],
    ])
    expect(reader.int8()).toBe(42)
    const skipping = new Reader(frame)
    skipping.tags()
    skipping.skip(1)
    expect(skipping.left).toBe(0)
  })

  it('reads null arrays as empty where null means that', () =>
    expect(new Reader(Uint8Array.of(0)).array((reader) => reader.int8())).toEqual([]))

  it('refuses null where something must stand', () => {
    expect(failure(() => new Reader(Uint8Array.of(0)).string())?.code).toBe('RECORD_CORRUPT')
    expect(failure(() => new Reader(Uint8Array.of(0)).bytes())?.code).toBe('RECORD_CORRUPT')
  })

  it('throws for any part of a message', () => {
    fc.assert(
      fc.property(fc.array(anyField, { minLength: 1, maxLength: 6 }), fc.nat(), (fields, cut) => {
        const bytes = written(fields)
        const reader = new Reader(bytes, 0, cut % bytes.length)
        expect(failure(() => fields.forEach((field) => field.read(reader)))?.code).toBe('RECORD_CORRUPT')
      }),
      { numRuns },
    )
  })

  it('throws for lengths and counts beyond the message, before it makes anything of them', () => {
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0, 0)
    const long = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0)
    let made = 0
    const item = (reader: Reader): number => (made++, reader.int8())
    const reads: ((reader: Reader) => unknown)[] = [
      (r) => r.string(),
      (r) => r.bytes(),
      (r) => r.nullableArray(item),
      (r) => r.skip(r.uvarint()),
      (r) => r.tags(),
    ]
    for (const read of reads) expect(failure(() => read(new Reader(huge)))?.code).toBe('RECORD_CORRUPT')
    for (const read of [(r: Reader) => r.longBytes(), (r: Reader) => r.longArray(item)])
      expect(failure(() => read(new Reader(long)))?.code).toBe('RECORD_CORRUPT')
    expect(failure(() => new Reader(Uint8Array.of(4, 0, 0)).nullableArray(item))?.code).toBe('RECORD_CORRUPT')
    expect(failure(() => new Reader(huge).skip(-1))?.code).toBe('RECORD_CORRUPT')
    expect(made).toBe(0)
  })
})
