import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import { aggregate } from '../../src/operators/aggregate.ts'
import { filterReader, mapValuesReader, storeReader, tableFilter, tableMapValues, tableSource, toTable } from '../../src/operators/table.ts'
import { slotsOf } from '../../src/operators/versioned-table.ts'
import { keyValueStore, versionedStore } from '../../src/state/stores.ts'
import type { Operator } from '../../src/topology/operator.ts'
import { NaiveVersions } from '../support/naive-versions.ts'
import { stateful } from '../support/operator-state.ts'
import { updateOf } from '../support/updates.ts'

const HISTORY = 10
const store = versionedStore<string | null, string>('t', { key: serdes.string, value: serdes.string, historyMs: HISTORY })

interface Sent {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: Headers
}

const sent: fc.Arbitrary<Sent> = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', ''), { freq: 8 }),
  value: fc.option(fc.constantFrom('1', '2', '33'), { freq: 3 }),
  timestamp: fc.nat(30),
  headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
})

/** Each record that isn't too old, with the newest value before it and whether it is the newest itself. */
function naive(records: readonly Sent[]): unknown[] {
  const keys = new Map<string, NaiveVersions>()
  const updates: unknown[] = []
  let time = -1
  for (const { key, value, timestamp, headers } of records) {
    if (key === null) continue
    const versions = keys.get(key) ?? new NaiveVersions()
    keys.set(key, versions)
    if (timestamp < time - HISTORY) continue
    time = Math.max(time, timestamp)
    const old = versions.newest?.value ?? null
    updates.push({ key, value, old, timestamp, headers, latest: versions.put(timestamp, value) === Infinity })
  }
  return updates
}

