/** Stores used at the wrong time or place, scans that outlive their store, and ranges with nothing in them. */
import { describe, expect, test } from 'vitest'
import {
  keyValueStore,
  ProcessingError,
  serdes,
  StoreUnavailableError,
  tumbling,
  type KeyValueStore,
  type KeyValueStoreSpec,
  type ProcessorContext,
  type Scan,
  type Topology,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing.ts'
import { appOn, freshBroker, processed, until } from '../runtime/app-world.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { built, texts } from '../support/shop-topics.ts'
import { entryTexts, failsOnce, resultTexts, tellsWhere } from './scenario.ts'

const seen = keyValueStore('seen', { key: serdes.string, value: serdes.string })
type Seen = KeyValueStore<string, string>

/** Texts that pass a processor which is handed its context, and what it does with each. */
function processing(
  name: string,
  stores: readonly KeyValueStoreSpec<string, string>[],
  handle: (context: ProcessorContext<string, string>, value: string) => unknown,
): Topology {
  return built((builder) =>
    builder
      .stream(entryTexts)
      .process<string, string>(
        () => {
          let context: ProcessorContext<string, string> | undefined
          return {
            init: (given) => {
              context = given
            },
            process: async (record) => {
              await handle(context!, record.value)
              void context!.forward(record)
            },
          }
        },
        { name, stores },
      )
      .to(resultTexts, { key: serdes.string, value: serdes.string }),
  )
}

describe('B29: a store that isn’t connected', () => {
  const other = keyValueStore('other', { key: serdes.string, value: serdes.string })

  test('is refused where it is asked for, with those that are', async () => {
    const error = await failsOnce({
      topology: processing('mine', [seen], (context, value) =>
        value === 'bad' ? context.store(other) : context.store(seen).put('k', value),
      ),
    })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('STORE_NOT_CONNECTED')
    tellsWhere(error, 'mine')
    expect(error.message).toContain("uses store other, which is not connected to it: list it in the step's `stores` (connected: seen)")
  })

  test('asked for in init, keeps the application from starting', async () => {
    const topology = built((builder) =>
      builder.stream(texts).process(() => ({ init: (context) => void context.store(other), process: () => undefined }), { name: 'mine' }),
    )
    const app = appOn(freshBroker(), topology)
    const error: unknown = await app.start().catch((found: unknown) => found)
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error).toMatchObject({ code: 'STORE_NOT_CONNECTED', context: { node: 'mine', store: 'other' } })
    expect(String(error)).toContain('(connected: none)')
  })
})

describe('B30: a store', () => {
  test('kept by a processor is closed with its task', async () => {
    let kept: Seen | undefined
    const broker = freshBroker()
    const app = appOn(
      broker,
      processing('mine', [seen], (context, value) => {
        kept = context.store(seen)
        kept.put('k', value)
      }),
    )
    await app.start()
    await broker.produce(entryTexts, { key: 'k', value: 'v' })
    await until('it is processed', () => processed('entries', 1, app))
    expect(await app.close()).toEqual({ clean: true })
    const closed = expect.objectContaining({ code: 'STORE_CLOSED', message: 'store seen was used after its task was closed' })
    for (const use of [
      () => kept!.get('k'),
      () => kept!.put('k', 'v'),
      () => kept!.range(),
      () => kept!.delete('k'),
      () => kept!.entry('k'),
    ])
      expect(use).toThrow(closed)
  })

  test('is read while the application runs, not before and not after', async () => {
    const broker = freshBroker()
    const app = appOn(
      broker,
      built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' })),
    )
    const view = (): { get(key: string): unknown; range(): AsyncIterable<unknown> } => app.store<never>('c')
    expect(view).toThrow(expect.objectContaining({ code: 'REBALANCING', retriable: true }))
    await app.start()
    const open = view()
    expect(await open.get('k')).toBeUndefined()
    await app.close()
    for (const use of [view, () => open.get('k'), () => open.range()]) {
      expect(use).toThrow(StoreUnavailableError)
      expect(use).toThrow(
        expect.objectContaining({
          code: 'STORE_CLOSED',
          retriable: false,
          message: "store c can't be read any more: the application is NOT_RUNNING",
        }),
      )
    }
  })
})

