import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes } from '../../src/base/bytes.ts'
import { noHeaders, type Headers } from '../../src/model/headers.ts'
import { serdes } from '../../src/model/serdes.ts'
import type { Windowed } from '../../src/model/window.ts'
import { suppress, suppressReader, type SuppressOptions } from '../../src/operators/suppress.ts'
import { storeReader } from '../../src/operators/table.ts'
import type { BufferStoreSpec } from '../../src/state/store-spec.ts'
import { keyValueStore } from '../../src/state/stores.ts'
import type { Change, Operator } from '../../src/topology/operator.ts'
import { stateful } from '../support/operator-state.ts'
import { updateOf, type Update } from '../support/updates.ts'

type Options = Omit<SuppressOptions<Windowed<string>, number>, 'store'>

const windowed = serdes.sessionWindowed(serdes.string)
const store: BufferStoreSpec<Windowed<string>, number> = { kind: 'buffer', name: 'b', key: windowed, countsBytes: true }
const unbounded = { maxRecords: Infinity, maxBytes: Infinity, onFull: 'emit-early' } as const

interface Sent {
  readonly key: Windowed<string>
  readonly value: Change<number>
  readonly timestamp: number
  readonly headers: Headers
}

const number = fc.option(fc.nat(9), { freq: 4 })
const sent: fc.Arbitrary<Sent> = fc.record({
  key: fc.record({
    key: fc.constantFrom('', 'k', 'k0'),
    window: fc.constantFrom({ start: 0, end: 10 }, { start: 5, end: 15 }, { start: 10, end: 20 }),
  }),
  value: fc.record({ value: number, old: number, latest: fc.constant(true) }),
  timestamp: fc.nat(40),
  headers: fc.constantFrom<Headers>(noHeaders, [['h', new Uint8Array([1])]]),
})

/** Rows in a list; at each record those that are due, then those that are too many, leave from the front. */
function naive(records: readonly Sent[], { by, waitMs, maxRecords }: Options): Update<Windowed<string>>[] {
  let rows: (Update<Windowed<string>> & { readonly time: number; readonly bytes: Uint8Array })[] = []
  const out: Update<Windowed<string>>[] = []
  let streamTime = -1
  const wait = by === 'inclusive-window-end' ? waitMs + 1 : waitMs
  for (const { key, value: change, timestamp, headers } of records) {
    streamTime = Math.max(streamTime, timestamp)
    const bytes = windowed.serialize(key)
    const before = rows.find((row) => compareBytes(row.bytes, bytes) === 0)
    const time = before?.time ?? (by === 'record' ? timestamp : key.window.end)
    const row = { key, value: change.value, old: change.old, timestamp, headers, time, bytes }
    rows = [...rows.filter((one) => one !== before), row].sort((a, b) => a.time - b.time || compareBytes(a.bytes, b.bytes))
    while (rows[0] !== undefined && (rows[0].time <= streamTime - wait || rows.length > maxRecords)) {
      const { time: _, bytes: __, ...update } = rows.shift()!
      if (by === 'record' || update.value !== null) out.push(update)
    }
  }
  return out
}

const options: fc.Arbitrary<Options> = fc.record({
  by: fc.constantFrom('record', 'window-end', 'inclusive-window-end'),
  waitMs: fc.nat(12),
  maxRecords: fc.constantFrom(1, 2, 5, Infinity),
  maxBytes: fc.constant(Infinity),
  onFull: fc.constant('emit-early'),
})

test('S1–S7: what leaves, when, in which order and as which record', () =>
  fc.assert(
    fc.asyncProperty(fc.array(sent, { maxLength: 40 }), options, fc.boolean(), async (records, given, waits) => {
      const below = waits ? (): Promise<void> => new Promise((settle) => setImmediate(settle)) : (): void => undefined
      const { running, commit } = stateful(suppress({ ...given, store }), { below })
      for (const record of records) {
        await running.send(record)
        await commit()
      }
      expect(running.outputs.map((output) => updateOf(output))).toEqual(naive(records, given))
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 100) },
  ))

