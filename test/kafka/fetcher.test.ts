import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { FETCH } from '../../src/wire/api/fetch.ts'
import type { Fetcher } from '../../src/kafka/fetcher.ts'
import { markerBatch, type Verdict } from '../../src/wire/control.ts'
import { batchOf, numbered } from '../memory/world.ts'
import { clientWorld, texts, type ClientWorld } from './client-world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const tp = { topic: 'orders', partition: 0 }

async function readAll(world: ClientWorld, fetcher: Fetcher, count: number, from = 0): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) found.push(...texts(await world.drive(fetcher.poll({ timeoutMs: 1_000 })), from))
  return found
}

async function withTopic(options: Parameters<typeof clientWorld>[0] = {}, partitions = 1): Promise<ClientWorld> {
  const world = clientWorld(options)
  world.cluster.createTopic('orders', { partitions })
  await world.client.refresh(['orders'])
  return world
}

test('reads from a position to the end, and then what comes', async () => {
  const world = await withTopic()
  await world.produce('orders', numbered(5))
  const fetcher = world.fetcher()
  fetcher.assign([{ tp, offset: 2 }])
  expect(await readAll(world, fetcher, 3, 2)).toEqual(['v2', 'v3', 'v4'])
  expect([fetcher.position(tp), fetcher.end(tp), fetcher.lag(tp), fetcher.caughtUp(tp)]).toEqual([5, 5, 0, true])
  await world.produce('orders', numbered(1))
  expect(await readAll(world, fetcher, 1)).toEqual(['v0'])
  fetcher.close()
})

test('a poll that waits ends when it is interrupted', async () => {
  const world = await withTopic()
  const fetcher = world.fetcher()
  fetcher.assign([{ tp, offset: 0 }])
  const polled = fetcher.poll({ timeoutMs: 60_000 })
  fetcher.interrupt()
  expect(await polled).toEqual([])
  fetcher.interrupt()
  fetcher.close()
})

test('says up to when a partition was empty: as it was last asked for, however long ago that is', async () => {
  const world = await withTopic()
  await world.produce('orders', numbered(2))
  const fetcher = world.fetcher()
  expect(fetcher.emptyAt(tp)).toBeUndefined()
  fetcher.assign([{ tp, offset: 0 }])
  expect(fetcher.emptyAt(tp)).toBeUndefined()
  await readAll(world, fetcher, 2)
  const ages = async (ms: number): Promise<number> => {
    await world.clock.advance(ms)
    return world.clock.monotonic() - fetcher.emptyAt(tp)!
  }
  // A fetch may wait for half a second at the broker.
  for (const ms of [3_000, 2_500, 100]) expect(await ages(ms)).toBeLessThanOrEqual(1_000)
  world.cluster.injectFault((api) => (api.key === FETCH.key ? { outcome: 'lose-request' } : undefined))
  expect(await ages(5_000)).toBeGreaterThanOrEqual(4_000)
  expect(fetcher.caughtUp(tp)).toBe(true)
  fetcher.close()
})

test('whatever happens to requests and answers, every record is read once and in order', { timeout: 60_000 }, async () => {
  const outcome = fc.constantFrom('lose-request', 'lose-answer', 'close-before', 'close-instead', 'answer-then-close', 'twice')
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 }),
      async (faults, sizes) => {
        const world = await withTopic({ brokers: 2 })
        const sent: string[] = []
        for (const [n, size] of sizes.entries()) {
          const batch = Array.from({ length: size }, (_, i) => `${n}.${i}`)
          sent.push(...batch)
          world.cluster.append('orders', 0, batchOf(batch.map((value) => [null, value])))
        }
        const left = [...faults]
        world.cluster.injectFault((api) => {
          const next = api.key === FETCH.key ? left.shift() : undefined
          return next === undefined ? undefined : { outcome: next }
        })
        const fetcher = world.fetcher()
        fetcher.assign([{ tp, offset: 0 }])
        const found = await readAll(world, fetcher, sent.length)
        fetcher.close()
        expect(found).toEqual(sent)
      },
    ),
    { numRuns: RUNS },
  )
})

test('a partition that waits at its end does not hold back one that has more', async () => {
  const world = await withTopic({}, 2)
  for (let i = 0; i < 20; i++) world.cluster.append('orders', 1, batchOf([[null, 'x'.repeat(40_000)]]))
  const fetcher = world.fetcher()
  const behind = { topic: 'orders', partition: 1 }
  fetcher.assign([
    { tp, offset: 0 },
    { tp: behind, offset: 0 },
  ])
  const before = world.clock.monotonic()
  let found = 0
  while (found < 20) found += texts(await world.drive(fetcher.poll({ timeoutMs: 1_000 }))).length
  expect(world.clock.monotonic() - before).toBeLessThan(200)
  fetcher.close()
})

