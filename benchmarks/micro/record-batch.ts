/** Reading a batch into columns: alone, with hashed keys, with the checksum; and through each codec. */
import { registerZlibCodecs } from '../../src/platform/zlib-codecs.ts'
import { BatchReader, readHeader, type ReaderOptions } from '../../src/wire/batch-reader.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import { orderBatch, RECORDS, keys, START, values } from './orders.ts'
import { perRecord } from './per-record.ts'

registerZlibCodecs()

function reading(batch: Uint8Array, options: ReaderOptions): () => number {
  const reader = new BatchReader(options)
  return () => {
    const header = readHeader(batch, 0, batch.length)!
    reader.open(batch, header)
    let count = 0
    for (let run = reader.next(); run !== undefined; run = reader.next()) count += run.count
    return count
  }
}

function compressed(codec: 'gzip' | 'snappy' | 'lz4'): Uint8Array {
  const writer = new BatchWriter()
  for (let i = 0; i < RECORDS; i++) writer.append(keys[i]!, values[i]!, START + i, undefined)
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1, codec })
}

const batch = orderBatch()
await perRecord(RECORDS, {
  columns: reading(batch, { checkCrc: false, hashKeys: false }),
  'columns, hash': reading(batch, { checkCrc: false }),
  'columns, hash, checksum': reading(batch, {}),
  'columns out of lz4': reading(compressed('lz4'), { checkCrc: false, hashKeys: false }),
  'columns out of snappy': reading(compressed('snappy'), { checkCrc: false, hashKeys: false }),
  'columns out of gzip': reading(compressed('gzip'), { checkCrc: false, hashKeys: false }),
})
