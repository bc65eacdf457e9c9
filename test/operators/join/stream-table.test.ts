import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../../src/model/headers.ts'
import { serdes } from '../../../src/model/serdes.ts'
import { streamTableJoin } from '../../../src/operators/join/stream-table.ts'
import { filterReader, storeReader, tableSource } from '../../../src/operators/table.ts'
import { keyValueStore } from '../../../src/state/stores.ts'
import type { Operator } from '../../../src/topology/operator.ts'
import { stateful } from '../../support/operator-state.ts'

const store = keyValueStore<string | null, string>('t', { key: serdes.string, value: serdes.string })
const join = (left: number, right: string | null, key: string | null): string => `${key}: ${left}&${right}`

function write(table: Map<string | null, number>, key: string | null, value: number | null): void {
  if (value === null) table.delete(key)
  else table.set(key, value)
}

interface Step {
  readonly side: 'table' | 'stream'
  readonly key: string | null
  readonly value: number | null
  readonly timestamp: number
  readonly headers: Headers
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    side: fc.constantFrom('table', 'stream'),
    key: fc.option(fc.constantFrom('a', 'b', '', '__proto__'), { freq: 6 }),
    value: fc.option(fc.nat(9), { freq: 4 }),
    timestamp: fc.nat(50),
    headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
  }),
  { maxLength: 30 },
)

/** The join and the table it reads as one step, the side told by the record's topic. */
function both(left: boolean, onlyEven: boolean): Operator<string | null, number | null, string | null, string> {
  const source = storeReader(store)
  const reader = onlyEven ? filterReader(source, (value: string) => Number(value) % 2 === 0) : source
  const joined = streamTableJoin<string | null, number | null, string, string>({
    table: reader,
    left,
    join: (value, row, key) => join(value!, row, key),
  })
  const table = tableSource<string | null, string>({ store, emit: 'every-update' })
  return {
    ...joined,
    start: (next, context) => {
      const ofTable = table.start(() => undefined, context)
      const ofStream = joined.start(next, context)
      return (key, value, record) =>
        record.topic === 'table' ? ofTable(key, value === null ? null : String(value), record) : ofStream(key, value, record)
    },
  }
}

interface Setting {
  readonly left: boolean
  readonly onlyEven: boolean
}

/** Why a record is dropped, if it is. */
function reasonOf({ side, key, value }: Step, left: boolean): 'null_key' | 'null_value' | undefined {
  if (side === 'table') return key === null ? 'null_key' : undefined
  if (value === null) return 'null_value'
  return key === null && !left ? 'null_key' : undefined
}

/** What a join with a table is: a look-up in the map that the table is at that moment. */
function naive(records: readonly Step[], { left, onlyEven }: Setting): { joined: unknown[]; drops: Record<string, number> } {
  const table = new Map<string | null, number>()
  const drops = { null_key: 0, null_value: 0 }
  const joined: unknown[] = []
  for (const record of records) {
    const { side, key, value, timestamp, headers } = record
    const reason = reasonOf(record, left)
    if (reason !== undefined) drops[reason]++
    else if (side === 'table') write(table, key, value)
    else {
      const found = table.get(key)
      const row = found === undefined || (onlyEven && found % 2 !== 0) ? null : `${found}`
      if (row !== null || left) joined.push([key, join(Number(value), row, key), timestamp, headers])
    }
  }
  return { joined, drops }
}

test('K1–K4: a stream record meets the row of that moment', () =>
  fc.assert(
    fc.asyncProperty(steps, fc.record({ left: fc.boolean(), onlyEven: fc.boolean(), slow: fc.boolean() }), async (records, setting) => {
      const { running, commit } = stateful(both(setting.left, setting.onlyEven), { slow: setting.slow, cacheBytes: 0 })
      for (const { side, ...record } of records) {
        await running.send({ ...record, topic: side })
        await commit()
      }
      const { joined, drops } = naive(records, setting)
      expect(running.outputs.map(({ key, value, timestamp, headers }) => [key, value, timestamp, headers])).toEqual(joined)
      expect({ null_key: 0, null_value: 0, ...Object.fromEntries(running.dropped) }).toEqual(drops)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  ))

test('nothing waits when the row is resident', () => {
  const { running } = stateful(both(false, false))
  expect(running.send({ key: 'a', value: 1, topic: 'table' })).toBeUndefined()
  expect(running.send({ key: 'a', value: 2, topic: 'stream' })).toBeUndefined()
  expect(running.outputs.map(({ value }) => value)).toEqual(['a: 2&1'])
})

test('a joiner may answer null, but neither undefined nor a promise (B39)', () => {
  const joined = (answer: unknown) =>
    stateful(streamTableJoin<string | null, number, string, unknown>({ table: storeReader(store), left: true, join: () => answer })).running
  expect(joined(null).send({ key: 'a', value: 1 })).toBeUndefined()
  for (const answer of [undefined, Promise.resolve(1)]) {
    expect(() => joined(answer).send({ key: 'a', value: 1 })).toThrow(expect.objectContaining({ code: 'PROCESSOR_RESULT' }))
  }
})

test('a left join keeps null keys through a repartition, an inner one doesn’t; both want partitions in common', () => {
  const operators = [true, false].map((left) =>
    streamTableJoin<string | null, number, string, string>({ table: storeReader(store), left, join }),
  )
  expect(
    operators.map(({ role, traits, naming, stores }) => [
      role,
      traits.keepsNullKeys,
      traits.copartitioned,
      traits.readsByKey,
      naming,
      stores,
    ]),
  ).toEqual([
    ['KSTREAM-LEFTJOIN-', true, true, true, { stores: 'none', repartition: 'before' }, [store]],
    ['KSTREAM-JOIN-', false, true, true, { stores: 'none', repartition: 'before' }, [store]],
  ])
})
