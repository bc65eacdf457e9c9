/** Batches that can't be read: the application stops before them, says what is wrong with which, and skips nothing by itself. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ClusterError } from '../../src/index.ts'
import { crc32c } from '../../src/base/crc32c.ts'
import { utf8 } from '../../src/base/text.ts'
import type { MemoryCluster } from '../../src/memory/cluster.ts'
import { DELETE_RECORDS } from '../../src/wire/api/topics.ts'
import { AT } from '../../src/wire/batch-layout.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { built } from '../support/shop-topics.ts'
import { BAD, entryTexts, failsOnce, resultTexts } from './scenario.ts'

const topology = built((builder) => builder.stream(entryTexts).to(resultTexts))

/** One record in a batch that the log keeps as it is, so that it can be spoilt when it was taken. */
function sealed(): Uint8Array {
  const writer = new BatchWriter()
  writer.append(utf8('bad'), new Uint8Array(40_000), 1_000, undefined)
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
}

/** What somebody does who knows that the batch is lost: everything up to it is deleted. */
async function deleteBatch(cluster: MemoryCluster): Promise<void> {
  const lane = await cluster.lane(cluster.seeds()[0]!, 'call')
  const partitions = [{ partition: 0, offset: BAD + 1 }]
  await lane.request(DELETE_RECORDS, { timeoutMs: 1_000, topics: [{ topic: 'entries', partitions }] })
  lane.close()
}

function spoilt(how: (batch: Uint8Array) => void): (broker: unknown, cluster: MemoryCluster) => void {
  return (_broker, cluster) => {
    const batch = sealed()
    cluster.append('entries', 0, batch)
    how(batch)
  }
}

/** The error at a batch that can't be read; everything before it is committed, so that it can be deleted and nothing else is lost. */
async function stopsAt(bad: (broker: unknown, cluster: MemoryCluster) => void): Promise<ClusterError> {
  const error = await failsOnce({ topology, healed: topology, bad, repair: deleteBatch })
  if (!(error instanceof ClusterError)) throw error
  expect(error.message).toContain(`entries[0]@${BAD}`)
  expect(error.context).toMatchObject({ topic: 'entries', partition: 0, offset: BAD })
  expect(error.retriable).toBe(false)
  return error
}

/** Replaces the records of a batch by others, as another codec would have written them. */
function recoded(codec: number, records: Uint8Array): (broker: unknown, cluster: MemoryCluster) => void {
  return (_broker, cluster) => {
    const batch = new Uint8Array(AT.records + records.length)
    batch.set(sealed().subarray(0, AT.records))
    batch.set(records, AT.records)
    const view = new DataView(batch.buffer)
    view.setInt32(AT.length, batch.length - 12)
    view.setInt16(AT.attributes, codec)
    view.setInt32(AT.crc, crc32c(batch, AT.attributes))
    cluster.append('entries', 0, batch)
  }
}

test('B64: a codec that this platform lacks says which, and what to do', async () => {
  const hasZstd = 'zstdCompressSync' in (await import('node:zlib'))
  const error = await stopsAt(recoded(4, new Uint8Array(100)))
  if (hasZstd) expect(error.code).toBe('RECORD_CORRUPT')
  else {
    expect(error.code).toBe('CODEC_UNAVAILABLE')
    expect(error.message).toContain('the codec zstd is not available here')
    expect(error.message).toContain('Node 22.15')
  }
})

test('B65: a batch that unpacks to more than 64 MiB is not unpacked', async () => {
  const error = await stopsAt(recoded(1, gzipSync(new Uint8Array(80 * 1024 * 1024))))
  expect(error.code).toBe('BATCH_TOO_LARGE')
  expect(error.message).toContain(`more than ${64 * 1024 * 1024} bytes inside`)
})

describe('B66: a batch with', () => {
  test('a wrong checksum', async () => {
    const error = await stopsAt(spoilt((batch) => (batch[batch.length - 5]! ^= 1)))
    expect(error.code).toBe('RECORD_CORRUPT')
    expect(error.message).toContain('checksum')
  })

  test('records that end elsewhere than they say', async () => {
    const error = await stopsAt(recoded(0, Uint8Array.from([0x40, 0, 0])))
    expect(error.code).toBe('RECORD_CORRUPT')
  })

  test.each([0, 1, 3])('format %i', async (magic) => {
    const error = await stopsAt(spoilt((batch) => (batch[AT.magic] = magic)))
    expect(error.code).toBe('UNSUPPORTED_MAGIC')
    expect(error.message).toContain(`format ${magic}; only 2`)
  })
})