test('not asking is the back-pressure: two chunks that nobody used up, and no more', async () => {
  const world = await withTopic()
  for (let i = 0; i < 10; i++) world.cluster.append('orders', 0, batchOf([[null, 'x'.repeat(90_000)]]))
  const fetcher = world.fetcher()
  fetcher.assign([{ tp, offset: 0 }])
  const held = []
  for (let i = 0; i < 5; i++) held.push(...(await world.drive(fetcher.poll({ timeoutMs: 50 }))))
  expect(held).toHaveLength(2)
  expect(texts(held)).toHaveLength(2)
  expect(await readAll(world, fetcher, 8)).toHaveLength(8)
  fetcher.close()
})

test('a position that is not in the log goes where the owner says', async () => {
  const world = await withTopic()
  await world.produce('orders', numbered(5))
  const asked: number[] = []
  const fetcher = world.fetcher((position) => {
    asked.push(position)
    return 3
  })
  fetcher.assign([{ tp, offset: 99 }])
  expect(await readAll(world, fetcher, 2, 3)).toEqual(['v3', 'v4'])
  expect(asked).toEqual([99])
  fetcher.close()
})

test('a paused partition is left out until it is resumed', async () => {
  const world = await withTopic()
  const fetcher = world.fetcher()
  fetcher.assign([{ tp, offset: 0 }])
  await world.drive(fetcher.poll({ timeoutMs: 600 }))
  fetcher.pause(tp)
  await world.drive(fetcher.poll({ timeoutMs: 600 }))
  await world.produce('orders', numbered(1))
  expect(texts(await world.drive(fetcher.poll({ timeoutMs: 2_000 })))).toEqual([])
  fetcher.resume(tp)
  expect(await readAll(world, fetcher, 1)).toEqual(['v0'])
  fetcher.close()
})

test('what is not assigned any more is dropped, also what is under way', async () => {
  const world = await withTopic({}, 2)
  await world.produce('orders', numbered(3))
  world.cluster.injectFault((api) => (api.key === FETCH.key ? { afterMs: 20 } : undefined))
  const fetcher = world.fetcher()
  const other = { topic: 'orders', partition: 1 }
  fetcher.assign([{ tp, offset: 0 }])
  await world.clock.advance(10)
  fetcher.assign([{ tp: other, offset: 0 }])
  expect(texts(await world.drive(fetcher.poll({ timeoutMs: 1_000 })))).toEqual([])
  expect(fetcher.position(tp)).toBe(-1)
  expect(fetcher.lag(tp)).toBeUndefined()
  fetcher.close()
})

test('goes on at the new leader', async () => {
  const world = await withTopic({ brokers: 2 })
  const fetcher = world.fetcher()
  fetcher.assign([{ tp, offset: 0 }])
  const found: string[] = []
  for (let n = 0; n < 4; n++) {
    world.cluster.moveLeader('orders', 0, { node: 1 + (n % 2) })
    world.cluster.append('orders', 0, batchOf([[null, `v${n}`]]))
    found.push(...(await readAll(world, fetcher, 1)))
  }
  expect(found).toEqual(['v0', 'v1', 'v2', 'v3'])
  fetcher.close()
})

test('of transactions, only what was committed is handed out, and an answer is asked for again when all that it had is used', async () => {
  const world = await withTopic()
  const write = (value: string, producerId: number, baseSequence: number): number =>
    world.cluster.appendTransactional(
      'orders',
      0,
      batchOf([[null, value.padEnd(60_000)]], { producerId, producerEpoch: 0, baseSequence, transactional: true }),
    )
  const end = (producerId: number, verdict: Verdict): number =>
    world.cluster.appendTransactional(
      'orders',
      0,
      markerBatch({ producerId, producerEpoch: 0, verdict, coordinatorEpoch: 0, timestamp: 0 }),
    )
  for (const baseSequence of [0, 1]) {
    write(`kept ${baseSequence}`, 1, baseSequence)
    write('dropped', 2, baseSequence)
  }
  end(2, 'abort')
  end(1, 'commit')
  write('open', 3, 0)
  const fetcher = world.fetcher(undefined, 'read_committed')
  fetcher.assign([{ tp, offset: 0 }])
  const found: string[] = []
  while (!fetcher.caughtUp(tp)) found.push(...texts(await world.drive(fetcher.poll({ timeoutMs: 1_000 }))).map((text) => text.trim()))
  expect(found).toEqual(['kept 0', 'kept 1'])
  expect([fetcher.position(tp), fetcher.end(tp)]).toEqual([6, 6])
  fetcher.close()
})

test('an error that stays is told to whoever polls', async () => {
  const world = await withTopic()
  world.cluster.injectFault((api) => (api.key === FETCH.key ? new Error('broken') : undefined))
  const fetcher = world.fetcher()
  fetcher.assign([{ tp, offset: 0 }])
  await expect(world.drive(fetcher.poll({ timeoutMs: 1_000 }))).rejects.toThrow('broken')
  fetcher.close()
})
