/** What the producer does when brokers, lanes and leaders fail: nothing acknowledged is lost, doubled or out of order. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/base/text.ts'
import type { Producer, ProducerOptions } from '../../src/kafka/producer.ts'
import type { FaultPlan } from '../../src/memory/lane.ts'
import { INIT_PRODUCER_ID, type InitProducerIdResponse } from '../../src/wire/api/coordinator.ts'
import { PRODUCE, type ProduceRequest, type ProduceResponse } from '../../src/wire/api/produce.ts'
import { readHeader } from '../../src/wire/batch-reader.ts'
import { shown } from '../memory/world.ts'
import { clientWorld, write, type ClientWorld, type Sent } from './client-world.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
const tp = { topic: 'orders', partition: 0 }
const REQUEST_TIMED_OUT = 7
const MESSAGE_TOO_LARGE = 10

async function withTopic(
  options: Parameters<typeof clientWorld>[0] = {},
  topic: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>> } = {},
): Promise<ClientWorld> {
  const world = clientWorld(options)
  world.cluster.createTopic('orders', topic)
  await world.client.refresh(['orders'])
  return world
}

function logged({ cluster }: ClientWorld, partition = 0): string[] {
  return shown(cluster.read('orders', partition)).map((record) => record.slice(record.indexOf('=') + 1))
}

interface SentBatch {
  readonly partition: number
  readonly epoch: number
  readonly sequence: number
  readonly count: number
  /** What the producer wrote, without what a log stamps. */
  readonly bytes: Uint8Array
  readonly sent: Sent
}

/** The batches that went over the wire, in order. */
function batches({ wire }: ClientWorld): SentBatch[] {
  return wire.sent
    .filter(({ api }) => api.key === PRODUCE.key)
    .flatMap((sent) =>
      (sent.request as ProduceRequest).topics.flatMap(({ partitions }) =>
        partitions.map(({ partition, records }) => {
          const { producerEpoch: epoch, baseSequence: sequence, count } = readHeader(records, 0, records.length)!
          return { partition, epoch, sequence, count, bytes: records.slice(16), sent }
        }),
      ),
    )
}

/** Fails when a sequence was used twice with other bytes. */
function checkSequences(sent: readonly SentBatch[]): void {
  const known = new Map<string, SentBatch>()
  for (const batch of sent) {
    const key = `${batch.partition} ${batch.epoch} ${batch.sequence}`
    const before = known.get(key) ?? batch
    known.set(key, before)
    expect(batch.bytes).toEqual(before.bytes)
  }
  for (const { partition, epoch, sequence, count } of known.values())
    for (let n = 1; n < count; n++) expect(known.has(`${partition} ${epoch} ${sequence + n}`)).toBe(false)
}

/** Writes values one by one, each in a batch of its own. */
function writeEach(producer: Producer, values: readonly string[]): void {
  for (const value of values) {
    write(producer, 'orders', [value])
    producer.send(true)
  }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `v${n}`)

test('sends one batch until the first is acknowledged, then up to five, and never more', async () => {
  const world = await withTopic()
  world.cluster.injectFault((api) => (api.key === PRODUCE.key ? { afterMs: 10 } : undefined))
  const producer = await world.producer()
  const most: number[] = []
  writeEach(producer, numbers(20))
  await world.clock.advance(0)
  expect(batches(world)).toHaveLength(1)
  const flushed = producer.flush()
  for (let n = 0; n < 30; n++) {
    most.push(batches(world).filter(({ sent }) => !sent.settled).length)
    await world.clock.advance(10)
  }
  await flushed
  expect(Math.max(...most)).toBe(5)
  expect(logged(world)).toEqual(numbers(20))
  expect(batches(world)).toHaveLength(20)
})

test('a batch whose answer is lost is sent again first, byte for byte, and only when all answers are known', async () => {
  const world = await withTopic()
  const producer = await world.producer()
  await world.drive((writeEach(producer, ['first']), producer.flush()))
  let asked = 0
  world.cluster.injectFault((api) => (api.key === PRODUCE.key && ++asked === 2 ? { outcome: 'lose-answer' } : undefined))
  writeEach(producer, numbers(6))
  await world.clock.advance(999)
  const before = batches(world)
  // The second is lost; five wait with it, and nothing overtakes them.
  expect(before.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6])
  await world.drive(producer.flush())
  expect(batches(world)[before.length]).toMatchObject({ sequence: 2, bytes: before[2]!.bytes })
  expect(logged(world)).toEqual(['first', ...numbers(6)])
  checkSequences(batches(world))
})

