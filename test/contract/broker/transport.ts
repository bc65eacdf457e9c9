/** Contract of a transport: lanes are independent of each other, a request that isn't answered in time ends its lane, and nothing is heard of it later. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClusterError } from '../../../src/base/errors.ts'
import { utf8 } from '../../../src/base/text.ts'
import type { Lane, LaneKind } from '../../../src/kafka/lane.ts'
import { FETCH, type FetchRequest } from '../../../src/wire/api/fetch.ts'
import { METADATA } from '../../../src/wire/api/metadata.ts'
import { BatchWriter } from '../../../src/wire/batch-writer.ts'
import { BrokerClient, type BrokerUnderTest, type MakeBroker } from './broker-client.ts'

const ANY = { topics: [], allowAutoTopicCreation: false }
/** How long a fetch is parked: far longer than any answer takes. */
const PARKED_MS = 3_000

/** Runs the suite. */
export function suite(name: string, makeBroker: MakeBroker): void {
  describe(`transport to ${name}`, () => {
    let broker: BrokerUnderTest
    let client: BrokerClient
    beforeAll(async () => {
      broker = await makeBroker()
      client = new BrokerClient(broker)
    })
    afterAll(() => broker.close())

    lanes(
      () => broker,
      () => client,
    )
  })
}

/** A lane to the leader of a topic that has one partition. */
async function laneTo({ transport }: BrokerUnderTest, client: BrokerClient, topic: string, kind: LaneKind): Promise<Lane> {
  const { brokers, topics } = await client.ask(METADATA, { topics: [topic], allowAutoTopicCreation: false })
  return transport.lane(
    brokers.find(({ nodeId }) => nodeId === topics[0]!.partitions[0]!.leader)!,
    kind,
  )
}

/** A fetch at the end of a topic, which waits for records that don't come. */
function parked(topic: string, fetchOffset = 0): FetchRequest {
  const partitions = [{ partition: 0, currentLeaderEpoch: -1, fetchOffset, maxBytes: 1_000_000 }]
  return { maxWaitMs: PARKED_MS, minBytes: 1, maxBytes: 1_000_000, isolation: 'read_uncommitted', topics: [{ topic, partitions }] }
}

async function lost(promise: Promise<unknown>): Promise<ClusterError> {
  const error = await promise.then(
    () => undefined,
    (why: unknown) => why,
  )
  if (!(error instanceof ClusterError)) throw new Error(`it was not lost: ${String(error)}`)
  return error
}

function lanes(broker: () => BrokerUnderTest, client: () => BrokerClient): void {
  it('answers on one lane while a request is parked on another', async () => {
    const topic = await client().topic()
    const fetching = await laneTo(broker(), client(), topic, 'fetch:main')
    const calling = await laneTo(broker(), client(), topic, 'call')
    const order: string[] = []
    const fetched = fetching.request(FETCH, parked(topic)).then(() => order.push('fetch'))
    await calling.request(METADATA, ANY).then(() => order.push('metadata'))
    await client().produce(topic, batch())
    await fetched
    expect(order).toEqual(['metadata', 'fetch'])
    fetching.close()
    calling.close()
  })

  it('answers in order on one lane: what comes behind a parked request waits', async () => {
    const topic = await client().topic()
    const lane = await laneTo(broker(), client(), topic, 'call')
    const order: string[] = []
    const fetched = lane.request(FETCH, parked(topic)).then(() => order.push('fetch'))
    const asked = lane.request(METADATA, ANY).then(() => order.push('metadata'))
    await client().produce(topic, batch())
    await Promise.all([fetched, asked])
    expect(order).toEqual(['fetch', 'metadata'])
    lane.close()
  })

  it('timeout-kills-lane, late-answer-dropped: loses a lane with all that is on it when a request isn’t answered in time, and hears no late answer', async () => {
    const topic = await client().topic()
    const lane = await laneTo(broker(), client(), topic, 'fetch:main')
    let heard: Error | undefined
    lane.onClose((why) => {
      heard = why
    })
    const late = lost(lane.request(FETCH, parked(topic), { timeoutMs: 100 }))
    const behind = lost(lane.request(METADATA, ANY))
    for (const error of [await late, await behind, await lost(lane.request(METADATA, ANY))])
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', retriable: true, message: expect.stringContaining('for 100 ms') })
    expect(heard).toBe(await late)
    // The broker answers the parked fetch now; the next lane hears its own answers only.
    const next = await laneTo(broker(), client(), topic, 'fetch:main')
    await client().produce(topic, batch())
    const { topics } = await next.request(FETCH, { ...parked(topic), maxWaitMs: 0 })
    expect(topics[0]!.partitions[0]!.highWatermark).toBe(1)
    next.close()
  })

  it('rejects what is under way when a lane is closed, and what is asked afterwards', async () => {
    const topic = await client().topic()
    const lane = await laneTo(broker(), client(), topic, 'fetch:main')
    let told = 0
    lane.onClose(() => told++)
    const fetched = lost(lane.request(FETCH, parked(topic)))
    lane.close()
    lane.close()
    expect((await fetched).code).toBe('CONNECTION_LOST')
    expect((await lost(lane.request(METADATA, ANY))).code).toBe('CONNECTION_LOST')
    expect(told).toBe(1)
  })
}

function batch(): Uint8Array {
  const writer = new BatchWriter()
  writer.append(utf8('k'), utf8('v'), Date.now(), undefined)
  return writer.seal({ producerId: -1, producerEpoch: -1, baseSequence: -1 })
}
