import { expect, test } from 'vitest'
import { serdes, topic } from '../../src/index.ts'
import type { RawTestRecord } from '../../src/testing/driver-log.ts'
import { sideBytes, testInput, testOutput } from '../../src/testing/test-topics.ts'

const lengths = topic('lengths', { key: serdes.string, value: serdes.long })

test('an input serialises both sides; what is missing or null stays null', () => {
  const sent: unknown[] = []
  const input = testInput<string, number>(lengths, (record) => sent.push(record))
  input.send({ key: 'k', value: 1, timestamp: 5, partition: 2 })
  input.send({ value: null })
  expect(sent).toEqual([
    { key: new Uint8Array([107]), value: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1]), timestamp: 5, partition: 2 },
    { key: null, value: null },
  ])
  expect(sideBytes(serdes.string, undefined, { topic: 't', side: 'key', headers: [] })).toBeNull()
})

test('an output reads what waits, in order, until there is nothing', () => {
  const raw = (value: number | null): RawTestRecord => ({
    topic: 'lengths',
    partition: 0,
    offset: 0,
    key: new Uint8Array([107]),
    value: value === null ? null : serdes.long.serialize(value),
    timestamp: 1,
    headers: [],
  })
  const waiting = [raw(1), raw(null), raw(3)]
  const output = testOutput(lengths, { next: () => waiting.shift(), isEmpty: () => waiting.length === 0, seen: () => undefined })
  expect(output.read()).toEqual({ key: 'k', value: 1, timestamp: 1, headers: [] })
  expect(output.readAll().map(({ value }) => value)).toEqual([null, 3])
  expect([output.isEmpty(), output.read()]).toEqual([true, undefined])
})
