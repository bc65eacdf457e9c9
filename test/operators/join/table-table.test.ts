import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noHeaders } from '../../../src/model/headers.ts'
import { serdes } from '../../../src/model/serdes.ts'
import {
  joinMerge,
  joinOther,
  joinReader,
  joinThis,
  type JoinType,
  type TableTableJoinOptions,
} from '../../../src/operators/join/table-table.ts'
import { storeReader, tableSource } from '../../../src/operators/table.ts'
import { keyValueStore } from '../../../src/state/stores.ts'
import type { Change, Operator, TableReader } from '../../../src/topology/operator.ts'
import { stateful } from '../../support/operator-state.ts'
import { untyped } from '../../support/untyped.ts'

const left = keyValueStore('l', { key: serdes.string, value: serdes.string })
const right = keyValueStore('r', { key: serdes.string, value: serdes.string })
const kept = keyValueStore('o', { key: serdes.string, value: serdes.string })
const types = {
  inner: { leftMayMiss: false, rightMayMiss: false },
  left: { leftMayMiss: false, rightMayMiss: true },
  outer: { leftMayMiss: true, rightMayMiss: true },
} satisfies Record<string, JoinType>

type Row = string | null
type Options = TableTableJoinOptions<string, string, string, string>

/** Null where both are there and the same. */
const pair = (l: Row, r: Row): Row => (l !== null && l === r ? null : `${l}&${r}`)
const optionsOf = (type: JoinType): Options => ({ ...type, left: storeReader(left), right: storeReader(right), join: pair })

/** Both tables, both sides and the result as one step; the record's topic says whose it is. */
function joined(options: Options, store?: typeof kept): Operator<string, Row, string, Change<string>> {
  const sources = [left, right].map((spec) => tableSource<string, string>({ store: spec, emit: undefined }))
  const merge = joinMerge(store, undefined)
  return {
    role: 'TEST-',
    traits: {},
    stores: [left, right, ...merge.stores],
    start: (next, context) => {
      const result = merge.start(next, context)
      const ofLeft = sources[0]!.start(joinThis(options).start(result, context), context)
      const ofRight = sources[1]!.start(joinOther(options).start(result, context), context)
      return (key, value, record) => (record.topic === 'left' ? ofLeft : ofRight)(key, value, record)
    },
  }
}

const steps = fc.array(
  fc.record({
    topic: fc.constantFrom('left', 'right'),
    key: fc.constantFrom('a', 'b', ''),
    value: fc.option(fc.constantFrom('x', 'y'), { freq: 4 }),
    timestamp: fc.nat(50),
    headers: fc.constant(noHeaders),
  }),
  { maxLength: 30 },
)

/** What a join is: of each key both rows or what of them there is, where that is enough. */
class Naive {
  readonly #type: JoinType
  readonly #rows = { left: new Map<string, string>(), right: new Map<string, string>() }
  readonly #times = new Map<string, number>()

  constructor(type: JoinType) {
    this.#type = type
  }

  write(topic: string, key: string, value: Row, timestamp: number): void {
    const rows = topic === 'left' ? this.#rows.left : this.#rows.right
    if (value === null) rows.delete(key)
    else rows.set(key, value)
    this.#times.set(`${topic} ${key}`, timestamp)
  }

