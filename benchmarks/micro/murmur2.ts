/** murmur2 of keys of 14 bytes. */
import { murmur2 } from '../../src/base/murmur2.ts'
import { keys, RECORDS } from './orders.ts'
import { perRecord } from './per-record.ts'

await perRecord(RECORDS, {
  'murmur2, 14 bytes': () => {
    let all = 0
    for (let i = 0; i < RECORDS; i++) all ^= murmur2(keys[i]!)
    return all
  },
})