test('B3: a source tells of what it keeps: the newest value before it, and whether it is the latest; nothing of what is too old', () =>
  fc.assert(
    fc.asyncProperty(fc.array(sent, { maxLength: 30 }), fc.boolean(), fc.boolean(), async (records, slow, ofStream) => {
      const operator = (ofStream ? toTable : tableSource)<string | null, string>({ store, emit: 'every-update' })
      const { running, commit } = stateful(operator, { slow, sendsOldValues: true, cacheBytes: 0 })
      for (const record of records) {
        await running.send(record)
        await commit()
      }
      const found = running.outputs.map((output) => ({ ...updateOf(output), latest: output.value.latest }))
      expect(found).toEqual(naive(records))
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  ))

test('old values are read only where somebody wants them', () => {
  const { running } = stateful(tableSource<string | null, string>({ store, emit: 'every-update' }))
  void running.send({ key: 'a', value: '1', timestamp: 5 })
  void running.send({ key: 'a', value: '2', timestamp: 3 })
  expect(running.outputs.map(({ value }) => value)).toEqual([
    { value: '1', old: null, latest: true },
    { value: '2', old: null, latest: false },
  ])
})

describe('views', () => {
  const change = { value: '1', old: null, latest: false }

  test('without a store pass on whether a change is the latest', () => {
    const { running } = stateful(tableMapValues<string, string, string>((v) => `${v}!`, { store: undefined, emit: 'every-update' }))
    void running.send({ key: 'a', value: change })
    expect(running.outputs.map(({ value }) => value)).toEqual([{ value: '1!', old: null, latest: false }])
  })

  test('a filter of a versioned table tells of a change from nothing to nothing, another one doesn’t', () => {
    const outputs = (ofVersions: boolean): number => {
      const filter = tableFilter<string, string>(() => false, { store: undefined, emit: 'every-update', ofVersions })
      expect(filter.traits.likesOldValue).toBe(true)
      const { running } = stateful(filter, { sendsOldValues: true })
      void running.send({ key: 'a', value: change })
      return running.outputs.length
    }
    expect([outputs(true), outputs(false)]).toEqual([1, 0])
  })

  test('with a versioned store of their own place each change there', () => {
    const { running, rows } = stateful(tableMapValues<string | null, string, string>((v) => `${v}!`, { store, emit: 'every-update' }))
    void running.send({ key: 'a', value: { value: '1', old: null, latest: true }, timestamp: 9 })
    void running.send({ key: 'a', value: { value: '0', old: null, latest: true }, timestamp: 4 })
    expect(running.outputs.map(({ value }) => value.latest)).toEqual([true, false])
    expect(rows('t')).toEqual({
      kind: 'versioned',
      entries: [
        ['61', 4, 9, '3021'],
        ['61', 9, null, '3121'],
      ],
    })
  })
})

test('an aggregate is put at the greatest of its times; after a delete an older one isn’t the latest; a too old one isn’t told of', () => {
  const sums = versionedStore<string, number>('s', { key: serdes.string, value: serdes.long, historyMs: HISTORY })
  const add = (sum: number, value: number): number | null => (value < 0 ? null : sum + value)
  const summed = aggregate<string, number, number>({ store: sums, role: 'KSTREAM-AGGREGATE-', emit: 'every-update', initial: () => 0, add })
  const { running } = stateful(summed)
  const send = (value: number, timestamp: number): void => void running.send({ key: 'a', value, timestamp })
  send(1, 20)
  send(2, 15)
  send(-1, 25)
  send(5, 18)
  send(5, 3)
  expect(running.outputs.map(({ value, timestamp }) => [value.value, timestamp, value.latest])).toEqual([
    [1, 20, true],
    [3, 20, true],
    [null, 25, true],
    [5, 18, false],
  ])
})

test('is read as of now and as of a time, also through views', () => {
  const reader = storeReader(store)
  const views = [filterReader(reader, (v: string) => v !== '1'), mapValuesReader(reader, (v: string) => `${v}!`)]
  const seen: unknown[] = []
  const source = tableSource<string | null, string>({ store, emit: 'every-update' })
  const both: Operator<string | null, string | null, unknown, unknown> = {
    ...source,
    start: (_next, context) => {
      const put = source.start(() => undefined, context)
      const reads = [reader, ...views].map((one) => ({ now: one.open(context), at: one.versions!.open(context) }))
      return (key, value, record) => {
        void put(key, value, record)
        seen.push(reads.map(({ now, at }) => [now(key), at(key, 5)].map((row) => (row instanceof Promise ? row : row?.value))))
      }
    },
  }
  const { running } = stateful(both)
  void running.send({ key: 'a', value: '1', timestamp: 4 })
  void running.send({ key: 'a', value: '2', timestamp: 9 })
  expect(seen).toEqual([
    [
      ['1', '1'],
      [undefined, undefined],
      ['1!', '1!'],
    ],
    [
      ['2', '1'],
      ['2', undefined],
      ['2!', '1!'],
    ],
  ])
  expect(reader.versions?.historyMs).toBe(HISTORY)
})

test('no versioned table waits for the commit', () => {
  const emit = 'on-commit'
  const add = (a: string): string => a
  const wrong = [
    () => tableSource({ store, emit }),
    () => toTable({ store, emit }),
    () => tableFilter(() => true, { store, emit }),
    () => aggregate({ store, emit, role: 'KSTREAM-REDUCE-', initial: undefined, add }),
  ]
  for (const call of wrong) expect(call).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }))
})

test('rows are slots, whatever keeps them', () => {
  const plain = keyValueStore<string | null, string>('p', { key: serdes.string, value: serdes.string })
  const values: unknown[] = []
  const operator: Operator<string, string, never, never> = {
    role: 'KSTREAM-BOTH-',
    traits: {},
    stores: [store, plain],
    start: (_next, context) => {
      const both = [slotsOf(context, store), slotsOf(context, plain)]
      return (key, value, record) => {
        for (const slots of both) {
          const slot = Number(slots.find(key))
          slots.set(slot, value, record.timestamp, undefined)
          values.push(slots.value(slot))
        }
      }
    },
  }
  void stateful(operator).running.send({ key: 'a', value: '1' })
  expect(values).toEqual(['1', '1'])
})