  result(key: string): Row {
    const l = this.#rows.left.get(key) ?? null
    const r = this.#rows.right.get(key) ?? null
    if ((l === null && r === null) || (l === null && !this.#type.leftMayMiss) || (r === null && !this.#type.rightMayMiss)) return null
    return pair(l, r)
  }

  /** The time of a result that the record of a side caused. */
  time(topic: string, key: string, timestamp: number): number {
    const other = topic === 'left' ? 'right' : 'left'
    return this.#rows[other].has(key) ? Math.max(timestamp, this.#times.get(`${other} ${key}`)!) : timestamp
  }
}

describe.each(Object.entries(types))('%s', (_name, type) => {
  const settings = fc.record({ slow: fc.boolean(), store: fc.boolean(), sendsOldValues: fc.constant(true) })
  test('tells of each result that changed, as the two tables then are, and of what it was (P1–P4)', () =>
    fc.assert(
      fc.asyncProperty(steps, settings, async (records, { store, ...setting }) => {
        const { running, commit } = stateful(joined(optionsOf(type), store ? kept : undefined), { ...setting, cacheBytes: 0 })
        const naive = new Naive(type)
        for (const record of records) {
          const { topic, key, value, timestamp } = record
          const before = naive.result(key)
          naive.write(topic, key, value, timestamp)
          const after = naive.result(key)
          await running.send(record)
          const found = running.take()
          const expected = { key, value: { value: after, old: before, latest: true }, timestamp: naive.time(topic, key, timestamp) }
          if (before !== after || found.length > 0) expect(found).toMatchObject([expected])
          await commit()
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
    ))

  test('without a store reads through both tables', () =>
    fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (records, slow) => {
        const operator = joined(optionsOf(type))
        const reader: TableReader<string, string> = joinReader(optionsOf(type))
        const reads: unknown[] = []
        const reading: typeof operator = {
          ...operator,
          start: (next, context) => {
            const read = reader.open(context)
            const write = operator.start(next, context)
            return async (key, value, record) => {
              await write(key, value, record)
              const entry = await read(key)
              reads.push(entry?.value ?? null)
            }
          },
        }
        const { running, commit } = stateful(reading, { slow, cacheBytes: 0 })
        const naive = new Naive(type)
        for (const record of records) {
          naive.write(record.topic, record.key, record.value, record.timestamp)
          await running.send(record)
          expect(reads.at(-1)).toBe(naive.result(record.key))
          await commit()
        }
      }),
      { numRuns: 50 },
    ))
})

test('P1, P2: a delete that meets a row is told, though there was nothing to delete', async () => {
  const sent = async (type: JoinType): Promise<unknown[]> => {
    const { running } = stateful(joined(optionsOf(type)))
    await running.send({ key: 'a', value: 'x', topic: 'left' })
    await running.send({ key: 'a', value: null, topic: 'right' })
    return running.outputs.map(({ value: { value } }) => value)
  }
  expect(await sent(types.inner)).toEqual([null])
  expect(await sent(types.left)).toEqual(['x&null', 'x&null'])
  expect(await sent(types.outer)).toEqual(['x&null', 'x&null'])
})

test('a result with a store waits in it for the commit when it is told to', async () => {
  const operator = joinMerge<string, string>(kept, 'on-commit')
  const { running, commit, rows } = stateful(operator)
  for (const value of ['x', 'y']) await running.send({ key: 'a', value: { value, old: null, latest: true }, timestamp: 3 })
  expect(running.outputs).toEqual([])
  await commit()
  expect(running.outputs).toMatchObject([{ key: 'a', value: { value: 'y' }, timestamp: 3 }])
  expect(rows('o')).toMatchObject({ entries: [['61', `${'0'.repeat(15)}379`]] })
})

test('a change without a key is dropped, and one that is older than its row (B4)', async () => {
  const { running } = stateful(joinThis(optionsOf(types.outer)))
  await running.send({ key: untyped(null), value: { value: 'x', old: null, latest: true } })
  await running.send({ key: 'a', value: { value: 'x', old: null, latest: false } })
  expect(running.outputs).toEqual([])
  expect(Object.fromEntries(running.dropped)).toEqual({ null_key: 1, late: 1 })
})

test('a joiner may answer neither undefined nor a promise', () => {
  const { running } = stateful(joinThis({ ...optionsOf(types.outer), join: untyped(() => undefined) }))
  expect(() => running.send({ key: 'a', value: { value: 'x', old: null, latest: true } })).toThrow(
    expect.objectContaining({ code: 'PROCESSOR_RESULT' }),
  )
})
