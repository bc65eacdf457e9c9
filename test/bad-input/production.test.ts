/** Records that can't be written: too large, with headers or partitions that there aren't. Nothing is committed past them. */
import { describe, expect, test } from 'vitest'
import { ProductionError, type Headers, type Partitioner, type ProcessorContext, type Topology } from '../../src/index.ts'
import { appOn, freshBroker, until } from '../runtime/app-world.ts'
import { built } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'
import { entryTexts, failsOnce, keysOf, resultTexts, tellsWhere } from './scenario.ts'

const MIB = 1024 * 1024

/** Texts that go out as they came, but for the bad one, which becomes this key and value. */
function writes(bad: { readonly key?: string; readonly value?: string }): Topology {
  return built((builder) =>
    builder
      .stream(entryTexts)
      .map((value, key) => (value === 'bad' ? ([bad.key ?? key, bad.value ?? value] as const) : ([key, value] as const)))
      .to(resultTexts, { name: 'out', key: resultTexts.key, value: resultTexts.value }),
  )
}

const healed = built((builder) => builder.stream(entryTexts).to(resultTexts))

describe('B62: an output', () => {
  test.each([
    ['of 2 MiB', { value: 'x'.repeat(2 * MIB) }, 2 * MIB],
    ['with a key of 10 MB', { key: 'x'.repeat(10 * MIB) }, 10 * MIB],
  ])('%s is more than its topic takes, and is not committed past', async (_what, bad, size) => {
    const error = await failsOnce({ topology: writes(bad), healed })
    expect(error).toBeInstanceOf(ProductionError)
    expect(error).toMatchObject({ code: 'RECORD_TOO_LARGE', context: { topic: 'results', partition: 0 } })
    const [, found] = /a record of (\d+) bytes is larger than results\[0\] takes/.exec(error.message) ?? []
    expect(Number(found)).toBeGreaterThan(size)
    expect(Number(found)).toBeLessThan(size + 200)
    expect(error.message).toContain('exceeds the maximum configured value of 1048588')
    expect(error.message).toContain("raise the topic's max.message.bytes, or write smaller records")
  })

  test('that no batch can hold fails in its step', async () => {
    const error = await failsOnce({ topology: writes({ value: 'x'.repeat(65 * MIB) }), healed })
    expect(error).toBeInstanceOf(ProductionError)
    expect(error.code).toBe('RECORD_TOO_LARGE')
    tellsWhere(error, 'out')
    expect(error.message).toContain(`limit of ${64 * MIB} bytes`)
  })
})

/** Texts that go out with these headers on the bad one. */
function withHeaders(headers: Headers): Topology {
  return built((builder) =>
    builder
      .stream(entryTexts)
      .process<string, string>(() => {
        let context: ProcessorContext<string, string> | undefined
        return {
          init: (given) => {
            context = given
          },
          process: (record) => void context?.forward(record.value === 'bad' ? record.withHeaders(headers) : record),
        }
      })
      .to(resultTexts, { name: 'out' }),
  )
}

describe('B63: headers', () => {
  test.each<[string, unknown, string]>([
    ['without a name', [[null, new Uint8Array(1)]], "a header's name is null"],
    ['with a number for a name', [[7, null]], "a header's name is 7"],
    ['with a text as a value', [['trace', 'abc']], "header 'trace' is a string"],
    ['with nothing as a value', [['trace', undefined]], "header 'trace' is a undefined"],
  ])('%s', async (_what, headers, says) => {
    const error = await failsOnce({ topology: withHeaders(untyped(headers)) })
    expect(error).toBeInstanceOf(ProductionError)
    expect(error.code).toBe('RECORD_INVALID')
    tellsWhere(error, 'out')
    expect(error.message).toContain(says)
    expect(error.message).toContain('headers are pairs of a text and bytes (or null)')
  })

  test('100,000 of them are too many for a topic of the usual size', async () => {
    const headers = Array.from({ length: 100_000 }, (_, n): Headers[number] => [`header-${n}`, null])
    const error = await failsOnce({ topology: withHeaders(headers), healed })
    expect(error).toBeInstanceOf(ProductionError)
    expect(error.code).toBe('RECORD_TOO_LARGE')
    expect(error.message).toContain('results[0]')
  })

  test('100,000 of them are written where they fit, and read again', async () => {
    const broker = freshBroker()
    broker.createTopic('results', { configs: { 'max.message.bytes': String(4 * MIB) } })
    const headers = Array.from({ length: 100_000 }, (_, n): Headers[number] => [`header-${n}`, null])
    const app = appOn(broker, withHeaders(headers))
    await app.start()
    await broker.produce(entryTexts, { key: 'k', value: 'bad' })
    await until('it is there', async () => (await keysOf(broker)).length === 1)
    for await (const record of broker.read(resultTexts)) expect(record.headers).toEqual(headers)
  })
})

describe('B67: a partitioner that answers', () => {
  test.each<[string, unknown, string]>([
    ['−1', -1, '-1'],
    ['more than there are', 1e9, '1000000000'],
    ['NaN', Number.NaN, 'NaN'],
    ['half a partition', 0.5, '0.5'],
    ['text', '0', "'0'"],
    ['null', null, 'null'],
    ['a promise', Promise.resolve(0), 'a promise, but has to answer at once'],
    ['several, one of which isn’t there', [0, 3], '3'],
  ])('%s', async (_what, answer, says) => {
    const partitioner: Partitioner<string, string> = (value) => (value === 'bad' ? untyped(answer) : undefined)
    const error = await failsOnce({
      topology: built((builder) => builder.stream(entryTexts).to(resultTexts, { name: 'out', partitioner })),
    })
    expect(error).toBeInstanceOf(ProductionError)
    expect(error.code).toBe('PARTITION_INVALID')
    tellsWhere(error, 'out')
    expect(error.message).toContain(`the partitioner of topic results answered ${says}: the topic has partitions 0 to 0`)
  })

  test('or throws', async () => {
    const partitioner: Partitioner<string, string> = (value) => {
      if (value === 'bad') throw new Error('nowhere to go')
      return 0
    }
    const error = await failsOnce({
      topology: built((builder) => builder.stream(entryTexts).to(resultTexts, { name: 'out', partitioner })),
    })
    expect(error.code).toBe('PROCESSING_ERROR')
    tellsWhere(error, 'out')
  })
})

describe('a topic that is chosen for each record', () => {
  test.each<[string, unknown, string]>([
    ['is no name', 'a b', "'a b' is not a topic name"],
    ['is nothing', undefined, 'the function that names the topic answered undefined'],
    ['is a promise', Promise.resolve('results'), 'answered a promise, but has to answer at once'],
    ['is Kafka’s own', '__consumer_offsets', 'Kafka'],
    ['is the application’s own', 'app-store-changelog', 'own'],
  ])('%s', async (_what, answer, says) => {
    const error = await failsOnce({
      topology: built((builder) =>
        builder.stream(entryTexts).to((value) => (value === 'bad' ? untyped(answer) : 'results'), { name: 'out' }),
      ),
    })
    expect(error).toBeInstanceOf(ProductionError)
    expect(error.code).toBe('RECORD_INVALID')
    tellsWhere(error, 'out')
    expect(error.message).toContain(says)
  })
})
