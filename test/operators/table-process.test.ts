import { expect, test } from 'vitest'
import { noHeaders } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { FixedKeyProcessor, FixedKeyProcessorContext } from '../../src/topology/processor.ts'
import { storeReader } from '../../src/operators/table.ts'
import { processReader, tableProcessValues, type RowProcessor } from '../../src/operators/table-process.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Change, Operator } from '../../src/topology/operator.ts'
import { stateful } from '../support/operator-state.ts'

const counts = keyValueStore('n', { key: serdes.string, value: serdes.long })
const rows = keyValueStore('t', { key: serdes.string, value: serdes.string })
const kept = keyValueStore('o', { key: serdes.string, value: serdes.string })

type Context = FixedKeyProcessorContext<string, string | null>
type Numbering = FixedKeyProcessor<string, string | null, string | null>

/** Numbers the calls for each key; deletes are rows too, `drop` deletes and `skip` tells of nothing. */
function numbering(extra: (context: Context) => void = () => undefined): Numbering {
  let context: Context
  return {
    init: (given) => {
      context = given
      extra(given)
    },
    process: async (record) => {
      const store = context.store(counts)
      const n = ((await store.get(record.key)) ?? 0) + 1
      store.put(record.key, n)
      if (record.value === 'skip') return
      await context.forward(record.withValue(record.value === 'drop' ? null : `${record.value}#${n}`))
    },
  }
}

const processor: RowProcessor<string, string, string> = { supplier: () => numbering(), stores: [counts] }
const change = (value: string | null, old: string | null = null): Change<string> => ({ value, old, latest: true })

async function told(changes: readonly Change<string>[], options: { store?: typeof kept; sendsOldValues: boolean }): Promise<unknown[]> {
  const { store, ...how } = options
  const { running } = stateful(tableProcessValues(processor, { store, emit: undefined }), how)
  for (const [timestamp, value] of changes.entries()) await running.send({ key: 'k', value, timestamp })
  return running.outputs.map(({ value: { value, old }, timestamp }) => [value, old, timestamp])
}

test('what a processor forwards is the new row; it sees deletes too (B7)', async () => {
  const changes = [change('a'), change(null, 'a'), change('drop'), change('skip')]
  expect(await told(changes, { sendsOldValues: false })).toEqual([
    ['a#1', null, 0],
    ['null#2', null, 1],
    [null, null, 2],
  ])
})

test('with a store the old row is what it held', async () => {
  const changes = [change('a'), change('b', 'a'), change('drop', 'b'), change('c')]
  expect(await told(changes, { store: kept, sendsOldValues: true })).toEqual([
    ['a#1', null, 0],
    ['b#2', 'a#1', 1],
    [null, 'b#2', 2],
    ['c#4', null, 3],
  ])
})

test('without one the processor makes it of the old value, after the new one', async () => {
  const changes = [change('a'), change('b', 'a'), change('c', 'drop'), change('c', 'skip')]
  expect(await told(changes, { sendsOldValues: true })).toEqual([
    ['a#1', 'null#2', 0],
    ['b#3', 'a#4', 1],
    ['c#5', null, 2],
    ['c#7', null, 3],
  ])
})

test('several rows for one change follow each other', async () => {
  let context: Context
  const twice: RowProcessor<string, string, string> = {
    stores: [],
    supplier: () => ({
      init: (given) => {
        context = given
      },
      process: async (record) => {
        await context.forward(record.withValue(`${record.value}1`))
        await context.forward(record.withValue(`${record.value}2`).withTimestamp(9))
      },
    }),
  }
  const { running } = stateful(tableProcessValues(twice, { store: undefined, emit: undefined }), { sendsOldValues: true })
  await running.send({ key: 'k', value: change('b', 'a'), timestamp: 3 })
  expect(running.outputs.map(({ value: { value, old }, timestamp }) => [value, old, timestamp])).toEqual([
    ['b1', 'a2', 3],
    ['b2', 'b1', 9],
  ])
})

test('a punctuation may tell of a row; nobody may be told past the table', async () => {
  const errors: unknown[] = []
  const ticking = (context: Context): void => {
    context.schedule({ every: 1, by: 'stream-time' }, async (timestamp) => {
      const record = { key: 'p', value: 'tick', timestamp, headers: noHeaders }
      const row = { ...record, withValue: failing, withTimestamp: failing, withHeaders: failing }
      try {
        await context.forward(row, 'below')
      } catch (error) {
        errors.push(error)
      }
      await context.forward(row)
    })
  }
  const rowsOf: RowProcessor<string, string, string> = { supplier: () => numbering(ticking), stores: [counts] }
  for (const sendsOldValues of [false, true]) {
    const { running } = stateful(tableProcessValues(rowsOf, { store: undefined, emit: undefined }), { sendsOldValues })
    await running.send({ key: 'k', value: change('skip'), timestamp: 5 })
    await running.punctuate().catch(() => undefined)
    expect(errors.splice(0)).toMatchObject([{ code: 'UNKNOWN_CHILD' }])
  }
})

test('who reads the table asks a processor of his own, of the row that is there or of none', async () => {
  const reader = processReader(storeReader(rows), processor)
  const reading: Operator<string, string | null, string, string | null> = {
    role: 'TEST-',
    traits: {},
    stores: [rows, counts],
    start: (next, context) => {
      const read = reader.open(context)
      const store = context.store(rows)
      return async (key, value, record) => {
        if (value !== 'read') store.put(key, value)
        const entry = await read(key)
        await next(key, `${entry?.value ?? 'none'}@${entry?.timestamp ?? ''}`, record)
      }
    },
  }
  expect(reader.stores).toEqual([rows, counts])
  const { running } = stateful(reading)
  for (const [timestamp, value] of ['read', 'a', 'read', 'drop', 'skip'].entries()) await running.send({ key: 'k', value, timestamp })
  expect(running.outputs.map(({ value }) => value)).toEqual(['null#1@0', 'a#2@1', 'a#3@1', 'none@', 'none@'])
})

function failing(): never {
  throw new Error('nobody calls this')
}
