/** Appending a batch to the memory cluster's log and fetching it again: kept as it is, copied, and with the checksum that is off for embedded use. */
import { writeInt32 } from '../../src/base/bytes.ts'
import { PartitionLog } from '../../src/memory/log.ts'
import { AT } from '../../src/wire/batch-layout.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { crc32c } from '../../src/base/crc32c.ts'
import { orderBatch, RECORDS } from './orders.ts'
import { perRecord } from './per-record.ts'

const APPENDS_OF_A_LOG = 50

/** Appends the same batch, as new each time (−1) or as one that a log has stamped before (0), and fetches from where it ends. */
function appending(batch: Uint8Array, leaderEpoch: number, checksum: boolean): () => number {
  let log = new PartitionLog()
  let appends = 0
  return () => {
    if (++appends % APPENDS_OF_A_LOG === 0) log = new PartitionLog()
    writeInt32(batch, AT.leaderEpoch, leaderEpoch)
    const header = readHeader(batch, 0, batch.length)!
    if (checksum && crc32c(batch, AT.attributes) !== header.crc) throw new Error('the batch is whole')
    return log.read(log.append(batch, header), 1024 * 1024).length
  }
}

const batch = orderBatch()
await perRecord(RECORDS, {
  'append, fetch: kept': appending(batch, -1, false),
  'append, fetch: copied': appending(batch, 0, false),
  'append, fetch: kept, checksum': appending(batch, -1, true),
})
