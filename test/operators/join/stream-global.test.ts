import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { serdes, StreamsBuilder, topic, type KStream } from '../../../src/index.ts'
import { TopologyTestDriver } from '../../../src/testing.ts'
import { streamGlobalJoin } from '../../../src/operators/join/stream-global.ts'
import { harness } from '../../support/operator-harness.ts'

const table = topic('table', { key: serdes.string, value: serdes.string, nullable: 'both' })
const stream = topic('stream', { key: serdes.string, value: serdes.string, nullable: 'both' })
const out = topic('out', { key: serdes.string, value: serdes.string, nullable: 'both' })

const record = fc.record({
  side: fc.constantFrom('table', 'stream'),
  key: fc.option(fc.constantFrom('a', 'b', '', '__proto__'), { freq: 6 }),
  value: fc.option(fc.constantFrom('a', 'b', '', 'none'), { freq: 6 }),
})

test.each([1, 3])('K6: each record meets the row of the key made of it, whatever partition that is in, of %i', (partitions) => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), fc.boolean(), (records, left) => {
      const builder = new StreamsBuilder()
      const source = builder.stream(stream)
      const all = builder.globalTable(table)
      const key = (value: string): string | null => (value === 'none' ? null : value)
      if (left) source.leftJoin(all, (l, r) => `${l}&${r}`, { key }).to(out)
      else source.join(all, (l, r) => `${l}&${r}`, { key }).to(out)
      using driver = new TopologyTestDriver(builder.build(), { partitions })
      const rows = new Map<string, string>()
      const expected: unknown[] = []
      for (const { side, key: own, value } of records) {
        driver.input(side === 'table' ? table : stream).send({ key: own, value })
        if (side === 'stream') {
          const row = value === null ? undefined : rows.get(value)
          if (value !== null && (left || row !== undefined)) expected.push([own, `${value}&${row ?? null}`])
        } else if (own !== null) {
          if (value === null) rows.delete(own)
          else rows.set(own, value)
        }
      }
      expect(
        driver
          .output(out)
          .readAll()
          .map(({ key: found, value }) => [found, value]),
      ).toEqual(expected)
    }),
  )
})

test('it waits where the table has to be read from disk', async () => {
  const operator = streamGlobalJoin<string, string, string, string, string>({
    table: { stores: [], open: () => (key) => Promise.resolve({ value: `row ${key}`, timestamp: 1, headers: [] }) },
    left: false,
    key: (value) => value,
    join: (l, r) => `${l}&${r}`,
  })
  const running = harness(operator)
  const waiting = running.send({ key: 'k', value: 'v' })
  expect(running.outputs).toEqual([])
  await waiting
  expect(running.outputs).toMatchObject([{ key: 'k', value: 'v&row v' }])
})

describe('types', () => {
  test('the table’s key and value are inferred, and null stands only where it can be', () => {
    const builder = new StreamsBuilder()
    const numbers = builder.globalTable(topic('numbers', { key: serdes.long, value: serdes.long }))
    const source = builder.stream(topic('texts', { key: serdes.string, value: serdes.string }))
    const inner = source.join(numbers, (text, number, key) => ({ text, number, key }), { key: (text) => text.length })
    expectTypeOf(inner).toEqualTypeOf<KStream<string, { text: string; number: number; key: string }>>()
    const outer = source.leftJoin(numbers, (_text, number) => number, { key: (text) => (text === '' ? null : text.length) })
    expectTypeOf(outer).toEqualTypeOf<KStream<string, number | null>>()
    // @ts-expect-error the key is of another type
    source.join(numbers, (_text, number) => number, { key: (text) => text })
    // @ts-expect-error no key
    expect(() => source.join(numbers, (_text, number) => number)).toThrow(/which key to look up/)
  })
})
