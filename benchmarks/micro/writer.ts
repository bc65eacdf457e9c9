/** Writing 2,400 records into a batch by each face: without sealing, and sealed. */
import { BatchReader, readHeader } from '../../src/wire/batch-reader.ts'
import { BatchWriter } from '../../src/wire/batch-writer.ts'
import type { WriteFace } from '../../src/wire/partition-writer.ts'
import { keys, orderBatch, RECORDS, START, values } from './orders.ts'
import { perRecord } from './per-record.ts'

const face: WriteFace<Uint8Array> = {
  serialize: (value) => value,
  write: (value, into, at) => {
    if (value.length > into.length - at) return -1
    into.set(value, at)
    return value.length
  },
}

const batch = orderBatch()
const reader = new BatchReader()
reader.open(batch, readHeader(batch, 0, batch.length)!)
const rows = reader.next()!

/** Fills a batch; the writer keeps its buffer. */
function filling(append: (writer: BatchWriter, i: number) => void): () => number {
  const writer = new BatchWriter({ initialBytes: 300_000 })
  return () => {
    writer.reset()
    for (let i = 0; i < RECORDS; i++) append(writer, i)
    return writer.byteLength
  }
}

const sealing = new BatchWriter()

await perRecord(RECORDS, {
  append: filling((writer, i) => writer.append(keys[i]!, values[i]!, START + i, undefined)),
  'appendRow, out of a fetched batch': filling((writer, i) => writer.appendRow(rows, i, START + i, undefined)),
  'key, written': filling((writer, i) => {
    writer.begin(START + i)
    writer.key(rows.bytes, rows.keyAt[i]!, rows.keyLength[i]!)
    writer.written(face, values[i]!)
    writer.end(undefined)
  }),
  'append and seal, with checksum': () => {
    for (let i = 0; i < RECORDS; i++) sealing.append(keys[i]!, values[i]!, START + i, undefined)
    const sealed = sealing.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
    sealing.reset()
    return sealed
  },
})