test('a resend waits for the answers that are still under way, however late they are', async () => {
  const world = await withTopic({ brokers: 2 })
  const producer = await world.producer()
  world.cluster.moveLeader('orders', 0, { node: 1 })
  await world.drive((writeEach(producer, ['first']), producer.flush()))
  // The first of two meets a leader that has moved; the answer to the second is half a second late, and by then the leader is back.
  let asked = 0
  world.cluster.injectFault((api) => {
    if (api.key !== PRODUCE.key) return undefined
    asked++
    if (asked === 1) world.cluster.moveLeader('orders', 0, { node: 2 })
    if (asked === 2) world.cluster.moveLeader('orders', 0, { node: 1 })
    return asked === 2 ? { afterMs: 500 } : undefined
  })
  const before = batches(world).length
  writeEach(producer, ['a', 'b'])
  await world.clock.advance(400)
  expect(batches(world)).toHaveLength(before + 2)
  await world.drive(producer.flush())
  expect(logged(world)).toEqual(['first', 'a', 'b'])
  checkSequences(batches(world))
})

test('an answer that says “timed out” leaves open what happened: the same batch goes again and is not doubled', async () => {
  const world = await withTopic()
  const producer = await world.producer()
  let left = 3
  world.wire.change = (api, answer) => {
    if (api.key !== PRODUCE.key || left-- <= 0) return answer
    return changed(answer as ProduceResponse, REQUEST_TIMED_OUT)
  }
  writeEach(producer, numbers(4))
  await world.drive(producer.flush())
  expect(logged(world)).toEqual(numbers(4))
  expect(producer.written(tp)).toBe(4)
})

function changed(answer: ProduceResponse, errorCode: number): ProduceResponse {
  return {
    ...answer,
    topics: answer.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((one) => ({ ...one, errorCode, baseOffset: -1 })),
    })),
  }
}

type Step = { readonly fault: FaultPlan } | { readonly code: number } | { readonly move: number } | { readonly stop: number } | undefined

