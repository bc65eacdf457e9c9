/** Steps whose promise fails, is of nothing, or never settles: as other steps that fail, whatever was under way at the time. */
import { describe, expect, test } from 'vitest'
import { ProcessingError, serdes, type AsyncOptions, type Topology } from '../../src/index.ts'
import { appOn, freshBroker, until } from '../runtime/app-world.ts'
import { built } from '../support/shop-topics.ts'
import { untyped } from '../support/untyped.ts'
import { committed, entryTexts, failsOnce, isUsersFirst, keysOf, resultTexts, tellsWhere } from './scenario.ts'
import { defaultClock, defaultRandom } from '../../src/runtime/defaults.ts'
import { openMemoryBroker } from '../../src/runtime/memory-broker.ts'

/** In order of the input nothing behind the bad record comes out before it. */
const inOrder: AsyncOptions = { order: 'input' }

const asked = (f: (value: string) => Promise<string>, options: AsyncOptions = inOrder): Topology =>
  built((builder) =>
    builder
      .stream(entryTexts)
      .mapValuesAsync(f, { name: 'mine', value: serdes.string, ...options })
      .to(resultTexts),
  )

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** What is wrong with the value `bad`, after a while. */
function meets(bad: () => unknown): (value: string) => Promise<string> {
  return async (value) => {
    await soon()
    return value === 'bad' ? untyped(await bad()) : value
  }
}

describe('B39: a function that promises what can’t be', () => {
  test('a value of undefined', async () => {
    const error = await failsOnce({ topology: asked(meets(() => undefined)) })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('PROCESSOR_RESULT')
    tellsWhere(error, 'mine')
    expect(error.message).toContain('must answer a promise of a value or null; it answered undefined')
  })

  test('a record instead of a pair', async () => {
    const topology = built((builder) =>
      builder
        .stream(entryTexts)
        .mapAsync(async (value, key): Promise<[string, string]> => (value === 'bad' ? untyped({ key, value }) : [key, value]), {
          ...inOrder,
          name: 'mine',
          key: serdes.string,
          value: serdes.string,
        })
        .to(resultTexts),
    )
    const error = await failsOnce({ topology })
    expect(error.code).toBe('PROCESSOR_RESULT')
    tellsWhere(error, 'mine')
    expect(error.message).toContain('must answer a promise of a pair [key, value]; it answered an object')
  })
})

describe('B41: an asynchronous step that', () => {
  test.each<[string, () => unknown, string]>([
    [
      'throws after a while',
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
  ])('%s', async (_what, bad, says) => {
    const error = await failsOnce({ topology: asked(meets(bad)) })
    expect(error).toBeInstanceOf(ProcessingError)
    expect(error.code).toBe('PROCESSING_ERROR')
    tellsWhere(error, 'mine')
    expect(error.message).toContain(says)
  })

  test('throws before it answers a promise', async () => {
    const error = await failsOnce({
      topology: asked((value) => {
        if (value === 'bad') throw new Error('at once')
        return Promise.resolve(value)
      }),
    })
    tellsWhere(error, 'mine')
    expect(error.message).toContain('at once')
    expect(isUsersFirst(error)).toBe(true)
  })
})

describe('B42: an asynchronous step that', () => {
  test('rejects fails as one that throws, the user’s own line first', async () => {
    const error = await failsOnce({ topology: asked(meets(() => Promise.reject(new Error('no answer')))) })
    expect(error.code).toBe('PROCESSING_ERROR')
    tellsWhere(error, 'mine')
    expect(isUsersFirst(error)).toBe(true)
  })

  test('never settles fails when it has a time limit', async () => {
    const never = (): Promise<string> => new Promise(() => undefined)
    const error = await failsOnce({ topology: asked(meets(never), { ...inOrder, timeoutMs: 100 }) })
    expect(error).toBeInstanceOf(ProcessingError)
    expect([error.code, error.retriable]).toEqual(['CALL_TIMEOUT', true])
    tellsWhere(error, 'mine')
    expect(error.message).toContain('has not settled within timeoutMs (100 ms)')
  })

  test('lets records of other keys pass loses none of them when it fails', async () => {
    const broker = freshBroker()
    const { cluster } = openMemoryBroker(broker.name, { clock: defaultClock, random: defaultRandom })
    const write = (values: readonly string[]): Promise<void> =>
      broker.produce(
        entryTexts,
        values.map((value) => ({ key: value, value })),
      )
    const failing = appOn(
      broker,
      asked(
        meets(() => Promise.reject(new Error('no answer'))),
        { order: 'key' },
      ),
      { commitIntervalMs: 5 },
    )
    await failing.start()
    await write(['k0', 'k1', 'bad', 'k2', 'k3'])
    await until('it fails', () => failing.state === 'ERROR')
    expect((await committed(cluster, 'entries')) ?? 0).toBeLessThanOrEqual(2)
    const next = appOn(
      broker,
      asked(async (value) => value, { order: 'key' }),
    )
    await next.start()
    await until('all is committed', async () => (await committed(cluster, 'entries')) === 5)
    expect(new Set(await keysOf(broker))).toEqual(new Set(['bad', 'k0', 'k1', 'k2', 'k3']))
  })
})
