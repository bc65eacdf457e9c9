import { beforeAll, describe, expect, it } from 'vitest'
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { writeInt32 } from '../../src/base/bytes.ts'
import { CODE } from '../../src/memory/codes.ts'
import { AT } from '../../src/wire/batch-layout.ts'
import { crc32c } from '../../src/base/crc32c.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { batchOf, makeWorld, numbered, sequenced, shown, START, type World } from './world.ts'

beforeAll(registerZlibCodecs)

function withTopic(configs: Readonly<Record<string, string>> = {}, options: Parameters<typeof makeWorld>[0] = {}): World {
  const world = makeWorld(options)
  world.cluster.createTopic('t', { configs })
  return world
}

/** A batch with a field of its header changed, and its checksum right again. */
function changed(batch: Uint8Array, at: number, value: number): Uint8Array {
  writeInt32(batch, at, value)
  writeInt32(batch, AT.crc, crc32c(batch, AT.attributes))
  return batch
}

describe('Appends', () => {
  it('answers where the batch begins, and where the log does', async () => {
    const { cluster, produce } = withTopic()
    expect(await produce('t', numbered(2))).toEqual({
      partition: 0,
      errorCode: CODE.NONE,
      errorMessage: null,
      baseOffset: 0,
      logAppendTimeMs: -1,
      logStartOffset: 0,
    })
    expect(await produce('t', numbered(1))).toMatchObject({ baseOffset: 2 })
    expect(shown(cluster.read('t', 0))).toEqual(['0 k0=v0', '1 k1=v1', '2 k0=v0'])
  })

  it.each([
    ['two batches', new Uint8Array([...numbered(1), ...numbered(1)]), CODE.INVALID_RECORD],
    ['no batch', new Uint8Array(0), CODE.INVALID_RECORD],
    ['part of a batch', numbered(3).slice(0, -1), CODE.INVALID_RECORD],
    ['a batch without records', new BatchWriter().seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 }), CODE.INVALID_RECORD],
    ['a batch with gaps', changed(numbered(2), AT.lastOffsetDelta, 5), CODE.INVALID_RECORD],
    ['a control batch', numbered(1, { control: true }), CODE.INVALID_RECORD],
    ['a transaction that isn’t open', numbered(1, { transactional: true, producerId: 1 }), CODE.INVALID_TXN_STATE],
    ['an old format', numbered(1).fill(1, AT.magic, AT.magic + 1), CODE.CORRUPT_MESSAGE],
    ['changed bytes', numbered(1).fill(9, AT.records + 3, AT.records + 4), CODE.CORRUPT_MESSAGE],
  ])('refuses %s', async (_what, batch, errorCode) => {
    const { cluster, produce } = withTopic()
    expect(await produce('t', batch)).toMatchObject({ errorCode, baseOffset: -1 })
    expect(cluster.endOffsets('t')).toEqual([0])
  })

  it('takes changed bytes when it was told not to look at checksums', async () => {
    const { produce } = withTopic({}, { checkCrc: false })
    expect(await produce('t', numbered(1).fill(9, AT.records + 3, AT.records + 4))).toMatchObject({ errorCode: CODE.NONE })
  })

  it('refuses what is larger than the topic takes', async () => {
    const { produce } = withTopic({ 'max.message.bytes': '200' })
    expect(await produce('t', batchOf([['k', 'x'.repeat(200)]]))).toMatchObject({ errorCode: CODE.MESSAGE_TOO_LARGE })
    expect(await produce('t', batchOf([['k', 'x'.repeat(100)]]))).toMatchObject({ errorCode: CODE.NONE })
  })

  it('refuses times that are more than an hour ahead, unless the topic takes them', async () => {
    const ahead = (): Uint8Array =>
      batchOf([
        ['k', 'v', START],
        ['k', 'v', START + 3_600_001],
      ])
    expect(await withTopic().produce('t', ahead())).toMatchObject({ errorCode: CODE.INVALID_TIMESTAMP })
    expect(await withTopic().produce('t', batchOf([['k', 'v', START + 3_600_000]]))).toMatchObject({ errorCode: CODE.NONE })
    expect(await withTopic({ 'message.timestamp.after.max.ms': '9223372036854775807' }).produce('t', ahead())).toMatchObject({
      errorCode: CODE.NONE,
    })
    expect(await withTopic({ 'message.timestamp.type': 'LogAppendTime' }).produce('t', ahead())).toMatchObject({ errorCode: CODE.NONE })
  })

  it('stamps records where the topic says so', async () => {
    const { cluster, clock, produce } = withTopic({ 'message.timestamp.type': 'LogAppendTime' })
    await clock.advance(7)
    expect(await produce('t', numbered(2))).toMatchObject({ logAppendTimeMs: START + 7 })
    expect(cluster.read('t', 0).map(({ timestamp }) => timestamp)).toEqual([START + 7, START + 7])
  })

  it.each(['none', 'gzip', 'snappy', 'lz4'] as const)('refuses a null key on a compacted topic, and says which (%s)', async (codec) => {
    const { cluster, produce } = withTopic({ 'cleanup.policy': 'compact' })
    expect(
      await produce(
        't',
        batchOf(
          [
            ['a', '1'],
            [null, '2'],
          ],
          { codec },
        ),
      ),
    ).toMatchObject({ errorCode: CODE.INVALID_RECORD, errorMessage: expect.stringContaining('record 1') })
    expect(
      await produce(
        't',
        batchOf(
          [
            ['a', '1'],
            ['', '2'],
          ],
          { codec },
        ),
      ),
    ).toMatchObject({ errorCode: CODE.NONE })
    expect(shown(cluster.read('t', 0))).toEqual(['0 a=1', '1 =2'])
  })

  it('finds a null key behind the first run of columns', async () => {
    const { produce } = withTopic({ 'cleanup.policy': 'compact' })
    const records = Array.from({ length: 5000 }, (_, i) => [i === 4500 ? null : 'k', 'v'] as const)
    expect(await produce('t', batchOf(records))).toMatchObject({
      errorCode: CODE.INVALID_RECORD,
      errorMessage: expect.stringContaining('record 4500'),
    })
  })

  it('refuses compressed bytes that aren’t, where it has to look into them', async () => {
    const { produce } = withTopic({ 'cleanup.policy': 'compact' }, { checkCrc: false })
    const batch = batchOf([['a', '1']], { codec: 'lz4' })
    expect(await produce('t', batch.fill(0xff, AT.records))).toMatchObject({ errorCode: CODE.CORRUPT_MESSAGE })
  })

  it('appends an idempotent producer’s batch once, and answers where it stands when it comes again', async () => {
    const { cluster, produce } = withTopic()
    await produce('t', sequenced(0, 2))
    expect(await produce('t', sequenced(2, 1))).toMatchObject({ errorCode: CODE.NONE, baseOffset: 2 })
    expect(await produce('t', sequenced(0, 2))).toMatchObject({ errorCode: CODE.NONE, baseOffset: 0 })
    expect(await produce('t', sequenced(4, 1))).toMatchObject({ errorCode: CODE.OUT_OF_ORDER_SEQUENCE_NUMBER })
    expect(cluster.endOffsets('t')).toEqual([3])
  })

  it('remembers nothing of a batch that it refused', async () => {
    const { produce } = withTopic({ 'max.message.bytes': '100' })
    expect(await produce('t', sequenced(0, 9))).toMatchObject({ errorCode: CODE.MESSAGE_TOO_LARGE })
    expect(await produce('t', sequenced(0, 1))).toMatchObject({ errorCode: CODE.NONE })
  })

  it('answers for partitions that it doesn’t have or lead', async () => {
    const { cluster, produce } = withTopic({}, { brokers: 2 })
    expect(await produce('t', numbered(1), { partition: 1 })).toMatchObject({ errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION })
    expect(await produce('u', numbered(1))).toMatchObject({ errorCode: CODE.UNKNOWN_TOPIC_OR_PARTITION })
    expect(await produce('t', numbered(1), { node: 2 })).toMatchObject({ errorCode: CODE.NOT_LEADER_OR_FOLLOWER })
    cluster.moveLeader('t', 0, { node: 2 })
    expect(await produce('t', numbered(1), { node: 2 })).toMatchObject({ errorCode: CODE.NONE })
  })
})
