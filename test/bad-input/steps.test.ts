/** Steps that fail: each error names the step and the record, and no other record pays for it. */
import { describe, expect, test } from 'vitest'
import { ProcessingError, serdes, topic, type KStream, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { built } from '../support/shop-topics.ts'
import type { FixedKeyProcessorContext } from '../../src/topology/processor.ts'
import { appOn, freshBroker, until } from '../runtime/app-world.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { untyped } from '../support/untyped.ts'
import { entryTexts, failsOnce, isUsersFirst, keysOf, resultTexts, tellsWhere } from './scenario.ts'

const text = { name: 'mine', value: serdes.string }

function through(step: (stream: KStream<string, string>) => KStream<string, string>): Topology {
  return built((builder) => step(builder.stream(entryTexts)).to(resultTexts))
}

describe('B39: a function that answers what can’t be', () => {
  test.each<[string, (value: string) => unknown, string]>([
    ['undefined', () => undefined, 'it answered undefined'],
    ['a promise', (value) => Promise.resolve(value), 'mapValuesAsync'],
  ])('a value of %s', async (_what, wrong, says) => {
    const error = await failsOnce({
      topology: through((stream) => stream.mapValues((value): string => untyped(value === 'bad' ? wrong(value) : value), text)),
    })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('PROCESSOR_RESULT')
    tellsWhere(error, 'mine')
    expect(error.message).toContain(says)
  })
})

describe('B41: a step that', () => {
  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('out of stock')
      },
      'out of stock',
    ],
    [
      'throws null',
      () => {
        throw untyped(null)
      },
      'threw null',
    ],
    [
      'throws a text',
      () => {
        throw untyped('no luck')
      },
      "threw the string 'no luck'",
    ],
  ])('%s', async (_what, fail, says) => {
    const error = await failsOnce({
      topology: through((stream) =>
        stream.peek(
          (value) => {
            if (value === 'bad') fail()
          },
          { name: 'mine' },
        ),
      ),
    })
    expect(error).toMatchObject({ code: 'PROCESSING_ERROR', phase: 'processing', raw: { value: new TextEncoder().encode('bad') } })
    expect(error).toBeInstanceOf(ProcessingError)
    tellsWhere(error, 'mine')
    expect(error.message).toContain(says)
    if (says === 'out of stock') expect(isUsersFirst(error)).toBe(true)
  })
})

describe('B40: a step that changes what it was given is found out by the test driver', () => {
  interface Basket {
    readonly items: string[]
    total: number
  }
  const baskets = topic('baskets', { key: serdes.string, value: serdes.json<Basket>() })
  const sent = { key: 'k', value: { items: ['a'], total: 1 } }

  test.each<[string, (basket: Basket) => unknown]>([
    ['sets a field', (basket) => (basket.total = 2)],
    ['adds to an array inside', (basket) => basket.items.push('b')],
    ['deletes a field', (basket) => Reflect.has(basket, 'total') && delete (basket as Partial<Basket>).total],
  ])('one that %s', (_what, change) => {
    const topology = built((builder) => builder.stream(baskets).peek((basket) => void change(basket), { name: 'meddler' }))
    using driver = new TopologyTestDriver(topology)
    let error: unknown
    try {
      driver.input(baskets).send(sent)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error).toMatchObject({ code: 'MUTATED_INPUT', context: { node: 'meddler', topic: 'baskets', offset: 0 } })
    expect(String(error)).toContain('step meddler failed at baskets[0]@0: it changes a value that it was given')
    expect(String(error)).toContain('make a new one')
    expect(isUsersFirst(error as ProcessingError)).toBe(true)
  })

  test('an aggregate may be changed in place, whatever it was made of', () => {
    const topology = built((builder) => {
      const grouped = builder.stream(baskets).groupByKey()
      grouped.reduce(
        (sum, { items, total }) => {
          sum.items.push(...items)
          sum.total += total
          return sum
        },
        { store: 'reduced' },
      )
      grouped.aggregate(
        (): Basket[] => [],
        (all, basket) => {
          all.push(basket)
          return all
        },
        { store: 'collected', value: serdes.json<Basket[]>() },
      )
    })
    using driver = new TopologyTestDriver(topology)
    for (let n = 0; n < 3; n++) driver.input(baskets).send(sent)
    const reduced = driver.store<{ get(key: string): Basket }>('reduced').get('k')
    expect(reduced).toEqual({ items: ['a', 'a', 'a'], total: 3 })
    expect(driver.store<{ get(key: string): Basket[] }>('collected').get('k')).toHaveLength(3)
  })
})

describe('B42: a step that', () => {
  const processed = (process: (value: string) => Promise<void> | undefined): Topology =>
    through((stream) =>
      stream.processValues(
        () => {
          let context: FixedKeyProcessorContext<string, string> | undefined
          return {
            init: (given) => {
              context = given
            },
            process: async (record) => {
              await process(record.value)
              void context?.forward(record)
            },
          }
        },
        { name: 'mine', value: serdes.string },
      ),
    )

  test('rejects fails as one that throws', async () => {
    const error = await failsOnce({
      topology: processed(async (value) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (value === 'bad') throw new Error('no answer')
      }),
    })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('PROCESSING_ERROR')
    tellsWhere(error, 'mine')
    expect(error.message).toContain('no answer')
    expect(isUsersFirst(error)).toBe(true)
  })

  test('never settles is named in the log, leaves its tasks to others, and drops them when it wakes', async () => {
    const broker = freshBroker()
    const { logger, events } = recordedLog()
    const parked: (() => void)[] = []
    const topology = (waits: boolean): Topology =>
      processed((value) => (waits && value === 'bad' ? new Promise((resolve) => parked.push(resolve)) : undefined))
    const times = { slowRecordWarnMs: 100, maxPollIntervalMs: 500, sessionTimeoutMs: 60_000 }
    const first = appOn(broker, topology(true), { ...times, logger })
    const errors: unknown[] = []
    first.on('error', ({ error }) => errors.push(error))
    await first.start()
    await broker.produce(
      entryTexts,
      ['ok', 'bad', 'fine'].map((value) => ({ key: value, value })),
    )
    await until('it waits', () => parked.length === 1)
    const second = appOn(broker, topology(false), times)
    await second.start()
    await until('the other one has done it', async () => (await keysOf(broker)).includes('fine'))
    const told = events.filter(({ level }) => level !== 'info').map(({ level, message }) => `${level} ${message}`)
    expect(told[0]).toContain('warn step mine at entries[0]@1 has been waiting for')
    expect(told.find((line) => line.startsWith('error '))).toContain('longer than maxPollIntervalMs (500)')
    parked[0]!()
    await until('it is back', () => first.state === 'RUNNING')
    expect(await keysOf(broker)).toEqual(['ok', 'bad', 'fine'])
    expect(errors).toEqual([])
    expect(await first.close()).toEqual({ clean: true })
    expect(await second.close()).toEqual({ clean: true })
  })
})
