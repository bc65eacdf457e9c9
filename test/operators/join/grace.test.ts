import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../../src/model/headers.ts'
import { serdes } from '../../../src/model/serdes.ts'
import { streamTableJoin } from '../../../src/operators/join/stream-table.ts'
import { storeReader, tableSource } from '../../../src/operators/table.ts'
import type { BufferStoreSpec } from '../../../src/state/store-spec.ts'
import { versionedStore } from '../../../src/state/stores.ts'
import type { Operator } from '../../../src/topology/operator.ts'
import { NaiveVersions } from '../../support/naive-versions.ts'
import { stateful } from '../../support/operator-state.ts'

const store = versionedStore<string | null, string>('t', { key: serdes.string, value: serdes.string, historyMs: 1000 })
const buffer: BufferStoreSpec<string | null, string | null> = {
  kind: 'buffer',
  name: 'b',
  keepsAll: true,
  key: serdes.string,
  value: serdes.string,
}
const join = (left: string | null, right: string | null, key: string | null): string => `${key}: ${left}&${right}`

interface Setting {
  readonly left: boolean
  /** Undefined: no grace, the row of the record's own time at once. */
  readonly ms: number | undefined
}

interface Sent {
  readonly topic: 'table' | 'stream'
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: Headers
}

/** The join and the table it reads as one step, the side told by the record's topic. */
function both({ left, ms }: Setting): Operator<string | null, string | null, string | null, string> {
  const grace = ms === undefined ? {} : { grace: { ms, buffer } }
  const joined = streamTableJoin<string | null, string | null, string, string>({ table: storeReader(store), left, join, ...grace })
  const table = tableSource<string | null, string>({ store, emit: 'every-update' })
  return {
    ...joined,
    start: (next, context) => {
      const ofTable = table.start(() => undefined, context)
      const ofStream = joined.start(next, context)
      return (key, value, record) => (record.topic === 'table' ? ofTable(key, value, record) : ofStream(key, value, record))
    },
  }
}

const sent: fc.Arbitrary<Sent> = fc.record({
  topic: fc.constantFrom('table', 'stream'),
  key: fc.constantFrom('a', 'b', ''),
  value: fc.option(fc.constantFrom('1', '2'), { freq: 5 }),
  timestamp: fc.nat(30),
  headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
})

/** Two lists: the table's versions, and who waits; those whose time has come leave in order of time, then key, then arrival. */
function naive(records: readonly Sent[], { left, ms }: Setting): unknown[] {
  const rows = new Map<string | null, NaiveVersions>()
  const out: unknown[] = []
  let waiting: Sent[] = []
  let streamTime = -1
  const meet = ({ key, value, timestamp, headers }: Sent): void => {
    const row = rows.get(key)?.at(timestamp)?.value ?? null
    if (left || row !== null) out.push([key, join(value, row, key), timestamp, headers])
  }
  for (const record of records) {
    const { topic, key, value, timestamp } = record
    if (topic === 'table') {
      const versions = rows.get(key) ?? new NaiveVersions()
      rows.set(key, versions)
      versions.put(timestamp, value)
    } else if (value !== null && (ms === undefined || timestamp < streamTime - ms)) meet(record)
    else if (value !== null) {
      streamTime = Math.max(streamTime, timestamp)
      const due = streamTime - ms!
      waiting = [...waiting, record].sort((a, b) => a.timestamp - b.timestamp || (a.key! < b.key! ? -1 : a.key! > b.key! ? 1 : 0))
      for (const one of waiting.filter((each) => each.timestamp <= due)) meet(one)
      waiting = waiting.filter((each) => each.timestamp > due)
    }
  }
  return out
}

const settings = fc.record({ left: fc.boolean(), ms: fc.option(fc.constantFrom(0, 3, 12), { nil: undefined, freq: 3 }) })

test('K4, K5: each record meets the row of its own time, after its grace', () =>
  fc.assert(
    fc.asyncProperty(fc.array(sent, { maxLength: 30 }), settings, fc.boolean(), async (records, setting, slow) => {
      const { running, commit } = stateful(both(setting), { slow, cacheBytes: 0 })
      for (const record of records) {
        await running.send(record)
        await commit()
      }
      expect(running.outputs.map(({ key, value, timestamp, headers }) => [key, value, timestamp, headers])).toEqual(naive(records, setting))
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  ))

test('a record without a key: dropped by an inner join, met with null without grace, an error where it would have to wait', () => {
  const send = (setting: Setting): [unknown, unknown] => {
    const { running } = stateful(both(setting))
    void running.send({ topic: 'stream', key: null, value: 'v' })
    return [running.outputs.map(({ value }) => value), Object.fromEntries(running.dropped)]
  }
  expect(send({ left: false, ms: 5 })).toEqual([[], { null_key: 1 }])
  expect(send({ left: false, ms: undefined })).toEqual([[], { null_key: 1 }])
  expect(send({ left: true, ms: undefined })).toEqual([['null: v&null'], {}])
  expect(() => send({ left: true, ms: 5 })).toThrow(expect.objectContaining({ code: 'PROCESSING_ERROR', context: { node: 'step' } }))
})

test('records without a value are dropped', () => {
  for (const ms of [5, undefined]) {
    const { running } = stateful(both({ left: true, ms }))
    void running.send({ topic: 'stream', key: 'a', value: null })
    expect([running.outputs.length, running.dropped.get('null_value')]).toEqual([0, 1])
  }
})

test('what waits leaves as the record it was', () => {
  const { running } = stateful(both({ left: true, ms: 5 }))
  void running.send({ topic: 'stream', key: 'a', value: '1', timestamp: 1 })
  void running.send({ topic: 'stream', key: 'a', value: '2', timestamp: 9 })
  expect(running.outputs).toMatchObject([{ key: 'a', value: 'a: 1&null', timestamp: 1, topic: 'stream', offset: 0 }])
  expect(running.record.offset).toBe(1)
})
