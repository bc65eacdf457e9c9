import { expect, it } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import { PartitionLog } from '../../src/memory/log.ts'
import { decodeRecords, encodeRecords, type AppendRecord } from '../../src/memory/records.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'

const records: readonly AppendRecord[] = [
  { key: utf8('k'), value: utf8('v'), timestamp: 5 },
  {
    key: null,
    value: utf8(''),
    timestamp: 4,
    headers: [
      ['a', utf8('1')],
      ['a', null],
    ],
  },
  { key: utf8(''), value: null, timestamp: 2 ** 41 },
]

function logged(): PartitionLog {
  const log = new PartitionLog()
  for (const list of [records.slice(0, 1), records.slice(1)]) {
    const batch = encodeRecords(list)
    log.append(batch, readHeader(batch, 0, batch.length)!)
  }
  return log
}

it('gives back what was put in, to the last field', () => {
  expect(decodeRecords(logged(), 0)).toEqual(records.map((record, offset) => ({ headers: [], ...record, offset })))
})

it('begins within a batch', () => {
  expect(decodeRecords(logged(), 2).map(({ offset }) => offset)).toEqual([2])
  expect(decodeRecords(logged(), 3)).toEqual([])
})

it('gives copies, which may be changed', () => {
  const log = logged()
  decodeRecords(log, 0)[0]!.value!.fill(0)
  expect(decodeRecords(log, 0)[0]!.value).toEqual(utf8('v'))
})