describe('at the end of the grace', () => {
  const times = (by: Options['by'], parity: boolean): number[] => {
    const { running } = stateful(suppress({ ...unbounded, store, by, waitMs: 5 }), { parity })
    const key = { key: 'k', window: { start: 0, end: 10 } }
    const change = (value: number): Change<number> => ({ value, old: null, latest: true })
    return [14, 15, 16].filter((timestamp) => {
      void running.send({ key, value: change(timestamp), timestamp })
      return running.take().length > 0
    })
  }

  test('a window that ends before its end is let through at once', () => {
    expect([times('window-end', false), times('window-end', true)]).toEqual([
      [15, 16],
      [15, 16],
    ])
  })

  test('D2: one whose end belongs to it a millisecond later, so only once; twice in parity mode', () => {
    expect([times('inclusive-window-end', false), times('inclusive-window-end', true)]).toEqual([[16], [15, 16]])
  })
})

describe('a full buffer', () => {
  const send = (bounds: Partial<Options>, keys: readonly string[]): (() => string[]) => {
    const { running } = stateful(suppress({ ...unbounded, ...bounds, store, by: 'record', waitMs: 1000 }))
    return () =>
      keys.flatMap((key) => {
        void running.send({ key: { key, window: { start: 0, end: 0 } }, value: { value: 1, old: null, latest: true } })
        return running.take().map((output) => output.key.key)
      })
  }

  test('lets the first ones through early: by count, and by bytes', () => {
    expect(send({ maxRecords: 2 }, ['b', 'a', 'c'])()).toEqual(['a'])
    // A row: 8 of its time, 17 of its key, 20 of its context, 2 of the topic, 1 of its value.
    expect(send({ maxBytes: 96 }, ['b', 'a', 'c'])()).toEqual(['a'])
    expect(send({ maxBytes: 95 }, ['b', 'a', 'c'])()).toEqual(['a', 'b'])
  })

  test('fails where results must be final, and says how full it is', () => {
    const strict = { onFull: 'fail', maxRecords: 2, maxBytes: 500 } as const
    const fill = send(strict, ['a', 'b', 'c'])
    expect(fill).toThrow(expect.objectContaining({ code: 'SUPPRESS_FULL', context: { node: 'step' } }))
    expect(fill).toThrow(/3 of 2 records, 144 of 500 bytes/)
  })
})

test('reads through the buffer: a key that waits as it was let through last, another as the table has it', () => {
  const rows = keyValueStore<string, number>('rows', { key: serdes.string, value: serdes.long })
  const buffer: BufferStoreSpec<string, number> = { kind: 'buffer', name: 'b', key: serdes.string, value: serdes.long }
  const reader = suppressReader(storeReader(rows), buffer)
  const held = suppress({ ...unbounded, store: buffer, by: 'record', waitMs: 10 })
  const seen: unknown[] = []
  const both: Operator<string, Change<number>, string, Change<number>> = {
    ...held,
    stores: reader.stores,
    start: (next, context) => {
      const put = context.store(rows)
      const read = reader.open(context)
      const hold = held.start(next, context)
      return (key, change, record) => {
        if (record.topic === 'rows') put.put(key, change.value)
        else void hold(key, change, record)
        seen.push(
          ['a', 'b'].map((each) => read(each)).map((entry) => (entry === undefined || entry instanceof Promise ? entry : entry.value)),
        )
      }
    },
  }
  const { running } = stateful(both)
  const change = (value: number | null, old: number | null): Change<number> => ({ value, old, latest: true })
  void running.send({ key: 'a', value: change(1, null), topic: 'rows' })
  void running.send({ key: 'b', value: change(5, null), topic: 'rows' })
  void running.send({ key: 'a', value: change(2, 1) })
  void running.send({ key: 'a', value: change(3, 2) })
  void running.send({ key: 'b', value: change(6, null) })
  void running.send({ key: 'c', value: change(0, null), timestamp: 10 })
  expect(seen).toEqual([
    [1, undefined],
    [1, 5],
    [1, 5],
    [1, 5],
    [1, undefined],
    [1, 5],
  ])
})
