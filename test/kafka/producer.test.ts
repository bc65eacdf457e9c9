import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PRODUCE } from '../../src/wire/api/produce.ts'
import { shown } from '../memory/world.ts'
import { clientWorld, write } from './client-world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const values = (records: readonly string[]): string[] => records.map((record) => record.slice(record.indexOf('=') + 1))

test('what is flushed is in the log, in order, and is known to be written', async () => {
  const { cluster, client, producer, drive } = clientWorld()
  cluster.createTopic('orders', { partitions: 2 })
  await client.refresh(['orders'])
  const writing = await producer()
  write(writing, 'orders', ['a', 'b'])
  write(writing, 'orders', ['c'], 1)
  await drive(writing.flush())
  expect(shown(cluster.read('orders', 0))).toEqual(['0 null=a', '1 null=b'])
  expect(shown(cluster.read('orders', 1))).toEqual(['0 null=c'])
  expect(writing.written({ topic: 'orders', partition: 0 })).toBe(2)
  expect(writing.written({ topic: 'orders', partition: 5 })).toBeUndefined()
})

test('a batch waits for the linger unless everything is to be sent', async () => {
  const { cluster, client, clock, producer } = clientWorld()
  cluster.createTopic('orders')
  await client.refresh(['orders'])
  const writing = await producer({ lingerMs: 100 })
  write(writing, 'orders', ['a'])
  writing.send(false)
  await clock.advance(99)
  writing.send(false)
  await clock.advance(0)
  expect(cluster.read('orders', 0)).toEqual([])
  await clock.advance(1)
  writing.send(false)
  await clock.advance(0)
  expect(cluster.read('orders', 0)).toHaveLength(1)
})

test('whatever happens to requests and answers, acknowledged records are in the log once and in order', { timeout: 60_000 }, async () => {
  const outcome = fc.constantFrom('lose-request', 'lose-answer', 'close-before', 'close-instead', 'answer-then-close', 'twice', undefined)
  const plan = fc.array(fc.record({ outcome, beforeMs: fc.nat(50), afterMs: fc.nat(50) }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(plan, fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }), async (faults, sizes) => {
      const { cluster, client, producer, drive } = clientWorld()
      cluster.createTopic('orders')
      await client.refresh(['orders'])
      const writing = await producer({ batchSize: 200 })
      const left = [...faults]
      cluster.injectFault((api) => {
        const next = api.key === PRODUCE.key ? left.shift() : undefined
        if (next === undefined) return undefined
        const { outcome: what, ...times } = next
        return what === undefined ? times : { ...times, outcome: what }
      })
      const sent: string[] = []
      for (const [n, size] of sizes.entries()) {
        const batch = Array.from({ length: size }, (_, i) => `${n}.${i}`)
        sent.push(...batch)
        write(writing, 'orders', batch)
        writing.send(true)
      }
      await drive(writing.flush())
      expect(values(shown(cluster.read('orders', 0)))).toEqual(sent)
    }),
    { numRuns: RUNS },
  )
})

test('goes on at the new leader, and nothing is lost or doubled', async () => {
  const { cluster, client, producer, drive } = clientWorld({ brokers: 2 })
  cluster.createTopic('orders')
  await client.refresh(['orders'])
  const writing = await producer()
  const sent: string[] = []
  for (let n = 0; n < 6; n++) {
    cluster.moveLeader('orders', 0, { node: 1 + (n % 2) })
    sent.push(`v${n}`)
    write(writing, 'orders', [`v${n}`])
    await drive(writing.flush())
  }
  expect(values(shown(cluster.read('orders', 0)))).toEqual(sent)
})

test('tells of a batch that the topic refuses, with the topic and what to do', async () => {
  const { cluster, client, producer, drive } = clientWorld()
  cluster.createTopic('orders', { configs: { 'max.message.bytes': '100' } })
  cluster.createTopic('table', { configs: { 'cleanup.policy': 'compact' } })
  await client.refresh(['orders', 'table'])
  const big = await producer()
  write(big, 'orders', ['x'.repeat(500)])
  await expect(drive(big.flush())).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    message: expect.stringContaining('max.message.bytes'),
  })
  await expect(drive(big.flush())).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' })
  const keyless = await producer()
  write(keyless, 'table', ['v'])
  await expect(drive(keyless.flush())).rejects.toMatchObject({ code: 'RECORD_INVALID' })
})

test('a topic that is not there is named', async () => {
  const { producer, drive } = clientWorld()
  const writing = await producer()
  write(writing, 'none', ['v'])
  await expect(drive(writing.flush())).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('none') })
})

test('holds back whoever writes faster than brokers take', async () => {
  const { cluster, client, producer, drive } = clientWorld()
  cluster.createTopic('orders')
  await client.refresh(['orders'])
  cluster.injectFault((api) => (api.key === PRODUCE.key ? { afterMs: 50 } : undefined))
  const writing = await producer({ bufferBytes: 500, batchSize: 200 })
  expect(writing.backPressure()).toBeUndefined()
  write(
    writing,
    'orders',
    Array.from({ length: 100 }, (_, i) => `value ${i}`),
  )
  writing.send(true)
  const full = writing.backPressure()
  expect(full).toBeInstanceOf(Promise)
  await drive(full!)
  await drive(writing.flush())
  expect(cluster.read('orders', 0)).toHaveLength(100)
})

test('a closed producer rejects those who wait for it', async () => {
  const { cluster, client, producer } = clientWorld()
  cluster.createTopic('orders')
  await client.refresh(['orders'])
  cluster.injectFault((api) => (api.key === PRODUCE.key ? { afterMs: 5_000 } : undefined))
  const writing = await producer()
  write(writing, 'orders', ['v'])
  const flushed = writing.flush()
  writing.close()
  await expect(flushed).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
})
