/** Record batches by the book: one record after the other, a byte at a time, `BigInt` and arrays. The oracle of reader and writer. */
import { crc32cBytewise } from '../../src/base/crc32c.ts'

/** A record as an object. */
export interface NaiveRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[]
}

/** What the header of a naive batch says. */
export interface NaiveOptions {
  readonly baseOffset?: number
  readonly attributes?: number
  readonly lastOffsetDelta?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly count?: number
  /** What the records become: a codec, or something broken. */
  readonly records?: (bytes: Uint8Array) => Uint8Array
}

export function zigzag(value: number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}

const sized = (bytes: Uint8Array | null): number[] => (bytes === null ? zigzag(-1) : [...zigzag(bytes.length), ...bytes])

/** The encoded header block of a record. */
export function naiveHeaders(headers: NaiveRecord['headers']): Uint8Array {
  return Uint8Array.from([
    ...zigzag(headers.length),
    ...headers.flatMap(([name, value]) => [...sized(new TextEncoder().encode(name)), ...sized(value)]),
  ])
}

/** An encoded batch; offsets and timestamps are relative to the first record's unless `baseOffset` says otherwise. */
export function naiveBatch(records: readonly NaiveRecord[], options: NaiveOptions = {}): Uint8Array {
  const header = { ...defaults(records), ...options }
  const baseTimestamp = records[0]?.timestamp ?? -1
  const encoded = records.flatMap((record) => {
    const body = [0, ...zigzag(record.timestamp - baseTimestamp), ...zigzag(record.offset - header.baseOffset)]
    body.push(...sized(record.key), ...sized(record.value), ...naiveHeaders(record.headers))
    return [...zigzag(body.length), ...body]
  })
  const block = header.records(Uint8Array.from(encoded))
  const batch = Buffer.alloc(61 + block.length)
  batch.writeBigInt64BE(BigInt(header.baseOffset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch[16] = 2
  batch.writeInt16BE(header.attributes, 21)
  batch.writeInt32BE(header.lastOffsetDelta ?? (records.at(-1)?.offset ?? header.baseOffset - 1) - header.baseOffset, 23)
  batch.writeBigInt64BE(BigInt(baseTimestamp), 27)
  batch.writeBigInt64BE(BigInt(Math.max(-1, ...records.map((record) => record.timestamp))), 35)
  batch.writeBigInt64BE(BigInt(header.producerId), 43)
  batch.writeInt16BE(header.producerEpoch, 51)
  batch.writeInt32BE(header.baseSequence, 53)
  batch.writeInt32BE(header.count, 57)
  batch.set(block, 61)
  return Uint8Array.from(stampCrc(batch))
}

const defaults = (records: readonly NaiveRecord[]): Required<Omit<NaiveOptions, 'lastOffsetDelta'>> => ({
  baseOffset: records[0]?.offset ?? 0,
  attributes: 0,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  count: records.length,
  records: (bytes) => bytes,
})

/** Puts the right checksum into a batch that was changed; answers it. */
export function stampCrc<T extends Uint8Array>(batch: T): T {
  new DataView(batch.buffer, batch.byteOffset).setUint32(17, crc32cBytewise(batch, 21))
  return batch
}

/** The records of an uncompressed batch that lies alone in `bytes`. */
export function naiveRecords(bytes: Uint8Array): NaiveRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 61
  const number = (): number => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return Number(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)))
    }
  }
  const field = (): Uint8Array | null => {
    const length = number()
    at += Math.max(0, length)
    return length < 0 ? null : bytes.slice(at - length, at)
  }
  return Array.from({ length: view.getInt32(57) }, () => {
    number()
    at++
    const timestamp = Number(view.getBigInt64(27)) + number()
    const offset = Number(view.getBigInt64(0)) + number()
    const [key, value] = [field(), field()]
    const headers = Array.from({ length: number() }, () => [new TextDecoder().decode(field()), field()] as const)
    return { offset, timestamp, key, value, headers }
  })
}
