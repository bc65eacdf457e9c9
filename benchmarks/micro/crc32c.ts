/** CRC-32C over the batch of 2,400 records: sixteen tables against one byte after the other. */
import { crc32c, crc32cBytewise } from '../../src/base/crc32c.ts'
import { orderBatch, RECORDS } from './orders.ts'
import { perRecord } from './per-record.ts'

const batch = orderBatch()
await perRecord(RECORDS, {
  'crc32c, sliced by 16': () => crc32c(batch, 21),
  'crc32c, byte-wise': () => crc32cBytewise(batch, 21),
})
