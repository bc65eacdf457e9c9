import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../../src/model/headers.ts'
import { serdes } from '../../../src/model/serdes.ts'
import { streamTableJoin } from '../../../src/operators/join/stream-table.ts'
import { filterReader, storeReader, tableSource } from '../../../src/operators/table.ts'
import { keyValueStore } from '../../../src/state/stores.ts'
import type { Operator } from '../../../src/topology/operator.ts'
import { stateful } from '../../support/operator-state.ts'

const store = keyValueStore('t', { key: serdes.string, value: serdes.string })
const join = (left: number, right: string | null, key: string | null): string => `${key}: ${left}&${right}`

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
    table: reader as never,
    left,
    join: (value, row, key) => join(value!, row, key),
  })
  const table = tableSource<string | null, string>({ store: store as never, emit: 'every-update' })
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

test('K1–K4: a stream record meets the row of that moment; a join is a look-up', () =>
  fc.assert(
    fc.asyncProperty(
      steps,
      fc.record({ left: fc.boolean(), onlyEven: fc.boolean(), slow: fc.boolean() }),
      async (records, { left, onlyEven, slow }) => {
        const { running, commit } = stateful(both(left, onlyEven), { slow, cacheBytes: 0 })
        const table = new Map<string, number>()
        const expected: unknown[] = []
        const drops = { null_key: 0, null_value: 0 }
        for (const { side, key, value, timestamp, headers } of records) {
          await running.send({ key, value, timestamp, headers, topic: side })
          await commit()
          if (side === 'table') {
            if (key === null) drops.null_key++
            else if (value === null) table.delete(key)
            else table.set(key, value)
            continue
          }
          if (value === null) drops.null_value++
          else if (key === null && !left) drops.null_key++
          else {
            const found = key === null ? undefined : table.get(key)
            const row = found === undefined || (onlyEven && found % 2 !== 0) ? null : String(found)
            if (row !== null || left) expected.push([key, join(value, row, key), timestamp, headers])
          }
        }
        expect(running.outputs.map(({ key, value, timestamp, headers }) => [key, value, timestamp, headers])).toEqual(expected)
        expect({ null_key: running.dropped.get('null_key') ?? 0, null_value: running.dropped.get('null_value') ?? 0 }).toEqual(drops)
      },
    ),
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
    stateful(streamTableJoin<string, number, string, unknown>({ table: storeReader(store), left: true, join: () => answer })).running
  expect(joined(null).send({ key: 'a', value: 1 })).toBeUndefined()
  for (const answer of [undefined, Promise.resolve(1)]) {
    expect(() => joined(answer).send({ key: 'a', value: 1 })).toThrow(expect.objectContaining({ code: 'PROCESSOR_RESULT' }))
  }
})

test('a left join keeps null keys through a repartition, an inner one doesn’t; both want partitions in common', () => {
  const operators = [true, false].map((left) => streamTableJoin<string, number, string, string>({ table: storeReader(store), left, join }))
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
