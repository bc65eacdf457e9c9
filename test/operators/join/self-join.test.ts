import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { serdes } from '../../../src/model/serdes.ts'
import { inner } from '../../../src/operators/join/join-kind.ts'
import { joinRetention, joinSize, joinWindow, type JoinWindows } from '../../../src/operators/join/join-windows.ts'
import { selfJoin } from '../../../src/operators/join/self-join.ts'
import { joinBuffer } from '../../../src/operators/join/stream-stream.ts'
import { windowStore } from '../../../src/state/stores.ts'
import type { Operator } from '../../../src/topology/operator.ts'
import { stateful } from '../../support/operator-state.ts'
import { arrivals, pairText, twoStreams } from '../../support/two-streams.ts'

type Text = string | null

/** The join and the store it reads as one step. */
function itself(windows: JoinWindows): Operator<Text, Text, Text, string> {
  const store = windowStore<Text, Text>('own', {
    key: serdes.string,
    value: serdes.string,
    sizeMs: joinSize(windows),
    retentionMs: joinRetention(windows),
    duplicates: true,
  })
  const join = selfJoin<Text, Text, string>({ windows, store, join: pairText })
  return { ...join, start: (next, context) => joinBuffer(store).start(join.start(next, context), context) }
}

const windows = fc
  .record({ before: fc.integer({ min: -3, max: 8 }), after: fc.integer({ min: -3, max: 8 }), grace: fc.nat(5) })
  .filter(({ before, after }) => before + after >= 0)
  .map(({ before, after, grace }) => joinWindow(8).before(before).after(after).grace(grace))

test('J14: answers what the join over two stores answers, for windows that reach over the record itself', () =>
  fc.assert(
    fc.asyncProperty(
      arrivals(3),
      windows.filter(({ beforeMs, afterMs }) => beforeMs > 0 && afterMs > 0),
      fc.boolean(),
      async (records, within, waits) => {
        const below = waits ? () => new Promise<void>((settle) => setImmediate(settle)) : (): undefined => undefined
        const one = stateful(itself(within), { below })
        const two = stateful(twoStreams(inner, within), { below })
        for (const record of records) {
          await one.running.send({ ...record, topic: 'own' })
          await two.running.send({ ...record, topic: 'left' })
          await two.running.send({ ...record, topic: 'right' })
        }
        expect(one.running.outputs.map(({ value, timestamp, headers }) => ({ value, timestamp, headers }))).toEqual(
          two.running.outputs.map(({ value, timestamp, headers }) => ({ value, timestamp, headers })),
        )
      },
    ),
  ))

test('a record that the store would not keep does not meet itself; Kafka Streams draws that line a millisecond too early', () => {
  const joined = (parity: boolean): string[] => {
    const { running } = stateful(itself(joinWindow(5)), { parity })
    for (const timestamp of [100, 91, 90]) void running.send({ key: 'k', value: `${timestamp}`, timestamp })
    return running.outputs.map(({ value }) => value)
  }
  expect(joined(false)).toEqual(['k:100&100', 'k:91&91', 'k:90&91', 'k:91&90'])
  expect(joined(true)).toEqual(['k:100&100', 'k:90&91', 'k:91&90'])
})

test('null keys and values are dropped', () => {
  const { running } = stateful(itself(joinWindow(5)))
  void running.send({ key: null, value: 'v' })
  void running.send({ key: 'k', value: null })
  expect([...running.dropped]).toEqual([['null_key', 1], ['null_value', 1]]) // prettier-ignore
  expect(running.outputs).toEqual([])
})
