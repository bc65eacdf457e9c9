/** Records that say too little or what can't be: no key, no value, no time. */
import { describe, expect, test } from 'vitest'
import { SerdeError, seconds, serdes, topic, tumbling, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { appOn, freshBroker, processed, until } from '../runtime/app-world.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { built, copies, counts, customers, texts } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'
import { entryTexts, failsOnce, isUsersFirst, resultTexts, tellsWhere } from './scenario.ts'

const keyless = topic('texts', { key: serdes.string, value: serdes.string, nullable: 'both' })

describe('B51: a null key where one is needed', () => {
  const drops: readonly (readonly [string, Topology, string])[] = [
    [
      'a count',
      built((builder) =>
        builder.stream(keyless, { name: 'in' }).groupByKey().count({ store: 'c', name: 'counting' }).toStream().to(counts),
      ),
      'texts',
    ],
    [
      'a window',
      built((builder) =>
        builder
          .stream(keyless, { name: 'in' })
          .groupByKey()
          .windowedBy(tumbling(seconds(1)))
          .count({ name: 'counting' }),
      ),
      'texts',
    ],
    ['a table', built((builder) => builder.table(texts, { name: 'counting' })), 'texts'],
    [
      'a join',
      built((builder) => builder.stream(keyless).join(untyped(builder.table(customers)), () => '', { name: 'counting' })),
      'texts',
    ],
  ]

  test.each(drops)('into %s is dropped, counted, and told once a minute; nothing else is lost', async (_what, topology, name) => {
    const broker = freshBroker()
    const { logger, events } = recordedLog()
    const app = appOn(broker, topology, { logger })
    await app.start()
    await broker.produce(keyless, [{ value: 'a' }, { value: 'b' }, { key: 'k', value: 'c' }, { value: 'd' }])
    await until('all is processed', () => processed(name, 4, app))
    expect(app.state).toBe('RUNNING')
    expect(await app.close()).toEqual({ clean: true })
    const told = events.filter(({ level }) => level === 'warn')
    expect(told).toMatchObject([
      { message: 'a record was dropped', fields: { reason: 'null_key', topic: 'texts', partition: 0, offset: 0 } },
    ])
  })

  test('is counted by its reason', () => {
    using driver = new TopologyTestDriver(drops[0]![1])
    for (const key of [null, 'k', null]) driver.input(keyless).send({ key, value: 'v' })
    expect([...driver.dropped()]).toEqual([['null_key', 2]])
    expect(driver.output(counts).readAll()).toMatchObject([{ key: 'k', value: 1 }])
  })
})

test('B52: a null value deletes a row, empty bytes are a value', () => {
  const blobs = topic('blobs', { key: serdes.string, value: serdes.bytes, nullable: 'value' })
  const topology = built((builder) =>
    builder
      .table(blobs, { store: 'rows' })
      .toStream()
      .to(topic('out', { key: serdes.string, value: serdes.bytes })),
  )
  using driver = new TopologyTestDriver(topology)
  const rows = (): unknown[] => [...driver.store<{ range(): Iterable<unknown> }>('rows').range()]
  driver.input(blobs).send({ key: 'k', value: new Uint8Array(0) })
  expect(rows()).toEqual([['k', new Uint8Array(0)]])
  driver.input(blobs).send({ key: 'k', value: null })
  expect(rows()).toEqual([])
  expect(driver.outputs().map(({ value }) => value)).toEqual([new Uint8Array(0), null])
})

describe('B53: a timestamp', () => {
  test('below 0 fails by default, in its source', async () => {
    const error = await failsOnce({
      topology: built((builder) => builder.stream(entryTexts, { name: 'in' }).to(resultTexts)),
      bad: (broker) => broker.produce(entryTexts, { key: 'bad', value: 'bad', timestamp: -1 }),
    })
    expect(error).toBeInstanceOf(SerdeError)
    expect(error).toMatchObject({ code: 'TIMESTAMP_INVALID', phase: 'deserialization' })
    tellsWhere(error, 'in')
    expect(error.message).toContain("the record's timestamp is -1: give the source another policy, as { timestamp: 'skip' }")
  })

  test.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'answered NaN'],
    ['a BigInt', 5n, 'answered 5n'],
    ['undefined', undefined, 'answered undefined'],
    ['a date as text', '2024-01-01', 'answered 2024-01-01'],
    ['half a millisecond', 0.5, 'answered 0.5'],
  ])('function that answers %s fails in its source', async (_what, answer, says) => {
    const error = await failsOnce({
      topology: built((builder) =>
        builder.stream(entryTexts, { name: 'in', timestamp: (value) => (value === 'bad' ? untyped(answer) : 1_000) }).to(resultTexts),
      ),
    })
    expect(error).toBeInstanceOf(SerdeError)
    expect(error).toMatchObject({ code: 'TIMESTAMP_INVALID', phase: 'deserialization' })
    tellsWhere(error, 'in')
    expect(error.message).toContain(says)
    expect(error.message).toContain('give whole milliseconds since the epoch')
  })

  test('function that throws fails in its source, at the user’s line', async () => {
    const error = await failsOnce({
      topology: built((builder) =>
        builder
          .stream(entryTexts, {
            name: 'in',
            timestamp: (value) => {
              if (value === 'bad') throw new Error('no date in it')
              return 1_000
            },
          })
          .to(resultTexts),
      ),
    })
    expect(error).toMatchObject({ code: 'PROCESSING_ERROR', phase: 'deserialization' })
    tellsWhere(error, 'in')
    expect(error.message).toContain('no date in it')
    expect(isUsersFirst(error)).toBe(true)
  })

  test.each<[string, 'skip' | 'partition-time' | 'wall-clock' | (() => number), number]>([
    ['skip', 'skip', 0],
    ['partition-time', 'partition-time', 1],
    ['wall-clock', 'wall-clock', 1],
    ['a function that answers a negative number', () => -5, 0],
  ])('below 0 by the policy %s stops nothing', (_what, timestamp, kept) => {
    using driver = new TopologyTestDriver(built((builder) => builder.stream(texts, { timestamp }).to(copies)))
    driver.input(texts).send({ key: 'k', value: 'v', timestamp: 7 })
    const before = driver.output(copies).readAll().length
    driver.input(texts).send({ key: 'k', value: 'v', timestamp: -1 })
    expect(driver.output(copies).readAll()).toHaveLength(kept)
    expect(driver.dropped().get('negative_timestamp') ?? 0).toBe(2 - before - kept)
  })

  test('that is none is written by nobody', async () => {
    const broker = freshBroker()
    using driver = new TopologyTestDriver(built((builder) => builder.stream(texts).to(copies)))
    for (const timestamp of [Number.NaN, 1.5, 5n, '2024']) {
      const record = { key: 'k', value: 'v', timestamp: untyped(timestamp) }
      const refused = expect.objectContaining({ code: 'TIMESTAMP_INVALID' })
      expect(() => driver.input(texts).send(record)).toThrow(refused)
      await expect((async () => broker.produce(texts, record))()).rejects.toThrow(refused)
    }
  })

  test('more than a year ahead is told before the windows that were open expire', async () => {
    const broker = freshBroker()
    const { logger, events } = recordedLog()
    const app = appOn(
      broker,
      built((builder) =>
        builder
          .stream(texts)
          .groupByKey()
          .windowedBy(tumbling(seconds(1)))
          .count(),
      ),
      { logger },
    )
    await app.start()
    const year = 366 * 86_400_000
    await broker.produce(
      texts,
      [1_000, 2_000, 2_000 + year, 3_000 + year].map((timestamp) => ({ key: 'k', value: 'v', timestamp })),
    )
    await until('all is processed', () => processed('texts', 4, app))
    const told = events.filter(({ level }) => level === 'warn')
    expect(told).toMatchObject([{ fields: { topic: 'texts', partition: 0, offset: 2 } }])
    expect(told[0]!.message).toContain(`time jumps by 366 days at texts[0]@2, to ${2_000 + year}: windows that were open close`)
    expect(app.state).toBe('RUNNING')
  })
})