test(
  'whatever fails on the way to several partitions and brokers, each acknowledged record is in its log once and in order',
  { timeout: 60_000 },
  async () => {
    const outcome = fc.constantFrom('lose-request', 'lose-answer', 'close-before', 'close-instead', 'answer-then-close', 'twice')
    const times = { beforeMs: fc.nat(60), afterMs: fc.nat(60) }
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.constant(undefined),
      fc.record({ outcome, ...times }, { requiredKeys: ['outcome'] }).map((fault) => ({ fault })),
      fc.record(times).map((fault) => ({ fault })),
      // The batch was appended (or not), and the broker answers one of the errors that pass.
      fc.constantFrom(3, 5, 6, 7, 19, 20, 56, 74, 75).map((code) => ({ code })),
      fc.nat(2).map((move) => ({ move })),
      fc.integer({ min: 1, max: 2 }).map((stop) => ({ stop })),
    )
    const plan = fc.array(step, { maxLength: 15 })
    const writes = fc.array(
      fc.record({ partition: fc.nat(2), count: fc.integer({ min: 1, max: 5 }), waitMs: fc.constantFrom(0, 0, 5, 40) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    )
    await fc.assert(
      fc.asyncProperty(plan, writes, fc.constantFrom(0, 0, 50), async (steps, list, newTopicErrorMs) => {
        const world = await withTopic({ brokers: 2, newTopicErrorMs }, { partitions: 3 })
        const producer = await world.producer({ batchSize: 150 })
        play(world, steps)
        const expected: string[][] = [[], [], []]
        for (const [n, { partition, count, waitMs }] of list.entries()) {
          const values = Array.from({ length: count }, (_, i) => `${n}.${i}`)
          expected[partition]!.push(...values)
          write(producer, 'orders', values, partition)
          producer.send(true)
          await world.clock.advance(waitMs)
        }
        await world.drive(producer.flush())
        for (const [partition, values] of expected.entries()) {
          expect(logged(world, partition)).toEqual(values)
          if (values.length > 0) expect(producer.written({ topic: 'orders', partition })).toBe(values.length)
        }
        checkSequences(batches(world))
        await shutDown(world, producer)
      }),
      { numRuns: RUNS },
    )
  },
)

/** Plays one step with each produce request. */
function play({ cluster, wire, clock }: ClientWorld, steps: readonly Step[]): void {
  const left = [...steps]
  let code = 0
  cluster.injectFault((api) => {
    const next = api.key === PRODUCE.key ? left.shift() : undefined
    if (next === undefined) return undefined
    if ('fault' in next) return next.fault
    if ('code' in next) code = next.code
    if ('move' in next) cluster.moveLeader('orders', next.move, { node: 1 + (left.length % 2) })
    if ('stop' in next) {
      cluster.stopBroker(next.stop)
      clock.after(70, () => cluster.startBroker(next.stop))
    }
    return undefined
  })
  wire.change = (api, answer) => {
    if (api.key !== PRODUCE.key || code === 0) return answer
    const now = code
    code = 0
    return changed(answer as ProduceResponse, now)
  }
}

/** Closes everything; no timer may be left. */
async function shutDown({ client, cluster, clock }: ClientWorld, producer: Producer): Promise<void> {
  producer.close()
  await client.close()
  await cluster.close()
  await clock.advance(0)
}

test('closing while anything is under way leaves no timer, and whoever waits is told', async () => {
  const outcome = fc.constantFrom('lose-request', 'lose-answer', 'close-before', 'close-instead', 'twice', undefined)
  await fc.assert(
    fc.asyncProperty(fc.array(outcome, { maxLength: 5 }), fc.nat(3_000), async (faults, closeAfterMs) => {
      const world = await withTopic({ brokers: 2 })
      const producer = await world.producer()
      const left = [...faults]
      world.cluster.injectFault((api) => {
        const next = api.key === PRODUCE.key ? left.shift() : undefined
        return next === undefined ? undefined : { outcome: next }
      })
      writeEach(producer, numbers(5))
      const flushed = producer.flush().then(
        () => 'flushed',
        () => 'refused',
      )
      await world.clock.advance(closeAfterMs)
      await shutDown(world, producer)
      if ((await flushed) === 'flushed') expect(logged(world)).toEqual(numbers(5))
      expect(world.clock.pending()).toBe(0)
    }),
    { numRuns: RUNS },
  )
})

test('a batch that is larger than the topic takes is split until it fits; its owner has records in flight until the last is written', async () => {
  const world = await withTopic({}, { configs: { 'max.message.bytes': '300' } })
  const producer = await world.producer({ bufferBytes: 1_000_000 })
  await world.drive((writeEach(producer, ['first']), producer.flush()))
  const owner = { count: 0 }
  const other = { count: 0 }
  const values = numbers(100)
  for (const [n, value] of values.entries()) producer.writer(tp, n % 2 === 0 ? owner : other).append(null, utf8(value), 0, undefined)
  expect([owner.count, other.count]).toEqual([50, 50])
  producer.send(true)
  const tail = ['tail 1', 'tail 2']
  writeEach(producer, tail)
  const flushed = producer.flush()
  for (let n = 0; n < 50; n++) {
    await world.clock.advance(5)
    if (owner.count === 0 || other.count === 0) expect(logged(world).length).toBeGreaterThan(100)
  }
  await world.drive(flushed)
  expect(logged(world)).toEqual(['first', ...values, ...tail])
  expect([owner.count, other.count]).toEqual([0, 0])
  expect(producer.backPressure()).toBeUndefined()
})

test('a batch that may have been appended is not split: its bytes must not change', async () => {
  const world = await withTopic()
  const producer = await world.producer()
  let answers = 0
  world.wire.change = (api, answer) => {
    if (api.key !== PRODUCE.key) return answer
    answers++
    return answers > 2 ? answer : changed(answer as ProduceResponse, answers === 1 ? REQUEST_TIMED_OUT : MESSAGE_TOO_LARGE)
  }
  write(producer, 'orders', numbers(4))
  await expect(world.drive(producer.flush())).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' })
  expect(logged(world)).toEqual(numbers(4))
})

test('a broker that lost what it knew of the producer is written to under the next epoch, from sequence 0', async () => {
  const world = await withTopic()
  const producer = await world.producer()
  for (const value of numbers(3)) await world.drive((writeEach(producer, [value]), producer.flush()))
  // Its last batch is lost with its leader.
  world.cluster.moveLeader('orders', 0, { loseFrom: 2 })
  writeEach(producer, ['after 1', 'after 2', 'after 3'])
  await world.drive(producer.flush())
  expect(logged(world)).toEqual(['v0', 'v1', 'after 1', 'after 2', 'after 3'])
  const last = batches(world).slice(-3)
  expect(last.map(({ epoch, sequence }) => [epoch, sequence])).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
  ])
  expect(producer.written(tp)).toBe(5)
  checkSequences(batches(world))
})

