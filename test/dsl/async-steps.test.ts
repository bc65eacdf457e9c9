import { expect, expectTypeOf, test } from 'vitest'
import { callsOf } from '../../src/dsl/async-steps.ts'
import { Graph, type Parts } from '../../src/dsl/handle.ts'
import { serdes, StreamsBuilder, type KStream } from '../../src/index.ts'
import { refused, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'

test('16 calls at once, 64 records, in order of each key, without a time limit or another try', () => {
  // Only these two are read.
  const parts: Parts = untyped({ graph: new Graph(), key: serdes.string })
  expect(callsOf(parts, 'mapAsync', {})).toEqual({
    concurrency: 16,
    maxParked: 64,
    order: 'key',
    timeoutMs: undefined,
    retries: undefined,
    key: serdes.string,
  })
  expect(callsOf(parts, 'mapAsync', { retries: 2 }).retries).toMatchObject({ attempts: 2, delayMs: 100, factor: 2, maxDelayMs: 10_000 })
  expect(callsOf(parts, 'mapAsync', { retries: { attempts: 1, delayMs: 5 } }).retries).toMatchObject({ attempts: 1, delayMs: 5 })
  expect(callsOf(parts, 'mapAsync', { retries: 0 }).retries).toBeUndefined()
})

test('build() tells everything that is wrong with the options', () => {
  const wrong = { concurrency: 0, maxParked: 1.5, order: 'keys', timeoutMs: -1, retries: -1, name: 'lookup' }
  const { mistakes } = refused((builder) => {
    builder.stream(texts).mapValuesAsync(async (value) => value, untyped(wrong))
  })
  expect(mistakes.map(({ code, node, message }) => `${code} ${node} ${message}`)).toEqual([
    'ARGUMENT_INVALID lookup mapValuesAsync(…, { concurrency }): concurrency is 0; give a whole number, at least 1',
    'ARGUMENT_INVALID lookup mapValuesAsync(…, { maxParked }): maxParked is 1.5; give a whole number, at least 1',
    "ARGUMENT_INVALID lookup mapValuesAsync(…, { order }): order is 'keys'; give 'key', 'input' or 'none'",
    'ARGUMENT_INVALID lookup mapValuesAsync(…, { timeoutMs }): timeoutMs is -1; give whole milliseconds, at least 1, or leave it out',
    'ARGUMENT_INVALID lookup mapValuesAsync(…, { retries }): retries is -1; give a whole number, at least 0, or a policy as that of retry(…)',
  ])
})

test('types follow from what is promised', () => {
  const stream = new StreamsBuilder().stream(texts)
  expectTypeOf(stream.mapValuesAsync(async (value) => value.length)).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.mapValuesAsync((value) => value.length)).toEqualTypeOf<KStream<string, number>>()
  expectTypeOf(stream.mapValuesAsync((value) => (value === '' ? 0 : Promise.resolve(value.length)))).toEqualTypeOf<
    KStream<string, number>
  >()
  expectTypeOf(stream.mapAsync(async (value, key) => [value.length, key])).toEqualTypeOf<KStream<number, string>>()
  expectTypeOf(stream.filterAsync(async (value) => value !== '')).toEqualTypeOf<KStream<string, string>>()
  expectTypeOf(stream.forEachAsync(async () => undefined)).toEqualTypeOf<void>()
  stream.mapValuesAsync(async (value, key, record) => `${value} ${key} ${record.offset}`, { value: serdes.string, retries: 3 })
  // @ts-expect-error -- what is promised must be true or false
  stream.filterAsync(async (value) => value)
  // @ts-expect-error -- the serde is of another type than what is promised
  stream.mapValuesAsync(async (value) => value.length, { value: serdes.string })
  // @ts-expect-error -- there is no such order
  stream.mapValuesAsync(async (value) => value, { order: 'keys' })
})