describe('B70: a scan', () => {
  test('that was closed refuses to go on', async () => {
    const scanning = (closes: boolean): Topology =>
      processing('mine', [seen], (context, value) => {
        const store = context.store(seen)
        store.put(value, value)
        const scan: Scan<[string, string]> = store.range()
        const rows = scan[Symbol.iterator]()
        rows.next()
        if (closes && value === 'bad') scan[Symbol.dispose]()
        if (value === 'bad') rows.next()
      })
    const error = await failsOnce({ topology: scanning(true), healed: scanning(false) })
    expect(error).toBeInstanceOf(StoreUnavailableError)
    expect(error).toMatchObject({
      code: 'ITERATOR_CLOSED',
      context: { store: 'seen', taskId: '0_0', node: 'mine', topic: 'entries', partition: 0, offset: 4 },
      message: 'step mine failed at entries[0]@4: a scan of store seen was used after it was closed',
    })
    expect(error.stack).toContain('stores.test.ts')
  })

  test('that is left open reads nothing of a store that has moved away', async () => {
    const broker = freshBroker()
    const app = appOn(
      broker,
      built((builder) => builder.stream(texts).groupByKey().count({ store: 'c' })),
    )
    await app.start()
    await broker.produce(texts, [
      { key: 'a', value: 'v' },
      { key: 'b', value: 'v' },
    ])
    await until('it is processed', () => processed('texts', 2, app))
    const rows = app.store<KeyValueStoreSpec<string, number>>('c') as unknown as { range(): AsyncIterable<[string, number]> }
    const scan = rows.range()[Symbol.asyncIterator]()
    expect((await scan.next()).value).toEqual(['a', 1])
    await app.close()
    const rest: unknown = await scan.next().catch((error: unknown) => error)
    expect(rest instanceof StoreUnavailableError || (rest as IteratorResult<unknown>).value !== undefined).toBe(true)
    expect(() => rows.range()).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  })
})

describe('what a scan shows', () => {
  function used(use: (store: Seen) => unknown): unknown {
    let answer: unknown
    using driver = new TopologyTestDriver(
      processing('mine', [seen], (context) => {
        const store = context.store(seen)
        for (const key of ['a', 'ab', 'b', 'c']) store.put(key, key)
        answer = use(store)
      }),
    )
    driver.input(entryTexts).send({ key: 'k', value: 'v' })
    return answer
  }
  const keys = (scan: Scan<[string, string]>): string[] => [...scan].map(([key]) => key)

  test('B71: is the store when it was opened, whatever is put and deleted meanwhile', () => {
    const answer = used((store) => {
      const shown: string[] = []
      for (const [key, value] of store.range()) {
        store.put(`${key}+`, 'new')
        store.put('b', 'other')
        void store.delete('c')
        shown.push(`${key}=${value}`)
      }
      return [shown, keys(store.range())]
    })
    expect(answer).toEqual([
      ['a=a', 'ab=ab', 'b=b', 'c=c'],
      ['a', 'a+', 'ab', 'ab+', 'b', 'b+', 'c+'],
    ])
  })

  test.each<[string, Parameters<Seen['range']>[0], string[]]>([
    ['from behind to', { from: 'c', to: 'a' }, []],
    ['from behind to, reversed', { from: 'c', to: 'a', reverse: true }, []],
    ['no end', { from: 'b' }, ['b', 'c']],
    ['no start', { to: 'ab' }, ['a', 'ab']],
    ['neither', {}, ['a', 'ab', 'b', 'c']],
    ['one key', { from: 'ab', to: 'ab' }, ['ab']],
    ['an empty prefix', { prefix: '' }, ['a', 'ab', 'b', 'c']],
    ['an empty prefix in bytes', { prefix: new Uint8Array(0) }, ['a', 'ab', 'b', 'c']],
    ['a prefix of nothing', { prefix: 'x' }, []],
    ['a limit of 0', { limit: 0 }, []],
  ])('B72: of a range with %s', (_what, options, expected) => {
    expect(used((store) => keys(store.range(options)))).toEqual(expected)
  })
})

test('B38: windows of a few milliseconds are legal, and are doubted at the start', async () => {
  const { logger, events } = recordedLog()
  const topology = built((builder) => builder.stream(texts).groupByKey().windowedBy(tumbling(5)).count({ store: 'short' }))
  const app = appOn(freshBroker(), topology, { logger })
  await app.start()
  expect(events.filter(({ level }) => level === 'warn')).toMatchObject([
    { message: 'store short has windows of 5 ms: times are milliseconds; seconds(5) is 5000', fields: { store: 'short', sizeMs: 5 } },
  ])
})
