/** Contract of a broker, batches: what is produced comes back to the last byte of each field, and what is not a batch is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as zlib from 'node:zlib'
import { writeInt32 } from '../../../src/base/bytes.ts'
import { crc32c } from '../../../src/base/crc32c.ts'
import { decodeText, utf8 } from '../../../src/base/text.ts'
import { AT, UNCOUNTED } from '../../../src/wire/batch-layout.ts'
import { readHeader } from '../../../src/wire/batch-reader.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { CODECS, type Codec } from '../../../src/wire/compression.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { naiveHeaders, type NaiveRecord } from '../../wire/naive-batch.ts'
import { failure, readAll } from '../../wire/reading.ts'
import { BrokerClient, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'

const NOW = Date.now()
const FAR = { 'message.timestamp.after.max.ms': '9223372036854775807' }
const COMPACTED = { 'cleanup.policy': 'compact', ...FAR }

type Field = string | null

interface TestRecord {
  readonly key?: Field
  readonly value?: Field
  readonly timestamp?: number
  readonly headers?: readonly (readonly [name: string, value: Field])[]
}

const bytes = (field: Field | undefined): Uint8Array | null => (field === null || field === undefined ? null : utf8(field))

/** Each record as it should come back, in a log that begins with them. */
function expected(records: readonly TestRecord[]): NaiveRecord[] {
  return records.map(({ key, value, timestamp = NOW, headers = [] }, offset) => ({
    offset,
    timestamp,
    key: bytes(key),
    value: bytes(value),
    headers: headers.map(([name, field]) => [name, bytes(field)] as const),
  }))
}

function encoded(records: readonly TestRecord[], codec: Codec = 'none'): Uint8Array {
  const writer = new BatchWriter()
  for (const { timestamp, key, value, headers } of expected(records))
    writer.append(key, value, timestamp, headers.length === 0 ? undefined : naiveHeaders(headers))
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1, codec })
}

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`batches on ${name}`, () => {
    let broker: BrokerUnderTest
    let client: BrokerClient
    beforeAll(async () => {
      broker = await makeBroker()
      client = new BrokerClient(broker)
    })
    afterAll(() => broker.close())

    roundTrips(() => client)
    otherClients(() => client)
    refusals(() => client)
    compaction(() => client)
  })
}

