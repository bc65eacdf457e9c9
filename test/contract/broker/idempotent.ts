/**
 * Contract of a broker and the client's producer: a batch is appended once and in order, however often it is sent; what a broker can't be sure of it
 * refuses, and the producer goes on from there.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeText, utf8 } from '../../../src/base/text.ts'
import { Producer, type ProducerOptions } from '../../../src/kafka/producer.ts'
import { defaultClock as clock, defaultRandom as random } from '../../../src/runtime/defaults.ts'
import { INIT_PRODUCER_ID } from '../../../src/wire/api/coordinator.ts'
import { PRODUCE } from '../../../src/wire/api/produce.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { errorName } from '../../../src/wire/error-table.ts'
import { BrokerClient, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'
import { ReadingClient, type RequestHook } from './reading-client.ts'

interface World {
  readonly broker: BrokerUnderTest
  readonly client: BrokerClient
}

interface Sequence {
  readonly producerId: number
  readonly producerEpoch?: number
  readonly baseSequence: number
  readonly count?: number
}

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`idempotent writes to ${name}`, () => {
    let world: World
    beforeAll(async () => {
      const broker = await makeBroker()
      world = { broker, client: new BrokerClient(broker) }
    })
    afterAll(() => world.broker.close())

    sequences(() => world)
    epochs(() => world)
    producing(() => world)
    faults(() => world)
    kills(() => world)
  })
}

function sequences(world: () => World): void {
  it('duplicate-answers-old-offset: the last five batches are known again, and answered where they stand', async () => {
    const { topic, send, producerId } = await sequenced(world().client)
    for (let n = 0; n < 6; n++) expect(await send({ producerId, baseSequence: 2 * n, count: 2 })).toEqual(['NONE', 2 * n])
    for (let n = 5; n >= 1; n--) expect(await send({ producerId, baseSequence: 2 * n, count: 2 })).toEqual(['NONE', 2 * n])
    expect(await world().client.read(topic)).toHaveLength(12)
  })

  it('older-than-five-refused: a repeat that is older may be anything', async () => {
    const { topic, send, producerId } = await sequenced(world().client)
    for (let n = 0; n < 6; n++) await send({ producerId, baseSequence: n })
    expect(await send({ producerId, baseSequence: 0 })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1])
    expect(await world().client.read(topic)).toHaveLength(6)
  })

  it('gap-refused: nothing is appended behind what is missing, nor another batch in a used place', async () => {
    const { topic, send, producerId } = await sequenced(world().client)
    await send({ producerId, baseSequence: 0, count: 2 })
    expect(await send({ producerId, baseSequence: 3 })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1])
    expect(await send({ producerId, baseSequence: 1 })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1])
    expect(await send({ producerId, baseSequence: 2 })).toEqual(['NONE', 2])
    expect(await world().client.read(topic)).toHaveLength(3)
  })

  it('wrap-at-2^31: sequences go on from 0 behind the largest, within a batch and between batches', async () => {
    const { send, producerId } = await sequenced(world().client)
    expect(await send({ producerId, baseSequence: 2 ** 31 - 4, count: 2 })).toEqual(['NONE', 0])
    expect(await send({ producerId, baseSequence: 2 ** 31 - 2, count: 3 })).toEqual(['NONE', 2])
    expect(await send({ producerId, baseSequence: 0 })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1])
    expect(await send({ producerId, baseSequence: 1 })).toEqual(['NONE', 5])
    const other = await sequenced(world().client)
    expect(await other.send({ producerId: other.producerId, baseSequence: 2 ** 31 - 1 })).toEqual(['NONE', 0])
    expect(await other.send({ producerId: other.producerId, baseSequence: 0 })).toEqual(['NONE', 1])
  })
}

function epochs(world: () => World): void {
  it('local-epoch-bump: a newer epoch begins at 0, whoever has chosen it', async () => {
    const { send, producerId } = await sequenced(world().client)
    await send({ producerId, baseSequence: 0, count: 3 })
    expect(await send({ producerId, producerEpoch: 1, baseSequence: 3 })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1])
    expect(await send({ producerId, producerEpoch: 1, baseSequence: 0 })).toEqual(['NONE', 3])
    expect(await send({ producerId, producerEpoch: 1, baseSequence: 1 })).toEqual(['NONE', 4])
  })

  it('old-epoch-refused: whoever has an older one is out', async () => {
    const { send, producerId } = await sequenced(world().client)
    await send({ producerId, baseSequence: 0 })
    await send({ producerId, producerEpoch: 1, baseSequence: 0 })
    expect(await send({ producerId, baseSequence: 1 })).toEqual(['INVALID_PRODUCER_EPOCH', -1])
    expect(await send({ producerId, baseSequence: 0 })).toEqual(['INVALID_PRODUCER_EPOCH', -1])
  })
}

function producing(world: () => World): void {
  it('split-oversize: a batch larger than the topic takes goes in parts', async () => {
    const topic = await world().client.topic({ configs: { 'max.message.bytes': '1500' } })
    await written(world(), topic, { batches: 3, perBatch: 40, options: { batchSize: 64 * 1024 } })
  })

  it('buffer-not-reused-early: what is written while others are under way changes nothing in them', async () => {
    const topic = await world().client.topic()
    await written(world(), topic, { batches: 60, perBatch: 30, options: { batchSize: 500 } })
  })

  it('rewind-after-close: what was under way when a connection closed goes again, and nothing twice', async () => {
    const topic = await world().client.topic()
    let requests = 0
    let closed = 0
    const hook: RequestHook = (api, _, lane) => {
      if (api.key !== PRODUCE.key || ++requests % 7 !== 0 || closed === 6) return
      // Before it is sent, or when it is on its way.
      if (++closed % 2 === 0) lane.close()
      else queueMicrotask(() => lane.close())
    }
    await written(world(), topic, { batches: 40, perBatch: 5, options: { batchSize: 200 }, hook })
    expect(closed).toBe(6)
  })
}

function faults(world: () => World): void {
  it('rewind-after-not-leader: batches follow a leader that moves', async (context) => {
    const { memory } = world().client
    if (memory === undefined || memory.seeds().length === 1) return context.skip('only memory’s leaders move when they are told to')
    const topic = await world().client.topic()
    let requests = 0
    const hook: RequestHook = (api) => {
      if (api.key === PRODUCE.key && ++requests % 3 === 0) memory.moveLeader(topic, 0, { node: 1 + (requests % 2) })
    }
    await written(world(), topic, { batches: 30, perBatch: 5, options: { batchSize: 200 }, hook })
    expect(requests).toBeGreaterThan(30)
    return undefined
  })

  it('request-timeout-is-ambiguous: what isn’t answered in time may be in the log or not, and is there once in the end', async (context) => {
    const { memory } = world().client
    if (memory === undefined) return context.skip('only memory loses requests and answers when it is told to')
    const topic = await world().client.topic()
    let requests = 0
    memory.injectFault((api) => {
      if (api.key !== PRODUCE.key || ++requests % 5 !== 0) return undefined
      return { outcome: requests % 10 === 0 ? 'lose-answer' : 'lose-request' }
    })
    await written(world(), topic, { batches: 25, perBatch: 5, options: { batchSize: 200, requestTimeoutMs: 100 } })
    memory.injectFault(undefined)
    expect(requests).toBeGreaterThan(25)
    return undefined
  })
}

function kills(world: () => World): void {
  it(
    'kill-9-exact-sequence: a broker that is killed under load has every record once, in order, when it is back',
    { timeout: 120_000 },
    async (context) => {
      const { kafka } = world().client
      if (kafka === undefined) return context.skip('there is no process to kill')
      const topic = await world().client.topic()
      let requests = 0
      let killed: Promise<void> | undefined
      const hook: RequestHook = (api) => {
        if (api.key === PRODUCE.key && ++requests === 20) killed = kafka.kill(1).then(() => kafka.restart(1))
      }
      await written(world(), topic, { batches: 60, perBatch: 20, options: { batchSize: 300, requestTimeoutMs: 2_000 }, hook })
      await killed
      expect(killed).toBeDefined()
      return undefined
    },
  )
}

interface Load {
  readonly batches: number
  readonly perBatch: number
  readonly options?: Partial<ProducerOptions>
  readonly hook?: RequestHook
}

/** Writes through the client's producer, and sees that exactly this is in the log. */
async function written({ broker, client }: World, topic: string, { batches, perBatch, options, hook }: Load): Promise<void> {
  const { cluster, ...reader } = await connected(broker, topic, hook)
  const producer = new Producer({
    cluster,
    clock,
    random,
    batchSize: 16_384,
    lingerMs: 0,
    codec: 'none',
    bufferBytes: 1 << 20,
    requestTimeoutMs: 10_000,
    ...options,
  })
  await producer.init()
  const writer = producer.writer({ topic, partition: 0 }, { count: 0 })
  const sent: string[] = []
  for (let n = 0; n < batches; n++) {
    for (let i = 0; i < perBatch; i++) {
      const value = `${n}.${i} `.padEnd(20 + ((n * 7 + i) % 40), 'x')
      sent.push(value)
      writer.append(null, utf8(value), Date.now(), undefined)
    }
    producer.send(true)
    if (n % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await producer.flush()
  expect(producer.written({ topic, partition: 0 })).toBe(sent.length)
  producer.close()
  await reader.close()
  expect((await client.read(topic)).map(({ value }) => decodeText(value!, 0, value!.length))).toEqual(sent)
}

async function connected(broker: BrokerUnderTest, topic: string, hook?: RequestHook): Promise<Pick<ReadingClient, 'cluster' | 'close'>> {
  const reader = new ReadingClient(broker, hook)
  await reader.cluster.byLeader([{ tp: { topic, partition: 0 } }])
  return { cluster: reader.cluster, close: () => reader.close() }
}

/** A topic, a producer id, and what sends batches by hand: it answers the error and the offset. */
async function sequenced(client: BrokerClient): Promise<{
  readonly topic: string
  readonly producerId: number
  readonly send: (sequence: Sequence) => Promise<readonly [error: string, baseOffset: number]>
}> {
  const topic = await client.topic()
  const request = { transactionalId: null, transactionTimeoutMs: -1, producerId: -1, producerEpoch: -1 }
  const { producerId } = await client.patiently(INIT_PRODUCER_ID, request, ({ errorCode }) => errorCode)
  const send = async ({ count = 1, producerEpoch = 0, ...sequence }: Sequence): Promise<readonly [string, number]> => {
    const writer = new BatchWriter()
    for (let i = 0; i < count; i++) writer.append(null, utf8(`${sequence.baseSequence}.${i}`), Date.now(), undefined)
    const { errorCode, baseOffset } = await client.produce(topic, writer.seal({ ...sequence, producerEpoch }))
    return [errorName(errorCode), baseOffset]
  }
  return { topic, producerId, send }
}
