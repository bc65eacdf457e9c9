import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import { tableAggregate, type TableAggregateOptions } from '../../src/operators/table-aggregate.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Change } from '../../src/topology/operator.ts'
import { stateful, type StatefulOptions } from '../support/operator-state.ts'
import { Committed, updateOf, type Update } from '../support/updates.ts'
import { untyped } from '../support/untyped.ts'

type Options = TableAggregateOptions<string, string, string>

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) }
const add = (text: string, value: string): string | null => (value === '7' ? null : `${text}+${value}`)
const subtract = (text: string, value: string): string | null => (value === '5' ? null : `${text}-${value}`)
const store = keyValueStore('s', { key: serdes.string, value: serdes.string })
const aggregated: Options = {
  store,
  repartitionName: undefined,
  role: 'KTABLE-AGGREGATE-',
  emit: 'every-update',
  initial: () => '0',
  add,
  subtract,
}
const reduced: Options = { ...aggregated, role: 'KTABLE-REDUCE-', initial: undefined }

interface Input {
  readonly key: string
  readonly value: Change<string>
  readonly timestamp: number
}

const part = fc.option(fc.nat(9).map(String))
const inputs: fc.Arbitrary<Input[]> = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', ''),
    value: fc.record({ value: part, old: part, latest: fc.constant(true) }).filter(({ value, old }) => value !== null || old !== null),
    timestamp: fc.nat(50),
  }),
  { maxLength: 25 },
)
const settings = fc.record({
  sendsOldValues: fc.boolean(),
  parity: fc.boolean(),
  slow: fc.boolean(),
  cacheBytes: fc.constantFrom(0, 1 << 20),
})

/** What a group's aggregate is: what is taken out goes first, only from what is there (B12, B13). */
function naive(records: readonly Input[], fold: Options, { sendsOldValues }: StatefulOptions): Update<string>[] {
  const rows = new Map<string, { readonly value: string; readonly timestamp: number }>()
  return records.map(({ key, value: { value, old }, timestamp }) => {
    const row = rows.get(key)
    const rest = row === undefined || old === null || old === undefined ? (row?.value ?? null) : fold.subtract(row.value, old, key)
    const from = rest ?? fold.initial?.() ?? null
    const after = value === null ? rest : from === null ? value : fold.add(from, value, key)
    const newest = Math.max(timestamp, row?.timestamp ?? 0)
    const at = after === null && fold.emit === 'on-commit' ? timestamp : newest
    if (after === null) rows.delete(key)
    else rows.set(key, { value: after, timestamp: at })
    return { key, value: after, old: (sendsOldValues === true ? row?.value : undefined) ?? null, timestamp: at, headers: noHeaders }
  })
}

describe.each([
  ['aggregate', aggregated],
  ['reduce', reduced],
])('%s', (_name, options) => {
  test('takes out, then adds, in one update', () =>
    fc.assert(
      fc.asyncProperty(inputs, settings, fc.nat(5), async (records, setting, every) => {
        const { running, commit } = stateful(tableAggregate(options), setting)
        for (const [index, record] of records.entries()) {
          await running.send(record)
          if (every > 0 && index % every === 0) await commit()
        }
        expect(running.outputs.map(updateOf)).toEqual(naive(records, options, setting))
      }),
      runs,
    ))

  test('on commit tells the last of each group', () =>
    fc.assert(
      fc.asyncProperty(inputs, settings, fc.integer({ min: 1, max: 10 }), async (records, setting, every) => {
        const late: Options = { ...options, emit: 'on-commit' }
        const { running, commit } = stateful(tableAggregate(late), setting)
        const expected = naive(records, late, setting)
        const committed = new Committed<string>(setting.sendsOldValues)
        for (let from = 0; from < records.length; from += every) {
          for (const record of records.slice(from, from + every)) await running.send(record)
          await commit()
          const before = new Committed<string>(false)
          before.commit(expected.slice(0, from))
          const news = committed.commit(expected.slice(from, from + every))
          expect(before.news(running.take().map(updateOf))).toEqual(news)
        }
      }),
      runs,
    ))
})

test('old and new aggregate are two objects, though the functions change the one they were given', async () => {
  const lists = keyValueStore('s', { key: serdes.string, value: serdes.json<string[]>() })
  const push = (list: string[], value: string): string[] => {
    list.push(value)
    return list
  }
  const operator = tableAggregate<string, string, string[]>({
    store: lists,
    repartitionName: undefined,
    role: 'KTABLE-AGGREGATE-',
    emit: 'every-update',
    initial: () => [],
    add: push,
    subtract: (list, value) => push(list, `-${value}`),
  })
  const { running } = stateful(operator, { sendsOldValues: true })
  await running.send({ key: 'k', value: { value: 'a', old: null, latest: true } })
  await running.send({ key: 'k', value: { value: 'b', old: 'a', latest: true } })
  expect(running.outputs.map(({ value: { value, old } }) => [value, old])).toEqual([
    [['a'], null],
    [['a', '-a', 'b'], ['a']],
  ])
})

test('functions that answer nothing or a promise are an error', async () => {
  const { running } = stateful(tableAggregate({ ...aggregated, subtract: untyped(() => undefined) }))
  await running.send({ key: 'k', value: { value: 'a', old: null, latest: true } })
  expect(() => running.send({ key: 'k', value: { value: null, old: 'a', latest: true } })).toThrow(
    expect.objectContaining({ code: 'PROCESSOR_RESULT' }),
  )
})