function roundTrips(client: () => BrokerClient): void {
  const cases: readonly (readonly [what: string, records: readonly TestRecord[]])[] = [
    [
      'headers-null-values: gives back headers, repeated and without bytes',
      [
        {
          value: 'v',
          headers: [
            ['a', '1'],
            ['a', null],
            ['', ''],
            ['é', '2'],
          ],
        },
        { value: 'w' },
      ],
    ],
    [
      'empty-key-vs-null: tells empty keys and values from absent ones',
      [
        { key: '', value: '' },
        { key: '', value: null },
        { key: null, value: '' },
        { key: null, value: null },
      ],
    ],
    [
      'negative-ts-delta: gives back times that go back',
      [{ timestamp: NOW }, { timestamp: NOW - 86_400_000 }, { timestamp: 0 }, { timestamp: NOW - 1 }],
    ],
    [
      'varlong-timestamps: gives back times that are far apart',
      [{ timestamp: 0 }, { timestamp: 2 ** 41 }, { timestamp: 2 ** 52 }, { timestamp: 1 }],
    ],
  ]
  for (const [what, records] of cases) {
    it(what, async () => {
      const topic = await client().topic({ configs: FAR })
      expect(await client().produce(topic, encoded(records))).toMatchObject({ errorCode: 0, baseOffset: 0 })
      expect(await client().read(topic)).toEqual(expected(records))
    })
  }

  for (const codec of ['gzip', 'snappy', 'lz4'] as const) {
    it(`keeps a batch compressed by ${codec}`, async () => {
      const topic = await client().topic()
      const records = Array.from({ length: 300 }, (_, i) => ({ key: `k${i}`, value: 'the same again and again'.repeat(i % 7) }))
      await client().produce(topic, encoded(records, codec))
      const { records: answer } = await client().fetch(topic, 0)
      expect(readHeader(answer, 0, answer.length)).toMatchObject({ codec, count: 300 })
      expect(await client().read(topic)).toEqual(expected(records))
    })
  }

  it('begins with the batch that holds the offset, and numbers batches one behind the other', async () => {
    const topic = await client().topic()
    for (let i = 0; i < 3; i++) await client().produce(topic, encoded([{ value: 'a' }, { value: 'b' }]))
    const { records, highWatermark } = await client().fetch(topic, 3)
    expect(highWatermark).toBe(6)
    expect(readAll(records).map(({ offset }) => offset)).toEqual([2, 3, 4, 5])
  })

  it('log-append-time: stamps records with the time of their append where the topic says so', async () => {
    const topic = await client().topic({ configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const { logAppendTimeMs } = await client().produce(topic, encoded([{ timestamp: 1 }, { timestamp: 2 }]))
    expect(Math.abs(logAppendTimeMs - Date.now())).toBeLessThan(60_000)
    expect((await client().read(topic)).map(({ timestamp }) => timestamp)).toEqual([logAppendTimeMs, logAppendTimeMs])
  })

  it('decompression-bomb-capped: lets a reader refuse a batch that grows beyond its limit', async () => {
    const topic = await client().topic()
    await client().produce(topic, encoded([{ value: 'x'.repeat(500_000) }], 'gzip'))
    const { records } = await client().fetch(topic, 0)
    expect(records.length).toBeLessThan(10_000)
    expect(failure(() => readAll(records, { maxBatchBytes: 100_000 }))?.code).toBe('BATCH_TOO_LARGE')
  })
}

/** The JVM's producer and consumer at the other end. */
function otherClients(client: () => BrokerClient): void {
  const lines = Array.from({ length: 200 }, (_, i) => `line ${i} ${'and on and on '.repeat(i % 9)}`)

  it('gzip|snappy-xerial|lz4|zstd-from-jvm: reads what the JVM compressed', { timeout: 60_000 }, async (context) => {
    const { kafka } = client()
    if (kafka === undefined) return context.skip('there is no JVM here')
    const read = async (codec: Codec): Promise<void> => {
      const topic = await client().topic()
      const args = ['--bootstrap-server', kafka.brokers[0]!, '--topic', topic, '--compression-codec', codec]
      await kafka.tool('org.apache.kafka.tools.ConsoleProducer', args, `${lines.join('\n')}\n`)
      const { records } = await client().fetch(topic, 0)
      expect(readHeader(records, 0, records.length)?.codec).toBe(codec)
      // Node has zstd from 22.15 on: without it, the error says what to do.
      if (codec === 'zstd' && !('zstdDecompressSync' in zlib))
        expect(failure(() => readAll(records))).toMatchObject({ code: 'CODEC_UNAVAILABLE' })
      else expect((await client().read(topic)).map(({ value }) => decodeText(value!, 0, value!.length))).toEqual(lines)
    }
    await Promise.all((['gzip', 'snappy', 'lz4', 'zstd'] as const).map(read))
    return undefined
  })

  it('ours-read-by-jvm, snappy-raw: the JVM reads what we compressed, and a bare block of Snappy', { timeout: 60_000 }, async (context) => {
    const { kafka } = client()
    if (kafka === undefined) return context.skip('there is no JVM here')
    const topic = await client().topic()
    const batches = (['none', 'gzip', 'snappy', 'lz4'] as const).map((codec, n) =>
      encoded(
        lines.slice(n * 50, n * 50 + 49).map((value) => ({ value })),
        codec,
      ),
    )
    batches.push(bareSnappy(lines.slice(-1).map((value) => ({ value }))))
    for (const batch of batches) expect(errorName((await client().produce(topic, batch)).errorCode)).toBe('NONE')
    const sent = [...[0, 50, 100, 150].flatMap((from) => lines.slice(from, from + 49)), ...lines.slice(-1)]
    expect((await client().read(topic)).map(({ value }) => decodeText(value!, 0, value!.length))).toEqual(sent)
    const read = ['--topic', topic, '--from-beginning', '--max-messages', String(sent.length), '--timeout-ms', '20000']
    const printed = await kafka.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', ['--bootstrap-server', kafka.brokers[0]!, ...read])
    expect(printed.split('\n').slice(0, -1)).toEqual(sent)
    return undefined
  })
}

/** A batch whose records are one block of Snappy without the JVM's stream around it, as librdkafka writes them: all literals. */
function bareSnappy(records: readonly TestRecord[]): Uint8Array {
  const plain = encoded(records)
  const block: number[] = []
  const size = plain.length - AT.records
  for (let rest = size; ; rest >>>= 7) {
    block.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  for (let at = AT.records; at < plain.length; at += 60) {
    const part = plain.subarray(at, at + 60)
    block.push((part.length - 1) << 2, ...part)
  }
  const batch = Uint8Array.from([...plain.subarray(0, AT.records), ...block])
  writeInt32(batch, AT.length, batch.length - UNCOUNTED)
  batch[AT.attributes + 1]! |= CODECS.indexOf('snappy')
  writeInt32(batch, AT.crc, crc32c(batch, AT.attributes))
  return batch
}

function refusals(client: () => BrokerClient): void {
  it('crc-mismatch-named: a reader that is given other bytes than were written says of which batch', async () => {
    const topic = await client().topic()
    for (let i = 0; i < 2; i++) await client().produce(topic, encoded([{ key: 'k', value: 'v' }]))
    const records = Uint8Array.from((await client().fetch(topic, 0)).records)
    records[records.length - 3]! ^= 1
    const found = failure(() => readAll(records))
    expect(found?.code).toBe('RECORD_CORRUPT')
    // (The reader was told that this is orders[3].)
    expect(found?.message).toMatch(/orders\[3\].*\b1\b/)
  })

  const one = (): Uint8Array => encoded([{ key: 'k', value: 'v' }])
  const cases: readonly (readonly [what: string, error: string, batch: () => Uint8Array, configs?: Readonly<Record<string, string>>])[] = [
    ['changed bytes', 'CORRUPT_MESSAGE', () => one().fill(9, 65, 66)],
    ['two batches', 'INVALID_RECORD', () => Uint8Array.from([...one(), ...one()])],
    ['no batch', 'INVALID_RECORD', () => new Uint8Array(0)],
    ['more bytes than the topic takes', 'MESSAGE_TOO_LARGE', () => encoded([{ value: 'x'.repeat(2000) }]), { 'max.message.bytes': '1000' }],
    ['a time more than an hour ahead', 'INVALID_TIMESTAMP', () => encoded([{ timestamp: Date.now() + 2 * 3_600_000 }])],
    ['a null key on a compacted topic', 'INVALID_RECORD', () => encoded([{ key: 'k', value: 'v' }, { value: 'v' }]), COMPACTED],
  ]
  for (const [what, error, batch, configs = {}] of cases) {
    it(`refuses ${what}, as a whole`, async (context) => {
      if (error === 'INVALID_TIMESTAMP' && client().lacks('time-limits')) context.skip('this broker takes any time')
      const topic = await client().topic({ configs })
      const answer = await client().produce(topic, batch())
      expect([errorName(answer.errorCode), answer.baseOffset]).toEqual([error, -1])
      expect((await client().fetch(topic, 0)).highWatermark).toBe(0)
      expect(await client().produce(topic, one())).toMatchObject({ errorCode: 0, baseOffset: 0 })
    })
  }

  it('takes a batch of just the size that a topic takes', async () => {
    const batch = encoded([{ value: 'x'.repeat(2000) }])
    const topic = await client().topic({ configs: { 'max.message.bytes': String(batch.length) } })
    expect(errorName((await client().produce(topic, batch)).errorCode)).toBe('NONE')
  })

  it('takes times far ahead where the topic does', async () => {
    const topic = await client().topic({ configs: FAR })
    expect(errorName((await client().produce(topic, encoded([{ timestamp: NOW + 1e12 }]))).errorCode)).toBe('NONE')
  })
}

/** A broker compacts when it wants to; memory does when it is told. */
function compaction(client: () => BrokerClient): void {
  it('compacted-gaps: leaves gaps where records were compacted away, and readers get behind them', async (context) => {
    const { memory } = client()
    if (memory === undefined) return context.skip('only memory compacts on demand')
    const topic = await client().topic({ configs: COMPACTED })
    for (const list of ['abc', 'bd', 'a'])
      await client().produce(topic, encoded(list.split('').map((key, i) => ({ key, value: `${list}${i}` }))))
    memory.compactNow(topic)
    expect((await client().read(topic)).map(({ offset, key }) => `${offset}${new TextDecoder().decode(key ?? undefined)}`)).toEqual([
      '2c',
      '3b',
      '4d',
      '5a',
    ])
    const { records, highWatermark } = await client().fetch(topic, 0)
    expect(readHeader(records, 0, records.length)).toMatchObject({ baseOffset: 0, nextOffset: 3, count: 1 })
    expect(highWatermark).toBe(6)
    return undefined
  })

  it('empty-batch-moves-position: keeps a producer’s last batch though it is empty, and it moves the position', async (context) => {
    const { memory } = client()
    if (memory === undefined) return context.skip('only memory compacts on demand')
    const topic = await client().topic({ configs: COMPACTED })
    const writer = new BatchWriter()
    writer.append(utf8('a'), utf8('1'), NOW, undefined)
    await client().produce(topic, writer.seal({ producerId: 4242, producerEpoch: 0, baseSequence: 0 }))
    await client().produce(topic, encoded([{ key: 'a', value: '2' }]))
    memory.compactNow(topic)
    const { records } = await client().fetch(topic, 0)
    expect(readHeader(records, 0, records.length)).toMatchObject({ count: 0, baseOffset: 0, nextOffset: 1, producerId: 4242 })
    expect((await client().read(topic)).map(({ offset }) => offset)).toEqual([1])
    return undefined
  })
}