test('when epochs are used up, another producer id is asked for', async () => {
  const world = await withTopic()
  let ids = 0
  world.wire.change = (api, answer) =>
    api.key === INIT_PRODUCER_ID.key && ids++ === 0 ? { ...(answer as InitProducerIdResponse), producerEpoch: 32_767 } : answer
  const producer = await world.producer()
  for (const value of numbers(3)) await world.drive((writeEach(producer, [value]), producer.flush()))
  world.cluster.moveLeader('orders', 0, { loseFrom: 1 })
  writeEach(producer, ['after'])
  await world.drive(producer.flush())
  expect(logged(world)).toEqual(['v0', 'after'])
  expect([ids, batches(world).at(-1)!.epoch]).toEqual([2, 0])
})

test('a partition that nobody leads is asked about with back-off, and given up by name', async () => {
  const world = await withTopic()
  const producer = await world.producer()
  write(producer, 'orders', ['v'], 7)
  const flushed = producer.flush()
  const asked = (): number => world.wire.sent.length
  const before = asked()
  await world.clock.advance(10_000)
  expect(asked() - before).toBeGreaterThan(5)
  expect(asked() - before).toBeLessThan(30)
  await expect(world.drive(flushed)).rejects.toMatchObject({ code: 'TASK_TIMEOUT', message: expect.stringContaining('orders[7]') })
  expect(world.clock.monotonic()).toBeLessThan(70_000)
})

test('a partition that fails does not hold up another', async () => {
  const world = await withTopic({ brokers: 2 }, { partitions: 2 })
  const producer = await world.producer()
  for (const partition of [0, 1]) world.cluster.moveLeader('orders', partition, { node: partition + 1 })
  world.cluster.stopBroker(2)
  write(producer, 'orders', ['a'], 0)
  write(producer, 'orders', ['b'], 1)
  producer.send(true)
  await world.clock.advance(200)
  expect([logged(world, 0), logged(world, 1)]).toEqual([['a'], []])
  world.cluster.startBroker(2)
  await world.drive(producer.flush())
  expect(logged(world, 1)).toEqual(['b'])
})

test.each([
  ['ACL_DENIED', 29],
  ['BROKER_ERROR', -1],
  ['RECORD_CORRUPT', 2],
])('an answer that stays wrong is told as %s (%i), to everybody who waits', async (code, errorCode) => {
  const world = await withTopic()
  const producer = await world.producer({ bufferBytes: 10 } satisfies Partial<ProducerOptions>)
  world.wire.change = (api, answer) => (api.key === PRODUCE.key ? changed(answer as ProduceResponse, errorCode) : answer)
  writeEach(producer, numbers(2))
  const room = expect(producer.backPressure()).rejects.toMatchObject({ code })
  await expect(world.drive(producer.flush())).rejects.toMatchObject({ code })
  await room
})

test('“this sequence is there already” is an acknowledgement', async () => {
  const world = await withTopic()
  const producer = await world.producer()
  world.wire.change = (api, answer) => (api.key === PRODUCE.key ? changed(answer as ProduceResponse, 46) : answer)
  writeEach(producer, numbers(3))
  await world.drive(producer.flush())
  expect(logged(world)).toEqual(numbers(3))
})
